//! dns
#![forbid(unsafe_code)]
