//! Addresses on interfaces. Those we add are marked with [`PROTOCOL`] (Linux 5.18 and later keep the mark).

use std::net::IpAddr;

use ipnet::IpNet;
use nix::errno::Errno;
use rtnetlink::{
    AddressMessageBuilder,
    packet_route::address::{AddressAttribute, AddressMessage},
};

use crate::{
    PROTOCOL,
    netlink::{Netlink, NetlinkError, refused, unless},
};

pub(crate) struct Address {
    pub(crate) prefix: IpNet,
    protocol: u8,
}

impl Netlink {
    /// Puts `address` on the interface. One that is there already stays as it is, whoever put it there.
    pub async fn ensure_address(
        &self,
        interface: &str,
        address: IpNet,
    ) -> Result<(), NetlinkError> {
        let action = format!("add address {address} to {interface}");
        let link = self.require(interface, &action).await?;
        if link.addresses.contains(&address) {
            return Ok(());
        }
        let mut request = self
            .handle()
            .address()
            .add(link.index, address.addr(), address.prefix_len())
            .replace();
        request
            .message_mut()
            .attributes
            .push(AddressAttribute::Protocol(PROTOCOL.into()));
        request
            .execute()
            .await
            .map_err(|error| refused(action, error))
    }

    /// Takes `address` off the interface; an address or interface that is not there is fine.
    pub async fn delete_address(
        &self,
        interface: &str,
        address: IpNet,
    ) -> Result<(), NetlinkError> {
        match self.link(interface).await? {
            Some(link) => self.delete_address_at(link.index, address).await,
            None => Ok(()),
        }
    }

    /// Addresses that carry our mark, with the index of their interface.
    pub async fn own_addresses(&self) -> Result<Vec<(u32, IpNet)>, NetlinkError> {
        let all = self.addresses().await?;
        let own = all
            .into_iter()
            .filter(|(_, address)| address.protocol == PROTOCOL);
        Ok(own
            .map(|(index, address)| (index, address.prefix))
            .collect())
    }

    /// Takes every address off that carries our mark.
    pub async fn flush_addresses(&self) -> Result<(), NetlinkError> {
        for (index, address) in self.addresses().await? {
            if address.protocol == PROTOCOL {
                self.delete_address_at(index, address.prefix).await?;
            }
        }
        Ok(())
    }

    async fn delete_address_at(&self, index: u32, address: IpNet) -> Result<(), NetlinkError> {
        let message = match address {
            IpNet::V4(v4) => AddressMessageBuilder::<std::net::Ipv4Addr>::new()
                .index(index)
                .address(v4.addr(), v4.prefix_len())
                .build(),
            IpNet::V6(v6) => AddressMessageBuilder::<std::net::Ipv6Addr>::new()
                .index(index)
                .address(v6.addr(), v6.prefix_len())
                .build(),
        };
        let deleted = self.handle().address().del(message).execute().await;
        unless(
            &[Errno::EADDRNOTAVAIL, Errno::ENODEV],
            deleted.map_err(|error| refused(format!("delete address {address}"), error)),
        )
    }

    /// Every address with the index of its interface.
    pub(crate) async fn addresses(&self) -> Result<Vec<(u32, Address)>, NetlinkError> {
        let messages = self
            .dump("list addresses", || self.handle().address().get().execute())
            .await?;
        Ok(messages.iter().filter_map(parse).collect())
    }
}

fn parse(message: &AddressMessage) -> Option<(u32, Address)> {
    let mut peer = None;
    let mut local = None;
    let mut protocol = 0;
    for attribute in &message.attributes {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "flags, labels and lifetimes nobody here needs"
        )]
        match attribute {
            AddressAttribute::Address(address) => peer = Some(*address),
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Protocol(mark) => protocol = u8::from(*mark),
            _ => {}
        }
    }
    // On a point-to-point link IFA_ADDRESS is the other end.
    let address: IpAddr = local.or(peer)?;
    let prefix = IpNet::new(address, message.header.prefix_len).ok()?;
    Some((message.header.index, Address { prefix, protocol }))
}
