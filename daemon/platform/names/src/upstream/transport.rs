//! One question to the configured resolvers, by hickory-resolver.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use dns::Resolution;
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, Record, RecordType},
};
use hickory_resolver::{
    TokioResolver,
    config::{
        ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ServerOrderingStrategy,
    },
    net::{DnsError, NetError, NoRecords, runtime::TokioRuntimeProvider},
};
use tracing::{debug, warn};

use super::Resolver;

/// Time for one try at one resolver.
const TRY: Duration = Duration::from_millis(1500);

pub(super) struct Transport {
    resolver: TokioResolver,
}

impl Transport {
    /// None without resolvers, or when TLS cannot be set up.
    pub(super) fn new(resolvers: &[Resolver]) -> Option<Self> {
        if resolvers.is_empty() {
            return None;
        }
        let servers = resolvers.iter().map(server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut builder =
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = TRY;
        options.attempts = 2;
        options.ndots = 0;
        // Ours counts TTLs down and is bounded by us.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.num_concurrent_reqs = 1;
        options.try_tcp_on_error = true;
        options.preserve_intermediates = true;
        match builder.build() {
            Ok(resolver) => Some(Self { resolver }),
            Err(error) => {
                warn!(%error, "upstream resolvers cannot be used");
                None
            }
        }
    }

    pub(super) async fn lookup(&self, mut name: Name, kind: RecordType) -> Resolution {
        name.set_fqdn(true);
        match self.resolver.lookup(name.clone(), kind).await {
            Ok(found) => records(found.answers().to_vec()),
            Err(NetError::Dns(DnsError::NoRecordsFound(absence))) => absent(absence),
            Err(NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain))) => {
                Resolution::NoName {
                    chain: Vec::new(),
                    soa: None,
                }
            }
            Err(error) => {
                debug!(%name, %kind, %error, "ask upstream");
                Resolution::Failed
            }
        }
    }
}

fn records(answers: Vec<Record>) -> Resolution {
    match answers.is_empty() {
        true => Resolution::NoData {
            chain: answers,
            soa: None,
        },
        false => Resolution::Records(answers),
    }
}

fn absent(absence: NoRecords) -> Resolution {
    let chain = Vec::new();
    let soa = absence.soa.map(|soa| {
        let mut soa = soa.into_record_of_rdata();
        // The smaller of the SOA's own TTL and its minimum field (RFC 2308, 5).
        soa.ttl = absence.negative_ttl.unwrap_or(soa.ttl);
        soa
    });
    if absence.response_code == ResponseCode::NXDomain {
        return Resolution::NoName { chain, soa };
    }
    match absence.response_code {
        ResponseCode::NoError => Resolution::NoData { chain, soa },
        _ => Resolution::Failed,
    }
}

fn server(resolver: &Resolver) -> NameServerConfig {
    let connections = |address: &SocketAddr, mut kinds: Vec<ConnectionConfig>| {
        for kind in &mut kinds {
            kind.port = address.port();
        }
        NameServerConfig::new(address.ip(), true, kinds)
    };
    match resolver {
        Resolver::Plain(address) => connections(
            address,
            vec![ConnectionConfig::udp(), ConnectionConfig::tcp()],
        ),
        Resolver::Tls { address, name } => connections(
            address,
            vec![ConnectionConfig::tls(Arc::from(name.as_str()))],
        ),
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
