//! Host names that clients send, made fit for the domain.

use crate::{Options, code};

#[cfg(test)]
mod tests;

/// Names that would let a client speak for the network: proxy discovery, tunnels, loopback, the gateway.
const DENIED: [&str; 5] = ["wpad", "isatap", "localhost", "gateway", "broadcasthost"];

/// The first label of what the client calls itself, in letters, digits and hyphens, lower case; none if nothing may be
/// published. Blanks and inner underscores become hyphens and apostrophes vanish, because people name phones that way.
pub fn clean_hostname(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    let label = text.trim_end_matches('\0').split('.').next()?.trim();
    if label.starts_with('_') {
        return None;
    }
    let mut name = String::with_capacity(label.len());
    for letter in label.chars() {
        match letter {
            'a'..='z' | '0'..='9' | '-' => name.push(letter),
            'A'..='Z' => name.push(letter.to_ascii_lowercase()),
            ' ' | '_' => name.push('-'),
            '\'' | '’' => {}
            _ => return None,
        }
    }
    let name = name.trim_matches('-');
    let fits = (1..=63).contains(&name.len()) && !DENIED.contains(&name);
    fits.then(|| name.to_string())
}

/// The name a client asks for: option 12, else the first label of option 81 (RFC 4702).
pub(crate) fn asked_hostname(options: &Options) -> Option<String> {
    options
        .get(code::HOST_NAME)
        .and_then(clean_hostname)
        .or_else(|| fqdn_label(options.get(code::CLIENT_FQDN)?).and_then(clean_hostname))
}

/// First label of option 81: flags, two obsolete octets, then a name in wire form (flag E) or ASCII.
fn fqdn_label(octets: &[u8]) -> Option<&[u8]> {
    const WIRE_FORM: u8 = 0b100;
    let [flags, _, _, name @ ..] = octets else {
        return None;
    };
    if flags & WIRE_FORM == 0 {
        return Some(name);
    }
    let [length, labels @ ..] = name else {
        return None;
    };
    labels.get(..usize::from(*length))
}
