//! dhcp
#![forbid(unsafe_code)]
