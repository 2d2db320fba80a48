//! What the daemon says about itself.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use anyhow::{Context, bail};
use kernel::port::{self, Transport};
use telemetry::Health;
use tokio::net::TcpListener;

use super::{Counted, Daemon};
use crate::{metrics, status};

/// `EAFNOSUPPORT`: the kernel was started without IPv6.
const NO_IPV6: i32 = 97;

impl Daemon {
    pub(super) fn start_telling(&mut self, admin: admin::Listener, counted: &Counted) {
        let facts = self.facts.clone();
        let ready: telemetry::Probe = Arc::new(move || facts.readiness());
        let health = Health {
            alive: Arc::new(|| Ok(())),
            ready,
        };
        let registry = metrics::registry(
            &self.facts,
            self.segment.counters(),
            Arc::clone(&counted.api),
            Arc::clone(&counted.plans),
        );
        let (address, routes) = (
            self.facts.options.metrics,
            telemetry::router(registry, health),
        );
        self.keep("metrics", move || serve_metrics(address, routes.clone()));
        let report = self.segment.report();
        self.parts.spawn(async move {
            segment::log_changes(report).await;
            // The wire thread has ended, which is told elsewhere.
            std::future::pending().await
        });
        let routes = status::routes(self.facts.clone());
        self.parts
            .spawn(async move { admin.serve(routes).await.context("serve the admin socket") });
    }
}

async fn serve_metrics(address: SocketAddr, routes: axum::Router) -> anyhow::Result<()> {
    let listener = match TcpListener::bind(address).await {
        Err(error)
            if error.raw_os_error() == Some(NO_IPV6) && address.ip() == Ipv6Addr::UNSPECIFIED =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    let listener = match listener {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("serve metrics: {}", port::in_use(Transport::Tcp, address))
        }
        bound => bound.with_context(|| format!("serve metrics on {address}"))?,
    };
    telemetry::serve(listener, routes)
        .await
        .context("serve metrics")
}
