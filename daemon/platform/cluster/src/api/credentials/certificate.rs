//! The common name of a certificate: as much of X.509 as that takes (RFC 5280, 4.1).
//!
//! ```text
//! Certificate    ::= SEQUENCE { tbsCertificate, … }
//! TBSCertificate ::= SEQUENCE { [0] version?, serialNumber, signature, issuer, validity, subject, … }
//! Name           ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value DirectoryString }
//! ```

use rustls::pki_types::{CertificateDer, pem::PemObject};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// Of `tbsCertificate`, explicit.
const VERSION: u8 = 0xa0;
/// UTF8String, PrintableString and IA5String: all that holds plain UTF-8.
const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];
/// `id-at-commonName`, 2.5.4.3
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// Between `serialNumber` and `subject`, both left out: signature, issuer, validity.
const BEFORE_SUBJECT: usize = 3;

/// The subject's common name in the first certificate of `pem`.
pub(super) fn common_name(pem: &[u8]) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let mut outer = Der(&certificate).inside(SEQUENCE)?;
    let mut fields = outer.inside(SEQUENCE)?;
    if fields.0.first() == Some(&VERSION) {
        fields.next()?;
    }
    fields.next()?;
    for _ in 0..BEFORE_SUBJECT {
        fields.next()?;
    }
    let mut subject = fields.inside(SEQUENCE)?;
    while !subject.0.is_empty() {
        let mut set = subject.inside(SET)?;
        while !set.0.is_empty() {
            let mut attribute = set.inside(SEQUENCE)?;
            let kind = attribute.next()?;
            let (tag, value) = attribute.next()?;
            if kind == (OBJECT_IDENTIFIER, &COMMON_NAME) && STRINGS.contains(&tag) {
                return String::from_utf8(value.to_vec()).ok();
            }
        }
    }
    None
}

/// Elements that are left to read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Tag and content of the next element.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            // Of the long form two octets suffice: no certificate passes 64 KiB.
            let octets = usize::from(first & 0x7f);
            let (length, rest) = rest.split_at_checked(octets)?;
            let value = match length {
                [low] => usize::from(*low),
                [high, low] => usize::from(u16::from_be_bytes([*high, *low])),
                _ => return None,
            };
            (value, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The elements inside the next one, which must be a `tag`.
    fn inside(&mut self, tag: u8) -> Option<Self> {
        let (found, content) = self.next()?;
        (found == tag).then_some(Self(content))
    }
}

#[cfg(test)]
mod tests;
