//! What one Service asks for.

use std::net::IpAddr;

use model::{IpFamily, IpFamilyPolicy, Service, Vip};

use crate::Reason;

/// How many address families a Service needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// One, this.
    One(IpFamily),
    /// Two if there are, else one, this rather than the other.
    Prefer(IpFamily),
    /// Two or nothing.
    Both,
}

/// The wish of one Service, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) service: &'a Service,
    pub(crate) need: Need,
    /// Addresses asked for, IPv4 first.
    pub(crate) addresses: Option<Vec<IpAddr>>,
    /// Pool asked for.
    pub(crate) pool: Option<&'a str>,
}

impl Need {
    /// From the families of the cluster IPs, as an API server chose them, and the policy.
    pub(crate) fn of(service: &Service) -> Result<Self, Reason> {
        let first = match service.cluster_ips.first() {
            Some(&address) => IpFamily::of(address),
            None => return Err(Reason::Headless),
        };
        let dual = service
            .cluster_ips
            .iter()
            .any(|&address| IpFamily::of(address) != first);
        match (service.ip_family_policy, dual) {
            (IpFamilyPolicy::RequireDualStack, true) => Ok(Self::Both),
            (IpFamilyPolicy::RequireDualStack, false) => Err(Reason::NotEnoughClusterIps),
            (IpFamilyPolicy::PreferDualStack, true) => Ok(Self::Prefer(first)),
            (IpFamilyPolicy::PreferDualStack, false) | (IpFamilyPolicy::SingleStack, _) => {
                Ok(Self::One(first))
            }
        }
    }

    /// Whether the Service can use addresses of this family.
    pub(crate) fn admits(&self, family: IpFamily) -> bool {
        match self {
            Self::One(only) => *only == family,
            Self::Prefer(_) | Self::Both => true,
        }
    }

    /// Whether addresses (at most one of each family) are all that is needed at least.
    pub(crate) fn is_met_by(&self, addresses: &[IpAddr]) -> bool {
        let right = addresses
            .iter()
            .all(|&address| self.admits(IpFamily::of(address)));
        let enough = match self {
            Self::One(_) | Self::Prefer(_) => !addresses.is_empty(),
            Self::Both => addresses.len() == 2,
        };
        right && enough
    }

    /// Families in order of preference, for people.
    pub(crate) fn families(&self) -> Vec<IpFamily> {
        match self {
            Self::One(only) => vec![*only],
            Self::Prefer(first) => vec![*first, first.other()],
            Self::Both => vec![IpFamily::V4, IpFamily::V6],
        }
    }
}

impl<'a> Request<'a> {
    /// Reads annotations and spec of a Service whose need is known.
    pub(crate) fn of(service: &'a Service, need: Need) -> Result<Self, Reason> {
        let addresses = requested_addresses(service)?;
        if let Some(addresses) = &addresses
            && !need.is_met_by(addresses)
        {
            return Err(Reason::WrongFamily {
                addresses: addresses.iter().copied().map(Vip::new).collect(),
                families: need.families(),
            });
        }
        Ok(Self {
            service,
            need,
            addresses,
            pool: written(service.address_pool.as_deref()),
        })
    }

    /// The wish of a Service of which only the need counts: what it holds is kept whatever else it wrote.
    pub(crate) fn to_keep_what_it_holds(service: &'a Service, need: Need) -> Self {
        Self {
            service,
            need,
            addresses: None,
            pool: None,
        }
    }

    /// Services that are picky choose first, so that nobody takes at random what another one named.
    pub(crate) fn rank(&self) -> u8 {
        match (&self.addresses, self.pool) {
            (Some(_), _) => 0,
            (None, Some(_)) => 1,
            (None, None) => 2,
        }
    }
}

fn requested_addresses(service: &Service) -> Result<Option<Vec<IpAddr>>, Reason> {
    let annotation = written(service.load_balancer_ips.as_deref());
    let field = written(service.load_balancer_ip.as_deref());
    match (annotation, field) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Reason::TwoRequests),
        (Some(text), None) => parse(text, text.split(',')).map(Some),
        (None, Some(text)) => parse(text, std::iter::once(text)).map(Some),
    }
}

fn parse<'t>(text: &str, parts: impl Iterator<Item = &'t str>) -> Result<Vec<IpAddr>, Reason> {
    let mut addresses = parts
        .map(|part| part.trim().parse::<IpAddr>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Reason::Unreadable {
            text: text.to_string(),
        })?;
    addresses.sort();
    addresses.dedup();
    match addresses.as_slice() {
        [_] => Ok(addresses),
        [first, second] if first.is_ipv4() != second.is_ipv4() => Ok(addresses),
        _ => Err(Reason::TooManyRequested {
            text: text.to_string(),
        }),
    }
}

fn written(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
