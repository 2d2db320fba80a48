//! ipam
#![forbid(unsafe_code)]
