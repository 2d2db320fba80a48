//! Routes: ours carry [`PROTOCOL`]; those of others are read, never changed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use nix::errno::Errno;
use rtnetlink::{
    RouteMessageBuilder,
    packet_route::{
        AddressFamily,
        route::{RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType},
    },
};

use crate::{
    PROTOCOL,
    netlink::{Netlink, NetlinkError, refused, unless},
};

/// The table that routes go to unless told otherwise.
pub const MAIN_TABLE: u32 = 254;

const ANY_V4: IpNet = IpNet::new_assert(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const ANY_V6: IpNet = IpNet::new_assert(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

/// A route we want.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Destination; host bits are ignored.
    pub prefix: IpNet,
    /// Where packets go.
    pub next_hop: NextHop,
    /// Routing table, [`MAIN_TABLE`] as a rule.
    pub table: u32,
    /// Source address for packets that the host itself sends along it.
    pub source: Option<IpAddr>,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextHop {
    /// On-link: the destination is asked for by ARP or NDP on this interface.
    Device(String),
    /// Through a router.
    Gateway {
        /// Address of the router.
        address: IpAddr,
        /// Interface it is on; none lets the kernel look it up.
        device: Option<String>,
    },
    /// Nowhere: senders get an ICMP host unreachable.
    Unreachable,
}

/// The default route as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The router, or none on a point-to-point link.
    pub gateway: Option<IpAddr>,
    /// Name of the interface.
    pub interface: String,
    /// Index of the interface.
    pub index: u32,
}

impl Route {
    /// A route to `prefix` in the main table.
    pub fn new(prefix: IpNet, next_hop: NextHop) -> Self {
        Self {
            prefix: prefix.trunc(),
            next_hop,
            table: MAIN_TABLE,
            source: None,
        }
    }

    /// The same route in another table.
    #[must_use]
    pub fn in_table(self, table: u32) -> Self {
        Self { table, ..self }
    }
}

/// What the kernel has, in the terms that identify and compare a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) prefix: IpNet,
    pub(crate) table: u32,
    metric: u32,
    kind: RouteType,
    protocol: u8,
    gateway: Option<IpAddr>,
    output: Option<u32>,
    source: Option<IpAddr>,
}

impl Netlink {
    /// Adds the route, or changes ours of the same destination, table and metric. A route of another program is
    /// left alone: fine if it leads the same way, an error if it does not.
    pub async fn ensure_route(&self, route: &Route) -> Result<(), NetlinkError> {
        let wanted = self.resolve(route).await?;
        let there = self
            .installed(route.prefix, route.table, None)
            .await?
            .into_iter()
            .filter(|there| there.prefix == wanted.prefix && there.metric == wanted.metric);
        for other in there {
            if other.leads_like(&wanted) {
                return Ok(());
            }
            if other.protocol != PROTOCOL {
                return Err(NetlinkError::RouteTaken {
                    prefix: route.prefix,
                    protocol: other.protocol,
                });
            }
        }
        self.handle()
            .route()
            .add(wanted.message())
            .replace()
            .execute()
            .await
            .map_err(|error| refused(format!("add route to {}", route.prefix), error))
    }

    /// Removes our route to `prefix` from `table`, whatever it leads to; one that is not there is fine.
    pub async fn delete_route(&self, prefix: IpNet, table: u32) -> Result<(), NetlinkError> {
        for route in self.installed(prefix, table, Some(PROTOCOL)).await? {
            if route.prefix == prefix.trunc() {
                self.delete_installed(&route).await?;
            }
        }
        Ok(())
    }

    /// Destinations of our routes in `table`, both families.
    pub async fn own_routes(&self, table: u32) -> Result<Vec<IpNet>, NetlinkError> {
        let mut found = Vec::new();
        for any in [ANY_V4, ANY_V6] {
            let routes = self.installed(any, table, Some(PROTOCOL)).await?;
            found.extend(routes.into_iter().map(|route| route.prefix));
        }
        Ok(found)
    }

    /// Removes every route of ours from `table`, both families.
    pub async fn flush_routes(&self, table: u32) -> Result<(), NetlinkError> {
        for any in [ANY_V4, ANY_V6] {
            for route in self.installed(any, table, Some(PROTOCOL)).await? {
                self.delete_installed(&route).await?;
            }
        }
        Ok(())
    }

    /// The IPv4 default route of the main table with the lowest metric.
    pub async fn default_route(&self) -> Result<Option<DefaultRoute>, NetlinkError> {
        let best = self
            .installed(ANY_V4, MAIN_TABLE, None)
            .await?
            .into_iter()
            .filter(|route| route.prefix == ANY_V4 && route.kind == RouteType::Unicast)
            .filter_map(|route| Some((route.metric, route.output?, route.gateway)))
            .min_by_key(|(metric, ..)| *metric);
        let Some((_, index, gateway)) = best else {
            return Ok(None);
        };
        let link = self
            .links()
            .await?
            .into_iter()
            .find(|link| link.index == index);
        Ok(link.map(|link| DefaultRoute {
            gateway,
            interface: link.name,
            index,
        }))
    }

    /// Routes of the family of `like` in `table`; of one protocol, or of all.
    pub(crate) async fn installed(
        &self,
        like: IpNet,
        table: u32,
        protocol: Option<u8>,
    ) -> Result<Vec<Installed>, NetlinkError> {
        let mut filter = RouteMessage::default();
        filter.header.address_family = family(like);
        filter.header.kind = RouteType::Unspec;
        filter.header.scope = RouteScope::Universe;
        filter.header.protocol = protocol.map_or(RouteProtocol::Unspec, RouteProtocol::from);
        filter.attributes.push(RouteAttribute::Table(table));
        let dump = self
            .dump("list routes", || {
                self.handle().route().get(filter.clone()).execute()
            })
            .await;
        match dump {
            Ok(messages) => Ok(messages
                .iter()
                .filter_map(Installed::parse)
                .filter(|route| route.table == table)
                .filter(|route| protocol.is_none_or(|protocol| route.protocol == protocol))
                .collect()),
            // A table that no route was ever put into does not exist.
            Err(NetlinkError::Refused { source, .. })
                if source.raw_os_error() == Some(Errno::ENOENT as i32) =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn delete_installed(&self, route: &Installed) -> Result<(), NetlinkError> {
        let deleted = self.handle().route().del(route.message()).execute().await;
        unless(
            &[Errno::ESRCH, Errno::ENODEV],
            deleted.map_err(|error| refused(format!("delete route to {}", route.prefix), error)),
        )
    }

    async fn resolve(&self, route: &Route) -> Result<Installed, NetlinkError> {
        let action = format!("add route to {}", route.prefix);
        let (gateway, device) = match &route.next_hop {
            NextHop::Device(device) => (None, Some(device)),
            NextHop::Gateway { address, device } => (Some(*address), device.as_ref()),
            NextHop::Unreachable => (None, None),
        };
        let output = match device {
            Some(device) => Some(self.index_of(device, &action).await?),
            None => None,
        };
        // What the kernel itself gives to a route without a metric.
        let metric = if route.prefix.addr().is_ipv4() {
            0
        } else {
            1024
        };
        Ok(Installed {
            prefix: route.prefix.trunc(),
            table: route.table,
            metric,
            kind: match route.next_hop {
                NextHop::Unreachable => RouteType::Unreachable,
                NextHop::Device(_) | NextHop::Gateway { .. } => RouteType::Unicast,
            },
            protocol: PROTOCOL,
            gateway,
            output,
            source: route.source,
        })
    }
}

impl Installed {
    fn leads_like(&self, wanted: &Self) -> bool {
        self.kind == wanted.kind
            && self.gateway == wanted.gateway
            && (wanted.output.is_none() || self.output == wanted.output)
            && (wanted.source.is_none() || self.source == wanted.source)
    }

    fn message(&self) -> RouteMessage {
        let mut builder = RouteMessageBuilder::<IpAddr>::new()
            .table_id(self.table)
            .protocol(RouteProtocol::from(PROTOCOL))
            .kind(self.kind)
            .priority(self.metric);
        if self.kind == RouteType::Unicast && self.gateway.is_none() && self.prefix.addr().is_ipv4()
        {
            builder = builder.scope(RouteScope::Link);
        }
        // An unreachable route shows `lo` as its interface for IPv6; the kernel does not want it back.
        if let Some(output) = self.output.filter(|_| self.kind == RouteType::Unicast) {
            builder = builder.output_interface(output);
        }
        let mut message = builder.build();
        message.header.address_family = family(self.prefix);
        message.header.destination_prefix_length = self.prefix.prefix_len();
        if self.prefix.prefix_len() > 0 {
            message
                .attributes
                .push(RouteAttribute::Destination(self.prefix.addr().into()));
        }
        if let Some(gateway) = self.gateway {
            message
                .attributes
                .push(RouteAttribute::Gateway(gateway.into()));
        }
        if let Some(source) = self.source {
            message
                .attributes
                .push(RouteAttribute::PrefSource(source.into()));
        }
        message
    }

    fn parse(message: &RouteMessage) -> Option<Self> {
        let header = &message.header;
        let any = if header.address_family == AddressFamily::Inet {
            ANY_V4
        } else {
            ANY_V6
        };
        let mut route = Self {
            prefix: any,
            table: u32::from(header.table),
            metric: 0,
            kind: header.kind,
            protocol: header.protocol.into(),
            gateway: None,
            output: None,
            source: None,
        };
        for attribute in &message.attributes {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "thirty attributes that nobody here needs"
            )]
            match attribute {
                RouteAttribute::Destination(address) => {
                    route.prefix =
                        IpNet::new(ip(address)?, header.destination_prefix_length).ok()?;
                }
                RouteAttribute::Table(table) => route.table = *table,
                RouteAttribute::Priority(metric) => route.metric = *metric,
                RouteAttribute::Gateway(address) => route.gateway = ip(address),
                RouteAttribute::Oif(index) => route.output = Some(*index),
                RouteAttribute::PrefSource(address) => route.source = ip(address),
                // Several next hops: the first stands for all where one is asked for.
                RouteAttribute::MultiPath(hops) if route.output.is_none() => {
                    let first = hops.first()?;
                    route.output = Some(first.interface_index);
                    route.gateway = first
                        .attributes
                        .iter()
                        .find_map(|attribute| match attribute {
                            RouteAttribute::Gateway(address) => ip(address),
                            _ => None,
                        });
                }
                _ => {}
            }
        }
        Some(route)
    }
}

fn family(prefix: IpNet) -> AddressFamily {
    match prefix {
        IpNet::V4(_) => AddressFamily::Inet,
        IpNet::V6(_) => AddressFamily::Inet6,
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    if let RouteAddress::Inet(v4) = address {
        Some(IpAddr::V4(*v4))
    } else if let RouteAddress::Inet6(v6) = address {
        Some(IpAddr::V6(*v6))
    } else {
        None
    }
}
