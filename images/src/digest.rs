//! SHA-256 as OCI and SHA256SUMS write it.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

/// 64 hexadecimal digits.
pub fn sha256(octets: &[u8]) -> String {
    hex(digest(&SHA256, octets).as_ref())
}

/// `sha256:` and 64 hexadecimal digits.
pub fn oci(octets: &[u8]) -> String {
    format!("sha256:{}", sha256(octets))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
