//! DHCP options as raw codes and octets (RFC 2132), read tolerantly: what cannot be read ends the area, never the
//! message, and nothing is interpreted before someone asks for it.

use std::{collections::BTreeMap, net::Ipv4Addr};

#[cfg(test)]
mod tests;

/// Option codes, named as in RFC 2132 and its successors.
pub mod code {
    /// Filler octet without length.
    pub const PAD: u8 = 0;
    /// Subnet mask.
    pub const SUBNET_MASK: u8 = 1;
    /// Default routers.
    pub const ROUTER: u8 = 3;
    /// Resolvers.
    pub const DOMAIN_NAME_SERVER: u8 = 6;
    /// Host name.
    pub const HOST_NAME: u8 = 12;
    /// Domain of the client.
    pub const DOMAIN_NAME: u8 = 15;
    /// Interface MTU.
    pub const INTERFACE_MTU: u8 = 26;
    /// Broadcast address of the subnet.
    pub const BROADCAST_ADDRESS: u8 = 28;
    /// Address the client asks for.
    pub const REQUESTED_ADDRESS: u8 = 50;
    /// Lease time in seconds.
    pub const LEASE_TIME: u8 = 51;
    /// `file` and `sname` carry options too.
    pub const OVERLOAD: u8 = 52;
    /// DHCP message type.
    pub const MESSAGE_TYPE: u8 = 53;
    /// Server identifier.
    pub const SERVER_ID: u8 = 54;
    /// Parameter request list.
    pub const PARAMETER_REQUEST_LIST: u8 = 55;
    /// Text for people, in a NAK.
    pub const MESSAGE: u8 = 56;
    /// Renewal time T1 in seconds.
    pub const RENEWAL_TIME: u8 = 58;
    /// Rebinding time T2 in seconds.
    pub const REBINDING_TIME: u8 = 59;
    /// Client identifier.
    pub const CLIENT_ID: u8 = 61;
    /// Client FQDN (RFC 4702).
    pub const CLIENT_FQDN: u8 = 81;
    /// Relay agent information (RFC 3046).
    pub const RELAY_AGENT: u8 = 82;
    /// Domain search list (RFC 3397).
    pub const DOMAIN_SEARCH: u8 = 119;
    /// Classless static routes (RFC 3442).
    pub const CLASSLESS_ROUTES: u8 = 121;
    /// End of an option area.
    pub const END: u8 = 255;
}

/// The options of one message by code, parts of a split option joined (RFC 3396).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<u8, Vec<u8>>);

impl Options {
    /// No options.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The octets of an option.
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.0.get(&code).map(Vec::as_slice)
    }

    /// An option that is one IPv4 address; none if it is absent or of another length.
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.get(code)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    }

    /// An option that is one 32-bit number in network order.
    pub fn number(&self, code: u8) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(code)?.try_into().ok()?))
    }

    /// An option that is one octet.
    pub fn octet(&self, code: u8) -> Option<u8> {
        match self.get(code)? {
            [octet] => Some(*octet),
            _ => None,
        }
    }

    /// Puts an option, replacing one with the same code.
    pub fn set(&mut self, code: u8, octets: impl Into<Vec<u8>>) {
        self.0.insert(code, octets.into());
    }

    /// Takes an option out.
    pub(crate) fn remove(&mut self, code: u8) {
        self.0.remove(&code);
    }

    /// Reads one option area and joins it with what was read before. An option that runs past the end of the area is
    /// left out together with what follows it: its length cannot be trusted.
    pub(crate) fn read(&mut self, area: &[u8]) {
        let mut rest = area;
        while let [code, tail @ ..] = rest {
            rest = match *code {
                code::PAD => tail,
                code::END => return,
                code => {
                    let [length, tail @ ..] = tail else { return };
                    let Some((octets, tail)) = tail.split_at_checked(usize::from(*length)) else {
                        return;
                    };
                    self.0.entry(code).or_default().extend_from_slice(octets);
                    tail
                }
            };
        }
    }

    /// Appends the options and the end mark: message type first, relay agent information last (RFC 3046, 2.2), the
    /// others by code. Options longer than 255 octets are split (RFC 3396).
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let ends = [code::MESSAGE_TYPE, code::RELAY_AGENT];
        let middle = self.0.keys().copied().filter(|code| !ends.contains(code));
        let order = std::iter::once(code::MESSAGE_TYPE)
            .chain(middle)
            .chain(std::iter::once(code::RELAY_AGENT));
        for code in order {
            if let Some(octets) = self.get(code) {
                write_option(code, octets, out);
            }
        }
        out.push(code::END);
    }
}

fn write_option(code: u8, octets: &[u8], out: &mut Vec<u8>) {
    if octets.is_empty() {
        out.extend([code, 0]);
    }
    for part in octets.chunks(usize::from(u8::MAX)) {
        let length = u8::try_from(part.len()).expect("a chunk has at most 255 octets");
        out.extend([code, length]);
        out.extend_from_slice(part);
    }
}
