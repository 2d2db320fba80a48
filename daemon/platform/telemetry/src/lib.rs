//! What the daemons say about themselves: log lines, metrics, health.
//!
//! Parts keep their counters as plain atomics and describe them through [`Source`]; one HTTP server per daemon answers
//! `/metrics`, `/healthz` and `/readyz` from them. A [`notify::Notifier`] tells the one that started the daemon, systemd
//! or the appliance, when it is ready and that it still turns.

mod http;
mod log;
mod metrics;
pub mod notify;

pub use http::{Health, Probe, router, serve};
pub use log::{LogLevel, init};
pub use metrics::{Family, Kind, Registry, Sample, Source};
