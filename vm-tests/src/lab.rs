//! The lab: the product's scenario on this computer, from machines, stand-ins and the release binary.
//!
//! ```text
//!   uplink .1 (DNS, web)   home-laptop .70   stranger .20          203.0.113.0/24 on vmbr0
//!        └──────────────────────┴────────────────┴──── proxmox: vmbr0
//!                                                        │ eth0 .2
//!                                                      router   (lanlord router)
//!                                                        │ eth1 .200
//!        ┌──────────────┬───────────┬──────────────┬──── proxmox: vmbr1
//!     talos-1 .201   talos-2 .202  talos-3 .203  talos-client .204   laptop      192.168.1.0/24
//! ```
//!
//! A [`Lab`] owns machines and processes; a [`step::Step`] makes one more thing true and says so; another terminal
//! finds the lab through its [`record`].

pub mod build;
pub mod commands;
pub mod dhcp_client;
pub mod failure;
pub mod faults;
pub mod kube_proxy;
pub mod manifests;
pub mod page;
pub mod probe;
pub mod record;
pub mod signals;
pub mod step;
pub mod topology;
pub mod up;
pub mod user;
pub mod www;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, Result};

use crate::{
    guest::Guest,
    machine::{Machine, Process, Site, Users},
    wait,
};
use failure::{Failure, expected};
use manifests::Manifests;
use record::Record;
use signals::Signals;

/// Where the daemons' admin sockets are, on every machine; `/run` is private there.
pub const SOCKET: &str = "/run/lanlord/lanlord.sock";

/// The name of a lab that was given none.
pub const DEFAULT_NAME: &str = "www";

/// How much longer things may take beside guests.
const EMULATION: u32 = 4;

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    /// Its directory and binary.
    pub site: Site,
    /// Its objects: a copy of the scenario's, which the nodes watch.
    pub manifests: Manifests,
    /// The release binary.
    pub lanlord: PathBuf,
    /// The stock DHCP client in use.
    pub dhcp_client: String,
    /// Machines that are guests with a kernel of their own, by name.
    pub guests: Vec<String>,
    /// Processes by `<machine>-<part>`. Before the machines: they end first.
    pub parts: BTreeMap<String, Process>,
    machines: BTreeMap<String, Machine>,
    signals: Signals,
    record: Record,
}

impl Lab {
    /// An empty lab: directory, manifests, no machine yet.
    pub fn prepare(
        name: &str,
        lab_binary: PathBuf,
        lanlord: PathBuf,
        dhcp_client: String,
    ) -> Result<Self> {
        let signals = Signals::block()?;
        let record = Record::claim(name)?;
        let directory = record.directory().to_owned();
        let manifests = Manifests::copy(&directory.join("manifests"))?;
        let site = Site {
            programs: lanlord.parent().map(Into::into),
            directory,
            lab_binary,
        };
        std::fs::create_dir_all(site.logs())?;
        Ok(Self {
            site,
            manifests,
            lanlord,
            dhcp_client,
            guests: Vec::new(),
            parts: BTreeMap::new(),
            machines: BTreeMap::new(),
            signals,
            record,
        })
    }

    /// Notes for other terminals what kind of lab this is.
    pub fn describe(&mut self, kubernetes: bool) -> Result<()> {
        self.record.describe(&self.lanlord, kubernetes)
    }

    /// Starts one more machine.
    pub fn add_machine(&mut self, name: &str, users: Users) -> Result<()> {
        let machine = Machine::start(name, &self.site, users)?;
        self.record.add(name, machine.holder())?;
        self.machines.insert(name.to_owned(), machine);
        Ok(())
    }

    /// Takes a process that something else started as the machine of this name.
    pub fn visit(&mut self, name: &str, pid: u32) -> Result<()> {
        self.record.add(name, pid)?;
        let machine = Machine::visit(name, pid, &self.site);
        self.machines.insert(name.to_owned(), machine);
        Ok(())
    }

    /// A machine by name.
    pub fn machine(&self, name: &str) -> Result<&Machine> {
        self.machines
            .get(name)
            .with_context(|| format!("the lab has no machine {name}"))
    }

    /// Whether a machine is a guest.
    pub fn is_guest(&self, name: &str) -> bool {
        self.guests.iter().any(|guest| guest == name)
    }

    /// The part whose log shows what the daemon of a machine does.
    pub fn daemon(&self, name: &str) -> String {
        if self.is_guest(name) {
            Guest::of(&self.site, name).part()
        } else {
            format!("{name}-lanlord")
        }
    }

    /// All machines.
    pub fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.machines.values()
    }

    /// Starts a program in the background on a machine; the part's name is `<machine>-<part>`. In a guest it is started
    /// again when it ends, and the part is the guest itself.
    pub fn start(
        &mut self,
        machine: &str,
        part: &str,
        program: &str,
        args: &[&str],
    ) -> Result<String> {
        if self.is_guest(machine) {
            let guest = Guest::of(&self.site, machine);
            guest.start_service(part, program, args)?;
            return Ok(guest.part());
        }
        // One of the same name would still hold the ports.
        self.parts.remove(&format!("{machine}-{part}"));
        let process = self.machine(machine)?.spawn(part, program, args)?;
        let name = process.part.clone();
        self.parts.insert(name.clone(), process);
        Ok(name)
    }

    /// Starts a stand-in of the lab binary on a machine.
    pub fn start_stand_in(&mut self, machine: &str, part: &str, args: &[&str]) -> Result<String> {
        let binary = self.site.lab_binary.to_string_lossy().into_owned();
        let mut all = vec!["stand-in"];
        all.extend(args);
        self.start(machine, part, &binary, &all)
    }

    /// Runs a program to its end on a machine or in a guest; what it printed.
    pub fn succeed(&self, machine: &str, program: &str, args: &[&str]) -> Result<String> {
        if self.is_guest(machine) {
            return Guest::of(&self.site, machine).succeed(program, args);
        }
        self.machine(machine)?.succeed(program, args)
    }

    /// A running part.
    pub fn part(&mut self, name: &str) -> Result<&mut Process> {
        self.parts
            .get_mut(name)
            .with_context(|| format!("the lab has no part {name}"))
    }

    /// Looks until it is as expected. Ends early when the part it depends on ends, or on Ctrl-C. Beside guests it is looked
    /// for four times as long: emulation takes the time of all.
    pub fn eventually<T>(
        &self,
        within: Duration,
        what: &str,
        part: &str,
        mut look: impl FnMut() -> Result<T, String>,
    ) -> Result<T, Failure> {
        let within = if self.guests.is_empty() {
            within
        } else {
            within * EMULATION
        };
        let mut seen = String::new();
        let mut over = false;
        let found = wait::until(within, || {
            if self.signals.interrupted() {
                return Some(Err(Failure::interrupted()));
            }
            match look() {
                Ok(value) => Some(Ok(value)),
                Err(_) if over => Some(Err(expected(what, &format!("{part} ended")).part(part))),
                Err(text) => {
                    seen = text;
                    over = self.parts.get(part).is_some_and(Process::is_over);
                    None
                }
            }
        });
        found.unwrap_or_else(|| Err(expected(what, &seen).part(part).after(within)))
    }

    /// Waits for Ctrl-C or SIGTERM.
    pub fn wait_for_signal(&self) -> Result<()> {
        self.signals.wait()
    }

    /// Whether Ctrl-C or SIGTERM has come.
    pub fn interrupted(&self) -> bool {
        self.signals.interrupted()
    }

    /// Ends every part and removes every trace.
    pub fn down(mut self) -> Result<()> {
        self.parts.clear();
        self.machines.clear();
        self.record.remove()
    }
}
