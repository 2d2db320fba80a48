//! announce
#![forbid(unsafe_code)]
