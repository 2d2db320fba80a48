//! Why a pool or a Service was refused.

use std::net::IpAddr;

use model::{AddressRange, IpFamily, NodeName, Protocol, ServiceKey, Vip};

/// Why an address was not given, was taken back, or a pool is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A pool shares addresses with one that comes earlier by name, or with itself.
    PoolOverlap {
        /// The pool's own range.
        range: AddressRange,
        /// Whose range it overlaps; the pool itself when two of its own ranges do.
        with: String,
        /// The other range.
        other: AddressRange,
    },
    /// There is no pool that hands out addresses.
    NoPool,
    /// The Service has no cluster IP, so its address family is unknown.
    Headless,
    /// `RequireDualStack` with one cluster IP.
    NotEnoughClusterIps,
    /// Both the annotation and `spec.loadBalancerIP` ask for an address.
    TwoRequests,
    /// The text that asks for addresses is no address list.
    Unreadable {
        /// As written.
        text: String,
    },
    /// More than two addresses, or two of one family.
    TooManyRequested {
        /// As written.
        text: String,
    },
    /// The families asked for are not those of the Service.
    WrongFamily {
        /// What was asked for or is held.
        addresses: Vec<Vip>,
        /// What the Service can use.
        families: Vec<IpFamily>,
    },
    /// The address is in no pool.
    InNoPool {
        /// The address.
        vip: Vip,
    },
    /// Two addresses from two pools.
    AcrossPools {
        /// Pool of the first address.
        first: String,
        /// Pool of the second.
        second: String,
    },
    /// The pool asked for does not exist.
    UnknownPool {
        /// As written.
        pool: String,
    },
    /// The pool is refused itself, so it hands out nothing new.
    RefusedPool {
        /// The pool.
        pool: String,
    },
    /// The address lies in another pool than the one asked for.
    OtherPool {
        /// Where the address is.
        pool: String,
        /// What the annotation asks for.
        wanted: String,
    },
    /// `serviceAllocation` keeps the Service out.
    NotAdmitted {
        /// The pool.
        pool: String,
    },
    /// Ends in .0 or .255 and the pool avoids those.
    Buggy {
        /// The address.
        vip: Vip,
        /// The pool.
        pool: String,
    },
    /// A node has this address.
    NodeAddress {
        /// The address.
        vip: Vip,
        /// Whose it is.
        node: NodeName,
    },
    /// Another Service holds the address and they may not share it.
    InUse {
        /// The address.
        vip: Vip,
        /// Who holds it.
        by: ServiceKey,
        /// Why they may not share it.
        conflict: Conflict,
    },
    /// No pool admits the Service and hands out addresses on its own.
    NoPoolForService,
    /// Every pool that could serve is used up.
    Exhausted {
        /// Pools that were tried, in order.
        pools: Vec<String>,
        /// Families that were wanted.
        families: Vec<IpFamily>,
    },
    /// The annotations ask for another address than the one held.
    AnotherWanted,
    /// What was held is given up.
    Cleared {
        /// What was held.
        vips: Vec<Vip>,
        /// Why it may not be kept.
        because: Box<Self>,
    },
    /// `PreferDualStack` got one family only.
    OneFamilyOnly {
        /// The family that is missing.
        missing: IpFamily,
        /// The pool that gave the other one.
        pool: String,
    },
    /// The status holds no address, and this node does not allocate.
    NotGivenYet,
}

/// Why two Services may not share an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// One has no sharing key, or they differ.
    SharingKey,
    /// Both use the port.
    Port(Protocol, u16),
    /// Policy Local, and the pods are not the same.
    Backend,
}

impl model::Reason for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::PoolOverlap { .. } => "PoolOverlap",
            Self::TwoRequests | Self::Unreadable { .. } | Self::TooManyRequested { .. } => {
                "LoadBalancerFailed"
            }
            Self::NoPool
            | Self::Headless
            | Self::NotEnoughClusterIps
            | Self::WrongFamily { .. }
            | Self::InNoPool { .. }
            | Self::AcrossPools { .. }
            | Self::UnknownPool { .. }
            | Self::RefusedPool { .. }
            | Self::OtherPool { .. }
            | Self::NotAdmitted { .. }
            | Self::Buggy { .. }
            | Self::NodeAddress { .. }
            | Self::InUse { .. }
            | Self::NoPoolForService
            | Self::Exhausted { .. } => "AllocationFailed",
            Self::AnotherWanted | Self::Cleared { .. } => "ClearAssignment",
            Self::OneFamilyOnly { .. } => "AdditionalAssignFailed",
            Self::NotGivenYet => "AllocationPending",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::PoolOverlap { range, with, other } => format!(
                "{range} overlaps {other} of pool {with}; give each address to one pool only"
            ),
            Self::NoPool => "there is no usable IPAddressPool; create one".to_string(),
            Self::Headless => {
                "the Service has no cluster IP; a load balancer needs one".to_string()
            }
            Self::NotEnoughClusterIps => {
                "RequireDualStack needs two cluster IPs and the Service has one; \
                 is the cluster dual-stack?"
                    .to_string()
            }
            Self::TwoRequests => "addresses are asked for by annotation loadBalancerIPs and by \
                 spec.loadBalancerIP; remove one of them"
                .to_string(),
            Self::Unreadable { text } => format!(
                "`{text}` is no list of addresses such as 192.0.2.10 or 192.0.2.10,2001:db8::10"
            ),
            Self::TooManyRequested { text } => format!(
                "`{text}` asks for more than one address of a family; \
                 ask for one, or for one IPv4 and one IPv6 address"
            ),
            Self::WrongFamily {
                addresses,
                families,
            } => wrong_family(addresses, families),
            Self::InNoPool { vip } => format!("{vip} is in no IPAddressPool"),
            Self::AcrossPools { first, second } => format!(
                "the two addresses are in two pools, {first} and {second}; \
                 both must come from one"
            ),
            Self::UnknownPool { pool } => format!("there is no IPAddressPool {pool}"),
            Self::RefusedPool { pool } => {
                format!("IPAddressPool {pool} is refused itself and hands out nothing new")
            }
            Self::OtherPool { pool, wanted } => {
                format!("the address is in pool {pool}, the annotation asks for pool {wanted}")
            }
            Self::NotAdmitted { pool } => {
                format!("serviceAllocation of pool {pool} does not admit the Service")
            }
            Self::Buggy { vip, pool } => {
                format!("{vip} ends in .0 or .255, which pool {pool} avoids (avoidBuggyIPs)")
            }
            Self::NodeAddress { vip, node } => {
                format!("{vip} is the address of node {node}; take node addresses out of the pool")
            }
            Self::InUse { vip, by, conflict } => in_use(*vip, by, conflict),
            Self::NoPoolForService => "no pool with autoAssign admits the Service; name one with \
                 annotation metallb.io/address-pool, or widen a pool's serviceAllocation"
                .to_string(),
            Self::Exhausted { pools, families } => format!(
                "no free {} address in {}",
                families_text(families),
                pools_text(pools)
            ),
            Self::AnotherWanted => "the Service asks for another address".to_string(),
            Self::Cleared { vips, because } => {
                format!("{} is given up: {}", list(vips), because.text())
            }
            Self::OneFamilyOnly { missing, pool } => format!(
                "pool {pool} has no free {missing} address for PreferDualStack; \
                 the Service goes on with one family"
            ),
            Self::NotGivenYet => "waits for the lease holder to give an address".to_string(),
        }
    }
}

fn wrong_family(addresses: &[Vip], families: &[IpFamily]) -> String {
    let families = families_text(families);
    if addresses.is_empty() {
        return format!("no address of the family that the Service uses, {families}");
    }
    format!(
        "{} does not fit the Service, which uses {families}",
        list(addresses)
    )
}

fn in_use(vip: Vip, by: &ServiceKey, conflict: &Conflict) -> String {
    match conflict {
        Conflict::SharingKey => format!(
            "{vip} is held by {by}; to share it, both need the same annotation \
             metallb.io/allow-shared-ip"
        ),
        Conflict::Port(protocol, port) => format!(
            "{vip} is shared with {by}, which uses {protocol} port {port} too; \
             Services on one address need different ports"
        ),
        Conflict::Backend => format!(
            "{vip} is held by {by}, and with externalTrafficPolicy Local only Services with the \
             same selector may share an address"
        ),
    }
}

fn list(vips: &[Vip]) -> String {
    let texts: Vec<String> = vips.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn families_text(families: &[IpFamily]) -> String {
    let texts: Vec<String> = families.iter().map(ToString::to_string).collect();
    texts.join(" and ")
}

fn pools_text(pools: &[String]) -> String {
    match pools {
        [one] => format!("pool {one}"),
        more => format!("pools {}", more.join(", ")),
    }
}

impl Reason {
    /// A refusal that leaves what the Service holds alone: only its wish is unreadable, as in MetalLB.
    pub(crate) const fn keeps_what_is_held(&self) -> bool {
        matches!(
            self,
            Self::TwoRequests | Self::Unreadable { .. } | Self::TooManyRequested { .. }
        )
    }

    pub(crate) fn buggy(address: IpAddr, pool: &str) -> Self {
        Self::Buggy {
            vip: Vip::new(address),
            pool: pool.to_string(),
        }
    }
}
