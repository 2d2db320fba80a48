//! What the part says about itself, without a server.

use std::sync::Arc;

use cluster::{RouterSecret, TsigSecret, View};
use config::node::NodeConfig;
use plan::Plan;
use tokio::sync::watch;

use super::{Push, PushState};
use crate::{planner::Planned, settings::InForce};

#[tokio::test]
async fn a_push_that_never_worked_names_its_server_and_the_cause() {
    let bench = bench();
    let mut state = bench.state.subscribe();

    tokio::select! {
        ended = bench.push.run() => unreachable!("a part never ends: {ended:?}"),
        failed = state.wait_for(|state| state.error.is_some()) => {
            let server = failed.unwrap().server;
            assert_eq!(server, Some("192.0.2.1:53".parse().unwrap()));
        }
    }
}

#[tokio::test]
async fn a_node_that_lost_the_lease_no_longer_tells_how_its_last_push_went() {
    let bench = bench();
    let mut state = bench.state.subscribe();
    let check = async {
        state.wait_for(|state| state.error.is_some()).await.unwrap();

        bench.holder.send_replace(false);

        let rested = state.wait_for(|state| state.error.is_none()).await.unwrap();
        assert_eq!(rested.server, None);
        assert!(rested.failures > 0, "a counter never goes back");
    };

    tokio::select! {
        ended = bench.push.run() => unreachable!("a part never ends: {ended:?}"),
        () = check => {}
    }
}

struct Bench {
    push: Push,
    _others: (watch::Sender<Option<Arc<Planned>>>, watch::Sender<InForce>),
    holder: watch::Sender<bool>,
    state: watch::Sender<PushState>,
}

/// The lease holder, with a key that fails before anything is sent.
fn bench() -> Bench {
    let mut view = View::default();
    view.router_secret = Some(RouterSecret {
        address: Some("192.0.2.1".parse().unwrap()),
        tsig: TsigSecret::Given {
            name: "lab.".to_string(),
            algorithm: "rot13".to_string(),
            secret: Vec::new(),
        },
    });
    let planned = Planned {
        view: Arc::new(view),
        plan: Plan::default(),
    };
    let settings = InForce {
        config: NodeConfig::default(),
        error: None,
    };
    let planned = watch::Sender::new(Some(Arc::new(planned)));
    let settings = watch::Sender::new(settings);
    let holder = watch::Sender::new(true);
    let state = watch::Sender::new(PushState::default());
    Bench {
        push: Push {
            planned: planned.subscribe(),
            holder: holder.subscribe(),
            settings: settings.subscribe(),
            state: state.clone(),
        },
        _others: (planned, settings),
        holder,
        state,
    }
}
