//! What this host has and lacks, for the doctor. Everything is looked at or tried; nothing stays changed.

use std::{collections::BTreeMap, fs, io, net::IpAddr, path::Path, thread, time::SystemTime};

use doctor::{
    Capabilities, Conntrack, Environment, Host, Interface, Platform, Probe, Program, Punctuality,
};

use crate::{Link, Netlink, feature, port, realtime, sysctl};

mod state;
mod tables;

/// All there is to find out about this host and namespace; `state` is the folder of leases, names and keys.
pub async fn survey(state: &Path) -> Host {
    let interfaces = interfaces().await;
    let nft = tables::program().await;
    let nf_tables = tables::try_parts(nft.as_ref()).await;
    Host {
        environment: environment(),
        capabilities: capabilities(),
        packet_sockets: judge(feature::open_packet_socket()),
        nf_tables,
        nft,
        next_hops: judge(feature::ask_next_hops()),
        ipv6: Path::new("/proc/net/if_inet6").exists()
            && sysctl::read("net/ipv6/conf/all/disable_ipv6").is_ok_and(|value| value == "0"),
        conntrack: conntrack(),
        punctuality: punctuality(),
        ports: ports(),
        sysctls: sysctls(&interfaces),
        sysctls_writable: is_writable("/proc/sys/net/ipv4/conf/all/forwarding"),
        programs: programs(),
        state: state::folder(state),
        now: SystemTime::now(),
        newest_state: state::newest(state),
        interfaces,
    }
}

/// How an attempt ended, by what the kernel said.
fn judge(result: io::Result<()>) -> Probe {
    match result {
        Ok(()) => Probe::Works,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Probe::Denied,
        Err(error) if feature::is_unknown(&error) => Probe::Missing,
        Err(error) => Probe::Failed(error.to_string()),
    }
}

fn environment() -> Environment {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let whole = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("0") && words.nth(1) == Some("4294967295")
    };
    Environment {
        platform: platform(&text("/proc/version")),
        unprivileged: !text("/proc/self/uid_map").lines().any(whole),
        systemd: Path::new("/run/systemd/system").is_dir(),
        virtual_machine: text("/sys/class/dmi/id/sys_vendor").contains("QEMU"),
        root: nix::unistd::geteuid().is_root(),
    }
}

fn platform(version: &str) -> Platform {
    if version.contains("-talos") {
        return Platform::Talos;
    }
    // What started the container tells its first process; systemd repeats it for all others.
    let of_first = fs::read("/proc/1/environ").unwrap_or_default();
    let word = of_first
        .split(|octet| *octet == 0)
        .find_map(|entry| entry.strip_prefix(b"container="))
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let word = word.or_else(|| fs::read_to_string("/run/systemd/container").ok());
    let marked = [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")];
    let mark = marked
        .iter()
        .find(|(path, _)| Path::new(path).exists())
        .map(|(_, kind)| (*kind).to_string());
    match word
        .map(|word| word.trim().to_string())
        .filter(|word| !word.is_empty())
        .or(mark)
    {
        Some(kind) => Platform::Container(kind),
        None => Platform::Machine,
    }
}

fn capabilities() -> Capabilities {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
            .unwrap_or_default()
    };
    Capabilities {
        effective: set("CapEff:"),
        bounding: set("CapBnd:"),
    }
}

fn conntrack() -> Option<Conntrack> {
    let number = |key: &str| sysctl::read(key).ok()?.parse().ok();
    Some(Conntrack {
        most: number("net/netfilter/nf_conntrack_max")?,
        count: number("net/netfilter/nf_conntrack_count")?,
    })
}

/// Tried on a thread of its own, as the priority stays with it.
fn punctuality() -> Punctuality {
    let tried = thread::spawn(realtime::be_punctual).join();
    let text = |result: io::Result<()>| result.map_err(|error| error.to_string());
    match tried {
        Ok(found) => Punctuality {
            real_time: text(found.scheduling),
            locked_memory: text(found.memory),
        },
        Err(_panic) => Punctuality {
            real_time: Err("it could not be tried".to_string()),
            locked_memory: Err("it could not be tried".to_string()),
        },
    }
}

fn ports() -> Vec<doctor::Port> {
    let own = fs::read_link("/proc/self/exe").ok();
    let wanted = doctor::ports().map(|(transport, number)| {
        let transport = match transport {
            doctor::Transport::Udp => port::Transport::Udp,
            doctor::Transport::Tcp => port::Transport::Tcp,
        };
        (transport, number)
    });
    let found = port::listening(&wanted.collect::<Vec<_>>());
    let holder = |holder: &port::Holder| doctor::Holder {
        pid: holder.pid,
        program: holder.program.clone(),
        own: holder.program == "lanlord"
            || (own.is_some() && fs::read_link(format!("/proc/{}/exe", holder.pid)).ok() == own),
    };
    let found = found.into_iter().map(|socket| doctor::Port {
        transport: match socket.transport {
            port::Transport::Udp => doctor::Transport::Udp,
            port::Transport::Tcp => doctor::Transport::Tcp,
        },
        address: socket.address,
        holders: socket.holders.iter().map(holder).collect(),
    });
    found.collect()
}

fn programs() -> Vec<Program> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let named = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let name = name.trim();
        doctor::programs()
            .find(|known| *known == name)
            .map(|known| Program {
                pid,
                name: known.to_string(),
            })
    });
    let mut found: Vec<_> = named.collect();
    found.sort_by_key(|program| program.pid);
    found
}

/// None where they cannot be listed, which a daemon could not live with either.
async fn interfaces() -> Vec<Interface> {
    let Ok(netlink) = Netlink::connect() else {
        return Vec::new();
    };
    let links = netlink.links().await.unwrap_or_default();
    let default = netlink.default_route().await.ok().flatten();
    let master = |link: &Link| {
        let master = links
            .iter()
            .find(|other| Some(other.index) == link.master)?;
        Some((master.kind.clone()?, master.name.clone()))
    };
    let visible = links.iter().filter(|link| !link.loopback);
    let interface = |link: &Link| Interface {
        name: link.name.clone(),
        kind: link.kind.clone(),
        wireless: ["wireless", "phy80211"].iter().any(|mark| {
            Path::new("/sys/class/net")
                .join(&link.name)
                .join(mark)
                .exists()
        }),
        master: master(link),
        operational: link.is_operational(),
        mtu: link.mtu,
        addresses: link
            .addresses
            .iter()
            .map(|net| net.addr())
            .collect::<Vec<IpAddr>>(),
        default_route: default
            .as_ref()
            .is_some_and(|route| route.interface == link.name),
    };
    visible.map(interface).collect()
}

/// What the rules look at, as far as it is there.
fn sysctls(interfaces: &[Interface]) -> BTreeMap<String, String> {
    let names = interfaces.iter().map(|link| link.name.as_str());
    let keys = names.chain(["all"]).flat_map(|name| {
        ["forwarding", "send_redirects", "rp_filter", "arp_ignore"]
            .map(|setting| format!("net/ipv4/conf/{name}/{setting}"))
    });
    keys.filter_map(|key| {
        let value = sysctl::read(&key).ok()?;
        Some((key, value))
    })
    .collect()
}

/// Whether the file could be written; it is only opened.
fn is_writable(path: &str) -> bool {
    fs::OpenOptions::new().write(true).open(path).is_ok()
}
