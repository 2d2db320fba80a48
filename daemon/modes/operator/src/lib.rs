//! Commands for people and CI: they read, check and print; none changes anything.

mod check;
mod manifests;
mod plan;
mod print;
mod status;
mod table;

pub use check::check;
pub use manifests::manifests;
pub use plan::plan;
pub use print::{Output, show};
pub use status::status;
