//! Whether CRDs and rights in the cluster are those that this lanlord needs.
//!
//! Talos creates what a machine configuration holds and never updates it, so a newer lanlord may well find the objects of
//! an older one. Each carries the number of the manifests that it is of.

use std::{collections::BTreeSet, fmt::Debug};

use k8s_openapi::{
    api::{
        core::v1::ObjectReference,
        events::v1::Event,
        rbac::v1::{ClusterRole, Role},
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, Resource, ResourceExt, api::PostParams};
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::events::{REPORTER, WARNING, shortened};
use crate::{
    Settings,
    install::{ACCOUNT, MANIFESTS, STAMP, crd_names},
};

/// What brings the objects up to date.
const CURE: &str =
    "lanlord talos-patch --manifests-only | kubectl apply --server-side --force-conflicts -f -";

/// The objects that are not as this lanlord needs them; empty: all are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outdated(BTreeSet<String>);

impl Outdated {
    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What is wrong, and what to do; none when all is well.
    pub fn text(&self) -> Option<String> {
        let objects: Vec<&str> = self.0.iter().map(String::as_str).collect();
        (!objects.is_empty()).then(|| {
            format!(
                "the manifests in the cluster are not those of this lanlord ({MANIFESTS}): {}; run `{CURE}`",
                objects.join("; ")
            )
        })
    }
}

/// The API gave no answer that says anything about the objects.
#[derive(Debug, Error)]
#[error("look at {object}")]
pub struct LookError {
    object: String,
    source: Box<kube::Error>,
}

/// Looks at CRDs and roles. What may not be read is not as needed either: the right to read them is among those of the
/// manifests.
pub async fn outdated(client: &Client, settings: &Settings) -> Result<Outdated, LookError> {
    let mut found = Outdated::default();
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for name in crd_names() {
        look(&crds, &name, &mut found).await?;
    }
    let cluster_roles: Api<ClusterRole> = Api::all(client.clone());
    look(&cluster_roles, ACCOUNT, &mut found).await?;
    let roles: Api<Role> = Api::namespaced(client.clone(), &settings.namespace);
    look(&roles, ACCOUNT, &mut found).await?;
    Ok(found)
}

async fn look<K>(api: &Api<K>, name: &str, found: &mut Outdated) -> Result<(), LookError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let object = format!("{} {name}", K::kind(&()));
    let wrong = match api.get_metadata_opt(name).await {
        Ok(None) => format!("{object} is not installed"),
        Ok(Some(there)) => match there
            .annotations()
            .get(STAMP)
            .map(|text| text.parse::<u32>())
        {
            Some(Ok(number)) if number >= MANIFESTS => return Ok(()),
            Some(Ok(number)) => format!("{object} is of number {number}"),
            Some(Err(_)) | None => format!("{object} has no number"),
        },
        Err(kube::Error::Api(status)) if status.code == 403 => {
            format!("{object} may not be read: {}", status.message)
        }
        Err(source) => {
            return Err(LookError {
                object,
                source: Box::new(source),
            });
        }
    };
    found.0.insert(wrong);
    Ok(())
}

/// Raises an event about it in our namespace, on the Role.
pub async fn report_outdated(
    client: &Client,
    settings: &Settings,
    node: &str,
    text: &str,
) -> Result<(), Box<kube::Error>> {
    let now = Timestamp::now();
    let event = Event {
        metadata: ObjectMeta {
            name: Some(format!("{ACCOUNT}.{:x}", now.as_nanosecond())),
            namespace: Some(settings.namespace.clone()),
            ..ObjectMeta::default()
        },
        event_time: Some(MicroTime(now)),
        type_: Some(WARNING.to_string()),
        reason: Some("ManifestsOutdated".to_string()),
        note: Some(shortened(text.to_string())),
        action: Some("Check".to_string()),
        regarding: Some(ObjectReference {
            api_version: Some("rbac.authorization.k8s.io/v1".to_string()),
            kind: Some("Role".to_string()),
            namespace: Some(settings.namespace.clone()),
            name: Some(ACCOUNT.to_string()),
            ..ObjectReference::default()
        }),
        reporting_controller: Some(REPORTER.to_string()),
        reporting_instance: Some(node.to_string()),
        ..Event::default()
    };
    let api: Api<Event> = Api::namespaced(client.clone(), &settings.namespace);
    api.create(&PostParams::default(), &event)
        .await
        .map(drop)
        .map_err(Box::new)
}

#[cfg(test)]
mod tests;
