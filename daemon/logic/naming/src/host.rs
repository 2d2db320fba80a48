//! Host names as they are written, and as they are kept.

use std::fmt;

/// Longest name, without the trailing dot (RFC 1035, 2.3.4).
const NAME_MAX: usize = 253;
/// Longest label (RFC 1035, 2.3.4).
const LABEL_MAX: usize = 63;

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostProblem {
    /// Nothing, or nothing between two dots.
    EmptyLabel,
    /// More than 253 octets.
    TooLong,
    /// A label of more than 63 octets.
    LabelTooLong,
    /// Something else than letters, digits and hyphens, or a hyphen at the edge of a label.
    NotLetterDigitHyphen,
    /// Letters outside ASCII.
    NotAscii,
    /// `*` elsewhere than as the whole first label, or with nothing behind it.
    Wildcard,
    /// The last label is a number, as in an address.
    Numeric,
}

impl fmt::Display for HostProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyLabel => "a label is empty",
            Self::TooLong => "it is longer than 253 octets",
            Self::LabelTooLong => "a label is longer than 63 octets",
            Self::NotLetterDigitHyphen => {
                "labels are letters, digits and hyphens, with no hyphen at either end"
            }
            Self::NotAscii => "write other letters in punycode, as in xn--bcher-kva.example",
            Self::Wildcard => "`*` may only be the whole first label, before a name",
            Self::Numeric => "the last label is a number; is it an address?",
        })
    }
}

/// Lower case, without trailing dot; checked after RFC 1123, 2.1 and RFC 4592, 2.1.1.
pub(crate) fn normalised(text: &str) -> Result<String, HostProblem> {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    if !text.is_ascii() {
        return Err(HostProblem::NotAscii);
    }
    if text.len() > NAME_MAX {
        return Err(HostProblem::TooLong);
    }
    let name = text.to_ascii_lowercase();
    let labels = name.strip_prefix("*.").unwrap_or(&name);
    for label in labels.split('.') {
        check(label)?;
    }
    let last = labels.rsplit('.').next().unwrap_or(labels);
    if last.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(HostProblem::Numeric);
    }
    Ok(name)
}

fn check(label: &str) -> Result<(), HostProblem> {
    if label.is_empty() {
        return Err(HostProblem::EmptyLabel);
    }
    if label.len() > LABEL_MAX {
        return Err(HostProblem::LabelTooLong);
    }
    if label.contains('*') {
        return Err(HostProblem::Wildcard);
    }
    let ldh = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    if !label.bytes().all(ldh) || label.starts_with('-') || label.ends_with('-') {
        return Err(HostProblem::NotLetterDigitHyphen);
    }
    Ok(())
}
