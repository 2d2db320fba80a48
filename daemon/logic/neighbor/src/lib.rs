//! neighbor
#![forbid(unsafe_code)]
