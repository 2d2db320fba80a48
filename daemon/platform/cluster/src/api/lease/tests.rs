use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::{
    oneshot,
    watch::{Receiver, channel},
};

use super::*;
use crate::api::mock::{Answer, Mock, Request};

/// The one Lease of an API server, and whether the server answers.
#[derive(Default)]
struct Server {
    lease: Option<Value>,
    version: u64,
    down: bool,
}

const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases";

impl Server {
    fn answer(&mut self, request: &Request) -> Answer {
        if self.down {
            return Answer::Silence;
        }
        match (request.method.as_str(), &self.lease) {
            ("GET", None) => Answer::Failure(404, "NotFound"),
            ("GET", Some(lease)) => Answer::Object(lease.clone()),
            ("POST", Some(_)) => Answer::Failure(409, "AlreadyExists"),
            ("POST", None) => self.store(request.body.clone()),
            ("PUT", Some(lease)) => {
                if request.body["metadata"]["resourceVersion"]
                    == lease["metadata"]["resourceVersion"]
                {
                    self.store(request.body.clone())
                } else {
                    Answer::Failure(409, "Conflict")
                }
            }
            _ => Answer::Failure(405, "MethodNotAllowed"),
        }
    }

    fn store(&mut self, mut lease: Value) -> Answer {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.lease = Some(lease.clone());
        Answer::Object(lease)
    }
}

/// A candidate that shares the server with others.
struct Candidate {
    held: Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    mock: Mock,
}

fn candidate(server: &Arc<Mutex<Server>>, identity: &str) -> Candidate {
    let server = Arc::clone(server);
    let mock = Mock::new(move |request| server.lock().unwrap().answer(request));
    let settings = LeaseSettings::new(&Settings::default(), identity);
    let (sender, held) = channel(false);
    let (stop, stopped) = oneshot::channel::<()>();
    let client = mock.client.clone();
    let task = tokio::spawn(async move {
        let stopped = async move { _ = stopped.await };
        hold_lease(
            client,
            settings,
            Arc::default(),
            Arc::default(),
            sender,
            stopped,
        )
        .await;
    });
    Candidate {
        held,
        stop,
        task,
        mock,
    }
}

async fn until(candidate: &mut Candidate, held: bool) -> Duration {
    let start = Instant::now();
    let waited = timeout(
        Duration::from_secs(60),
        candidate.held.wait_for(|now| *now == held),
    )
    .await;
    waited.expect("within a minute").unwrap();
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_first_candidate_makes_the_lease_and_renews_it() {
    let server = Arc::new(Mutex::new(Server::default()));
    let mut first = candidate(&server, "talos-2");

    until(&mut first, true).await;
    tokio::time::sleep(Duration::from_secs(12)).await;

    let lines: Vec<String> = first.mock.requests().iter().map(Request::line).collect();
    assert_eq!(
        lines,
        [
            format!("GET {PATH}/lanlord"),
            format!("POST {PATH}"),
            format!("GET {PATH}/lanlord"),
            format!("PUT {PATH}/lanlord"),
            format!("GET {PATH}/lanlord"),
            format!("PUT {PATH}/lanlord"),
        ]
    );
    let made = &first.mock.matching("POST")[0].body;
    assert_eq!(made["metadata"]["name"], "lanlord");
    assert_eq!(made["spec"]["holderIdentity"], "talos-2");
    assert_eq!(made["spec"]["leaseDurationSeconds"], 15);
    let renewed = &first.mock.matching("PUT")[1].body;
    assert_eq!(renewed["metadata"]["resourceVersion"], "2");
    assert_eq!(renewed["spec"]["acquireTime"], made["spec"]["acquireTime"]);
    assert_eq!(renewed["spec"]["leaseTransitions"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_stops_gives_the_lease_up_and_the_next_one_need_not_wait_for_it_to_run_out() {
    let server = Arc::new(Mutex::new(Server::default()));
    let mut first = candidate(&server, "talos-2");
    until(&mut first, true).await;
    let mut second = candidate(&server, "talos-3");

    first.stop.send(()).unwrap();
    first.task.await.unwrap();
    assert!(!*first.held.borrow());
    assert_eq!(
        server.lock().unwrap().lease.as_ref().unwrap()["spec"]["holderIdentity"],
        ""
    );
    let took = until(&mut second, true).await;

    assert!(took <= Duration::from_secs(5), "{took:?}");
    let lease = server.lock().unwrap().lease.clone().unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], "talos-3");
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_dies_is_followed_when_its_time_is_over() {
    let server = Arc::new(Mutex::new(Server::default()));
    let mut first = candidate(&server, "talos-2");
    until(&mut first, true).await;
    let mut second = candidate(&server, "talos-3");
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!*second.held.borrow());

    first.task.abort();
    let took = until(&mut second, true).await;

    assert!(
        took >= Duration::from_secs(10) && took <= Duration::from_secs(20),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_does_not_reach_the_api_knows_that_it_is_none_any_more() {
    let server = Arc::new(Mutex::new(Server::default()));
    let mut first = candidate(&server, "talos-2");
    until(&mut first, true).await;

    server.lock().unwrap().down = true;
    let took = until(&mut first, false).await;
    assert!(took <= Duration::from_secs(10), "{took:?}");

    server.lock().unwrap().down = false;
    until(&mut first, true).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_that_write_at_once_only_one_holds_the_lease() {
    let server = Arc::new(Mutex::new(Server::default()));
    let taken = json!({
        "metadata": { "name": "lanlord", "resourceVersion": "7" },
        "spec": { "holderIdentity": "", "leaseDurationSeconds": 1 },
    });
    server.lock().unwrap().lease = Some(taken);
    // Somebody else writes between our reading and our writing.
    let race = Arc::clone(&server);
    let mock = Mock::new(move |request| {
        let mut server = race.lock().unwrap();
        if request.method == "PUT" && server.version == 0 {
            let mut won = server.lease.clone().unwrap();
            won["spec"]["holderIdentity"] = "talos-3".into();
            won["spec"]["leaseDurationSeconds"] = 15.into();
            server.store(won);
        }
        server.answer(request)
    });
    let (sender, held) = channel(false);
    let settings = LeaseSettings::new(&Settings::default(), "talos-2");
    let stop = tokio::time::sleep(Duration::from_secs(6));

    hold_lease(
        mock.client.clone(),
        settings,
        Arc::default(),
        Arc::default(),
        sender,
        stop,
    )
    .await;

    assert!(!*held.borrow());
    assert_eq!(mock.matching("PUT").len(), 1, "it looks again and waits");
    assert_eq!(
        server.lock().unwrap().lease.as_ref().unwrap()["spec"]["holderIdentity"],
        "talos-3"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_over_in_time_when_the_api_does_not_answer() {
    let server = Arc::new(Mutex::new(Server::default()));
    let mut first = candidate(&server, "talos-2");
    until(&mut first, true).await;
    server.lock().unwrap().down = true;

    let start = Instant::now();
    first.stop.send(()).unwrap();
    first.task.await.unwrap();

    assert!(start.elapsed() < Duration::from_secs(2));
}
