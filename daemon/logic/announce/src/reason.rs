//! Why a Service is not announced.

use std::fmt;

use model::{NodeName, ServiceKey, Vip};

/// Nodes named in a reason, the rest is counted: a cluster where no node is ready has many nodes and many Services.
pub(crate) const NODES_NAMED: usize = 4;

/// Why a Service that has an address is not announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing would answer.
    NoServingEndpoint,
    /// No L2Advertisement covers the pool and admits the Service.
    NoAdvertisement {
        /// Pool of the address.
        pool: String,
        /// Whether there is one for the pool, with Service selectors that do not match.
        for_other_services: bool,
    },
    /// Every node is ruled out.
    NoNode {
        /// What rules out the first nodes by name.
        obstacles: Vec<(NodeName, Obstacle)>,
        /// How many more there are.
        more: usize,
    },
    /// The nodes that could announce it for this Service cannot announce it for others on the same address.
    NoCommonNode {
        /// The shared address.
        vip: Vip,
        /// Services that were there first, by namespace and name.
        others: Vec<ServiceKey>,
    },
}

/// What keeps a node from announcing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Condition Ready is not True.
    NotReady,
    /// Condition NetworkUnavailable is True.
    NetworkUnavailable,
    /// Labelled out of load balancing.
    Excluded,
    /// No advertisement's node selectors match it.
    NotSelected,
    /// Policy Local, and no serving endpoint runs there.
    NoLocalEndpoint,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReady => "not Ready",
            Self::NetworkUnavailable => "NetworkUnavailable",
            Self::Excluded => "labelled node.kubernetes.io/exclude-from-external-load-balancers",
            Self::NotSelected => "not selected by the L2Advertisement",
            Self::NoLocalEndpoint => {
                "without a serving endpoint, which externalTrafficPolicy Local needs"
            }
        })
    }
}

impl model::Reason for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::NoServingEndpoint => "NoServingEndpoint",
            Self::NoAdvertisement { .. } => "NoMatchingAdvertisement",
            Self::NoNode { .. } => "NoNode",
            Self::NoCommonNode { .. } => "NoCommonNode",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::NoServingEndpoint => "no endpoint serves it; are its pods ready, and does its \
                 selector match them?"
                .to_string(),
            Self::NoAdvertisement {
                pool,
                for_other_services: false,
            } => format!("no L2Advertisement covers pool {pool}; create one"),
            Self::NoAdvertisement {
                pool,
                for_other_services: true,
            } => {
                format!("the serviceSelectors of each L2Advertisement of pool {pool} leave it out")
            }
            Self::NoNode { obstacles, more } => no_node(obstacles, *more),
            Self::NoCommonNode { vip, others } => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                format!(
                    "no node can announce {vip} both for it and for {}; \
                     give it an address of its own",
                    others.join(", ")
                )
            }
        }
    }
}

fn no_node(obstacles: &[(NodeName, Obstacle)], more: usize) -> String {
    if obstacles.is_empty() {
        return "there is no Node".to_string();
    }
    let named: Vec<String> = obstacles
        .iter()
        .map(|(node, obstacle)| format!("{node} is {obstacle}"))
        .collect();
    let rest = match more {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("no node may announce it: {}{rest}", named.join("; "))
}
