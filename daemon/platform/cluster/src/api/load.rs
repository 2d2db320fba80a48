//! The cluster as it is now, once: for people, by their own rights.

use std::error::Error as _;

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, runtime::watcher};
use thiserror::Error;

use super::{
    LEASE,
    trouble::cause,
    watch::{changes, is_missing_crd},
};
use crate::{
    Settings, View,
    index::{Index, Kind, nowhere},
};

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The objects.
    pub view: View,
    /// Who allocates and pushes names; none: nobody does.
    pub lease_holder: Option<String>,
    /// Kinds that are left out, and why.
    pub problems: Vec<String>,
}

/// Why nothing was read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A kind that could not be listed.
    #[error("list {kind}")]
    List {
        /// `kind`, as in manifests.
        kind: &'static str,
        /// What the server or the way to it says.
        #[source]
        source: Box<watcher::Error>,
    },
    /// The streams ended, which they never do by themselves.
    #[error("list the cluster's objects: the streams ended")]
    Ended,
}

/// Lists everything once. A kind that the user may not list, or that is not installed, counts as empty and is a problem.
pub async fn load(client: &Client, settings: &Settings) -> Result<Loaded, LoadError> {
    let mut changes = changes(client, settings);
    let mut index = Index::new(settings.clone());
    let mut problems = Vec::new();
    while !index.missing().is_empty() {
        match changes.next().await.ok_or(LoadError::Ended)? {
            (_, Ok(change)) => index.handle(change, &nowhere),
            (kind, Err(error)) => {
                problems.push(left_out(kind, error)?);
                index.absent(kind);
            }
        }
    }
    let leases: Api<Lease> = Api::namespaced(client.clone(), &settings.namespace);
    let lease_holder = match leases.get_opt(LEASE).await {
        Ok(lease) => lease.and_then(|lease| lease.spec?.holder_identity),
        Err(error) => {
            problems.push(format!(
                "Lease {LEASE} could not be read: {}",
                cause(&error)
            ));
            None
        }
    };
    Ok(Loaded {
        view: index.view(),
        lease_holder: lease_holder.filter(|holder| !holder.is_empty()),
        problems,
    })
}

fn left_out(kind: Kind, error: watcher::Error) -> Result<String, LoadError> {
    if is_missing_crd(kind, &error) {
        return Ok(format!("{} is not installed", kind.name()));
    }
    let forbidden = matches!(&error, watcher::Error::InitialListFailed(kube::Error::Api(status)) if status.code == 403);
    if forbidden {
        let why = error.source().map_or_else(|| error.to_string(), cause);
        return Ok(format!("{} objects are left out: {why}", kind.name()));
    }
    Err(LoadError::List {
        kind: kind.name(),
        source: Box::new(error),
    })
}
