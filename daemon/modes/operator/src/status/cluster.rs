//! `lanlord status --kubeconfig FILE` and `kubectl lanlord status`: the whole cluster as the API server has it, in the
//! place of `kubectl get pods -n metallb-system`.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use ::plan::{AddressSource, Options, Plan};
use admin::types::{NameStatus, PoolStatus, VipStatus};
use anyhow::{Context, bail};
use cluster::{
    Settings,
    api::{self, Credentials, Loaded},
};
use model::{Node, Snapshot};
use serde::Serialize;

use super::{
    name_rows,
    node::{pool_row, vip_row},
};
use crate::{
    print::{self, Output},
    table,
};

/// A server that takes longer than this is not there for people either.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where Talos shows the version of the extension.
const VERSION_LABEL: &str = "extensions.talos.dev/lanlord";

/// Whose cluster to look at.
#[derive(Clone, Debug)]
pub struct ClusterAccess {
    /// Kubeconfig; none: `KUBECONFIG`, else `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Context in it; none: the current one.
    pub context: Option<String>,
    /// Namespace of lanlord's own objects.
    pub namespace: String,
}

/// The cluster as it is.
#[derive(Debug, Serialize)]
struct ClusterStatus {
    /// The API server.
    server: String,
    /// Who allocates addresses and pushes names; none: nobody does.
    lease_holder: Option<String>,
    nodes: Vec<NodeRow>,
    pools: Vec<PoolStatus>,
    vips: Vec<VipStatus>,
    names: Vec<NameStatus>,
    problems: Vec<String>,
}

/// A node as its object says.
#[derive(Debug, Serialize)]
struct NodeRow {
    name: String,
    ready: bool,
    /// Version of the Talos extension; none: no extension, or no Talos.
    version: Option<String>,
    /// VIPs that it owns.
    owns: usize,
    /// Why it announces nothing; none: it may.
    barred: Option<&'static str>,
}

/// Reads the cluster and prints it. Exit code 1 when something is refused or wrong.
pub async fn cluster_status(access: ClusterAccess, output: Output) -> anyhow::Result<ExitCode> {
    let credentials = Credentials::of_person(access.kubeconfig.as_deref(), access.context).await?;
    let (client, _) = credentials.connect()?;
    let server = credentials.server.to_string();
    let settings = Settings {
        namespace: access.namespace,
        ..Settings::default()
    };
    let reading = async {
        let loaded = api::load(&client, &settings).await?;
        let outdated = api::outdated(&client, &settings).await?;
        anyhow::Ok((loaded, outdated))
    };
    let (mut loaded, outdated) = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read.with_context(|| format!("read the cluster at {server}"))?,
        Err(_) => bail!("{server} did not answer within {} s", PATIENCE.as_secs()),
    };
    loaded.problems.extend(outdated.text());
    let status = ClusterStatus::of(server, loaded);
    print::answer(&status, output, ClusterStatus::text)?;
    Ok(if status.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl ClusterStatus {
    fn of(server: String, loaded: Loaded) -> Self {
        let Loaded {
            view,
            lease_holder,
            mut problems,
        } = loaded;
        let snapshot = &view.snapshot;
        let plan = ::plan::plan(snapshot, AddressSource::Status, &Options::default());
        if lease_holder.is_none() {
            problems.push(
                "nobody holds the Lease lanlord: no node allocates addresses and pushes names"
                    .to_string(),
            );
        }
        problems.extend(plan.refusals().iter().map(ToString::to_string));
        problems.extend(plan.warnings().iter().map(ToString::to_string));
        Self {
            server,
            lease_holder,
            nodes: nodes(snapshot, &plan),
            pools: pools(snapshot, &plan),
            vips: vips(&plan),
            names: names(&plan),
            problems,
        }
    }

    fn text(&self) -> String {
        let holder = self.lease_holder.as_deref().unwrap_or("nobody");
        let mut text = format!("cluster at {}, lease holder {holder}\n", self.server);
        let rows: Vec<_> = self.nodes.iter().map(NodeRow::cells).collect();
        let head = ["NAME", "STATE", "EXTENSION", "VIPS", "ANNOUNCES"];
        table::append(&mut text, "Nodes", &head, &rows);
        let rows: Vec<_> = self.pools.iter().map(pool_row).collect();
        table::append(
            &mut text,
            "Pools",
            &["NAME", "ADDRESSES", "ASSIGNED"],
            &rows,
        );
        let rows: Vec<_> = self
            .vips
            .iter()
            .map(|vip| {
                let mut cells = vip_row(vip);
                // Interfaces are what a node knows of itself, and the reason too.
                cells.truncate(3);
                cells
            })
            .collect();
        table::append(&mut text, "VIPs", &["ADDRESS", "SERVICE", "OWNER"], &rows);
        let rows = name_rows(&self.names);
        table::append(&mut text, "Names", &["NAME", "ADDRESSES", "FROM"], &rows);
        table::append_list(&mut text, "Problems", &self.problems);
        text
    }
}

impl NodeRow {
    fn of(node: &Node, plan: &Plan) -> Self {
        let barred = match () {
            () if node.is_excluded() => Some("no: labelled out of load balancing"),
            () if !node.ready => Some("no: not ready"),
            () if node.network_unavailable => Some("no: its network is unavailable"),
            () if node.unschedulable => Some("last: cordoned"),
            () => None,
        };
        Self {
            name: node.name.to_string(),
            ready: node.ready,
            version: node.labels.get(VERSION_LABEL).cloned(),
            owns: plan.owned_by(&node.name).len(),
            barred,
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            if self.ready { "Ready" } else { "NotReady" }.to_string(),
            self.version.clone().unwrap_or_else(|| "-".to_string()),
            self.owns.to_string(),
            self.barred.unwrap_or("yes").to_string(),
        ]
    }
}

fn nodes(snapshot: &Snapshot, plan: &Plan) -> Vec<NodeRow> {
    snapshot
        .nodes
        .values()
        .map(|node| NodeRow::of(node, plan))
        .collect()
}

fn pools(snapshot: &Snapshot, plan: &Plan) -> Vec<PoolStatus> {
    let mut assigned: BTreeMap<&str, u64> = BTreeMap::new();
    for allocation in plan.allocation.allocations.values() {
        *assigned.entry(&allocation.pool).or_default() += allocation.vips.len() as u64;
    }
    let pool = |pool: &model::AddressPool| PoolStatus {
        name: pool.name.clone(),
        addresses: pool.ranges.iter().map(ToString::to_string).collect(),
        assigned: assigned
            .get(pool.name.as_str())
            .copied()
            .unwrap_or_default(),
    };
    snapshot.pools.values().map(pool).collect()
}

fn vips(plan: &Plan) -> Vec<VipStatus> {
    let announcements = &plan.announcement.announcements;
    announcements
        .iter()
        .map(|(vip, announcement)| VipStatus {
            vip: vip.address(),
            services: announcement
                .services
                .iter()
                .map(ToString::to_string)
                .collect(),
            owner: Some(announcement.owner.to_string()),
            interfaces: Vec::new(),
            reason: None,
        })
        .collect()
}

fn names(plan: &Plan) -> Vec<NameStatus> {
    let names = &plan.naming.names;
    names
        .iter()
        .map(|(name, planned)| NameStatus {
            name: name.clone(),
            addresses: planned.addresses.iter().copied().collect(),
            source: planned.source.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use cluster::manifests;

    use super::*;

    #[test]
    fn a_cluster_is_shown_with_who_announces_and_who_does_not() {
        let folder = std::path::Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../vm-tests/scenarios/www/manifests"
        ));
        let view = manifests::load(folder, &Settings::default()).unwrap();
        let loaded = Loaded {
            view,
            lease_holder: Some("talos-2".to_string()),
            problems: Vec::new(),
        };

        let text = ClusterStatus::of("https://192.0.2.1:6443/".to_string(), loaded).text();

        assert!(
            text.starts_with("cluster at https://192.0.2.1:6443/, lease holder talos-2\n"),
            "{text}"
        );
        assert!(
            text.contains("talos-1  Ready  -          0     no: labelled out of load balancing"),
            "{text}"
        );
        assert!(text.contains("vips  10.10.10.0/24"), "{text}");
    }

    #[test]
    fn a_cluster_whose_lease_nobody_holds_has_a_problem() {
        let loaded = Loaded {
            view: cluster::View::default(),
            lease_holder: None,
            problems: Vec::new(),
        };

        let text = ClusterStatus::of("https://192.0.2.1:6443/".to_string(), loaded).text();

        assert!(text.contains("lease holder nobody"), "{text}");
        assert!(
            text.contains("Problems\n  nobody holds the Lease lanlord"),
            "{text}"
        );
    }
}
