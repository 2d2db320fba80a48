//! `/metrics`, `/healthz` and `/readyz` over plain HTTP.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

use self::places::Places;
use crate::Registry;

mod places;
#[cfg(test)]
mod tests;

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

/// Serves until the task is dropped. Errors: the listener broke.
pub async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    axum::serve(Places::of(listener), router).await
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
