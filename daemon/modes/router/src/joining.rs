//! What a cluster must know of this router, beside the key.

use std::{net::IpAddr, path::Path};

use anyhow::Context;
use config::router::RouterConfig;

/// The router's address on the LAN that the cluster's nodes are on, as the configuration file says.
///
/// Errors: the file is wrong; it has no such `[[cluster]]`.
pub fn address_for(file: &Path, cluster: &str) -> anyhow::Result<IpAddr> {
    let config = config::router::load(file)?;
    address(&config, cluster).with_context(|| {
        let names: Vec<&str> = config
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str())
            .collect();
        match names.is_empty() {
            true => format!("{} has no [[cluster]]", file.display()),
            false => format!(
                "{} has no [[cluster]] named `{cluster}`; it has {}",
                file.display(),
                names.join(", ")
            ),
        }
    })
}

fn address(config: &RouterConfig, cluster: &str) -> Option<IpAddr> {
    let cluster = config.clusters.iter().find(|one| one.name == cluster)?;
    let holds_a_node = |lan: &&config::router::Lan| {
        let subnet = ipnet::IpNet::V4(lan.address.trunc());
        cluster
            .nodes
            .iter()
            .any(|range| subnet.contains(&range.first()))
    };
    let lan = config
        .lans
        .iter()
        .find(holds_a_node)
        .or_else(|| config.lans.first())?;
    Some(lan.address.addr().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_told_the_address_on_the_lan_of_its_nodes() {
        let config = config::router::parse(
            r#"
            [[lan]]
            interface = "eth1"
            address = "192.168.1.200/24"
            [[lan]]
            interface = "eth2"
            address = "192.0.2.1/24"
            [lan.dhcp]
            range = "192.0.2.20-192.0.2.99"
            [[cluster]]
            name = "branch"
            nodes = ["192.0.2.201-192.0.2.203"]
            pools = ["198.51.100.0/24"]
            "#,
            "router.toml",
        )
        .unwrap();

        assert_eq!(address(&config, "branch"), Some([192, 0, 2, 1].into()));
        assert_eq!(address(&config, "lab"), None);
    }

    #[test]
    fn a_cluster_that_the_file_does_not_have_is_told_with_those_it_has() {
        let folder = tempfile::tempdir().unwrap();

        let error = address_for(&folder.path().join("router.toml"), "other").unwrap_err();

        let error = format!("{error:#}");
        assert!(
            error.ends_with("no [[cluster]] named `other`; it has lab"),
            "{error}"
        );
    }
}
