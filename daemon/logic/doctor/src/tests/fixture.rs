//! A host that lacks nothing.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::*;

pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(super) fn interface(name: &str) -> Interface {
    Interface {
        name: name.to_string(),
        kind: None,
        wireless: false,
        master: None,
        operational: true,
        mtu: 1500,
        addresses: vec!["192.0.2.1".parse().unwrap()],
        default_route: name == "eth0",
    }
}

pub(super) fn host() -> Host {
    Host {
        environment: Environment {
            platform: Platform::Machine,
            unprivileged: false,
            systemd: true,
            virtual_machine: false,
            root: true,
        },
        capabilities: Capabilities {
            effective: u64::MAX,
            bounding: u64::MAX,
        },
        packet_sockets: Probe::Works,
        nf_tables: nf_tables_parts().map(|part| (part, Probe::Works)).collect(),
        nft: Some(NftProgram {
            path: "/usr/sbin/nft".into(),
            version: Ok((1, 1, 0)),
        }),
        next_hops: Probe::Works,
        ipv6: true,
        conntrack: Some(Conntrack {
            most: 262_144,
            count: 100,
        }),
        punctuality: Punctuality {
            real_time: Ok(()),
            locked_memory: Ok(()),
        },
        ports: Vec::new(),
        sysctls: BTreeMap::new(),
        sysctls_writable: true,
        interfaces: vec![interface("eth0"), interface("eth1")],
        programs: Vec::new(),
        state: StateFolder {
            path: "/var/lib/lanlord".into(),
            writable: Some(Ok(())),
            free: Some(1 << 30),
        },
        now: now(),
        newest_state: Some(now() - Duration::from_secs(5)),
    }
}

/// An unprivileged container on Proxmox.
pub(super) fn container() -> Host {
    let mut host = host();
    host.environment.platform = Platform::Container("lxc".to_string());
    host.environment.unprivileged = true;
    host.environment.systemd = false;
    host
}

pub(super) fn judge(role: Role, host: Host) -> Vec<Finding> {
    examine(&Facts {
        role,
        host: Some(host),
        daemon: Daemon::Running {
            problems: Vec::new(),
        },
        cluster: None,
    })
}

pub(super) fn judge_cluster(cluster: Cluster) -> Vec<Finding> {
    examine(&Facts {
        role: Role::Either,
        host: None,
        daemon: Daemon::NotAsked,
        cluster: Some(cluster),
    })
}

/// The one finding of this check that is not fine.
#[track_caller]
pub(super) fn only(findings: &[Finding], check: &str) -> Finding {
    let mut found = findings
        .iter()
        .filter(|finding| finding.check == check && finding.severity != Severity::Ok);
    let first = found.next();
    let first = first.unwrap_or_else(|| panic!("nothing about {check} in {findings:#?}"));
    assert_eq!(found.next(), None);
    first.clone()
}
