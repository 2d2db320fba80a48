//! Addresses: VIPs, ranges and MAC addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An address that is announced for a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vip(IpAddr);

impl Vip {
    /// Marks an address as one that is announced.
    pub const fn new(address: IpAddr) -> Self {
        Self(address)
    }

    /// The address itself.
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Vip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// IPv4 or IPv6, as in `spec.ipFamilies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IpFamily {
    /// IPv4
    #[serde(rename = "IPv4")]
    V4,
    /// IPv6
    #[serde(rename = "IPv6")]
    V6,
}

impl IpFamily {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

impl fmt::Display for IpFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// First and last address of one family, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

/// Why a text is no address range.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddressRangeError {
    /// Neither `a.b.c.d/n` nor `first-last`.
    #[error("`{0}` is neither a prefix (192.0.2.0/24) nor a range (192.0.2.10-192.0.2.20)")]
    Syntax(String),
    /// IPv4 on one side, IPv6 on the other.
    #[error("`{first}-{last}` mixes IPv4 and IPv6")]
    MixedFamilies {
        /// Start as written.
        first: IpAddr,
        /// End as written.
        last: IpAddr,
    },
    /// The end lies before the start.
    #[error("`{first}-{last}` ends before it starts")]
    Reversed {
        /// Start as written.
        first: IpAddr,
        /// End as written.
        last: IpAddr,
    },
}

impl AddressRange {
    /// The range from `first` to `last`, both included and of one family.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, AddressRangeError> {
        if first.is_ipv4() != last.is_ipv4() {
            return Err(AddressRangeError::MixedFamilies { first, last });
        }
        if last < first {
            return Err(AddressRangeError::Reversed { first, last });
        }
        Ok(Self { first, last })
    }

    /// First address of the range.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Last address of the range, itself part of it.
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether the addresses are IPv4.
    pub const fn is_ipv4(&self) -> bool {
        self.first.is_ipv4()
    }

    /// Whether `address` lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Whether the two ranges share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_ipv4() == other.is_ipv4() && self.first <= other.last && other.first <= self.last
    }

    /// Number of addresses; a range of 2^128 counts as `u128::MAX`.
    pub fn len(&self) -> u128 {
        (bits(self.last) - bits(self.first)).saturating_add(1)
    }

    /// Always false: a range holds at least one address.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Family of its addresses.
    pub const fn family(&self) -> IpFamily {
        IpFamily::of(self.first)
    }

    /// The address `offset` places after the first, or none past the end.
    pub fn nth(&self, offset: u128) -> Option<IpAddr> {
        let at = bits(self.first).checked_add(offset)?;
        if at > bits(self.last) {
            return None;
        }
        Some(match self.first {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(at).ok()?)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(at)),
        })
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl From<IpNet> for AddressRange {
    /// All addresses of the prefix, network and broadcast address included; host bits are masked off, as in MetalLB.
    fn from(prefix: IpNet) -> Self {
        Self {
            first: prefix.network(),
            last: prefix.broadcast(),
        }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    /// Reads `prefix/length` or `first-last`, blanks around the dash allowed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || AddressRangeError::Syntax(text.to_string());
        if let Ok(prefix) = text.trim().parse::<IpNet>() {
            return Ok(prefix.into());
        }
        let (first, last) = text.split_once('-').ok_or_else(syntax)?;
        let first = first.trim().parse().map_err(|_| syntax())?;
        let last = last.trim().parse().map_err(|_| syntax())?;
        Self::new(first, last)
    }
}

impl fmt::Display for AddressRange {
    /// `prefix/length` where the range is one, else `first-last`; [`FromStr`] reads both.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host_bits = (bits(self.first) ^ bits(self.last)).count_ones();
        let width = if self.is_ipv4() { 32 } else { 128 };
        match u8::try_from(width - host_bits).map(|length| IpNet::new(self.first, length)) {
            Ok(Ok(prefix)) if Self::from(prefix) == *self => prefix.fmt(f),
            Ok(_) | Err(_) => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// An Ethernet address, six octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// A text that is no MAC address.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no MAC address such as bc:24:11:00:00:01")]
pub struct MacError(String);

impl Mac {
    /// ff:ff:ff:ff:ff:ff
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// 00:00:00:00:00:00
    pub const ZERO: Self = Self([0; 6]);

    /// The address with these octets, in wire order.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// Its octets, in wire order.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether the group bit is set (multicast or broadcast).
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = MacError;

    /// Reads six hexadecimal pairs parted by `:` or `-`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts
                .next()
                .filter(|part| part.len() == 2)
                .ok_or_else(|| MacError(text.to_string()))?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| MacError(text.to_string()))?;
        }
        match parts.next() {
            None => Ok(Self(octets)),
            Some(_) => Err(MacError(text.to_string())),
        }
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
