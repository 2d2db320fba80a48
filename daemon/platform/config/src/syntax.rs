//! Texts within values: names, durations, addresses. Each function says what is wrong and what would be right.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use ipnet::Ipv4Net;
use model::AddressRange;

/// Longest name of a network interface: IFNAMSIZ without its final zero.
const INTERFACE_MAX: usize = 15;

/// An interface name such as `eth0`.
pub(crate) fn interface(text: &str) -> Result<String, String> {
    let bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if text.is_empty()
        || text.len() > INTERFACE_MAX
        || text.contains(bad)
        || text == "."
        || text == ".."
    {
        return Err(format!(
            "`{text}` is no interface name; write one of `ip link`, at most {INTERFACE_MAX} characters, such as eth0"
        ));
    }
    Ok(text.to_string())
}

/// One label of letters, digits and dashes, in lower case.
pub(crate) fn label(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    if is_label(&lower) && !lower.contains('_') {
        return Ok(lower);
    }
    Err(format!(
        "`{text}` is no host name; write one label of letters, digits and dashes, at most 63, such as talos-1"
    ))
}

/// A domain name in lower case without the final dot.
pub(crate) fn domain(text: &str) -> Result<String, String> {
    let lower = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if lower.len() <= 253 && lower.split('.').all(is_label) {
        return Ok(lower);
    }
    Err(format!(
        "`{text}` is no domain name; write labels of letters, digits and dashes parted by dots, such as example.com"
    ))
}

/// A domain name whose first label may be `*`.
pub(crate) fn record_name(text: &str) -> Result<String, String> {
    match text.strip_prefix("*.") {
        Some(rest) => domain(rest).map(|rest| format!("*.{rest}")),
        None => domain(text),
    }
}

/// A pattern for names in a zone: `@`, `*`, `www` or `*.apps`, relative to the zone.
pub(crate) fn name_pattern(text: &str) -> Result<String, String> {
    if text == "@" || text == "*" {
        return Ok(text.to_string());
    }
    record_name(text).map_err(|_| {
        format!("`{text}` is no name pattern; write `*` for all names of the zone, `@` for the zone itself, or names relative to it such as www or *.apps")
    })
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A span of time such as `12h`, `30m` or `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("`{text}` is no duration; write a number with s, m, h, d or w, such as 12h or 30m")
    };
    let mut total = 0_u64;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let amount: u64 = digits.parse().map_err(|_| wrong())?;
        digits.clear();
        total = amount
            .checked_mul(unit)
            .and_then(|secs| total.checked_add(secs))
            .ok_or_else(wrong)?;
    }
    if !digits.is_empty() || text.is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(total))
}

/// An IPv4 address.
pub(crate) fn ipv4(text: &str) -> Result<Ipv4Addr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no IPv4 address such as 192.168.1.1"))
}

/// An IPv4 address of a host with the length of its subnet's prefix.
pub(crate) fn host_address(text: &str) -> Result<Ipv4Net, String> {
    let net: Ipv4Net = text.parse().map_err(|_| {
        format!("`{text}` is no address with a prefix length; write it like 192.168.1.200/24")
    })?;
    if !(8..=30).contains(&net.prefix_len()) {
        return Err(format!(
            "prefix length /{} leaves no usable subnet; write one from /8 to /30",
            net.prefix_len()
        ));
    }
    if net.addr() == net.network() || net.addr() == net.broadcast() {
        return Err(format!(
            "{} is the network or broadcast address of {}; write the address of a host in it, such as {}/{}",
            net.addr(),
            net.trunc(),
            nth_host(net, 1),
            net.prefix_len()
        ));
    }
    Ok(net)
}

/// An IPv4 prefix without host bits.
pub(crate) fn prefix(text: &str) -> Result<Ipv4Net, String> {
    let net: Ipv4Net = text
        .parse()
        .map_err(|_| format!("`{text}` is no IPv4 prefix such as 10.10.10.0/24"))?;
    if net != net.trunc() {
        return Err(format!("{net} has host bits set; write {}", net.trunc()));
    }
    Ok(net)
}

/// A range or prefix of IPv4 addresses, or one address.
pub(crate) fn ranges(text: &str) -> Result<AddressRange, String> {
    let range = match text.parse::<IpAddr>() {
        Ok(one) => AddressRange::new(one, one),
        Err(_) => text.parse(),
    }
    .map_err(|error| error.to_string())?;
    if range.is_ipv4() {
        Ok(range)
    } else {
        Err(format!(
            "{range} is IPv6; write IPv4 addresses such as 192.168.1.201-192.168.1.203"
        ))
    }
}

/// An address with a port.
pub(crate) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no address with a port; write it like 10.10.10.10:443"))
}

/// The address `offset` places after the network address.
pub(crate) fn nth_host(net: Ipv4Net, offset: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(net.network().to_bits().saturating_add(offset))
}

/// The words of a list, for "write one of".
pub(crate) fn one_of(words: &[&str]) -> String {
    words.join(", ")
}
