mod cluster;
mod fixture;
mod host;
