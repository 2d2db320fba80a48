use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use config::router::{Interfaces, RouterConfig};
use kernel::{
    Netlink,
    testing::{Namespace, veth},
};
use tokio::sync::{oneshot, watch};

use super::*;
use crate::{lans, settings::Settings};

/// Far above what checking for other servers, offering and binding take.
const DEADLINE: Duration = Duration::from_secs(20);

/// The provider's side: another lanlord, on a thread that lives in the provider's namespace until the sender is dropped.
fn serve(provider: Namespace, config: &str, state: std::path::PathBuf) -> oneshot::Sender<()> {
    let (running, stop) = oneshot::channel();
    let settings = settings(config, None);
    thread::spawn(move || {
        provider.inside(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (_settings, follow) = watch::channel(Arc::new(settings));
                tokio::select! {
                    ended = lans::run(follow, state, watch::Sender::default()) => panic!("{ended:?}"),
                    _ = stop => {}
                }
            });
        });
    });
    running
}

fn settings(config: &str, uplink: Option<&str>) -> Settings {
    let config: RouterConfig = config::router::parse(config, "router.toml").unwrap();
    Settings {
        config,
        interfaces: Interfaces {
            lans: vec!["lan0".to_string()],
            uplink: uplink.map(str::to_string),
        },
        uplink_address: None,
        uplink_gateway: None,
        uplink_pending: uplink.is_some(),
        keys: BTreeMap::new(),
        missing_keys: Vec::new(),
    }
}

#[tokio::test]
async fn the_uplink_gets_its_address_and_gateway_from_the_network() {
    let state = tempfile::tempdir().unwrap();
    let (router, provider) = (Namespace::enter(), Namespace::new());
    veth((&router, "wan0"), (&provider, "lan0")).await;
    provider.shell("ip address add 203.0.113.1/24 dev lan0");
    let _running = serve(
        provider,
        "[[lan]]\ninterface = \"lan0\"\naddress = \"203.0.113.1/24\"\n[uplink]\ninterface = \"none\"\n",
        state.path().to_path_buf(),
    );
    let (_settings, follow) = watch::channel(Arc::new(settings("", Some("wan0"))));
    let (lease, mut leased) = watch::channel(Leasing::Pending);

    let started = Instant::now();
    let held = tokio::select! {
        ended = run(Netlink::connect().unwrap(), follow, lease) => panic!("{ended:?}"),
        held = tokio::time::timeout(DEADLINE, leased.wait_for(|lease| *lease != Leasing::Pending)) => {
            *held.unwrap_or_else(|_| panic!("no lease within {:?}", started.elapsed())).unwrap()
        }
    };

    let expected = client::Lease {
        address: "203.0.113.20/24".parse().unwrap(),
        gateway: Some("203.0.113.1".parse().unwrap()),
    };
    assert_eq!(held, Leasing::Held(expected));
}
