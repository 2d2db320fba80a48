//! A LAN with a router on it, and the task under test.

use std::{cell::RefCell, collections::BTreeSet, net::Ipv4Addr, sync::Arc, time::SystemTime};

use ::dhcp::{Other, Verdict};
use admin::types::{DhcpStatus, LeaseStatus};
use config::router::Interfaces;
use kernel::testing::{Lan, Namespace, eventually};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    dhcp::{self, Counters, Inputs, Observer},
    settings::Settings,
};

const INTERFACE: &str = "eth1";

/// The segment, the namespace of the router (in which the test's thread is), its settings and its state.
pub(in crate::dhcp) struct Home {
    pub(super) lan: Lan,
    pub(in crate::dhcp) router: Namespace,
    pub(super) state: tempfile::TempDir,
    settings: watch::Sender<Arc<Settings>>,
    observer: RefCell<Option<Observer>>,
}

/// A running task.
pub(super) struct Running {
    observer: Observer,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

fn settings(dhcp: &str, more: &str) -> Arc<Settings> {
    let text = format!(
        "[[lan]]\ninterface = \"{INTERFACE}\"\naddress = \"192.168.1.200/24\"\n[lan.dhcp]\n{dhcp}\n{more}"
    );
    let config = config::router::parse(&text, "router.toml").expect("a valid configuration");
    Arc::new(Settings {
        config,
        interfaces: Interfaces {
            lans: vec![INTERFACE.into()],
            uplink: None,
        },
        uplink_address: None,
        uplink_gateway: None,
        uplink_pending: false,
        keys: Default::default(),
        missing_keys: Vec::new(),
    })
}

impl Home {
    /// `reservations` is what stands below `[lan.dhcp]`.
    pub(in crate::dhcp) async fn new(reservations: &str) -> Self {
        let router = Namespace::enter();
        let lan = Lan::new().await;
        lan.attach(&router, INTERFACE, &["192.168.1.200/24"]).await;
        Self {
            lan,
            router,
            state: tempfile::tempdir().expect("make a state folder"),
            settings: watch::Sender::new(settings("", reservations)),
            observer: RefCell::default(),
        }
    }

    /// Brings another configuration into force, as a reload does.
    pub(super) fn configure(&self, dhcp: &str, reservations: &str) {
        self.settings.send_replace(settings(dhcp, reservations));
    }

    /// What the task is started with.
    pub(in crate::dhcp) fn inputs(&self) -> Inputs {
        Inputs {
            interface: INTERFACE.into(),
            settings: self.settings.subscribe(),
            directory: self.state.path().join("leases"),
        }
    }

    /// Starts the task and does not wait.
    pub(super) fn start(&self) -> Running {
        let (publisher, observer) = dhcp::channel();
        let stop = CancellationToken::new();
        self.observer.replace(Some(observer.clone()));
        Running {
            observer,
            task: tokio::spawn(dhcp::run(self.inputs(), publisher, stop.clone())),
            stop,
        }
    }

    /// Starts the task and waits until it serves.
    pub(super) async fn serve(&self) -> Running {
        let running = self.start();
        running.until(Verdict::Serving).await;
        running
    }

    /// What `lanlord status` shows.
    pub(super) fn status(&self, now: SystemTime) -> DhcpStatus {
        let observer = self.observer.borrow();
        let observer = observer.as_ref().expect("a task was started");
        let settings = self.settings.borrow();
        let (interface, lan) = settings.lans().next().expect("one LAN");
        observer.status(interface, lan, now)
    }
}

/// The entry of an address in `lanlord status`.
#[track_caller]
pub(super) fn lease_of(home: &Home, address: Ipv4Addr) -> LeaseStatus {
    let status = home.status(SystemTime::now());
    let found = status
        .leases
        .iter()
        .find(|lease| lease.address == std::net::IpAddr::V4(address));
    found
        .unwrap_or_else(|| panic!("{address} is not leased: {status:?}"))
        .clone()
}

impl Running {
    pub(super) async fn until(&self, verdict: Verdict) {
        self.until_verdict(Some(verdict)).await;
    }

    pub(super) async fn until_waiting(&self) {
        self.until_verdict(None).await;
    }

    async fn until_verdict(&self, verdict: Option<Verdict>) {
        eventually(&format!("DHCP is {verdict:?}"), async || {
            assert!(!self.task.is_finished(), "the task ended");
            let now = self.observer.standing.borrow().verdict;
            (now == verdict).then_some(())
        })
        .await;
    }

    pub(super) fn others(&self) -> BTreeSet<Other> {
        self.observer.standing.borrow().others.clone()
    }

    pub(super) fn state(&self) -> String {
        self.observer.standing.borrow().to_string()
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.observer.standing.borrow().problems(INTERFACE)
    }

    /// A counter by the name it has on `/metrics`, all labels together.
    pub(super) fn counter(&self, name: &str) -> u64 {
        Counters::families([(INTERFACE, &*self.observer.counters)])
            .into_iter()
            .filter(|family| family.name == name)
            .flat_map(|family| family.samples)
            .map(|sample| sample.value)
            .sum()
    }

    /// Stops it as the router does and waits for its end.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task
            .await
            .expect("no panic")
            .expect("a clean end of the task");
    }
}
