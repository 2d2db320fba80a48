use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Value, json};
use tokio::sync::{
    mpsc::{UnboundedSender, unbounded_channel},
    watch::{Receiver, channel},
};

use super::*;
use crate::api::mock::{Answer, Mock, Request};

/// Lists by path, open watches by path, and whether the server answers at all.
#[derive(Default)]
struct Server {
    lists: BTreeMap<String, Vec<Value>>,
    watches: BTreeMap<String, UnboundedSender<Value>>,
    missing: Vec<&'static str>,
    failing: bool,
}

const POOLS: &str = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools";
const SERVICES: &str = "/api/v1/services";

impl Server {
    fn answer(&mut self, request: &Request) -> Answer {
        if self.failing {
            return Answer::Failure(500, "InternalError");
        }
        if self.missing.contains(&request.path.as_str()) {
            return Answer::Failure(404, "NotFound");
        }
        if request.is_watch() {
            let (sender, receiver) = unbounded_channel();
            self.watches.insert(request.path.clone(), sender);
            return Answer::Lines(receiver);
        }
        Answer::list(self.lists.get(&request.path).map_or(&[], Vec::as_slice))
    }

    fn put(&mut self, path: &str, object: Value) {
        self.lists.entry(path.to_string()).or_default().push(object);
    }
}

struct Watched {
    server: Arc<Mutex<Server>>,
    mock: Mock,
    views: Receiver<Option<Arc<View>>>,
    counters: Arc<Counters>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn start(server: Server) -> Watched {
    let server = Arc::new(Mutex::new(server));
    let answering = Arc::clone(&server);
    let mock = Mock::new(move |request| answering.lock().unwrap().answer(request));
    let counters = Arc::new(Counters::default());
    let (sender, views) = channel(None);
    let watching = watch(
        mock.client.clone(),
        Settings::default(),
        Arc::clone(&counters),
        Arc::default(),
        sender,
    );
    let task = tokio::spawn(async move { watching.await.unwrap() });
    Watched {
        server,
        mock,
        views,
        counters,
        task,
    }
}

impl Watched {
    async fn until(&mut self, holds: impl Fn(&View) -> bool) -> Arc<View> {
        let waited = tokio::time::timeout(
            Duration::from_secs(60),
            self.views
                .wait_for(|view| view.as_deref().is_some_and(&holds)),
        )
        .await
        .map(|view| Arc::clone(view.unwrap().as_ref().unwrap()));
        waited.unwrap_or_else(|_| panic!("not in time; the view is {:#?}", self.views.borrow()))
    }

    async fn event(&self, path: &str, type_: &str, object: &Value) {
        let line = json!({ "type": type_, "object": object });
        // The watch begins a moment after the list.
        loop {
            if let Some(watch) = self.server.lock().unwrap().watches.get(path)
                && watch.send(line.clone()).is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn pool(name: &str, addresses: &str) -> Value {
    json!({
        "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
        "metadata": { "name": name, "namespace": "metallb-system", "resourceVersion": "2" },
        "spec": { "addresses": [addresses] },
    })
}

fn service(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name, "namespace": "web", "resourceVersion": version },
        "spec": { "type": "LoadBalancer", "clusterIP": "10.96.0.1" },
    })
}

#[tokio::test(start_paused = true)]
async fn the_first_view_has_all_kinds_and_secrets_are_asked_for_by_name() {
    let mut server = Server::default();
    server.put(POOLS, pool("first", "192.0.2.0/24"));
    server.put(SERVICES, service("web", "3"));
    let mut watched = start(server);

    let view = watched.until(|_| true).await;

    assert_eq!(view.snapshot.pools.len(), 1);
    assert_eq!(view.snapshot.services.len(), 1);
    let mut lists: Vec<String> = watched
        .mock
        .requests()
        .iter()
        .filter(|request| !request.is_watch())
        .map(|request| {
            let selector = request
                .query
                .split('&')
                .find(|part| part.starts_with("fieldSelector="));
            format!("{} {}", request.line(), selector.unwrap_or_default())
                .trim()
                .to_string()
        })
        .collect();
    lists.sort();
    assert_eq!(
        lists,
        [
            "GET /api/v1/namespaces",
            "GET /api/v1/namespaces/metallb-system/configmaps fieldSelector=metadata.name%3Dlanlord",
            "GET /api/v1/namespaces/metallb-system/secrets fieldSelector=metadata.name%3Dlanlord-router",
            "GET /api/v1/nodes",
            "GET /api/v1/services",
            "GET /apis/discovery.k8s.io/v1/endpointslices",
            "GET /apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools",
            "GET /apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements",
            "GET /apis/networking.k8s.io/v1/ingressclasses",
            "GET /apis/networking.k8s.io/v1/ingresses",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn there_is_no_view_while_a_kind_was_not_listed() {
    let server = Server {
        missing: vec![SERVICES],
        ..Server::default()
    };
    let mut watched = start(server);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(watched.views.borrow().is_none());

    watched.server.lock().unwrap().missing.clear();

    watched.until(|_| true).await;
}

#[tokio::test(start_paused = true)]
async fn without_the_crds_it_runs_and_finds_them_within_seconds_of_their_installation() {
    let server = Server {
        missing: vec![POOLS],
        ..Server::default()
    };
    let mut watched = start(server);
    watched.until(|view| view.snapshot.pools.is_empty()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;

    {
        let mut server = watched.server.lock().unwrap();
        server.missing.clear();
        server.put(POOLS, pool("first", "192.0.2.0/24"));
    }
    let installed = Instant::now();
    watched
        .until(|view| view.snapshot.pools.contains_key("first"))
        .await;

    assert!(
        installed.elapsed() <= 2 * CRD_BACKOFF_MAX,
        "{:?}",
        installed.elapsed()
    );
    let asked = watched.mock.matching(POOLS).len();
    assert!(asked < 40, "not asked without pause: {asked} times");
}

#[tokio::test(start_paused = true)]
async fn one_bad_object_is_refused_alone_with_its_reason() {
    let mut server = Server::default();
    server.put(POOLS, pool("right", "192.0.2.0/24"));
    server.put(
        POOLS,
        json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
            "metadata": { "name": "wrong", "namespace": "metallb-system" },
            "spec": { "addresses": 5 },
        }),
    );
    let mut watched = start(server);

    let view = watched.until(|_| true).await;

    assert_eq!(view.snapshot.pools.keys().collect::<Vec<_>>(), ["right"]);
    let refusal = view.snapshot.refused[0].to_string();
    assert!(
        refusal.starts_with("IPAddressPool wrong: InvalidObject: spec.addresses: invalid type"),
        "{refusal}"
    );
}

#[tokio::test(start_paused = true)]
async fn while_the_api_is_away_the_last_view_stays_and_errors_are_counted() {
    let mut server = Server::default();
    server.put(SERVICES, service("web", "3"));
    let mut watched = start(server);
    watched
        .until(|view| view.snapshot.services.len() == 1)
        .await;

    {
        let mut server = watched.server.lock().unwrap();
        server.failing = true;
        // The connections of all watches end.
        server.watches.clear();
    }
    tokio::time::sleep(Duration::from_secs(300)).await;

    assert_eq!(
        watched
            .views
            .borrow()
            .as_ref()
            .unwrap()
            .snapshot
            .services
            .len(),
        1
    );
    let errors = watched.counters.watch_errors.load(Ordering::Relaxed);
    assert!(errors >= 10, "every watch failed: {errors}");
    assert!(
        errors < 10 * 60,
        "no watch is tried again and again without pause: {errors}"
    );
    assert_eq!(watched.counters.views.load(Ordering::Relaxed), 1);

    {
        let mut server = watched.server.lock().unwrap();
        server.failing = false;
        server.put(SERVICES, service("new", "4"));
    }
    watched.event(SERVICES, "ADDED", &service("new", "4")).await;
    watched
        .until(|view| view.snapshot.services.len() == 2)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_changes_is_one_view() {
    let mut watched = start(Server::default());
    watched.until(|_| true).await;

    for n in 0..100 {
        let object = service(&format!("s{n}"), &(10 + n).to_string());
        watched.event(SERVICES, "ADDED", &object).await;
    }
    watched
        .until(|view| view.snapshot.services.len() == 100)
        .await;

    assert!(watched.counters.views.load(Ordering::Relaxed) <= 3);
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_for_planners_is_not_published() {
    let mut server = Server::default();
    let mut node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "a", "resourceVersion": "1" } });
    server.put("/api/v1/nodes", node.clone());
    let mut watched = start(server);
    watched.until(|_| true).await;

    // A kubelet reports that it lives.
    node["status"] = json!({ "images": [{ "names": ["x"] }] });
    watched.event("/api/v1/nodes", "MODIFIED", &node).await;
    watched.event(SERVICES, "ADDED", &service("web", "5")).await;
    watched
        .until(|view| view.snapshot.services.len() == 1)
        .await;
    watched.event("/api/v1/nodes", "MODIFIED", &node).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(watched.counters.views.load(Ordering::Relaxed), 2);
}
