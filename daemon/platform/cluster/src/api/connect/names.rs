//! Host names of API servers, resolved as the host says: `/etc/hosts`, then the servers of `/etc/resolv.conf`.
//!
//! Not by `getaddrinfo`: in a static glibc it cannot load the name services that it asks (design 3). Both files are
//! read for each new connection; there are few, and each follows what the files say then.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::Name as DnsName,
};
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Where the resolvers are.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Time for one try at one server; together with the tries below the connect timeout.
const TRY: Duration = Duration::from_millis(1500);
const TRIES: usize = 2;
/// As in the C library.
const MAX_NDOTS: usize = 15;

/// The resolver of new connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names;

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            // Absent: only /etc/hosts counts.
            let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
            let addresses = resolve(name.as_str(), &ResolvConf::parse(&text)).await?;
            // The connector puts the port of the URL there.
            let sockets: Vec<_> = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            Ok(sockets.into_iter())
        })
    }
}

async fn resolve(name: &str, conf: &ResolvConf) -> io::Result<Vec<IpAddr>> {
    let failed =
        |error: &dyn std::error::Error| io::Error::other(format!("resolve {name}: {error}"));
    let servers = conf
        .servers
        .iter()
        .map(|address| NameServerConfig::udp_and_tcp(*address))
        .collect();
    let config = ResolverConfig::from_parts(None, conf.search.clone(), servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = TRY;
    options.attempts = TRIES;
    options.ndots = conf.ndots;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Always;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let resolver = builder.build().map_err(|error| failed(&error))?;
    let found = resolver.lookup_ip(name).await;
    let found = found.map_err(|error| failed(&error))?;
    Ok(found.iter().collect())
}

/// What counts of `resolv.conf(5)`.
#[derive(Debug, PartialEq, Eq)]
struct ResolvConf {
    servers: Vec<IpAddr>,
    search: Vec<DnsName>,
    ndots: usize,
}

impl ResolvConf {
    /// Lines that say nothing to us, or nothing at all, are passed over, as the C library does.
    fn parse(text: &str) -> Self {
        let mut conf = Self {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => conf.servers.extend(words.next().and_then(address)),
                Some("search" | "domain") => {
                    conf.search = words
                        .filter_map(|word| DnsName::from_str(word).ok())
                        .collect();
                }
                Some("options") => {
                    let mut ndots =
                        words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    conf.ndots = ndots.next_back().unwrap_or(conf.ndots).min(MAX_NDOTS);
                }
                Some(_) | None => {}
            }
        }
        conf
    }
}

/// The zone of a link-local server is lost on the way: such a server is not used.
fn address(word: &str) -> Option<IpAddr> {
    word.parse().ok()
}

#[cfg(test)]
mod tests;
