//! `lanlord status`: a daemon as it is.

mod cluster;
mod node;
mod router;

use std::{net::IpAddr, path::Path, process::ExitCode};

use admin::types::{NameStatus, Status};

pub use self::cluster::{ClusterAccess, cluster_status};
use crate::print::{self, Output};

/// Asks the daemon behind `socket` and prints its answer.
pub async fn status(socket: &Path, output: Output) -> anyhow::Result<ExitCode> {
    let status: Status = admin::get(socket, "/v1/status").await?;
    print::answer(&status, output, |status| match status {
        Status::Node(status) => node::text(status),
        Status::Router(status) => router::text(status),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn name_rows(names: &[NameStatus]) -> Vec<Vec<String>> {
    let join = |addresses: &[IpAddr]| {
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    names
        .iter()
        .map(|name| {
            vec![
                name.name.clone(),
                join(&name.addresses),
                name.source.clone(),
            ]
        })
        .collect()
}
