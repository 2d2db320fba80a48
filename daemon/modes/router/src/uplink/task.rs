//! The socket and the clock of the uplink's DHCP client.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddrV4},
    pin::pin,
    time::{Duration, Instant},
};

use ::dhcp::{Datagram, Message, datagram_frame};
use anyhow::Context;
use config::router::UplinkAddress;
use kernel::{Events, Filter, Link, Netlink, PacketSocket, packet::ETHER_TYPE_IPV4};
use model::Mac;
use tokio::{
    sync::watch,
    time::{sleep, sleep_until},
};

use super::client::{Client, Lease, Output};
use crate::settings::{Follow, Settings};

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
/// Longest DHCP message that fits into a frame of 1500 octets, with its headers.
const FRAME: usize = 1_514;
/// How long to wait after the socket failed, as when a NIC is taken away.
const PAUSE: Duration = Duration::from_secs(1);
/// How often an interface that cannot be used is looked at although nothing was heard.
const REVIEW: Duration = Duration::from_secs(5);

/// How the uplink's lease stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leasing {
    /// None since the start, or none is wanted.
    #[default]
    Pending,
    /// We have one.
    Held(Lease),
    /// It ended: its address must not be used any more.
    Lost,
}

/// Keeps the lease of the uplink while the settings ask for one.
///
/// In: settings, frames of the uplink, interface events. Out: the lease. Runs until it is
/// dropped; the address stays on the interface then, so that connections live through a restart.
pub(crate) async fn run(
    netlink: Netlink,
    mut settings: Follow,
    lease: watch::Sender<Leasing>,
) -> anyhow::Result<()> {
    let mut events = Events::subscribe().context("follow the interfaces")?;
    loop {
        let current = settings.borrow_and_update().clone();
        let Some(link) = usable_link(&netlink, &current).await else {
            if !wants_lease(&current) {
                lease.send_if_modified(|lease| std::mem::take(lease) != Leasing::Pending);
            }
            tokio::select! {
                changed = settings.changed() => changed.context("follow the settings")?,
                changed = events.changed() => { changed.context("follow the interfaces")?; }
                // A listing may have failed, which no event tells.
                () = sleep(REVIEW), if wants_lease(&current) => {}
            }
            continue;
        };
        let session = Session {
            link,
            hostname: current.config.hostname.clone(),
        };
        let mut serving = pin!(session.serve(&lease));
        loop {
            tokio::select! {
                ended = &mut serving => {
                    if let Err(error) = ended {
                        let error = format!("{error:#}");
                        tracing::warn!(interface = session.link.name, error, "DHCP client of the uplink pauses");
                    }
                    sleep(PAUSE).await;
                    break;
                }
                changed = settings.changed() => changed.context("follow the settings")?,
                changed = events.changed() => { changed.context("follow the interfaces")?; }
            }
            // Outside of the select, because a listing that is broken off keeps the next one from starting.
            let current = settings.borrow_and_update().clone();
            if !session.fits(&current, usable_link(&netlink, &current).await) {
                break;
            }
        }
    }
}

fn wants_lease(settings: &Settings) -> bool {
    let uplink = settings.config.uplink.as_ref();
    uplink.is_some_and(|uplink| uplink.address == UplinkAddress::Dhcp)
}

/// The uplink's interface, if a lease is wanted and frames pass.
async fn usable_link(netlink: &Netlink, settings: &Settings) -> Option<Link> {
    let name = settings.interfaces.uplink.as_ref()?;
    if !wants_lease(settings) {
        return None;
    }
    let link = netlink.link(name).await.ok()??;
    (link.is_operational() && link.mac.is_some()).then_some(link)
}

/// The client on one interface.
struct Session {
    link: Link,
    hostname: String,
}

impl Session {
    /// Whether the client can go on as it is.
    fn fits(&self, settings: &Settings, link: Option<Link>) -> bool {
        let same_link =
            link.is_some_and(|now| now.index == self.link.index && now.mac == self.link.mac);
        same_link && settings.config.hostname == self.hostname
    }

    async fn serve(&self, lease: &watch::Sender<Leasing>) -> anyhow::Result<()> {
        let Self { link, hostname } = self;
        let filter = Filter::udp_destination(CLIENT_PORT);
        let socket = PacketSocket::open_filtered(link.index, ETHER_TYPE_IPV4, Some(&filter))?;
        let mac = link.mac.context("the uplink has no MAC address")?;
        let mut client = Client::new(mac, hostname, first_xid(mac), Instant::now());
        // Where a server's replies come from: its own MAC, or that of the router before it.
        let mut servers = BTreeMap::new();
        let mut buffer = vec![0; FRAME];
        loop {
            let outputs = tokio::select! {
                () = sleep_until(client.deadline().into()) => client.tick(Instant::now()),
                received = socket.recv(&mut buffer) => {
                    let received = received.context("receive on the uplink")?;
                    let frame = buffer.get(..received.length).unwrap_or_default();
                    match Datagram::parse(frame, !received.checksum_ready) {
                        Ok(datagram) => take(&mut client, &datagram, &mut servers),
                        Err(_) => Vec::new(),
                    }
                }
            };
            for output in outputs {
                act(output, &socket, mac, &servers, lease).await?;
            }
        }
    }
}

fn take(
    client: &mut Client,
    datagram: &Datagram<'_>,
    servers: &mut BTreeMap<Ipv4Addr, Mac>,
) -> Vec<Output> {
    let Ok(message) = Message::parse(datagram.payload) else {
        return Vec::new();
    };
    let outputs = client.handle(&message, Instant::now());
    if !outputs.is_empty()
        && let Some(server) = message.options.address(::dhcp::code::SERVER_ID)
    {
        // One entry, that of the server whose answer counted.
        servers.clear();
        servers.insert(server, datagram.source_mac);
    }
    outputs
}

async fn act(
    output: Output,
    socket: &PacketSocket,
    mac: Mac,
    servers: &BTreeMap<Ipv4Addr, Mac>,
    lease: &watch::Sender<Leasing>,
) -> io::Result<()> {
    match output {
        Output::Send {
            message,
            source,
            server,
        } => {
            let known = server.and_then(|server| Some((server, *servers.get(&server)?)));
            let (to, to_mac) = known.unwrap_or((Ipv4Addr::BROADCAST, Mac::BROADCAST));
            let frame = datagram_frame(
                (mac, to_mac),
                SocketAddrV4::new(source, CLIENT_PORT),
                SocketAddrV4::new(to, SERVER_PORT),
                &message.encode(),
            )
            .map_err(io::Error::other)?;
            socket.send(&frame).await
        }
        Output::Bound(new) => {
            let is_new = lease.send_if_modified(|lease| {
                std::mem::replace(lease, Leasing::Held(new)) != Leasing::Held(new)
            });
            if is_new {
                tracing::info!(address = %new.address, gateway = ?new.gateway, "uplink address leased");
            }
            Ok(())
        }
        Output::Lost => {
            tracing::warn!("uplink address lost");
            lease.send_replace(Leasing::Lost);
            Ok(())
        }
    }
}

/// Different for each interface and start, so that answers to others are not taken for ours.
fn first_xid(mac: Mac) -> u32 {
    let [_, _, a, b, c, d] = mac.octets();
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    u32::from_be_bytes([a, b, c, d]) ^ nanos
}
