//! A client from credentials.
//!
//! The stack is that of kube's own builder, with two differences: names are resolved by [`Names`], and the answer 401 is
//! remembered, so that whoever owns the credentials looks for better ones.

mod names;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Builder, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config,
    client::{ConfigExt, retry::RetryPolicy},
};
use thiserror::Error;
use tower::{BoxError, ServiceBuilder, retry::RetryLayer};

use super::credentials::Credentials;
use names::Names;

/// A server that does not even take the connection within this time is tried again: KubePrism answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Credentials that make no client, for example for a certificate that cannot be parsed.
#[derive(Debug, Error)]
#[error("set up the client for {server}")]
pub struct ConnectError {
    server: String,
    source: Box<kube::Error>,
}

/// What the server said of the credentials at last.
#[derive(Clone, Debug, Default)]
pub struct Verdict(Arc<AtomicBool>);

impl Verdict {
    /// The last answer was 401.
    pub fn is_refused(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, status: u16) {
        self.0.store(status == 401, Ordering::Relaxed);
    }
}

impl Credentials {
    /// A client, which does not connect yet, and what its server thinks of these credentials.
    pub fn connect(&self) -> Result<(Client, Verdict), ConnectError> {
        let verdict = Verdict::default();
        let client = client(self.config(), verdict.clone()).map_err(|source| ConnectError {
            server: self.server.to_string(),
            source: Box::new(source),
        })?;
        Ok((client, verdict))
    }

    /// Proxies of the environment are none of ours: the API of a node is on the node, or on its segment.
    fn config(&self) -> Config {
        let mut config = Config::new(self.server.url.clone());
        config.root_cert.clone_from(&self.server.authorities);
        config.tls_server_name.clone_from(&self.server.name);
        config.accept_invalid_certs = self.server.insecure;
        config.auth_info = self.user();
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config
    }
}

fn client(config: Config, verdict: Verdict) -> Result<Client, kube::Error> {
    let mut http = HttpConnector::new_with_resolver(Names);
    http.enforce_http(false);
    let https = config.rustls_https_connector_with_connector(http)?;
    let mut connector = TimeoutConnector::new(https);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(RetryLayer::new(RetryPolicy::server_retry()))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .map_response(move |response: hyper::Response<_>| {
            verdict.note(response.status().as_u16());
            response
        })
        .service(Builder::new(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}

#[cfg(test)]
mod tests;
