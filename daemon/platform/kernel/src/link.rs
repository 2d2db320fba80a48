//! Network interfaces and their addresses, as one consistent list.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::Mac;
use rtnetlink::{
    LinkUnspec,
    packet_route::link::{LinkAttribute, LinkFlags, LinkInfo, LinkMessage, State},
};

use crate::netlink::{Netlink, NetlinkError, refused};

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Kernel index; a NIC that is deleted and made again gets another one.
    pub index: u32,
    /// Name, at most 15 octets.
    pub name: String,
    /// Hardware address, if it is an Ethernet one.
    pub mac: Option<Mac>,
    /// Administratively up (`IFF_UP`).
    pub up: bool,
    /// The layer below is up (`IFF_LOWER_UP`): there is a carrier.
    pub carrier: bool,
    /// `IFF_LOOPBACK`.
    pub loopback: bool,
    /// `IFF_BROADCAST`.
    pub broadcast: bool,
    /// `IFF_NOARP`: nobody asks for addresses here.
    pub no_arp: bool,
    /// RFC 2863 operational state.
    pub oper: OperState,
    /// Index of the bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// `veth`, `bridge`, `vlan`, …; none for a plain NIC.
    pub kind: Option<String>,
    /// Largest packet in octets.
    pub mtu: u32,
    /// Addresses with their prefix lengths, host bits kept, in kernel order.
    pub addresses: Vec<IpNet>,
}

/// RFC 2863 operational state, as far as anybody here asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperState {
    /// Passes packets.
    Up,
    /// The driver does not tell: loopback, tunnels. Passes packets when the link is up.
    Unknown,
    /// Does not pass packets (down, lower layer down, dormant, …).
    Down,
}

impl Link {
    /// Whether packets pass: up, with a carrier, and not held back by its operational state.
    pub fn is_operational(&self) -> bool {
        self.up && self.carrier && self.oper != OperState::Down
    }
}

impl Netlink {
    /// All interfaces with their addresses, by index.
    pub async fn links(&self) -> Result<Vec<Link>, NetlinkError> {
        let messages = self
            .dump("list interfaces", || self.handle().link().get().execute())
            .await?;
        let mut links: BTreeMap<u32, Link> = messages
            .iter()
            .filter_map(parse)
            .map(|link| (link.index, link))
            .collect();
        for (index, address) in self.addresses().await? {
            // An interface that appeared between the two dumps: its event brings the next listing.
            if let Some(link) = links.get_mut(&index) {
                link.addresses.push(address.prefix);
            }
        }
        Ok(links.into_values().collect())
    }

    /// The interface of this name, with its addresses, or none.
    pub async fn link(&self, name: &str) -> Result<Option<Link>, NetlinkError> {
        Ok(self
            .links()
            .await?
            .into_iter()
            .find(|link| link.name == name))
    }

    /// Index of the interface, or an error that says what wanted it.
    pub async fn index_of(&self, name: &str, action: &str) -> Result<u32, NetlinkError> {
        self.require(name, action).await.map(|link| link.index)
    }

    /// Sets the interface administratively up; returns its index.
    pub async fn ensure_up(&self, name: &str) -> Result<u32, NetlinkError> {
        let action = format!("set interface {name} up");
        let link = self.require(name, &action).await?;
        if !link.up {
            self.handle()
                .link()
                .set(LinkUnspec::new_with_index(link.index).up().build())
                .execute()
                .await
                .map_err(|error| refused(&action, error))?;
        }
        Ok(link.index)
    }

    pub(crate) async fn require(&self, name: &str, action: &str) -> Result<Link, NetlinkError> {
        self.link(name)
            .await?
            .ok_or_else(|| NetlinkError::NoSuchLink {
                action: action.to_string(),
                interface: name.to_string(),
            })
    }
}

fn parse(message: &LinkMessage) -> Option<Link> {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        mac: None,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        loopback: flags.contains(LinkFlags::Loopback),
        broadcast: flags.contains(LinkFlags::Broadcast),
        no_arp: flags.contains(LinkFlags::Noarp),
        oper: OperState::Unknown,
        master: None,
        kind: None,
        mtu: 0,
        addresses: Vec::new(),
    };
    for attribute in &message.attributes {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "sixty attributes that nobody here needs"
        )]
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(octets) => {
                link.mac = octets.as_slice().try_into().ok().map(Mac::new)
            }
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            LinkAttribute::Controller(index) => {
                link.master = Some(*index).filter(|index| *index != 0)
            }
            LinkAttribute::OperState(state) => link.oper = (*state).into(),
            LinkAttribute::LinkInfo(parts) => link.kind = parts.iter().find_map(kind),
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

fn kind(part: &LinkInfo) -> Option<String> {
    if let LinkInfo::Kind(kind) = part {
        Some(kind.to_string())
    } else {
        None
    }
}

impl From<State> for OperState {
    fn from(state: State) -> Self {
        if state == State::Up {
            Self::Up
        } else if state == State::Unknown {
            Self::Unknown
        } else {
            Self::Down
        }
    }
}
