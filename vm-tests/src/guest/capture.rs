//! Frames on vmbr1, as a third party sees them: tcpdump writes them to `logs/vmbr1.pcap`, and this reads them back.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};

use crate::lab::{Lab, failure::Failure, topology::HOST};

/// ARP, everything of the VIPs, DHCP.
const FILTER: &str = "arp or net 10.10.10.0/24 or port 67 or port 68";
/// tcpdump is ready at once.
const START: Duration = Duration::from_secs(10);
/// Octets kept of each frame: enough for a DHCP message's fixed part.
const LENGTH: &str = "400";

pub(super) type Mac = [u8; 6];

/// One frame.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) at: SystemTime,
    pub(super) source: Mac,
    pub(super) content: Content,
}

/// What the lab asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Arp {
        is_reply: bool,
        sender_mac: Mac,
        sender: Ipv4Addr,
        target: Ipv4Addr,
    },
    /// A segment without payload that opens a connection.
    Syn {
        to: Ipv4Addr,
        port: u16,
        identification: u16,
        time_to_live: u8,
    },
    /// A DHCP server's message for this client.
    DhcpReply {
        client: Mac,
    },
    Other,
}

impl Content {
    /// Whether it says, without having been asked, who has an address.
    pub(super) fn is_gratuitous_arp_for(&self, address: Ipv4Addr) -> bool {
        matches!(self, Self::Arp { sender, target, .. } if *sender == address && *target == address)
    }

    /// Whether it answers somebody's question for an address.
    pub(super) fn answers_for(&self, address: Ipv4Addr) -> bool {
        matches!(self, Self::Arp { is_reply: true, sender, target, .. }
            if *sender == address && *target != address)
    }
}

/// Starts to keep the frames.
pub(super) fn start(lab: &mut Lab) -> Result<(), Failure> {
    let file = file(lab).to_string_lossy().into_owned();
    let arguments = [
        "-i",
        "vmbr1",
        "-n",
        "--immediate-mode",
        "-U",
        "-Z",
        "root",
        "-s",
        LENGTH,
        "-w",
        &file,
        FILTER,
    ];
    let part = lab.start(HOST, "tcpdump", "tcpdump", &arguments)?;
    let log = lab.part(&part)?.log.clone();
    lab.eventually(START, "tcpdump to listen on vmbr1", &part, || {
        let text = std::fs::read_to_string(&log).map_err(|error| error.to_string())?;
        if text.contains("listening on") {
            Ok(())
        } else {
            Err(text)
        }
    })
}

/// All frames since a moment.
pub(super) fn since(lab: &Lab, moment: SystemTime) -> Result<Vec<Frame>> {
    let file = file(lab);
    let octets = std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    let mut frames = read(&octets).with_context(|| format!("understand {}", file.display()))?;
    frames.retain(|frame| frame.at >= moment);
    Ok(frames)
}

fn file(lab: &Lab) -> PathBuf {
    lab.site.logs().join("vmbr1.pcap")
}

/// Reads a pcap file of Ethernet frames; its last frame may still be on its way to the file.
fn read(octets: &[u8]) -> Result<Vec<Frame>> {
    const HEADER: usize = 24;
    const RECORD: usize = 16;
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(octets.get(at..at + 4)?.try_into().ok()?))
    };
    ensure!(
        word(0) == Some(0xa1b2_c3d4) && word(20) == Some(1),
        "no pcap file of Ethernet frames with microseconds"
    );
    let mut frames = Vec::new();
    let mut at = HEADER;
    while let (Some(secs), Some(micros), Some(length)) = (word(at), word(at + 4), word(at + 8)) {
        let begin = at + RECORD;
        let end = begin + usize::try_from(length)?;
        let Some(frame) = octets.get(begin..end) else {
            break;
        };
        let since = Duration::from_secs(secs.into()) + Duration::from_micros(micros.into());
        if let Some(source) = array(frame, 6) {
            frames.push(Frame {
                at: SystemTime::UNIX_EPOCH + since,
                source,
                content: content(frame).unwrap_or(Content::Other),
            });
        }
        at = end;
    }
    Ok(frames)
}

fn content(frame: &[u8]) -> Option<Content> {
    let payload = frame.get(14..)?;
    match array(frame, 12)? {
        [0x08, 0x06] => arp(payload),
        [0x08, 0x00] => ipv4(payload),
        _ => None,
    }
}

/// RFC 826.
fn arp(payload: &[u8]) -> Option<Content> {
    Some(Content::Arp {
        is_reply: array(payload, 6)? == [0, 2],
        sender_mac: array(payload, 8)?,
        sender: Ipv4Addr::from(array::<4>(payload, 14)?),
        target: Ipv4Addr::from(array::<4>(payload, 24)?),
    })
}

fn ipv4(packet: &[u8]) -> Option<Content> {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let payload = packet.get(header..)?;
    match *packet.get(9)? {
        TCP => {
            const SYN: u8 = 0x02;
            const ACK: u8 = 0x10;
            let flags = *payload.get(13)?;
            (flags & (SYN | ACK) == SYN).then_some(Content::Syn {
                to: Ipv4Addr::from(array::<4>(packet, 16)?),
                port: u16::from_be_bytes(array(payload, 2)?),
                identification: u16::from_be_bytes(array(packet, 4)?),
                time_to_live: *packet.get(8)?,
            })
        }
        UDP => {
            let message = payload.get(8..)?;
            let from_server = array(payload, 0)? == 67_u16.to_be_bytes();
            (from_server && *message.first()? == 2).then_some(Content::DhcpReply {
                client: array(message, 28)?,
            })
        }
        _ => None,
    }
}

fn array<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    octets.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests;
