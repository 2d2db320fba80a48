//! Who holds a port that we wanted: from the socket tables of `/proc` to a process name.

use std::{
    collections::BTreeSet,
    fmt, fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

/// A transport with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Listening streams.
    Tcp,
}

impl Transport {
    const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }

    const fn ss_flags(self) -> &'static str {
        match self {
            Self::Udp => "-lunp",
            Self::Tcp => "-ltnp",
        }
    }
}

/// A process with a socket on the port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of its program (`comm`).
    pub program: String,
}

/// One line for a failed bind: `port 53/udp on 192.0.2.1 is in use by dnsmasq (pid 812); see: ss -lunp 'sport = :53'`.
pub fn in_use(transport: Transport, address: SocketAddr) -> InUse {
    InUse {
        transport,
        address,
        holders: holders(transport, address),
    }
}

/// Says who holds a port; see [`in_use`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    transport: Transport,
    address: SocketAddr,
    holders: BTreeSet<Holder>,
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (port, transport) = (self.address.port(), self.transport.name());
        write!(
            f,
            "port {port}/{transport} on {} is in use",
            self.address.ip()
        )?;
        if self.holders.is_empty() {
            // Another user's process, or one outside our PID namespace.
            f.write_str(" by a process that cannot be seen from here")?;
        }
        for (number, holder) in self.holders.iter().enumerate() {
            f.write_str(if number == 0 { " by " } else { ", " })?;
            write!(f, "{} (pid {})", holder.program, holder.pid)?;
        }
        write!(
            f,
            "; see: ss {} 'sport = :{port}'",
            self.transport.ss_flags()
        )
    }
}

/// A socket that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Transport.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// Processes that have it, as far as `/proc` shows them.
    pub holders: BTreeSet<Holder>,
}

/// The sockets on these ports, whoever has them; one entry for each address.
pub fn listening(wanted: &[(Transport, u16)]) -> Vec<Listening> {
    let mut found: Vec<(Transport, SocketAddr, BTreeSet<u64>)> = Vec::new();
    for (transport, port) in wanted {
        for (address, inode) in tables(*transport)
            .iter()
            .flat_map(|table| sockets(table, *transport))
        {
            if address.port() != *port {
                continue;
            }
            let known = found
                .iter_mut()
                .find(|(its, at, _)| its == transport && *at == address);
            match known {
                Some((.., inodes)) => {
                    inodes.insert(inode);
                }
                None => found.push((*transport, address, [inode].into())),
            }
        }
    }
    found
        .into_iter()
        .map(|(transport, address, inodes)| Listening {
            transport,
            address,
            holders: processes_with(&inodes),
        })
        .collect()
}

/// Processes whose sockets keep us from binding `address`, as far as `/proc` shows them.
pub fn holders(transport: Transport, address: SocketAddr) -> BTreeSet<Holder> {
    let tables = tables(transport);
    let inodes = tables
        .iter()
        .flat_map(|table| conflicting(table, transport, address))
        .collect();
    processes_with(&inodes)
}

/// The socket tables of a transport, IPv4 and IPv6.
fn tables(transport: Transport) -> [String; 2] {
    ["", "6"].map(|suffix| {
        // `/proc/net` is the namespace of the process, `thread-self` the one we bind in.
        let path = format!("/proc/thread-self/net/{}{suffix}", transport.name());
        fs::read_to_string(path).unwrap_or_default()
    })
}

fn processes_with(inodes: &BTreeSet<u64>) -> BTreeSet<Holder> {
    if inodes.is_empty() {
        return BTreeSet::new();
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            holds(&entry.path(), inodes).then(|| Holder {
                pid,
                program: fs::read_to_string(entry.path().join("comm"))
                    .unwrap_or_default()
                    .trim()
                    .to_string(),
            })
        })
        .collect()
}

fn holds(process: &Path, inodes: &BTreeSet<u64>) -> bool {
    let descriptors = fs::read_dir(process.join("fd"))
        .into_iter()
        .flatten()
        .flatten();
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|target| {
            target
                .to_str()
                .and_then(|name| {
                    name.strip_prefix("socket:[")?
                        .strip_suffix(']')?
                        .parse()
                        .ok()
                })
                .is_some_and(|inode| inodes.contains(&inode))
        })
}

/// Inodes of the sockets in a `/proc/net/{udp,tcp}{,6}` table that conflict with binding `address`.
fn conflicting(
    table: &str,
    transport: Transport,
    address: SocketAddr,
) -> impl Iterator<Item = u64> {
    sockets(table, transport)
        .filter(move |(local, _)| {
            let overlaps = local.ip() == address.ip()
                || local.ip().is_unspecified()
                || address.ip().is_unspecified();
            overlaps && local.port() == address.port()
        })
        .map(|(_, inode)| inode)
}

/// Local address and inode of the sockets in such a table that wait for somebody.
fn sockets(table: &str, transport: Transport) -> impl Iterator<Item = (SocketAddr, u64)> {
    table.lines().skip(1).filter_map(move |line| {
        // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = local_address(fields.get(1)?)?;
        let listening = transport == Transport::Udp || *fields.get(3)? == "0A";
        listening.then_some(())?;
        Some((local, fields.get(9)?.parse().ok()?))
    })
}

/// Reads `0100007F:0035`: each 32-bit word in host byte order, the port in network order.
fn local_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = (0..address.len())
        .step_by(8)
        .map(|at| {
            u32::from_str_radix(address.get(at..at + 8)?, 16)
                .ok()
                .map(u32::to_ne_bytes)
        })
        .collect::<Option<_>>()?;
    let ip = match words.as_slice() {
        [v4] => IpAddr::V4(Ipv4Addr::from(*v4)),
        v6 => {
            let octets: [u8; 16] = v6.concat().try_into().ok()?;
            let v6 = Ipv6Addr::from(octets);
            v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
        }
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests;
