mod allocation;
mod bounds;
pub(super) mod fixture;
mod leaving;
mod names;
mod replies;
mod requests;
mod storage;
