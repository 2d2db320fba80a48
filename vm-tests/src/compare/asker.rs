//! Asks for an address by ARP from a machine, every few milliseconds, and notes when the first answer came.

use std::{
    net::Ipv4Addr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use kernel::packet::{ETHER_TYPE_ARP, PacketSocket};

use crate::machine::{Entry, Machine};

/// Between two questions: the error of a measurement.
const PACE: Duration = Duration::from_millis(2);

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// MAC of `eth0`.
    pub(super) mac: [u8; 6],
    /// Address of `eth0`.
    pub(super) address: Ipv4Addr,
}

impl Asker {
    /// How long after `action` was begun the first answer for `target` came.
    pub(super) fn first_answer(
        self,
        machine: &Machine,
        target: Ipv4Addr,
        within: Duration,
        action: impl FnOnce() -> Result<()>,
    ) -> Result<Duration> {
        let entry = Entry::network(machine.holder())?;
        let (ready, is_ready) = mpsc::channel();
        // A thread of its own: it changes its network namespace and ends in there.
        let asking = thread::spawn(move || self.ask(&entry, target, within, &ready));
        let is_ready = is_ready.recv();
        let begin = Instant::now();
        if is_ready.is_ok() {
            action()?;
        }
        match asking.join() {
            Ok(answered) => Ok(answered?.saturating_duration_since(begin)),
            Err(_) => bail!("the thread that asks has panicked"),
        }
    }

    fn ask(
        self,
        entry: &Entry,
        target: Ipv4Addr,
        within: Duration,
        ready: &mpsc::Sender<()>,
    ) -> Result<Instant> {
        entry.enter()?;
        let index = nix::net::if_::if_nametoindex("eth0").context("find eth0")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("make a runtime")?;
        runtime.block_on(async {
            let socket =
                PacketSocket::open(index, ETHER_TYPE_ARP).context("open a packet socket")?;
            let question = self.question(target);
            let deadline = Instant::now() + within;
            // Nobody is there to be told when the caller gave up.
            let _ = ready.send(());
            let mut pace = tokio::time::interval(PACE);
            let mut buffer = [0; 128];
            while Instant::now() < deadline {
                tokio::select! {
                    received = socket.recv(&mut buffer) => {
                        let length = received.context("receive")?.length;
                        if is_answer(buffer.get(..length).unwrap_or_default(), target) {
                            return Ok(Instant::now());
                        }
                    }
                    _ = pace.tick() => socket.send(&question).await.context("ask")?,
                }
            }
            bail!(
                "nobody answered for {target} within {} s",
                within.as_secs_f32()
            )
        })
    }

    /// RFC 826: who has `target`, tell us.
    fn question(self, target: Ipv4Addr) -> [u8; 42] {
        let mut frame = [0; 42];
        frame[..6].fill(0xff);
        frame[6..12].copy_from_slice(&self.mac);
        frame[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
        frame[22..28].copy_from_slice(&self.mac);
        frame[28..32].copy_from_slice(&self.address.octets());
        frame[38..42].copy_from_slice(&target.octets());
        frame
    }
}

/// An ARP reply, or an announcement, whose sender is `target`.
fn is_answer(frame: &[u8], target: Ipv4Addr) -> bool {
    frame.get(12..14) == Some(&[0x08, 0x06])
        && frame.get(20..22) == Some(&[0, 2])
        && frame.get(28..32) == Some(&target.octets())
}
