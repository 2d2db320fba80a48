//! `/metrics`, `/healthz` and `/readyz` over plain HTTP.

use std::{sync::Arc, time::Duration};

use axum::serve::Listener;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use self::places::Places;
use crate::Registry;

mod places;
#[cfg(test)]
mod tests;

/// How long a client may take for the head of a request, and between two requests.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers a health question: `Ok`, or one line that says what is wrong.
pub type Probe = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the probes of a daemon ask.
#[derive(Clone)]
pub struct Health {
    /// Whether the process works at all; a failed answer asks for a restart.
    pub alive: Probe,
    /// Whether it does its job now.
    pub ready: Probe,
}

#[derive(Clone)]
struct Shared {
    registry: Registry,
    health: Health,
}

/// The three paths, to be merged into a daemon's own router or served alone.
pub fn router(registry: Registry, health: Health) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route(
            "/healthz",
            get(|State(shared): State<Shared>| async move { answer(&shared.health.alive) }),
        )
        .route(
            "/readyz",
            get(|State(shared): State<Shared>| async move { answer(&shared.health.ready) }),
        )
        .with_state(Shared { registry, health })
}

/// Serves until the task is dropped, and closes every connection then.
pub async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    serve_for(PATIENCE, listener, router).await
}

async fn serve_for(
    patience: Duration,
    mut listener: TcpListener,
    router: Router,
) -> std::io::Result<()> {
    let places = Places::default();
    let mut connections = JoinSet::new();
    loop {
        let (stream, client) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            Some(_ended) = connections.join_next() => continue,
        };
        // Dropped without a word where there is no place: a word would have to be waited for.
        if let Some(place) = places.take(client.ip()) {
            let router = router.clone();
            connections.spawn(async move {
                converse(stream, router, patience).await;
                drop(place);
            });
        }
    }
}

/// Answers one client until it goes, or says nothing for too long.
async fn converse(stream: TcpStream, router: Router, patience: Duration) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Whatever ends it concerns this client only.
    let _ = connection.await;
}

async fn metrics(State(shared): State<Shared>) -> Response {
    match shared.registry.encode() {
        Ok(text) => (
            [(
                header::CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("encode metrics: {error}\n"),
        )
            .into_response(),
    }
}

fn answer(probe: &Probe) -> Response {
    match probe() {
        Ok(()) => "ok\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}
