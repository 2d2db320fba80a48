//! Watches of all kinds, joined into one [`View`].

use std::{
    error::Error,
    fmt::Debug,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{BoxStream, SelectAll, select_all},
};
use k8s_openapi::{
    NamespaceResourceScope,
    api::core::v1::{ConfigMap, Secret},
};
use kube::{
    Api, Client, Resource,
    api::{ApiResource, DynamicObject},
    runtime::{
        WatchStreamExt,
        utils::Backoff,
        watcher::{self, DefaultBackoff, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::{
    sync::watch::Sender,
    time::{Instant, sleep_until},
};
use tracing::{info, warn};

use super::{Counters, Troubles, counters::count, debounce::Debounce, trouble::cause};
use crate::{
    Settings, View,
    crd::{IPAddressPool, L2Advertisement},
    index::{CONFIG_MAP, Change, Index, Kind, nowhere},
};

/// A rollout touches Service, slices and Ingress within a few milliseconds of each other: plan once.
const QUIET: Duration = Duration::from_millis(20);
/// A cluster where something always changes must not hold up what changed first.
const MAX_DELAY: Duration = Duration::from_millis(200);
/// A node should see an API that is back soon, and not press one that is not: ten lists in this time.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Installing a CRD is a step of an installation that people wait for.
const CRD_BACKOFF_MAX: Duration = Duration::from_secs(3);

/// The watches ended, which they never do by themselves.
#[derive(Debug, Error)]
#[error("watch the API: the streams ended")]
pub struct WatchEnded;

/// Watches the cluster and publishes a view for each change; runs until it is cancelled, which loses nothing.
///
/// The first view comes when all kinds have been listed. While the API is away the last one stays. A kind whose CRD is
/// not installed counts as empty and is found when it appears.
pub async fn watch(
    client: Client,
    settings: Settings,
    counters: Arc<Counters>,
    troubles: Arc<Troubles>,
    sender: Sender<Option<Arc<View>>>,
) -> Result<(), WatchEnded> {
    let mut changes = changes(&client, &settings);
    let mut index = Index::new(settings);
    let mut debounce = Debounce::new(QUIET, MAX_DELAY);
    loop {
        let due = debounce.due();
        tokio::select! {
            item = changes.next() => {
                match item.ok_or(WatchEnded)? {
                    (kind, Ok(change)) => {
                        heard_from(&troubles, kind, &change);
                        index.handle(change, &nowhere);
                    }
                    (kind, Err(error)) => {
                        count(&counters.watch_errors);
                        if is_missing_crd(kind, &error) {
                            index.absent(kind);
                        }
                        failed(&troubles, kind, &error);
                    }
                }
                debounce.touch(Instant::now());
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                debounce.clear();
                if index.missing().is_empty() {
                    publish(&index, &counters, &sender);
                }
            }
        }
    }
}

fn publish(index: &Index, counters: &Counters, sender: &Sender<Option<Arc<View>>>) {
    let view = index.view();
    sender.send_if_modified(|last| {
        if last.as_deref() == Some(&view) {
            return false;
        }
        for refusal in &view.snapshot.refused {
            let known = last
                .as_ref()
                .is_some_and(|last| last.snapshot.refused.contains(refusal));
            if !known {
                warn!(object = %refusal.object, reason = %refusal.text, "object not usable");
            }
        }
        counters.views.fetch_add(1, Ordering::Relaxed);
        *last = Some(Arc::new(view));
        true
    });
}

/// Logged when it changes, not each time it is tried.
fn failed(troubles: &Troubles, kind: Kind, error: &watcher::Error) {
    if is_missing_crd(kind, error) {
        if troubles.failed(
            kind.name(),
            "not installed yet, counts as empty".to_string(),
        ) {
            info!(kind = kind.name(), "not installed yet, counts as empty");
        }
    } else if troubles.failed(kind.name(), cause(error)) {
        warn!(
            kind = kind.name(),
            error = error as &dyn Error,
            "watch failed, trying again"
        );
    }
}

fn heard_from(troubles: &Troubles, kind: Kind, change: &Change) {
    // `Init` comes before the list was even asked for.
    if !change.is_init() && troubles.ended(kind.name()) {
        info!(kind = kind.name(), "watching again");
    }
}

pub(super) fn is_missing_crd(kind: Kind, error: &watcher::Error) -> bool {
    matches!(kind, Kind::IpAddressPool | Kind::L2Advertisement)
        && matches!(error, watcher::Error::InitialListFailed(kube::Error::Api(status)) if status.is_not_found())
}

type Item = (Kind, Result<Change, watcher::Error>);

/// Watches of all kinds. Of Secrets and ConfigMaps only ours are asked for, by name, which is all that our Role allows.
pub(super) fn changes(client: &Client, settings: &Settings) -> SelectAll<BoxStream<'static, Item>> {
    let namespace = settings.namespace.as_str();
    select_all([
        everywhere(client, Kind::Service, Change::Service),
        everywhere(client, Kind::EndpointSlice, Change::EndpointSlice),
        everywhere(client, Kind::Node, Change::Node),
        everywhere(client, Kind::Namespace, Change::Namespace),
        everywhere(client, Kind::Ingress, Change::Ingress),
        everywhere(client, Kind::IngressClass, Change::IngressClass),
        custom(
            client,
            namespace,
            Kind::IpAddressPool,
            ApiResource::erase::<IPAddressPool>(&()),
            Change::IpAddressPool,
        ),
        custom(
            client,
            namespace,
            Kind::L2Advertisement,
            ApiResource::erase::<L2Advertisement>(&()),
            Change::L2Advertisement,
        ),
        one::<Secret>(
            client,
            namespace,
            &settings.router_secret,
            Kind::Secret,
            Change::Secret,
        ),
        one::<ConfigMap>(
            client,
            namespace,
            CONFIG_MAP,
            Kind::ConfigMap,
            Change::ConfigMap,
        ),
    ])
}

fn everywhere<K>(
    client: &Client,
    kind: Kind,
    change: fn(Event<K>) -> Change,
) -> BoxStream<'static, Item>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let api = Api::<K>::all(client.clone());
    tagged(api, watcher::Config::default(), BACKOFF_MAX, kind, change)
}

fn one<K>(
    client: &Client,
    namespace: &str,
    name: &str,
    kind: Kind,
    change: fn(Event<K>) -> Change,
) -> BoxStream<'static, Item>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let api = Api::<K>::namespaced(client.clone(), namespace);
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    tagged(api, config, BACKOFF_MAX, kind, change)
}

fn custom(
    client: &Client,
    namespace: &str,
    kind: Kind,
    resource: ApiResource,
    change: fn(Event<DynamicObject>) -> Change,
) -> BoxStream<'static, Item> {
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource);
    tagged(
        api,
        watcher::Config::default(),
        CRD_BACKOFF_MAX,
        kind,
        change,
    )
}

/// kube's backoff, up to a maximum.
///
/// It does not begin anew with each success: the watcher says `Init` before it asks for a list, so a list that fails
/// again and again would be asked for every 800 ms. Two minutes without an error do that instead.
struct Patience {
    inner: DefaultBackoff,
    max: Duration,
}

impl Patience {
    fn up_to(max: Duration) -> Self {
        let inner = DefaultBackoff::default();
        Self { inner, max }
    }
}

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.inner.next().map(|delay| delay.min(self.max))
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {}
}

fn tagged<K>(
    api: Api<K>,
    config: watcher::Config,
    max: Duration,
    kind: Kind,
    change: fn(Event<K>) -> Change,
) -> BoxStream<'static, Item>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    watcher(api, config)
        .backoff(Patience::up_to(max))
        .map(move |event| (kind, event.map(change)))
        .boxed()
}

#[cfg(test)]
mod tests;
