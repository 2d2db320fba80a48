//! What another terminal may do with a lab that is up.

mod shell;
mod status;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use shell::shell;
pub use status::status;

use super::{
    kube_proxy,
    manifests::Manifests,
    record::{self, Content},
    topology::{self, CABLES, Cable, HOST},
    www::{VIP, WORKERS},
};
use crate::{
    machine::{Machine, Site},
    output::say,
    wait,
};

/// A lab of another process.
#[derive(Debug)]
pub struct Visit {
    site: Site,
    content: Content,
}

impl Visit {
    /// Finds it.
    pub fn find(name: Option<&str>) -> Result<Self> {
        let (directory, content) = record::find(name)?;
        let site = Site {
            programs: content.lanlord.parent().map(Path::to_path_buf),
            directory,
            lab_binary: "/proc/self/exe".into(),
        };
        Ok(Self { site, content })
    }

    /// One of its machines.
    pub fn machine(&self, name: &str) -> Result<Machine> {
        let Some(holder) = self.content.machines.get(name) else {
            let names: Vec<&str> = self.content.machines.keys().map(String::as_str).collect();
            bail!("no machine {name}; there are {}", names.join(", "));
        };
        Ok(Machine::visit(name, *holder, &self.site))
    }

    /// Its machines' names.
    pub fn machines(&self) -> impl Iterator<Item = &str> {
        self.content.machines.keys().map(String::as_str)
    }

    /// Its objects.
    pub fn manifests(&self) -> Manifests {
        Manifests::at(&self.site.directory.join("manifests"))
    }

    fn cable(&self, node: &str) -> Result<&'static Cable> {
        let cable = CABLES
            .iter()
            .find(|cable| cable.machine == node && WORKERS.contains(&node));
        cable.with_context(|| format!("{node} is no worker; there are {}", WORKERS.join(", ")))
    }
}

/// Cuts a node off, and marks it as the API server would: its Node not Ready, its endpoints not ready.
pub fn fail(lab: &Visit, node: &str) -> Result<()> {
    let cable = lab.cable(node)?;
    topology::plug(&lab.machine(HOST)?, cable, false)?;
    if lab.content.kubernetes {
        say(format!(
            "{node} is cut off from vmbr1; the controller manager marks it NotReady in about 40 s"
        ));
        return Ok(());
    }
    mark(lab, node, false)?;
    say(format!(
        "{node} is cut off from vmbr1 and marked NotReady; `cargo lab status` shows who answers now"
    ));
    Ok(())
}

/// Connects a node again and marks it Ready.
pub fn heal(lab: &Visit, node: &str) -> Result<()> {
    let cable = lab.cable(node)?;
    if !lab.content.kubernetes {
        mark(lab, node, true)?;
    }
    topology::plug(&lab.machine(HOST)?, cable, true)?;
    let ready = if lab.content.kubernetes {
        "; its kubelet reports within 10 s"
    } else {
        " and Ready again"
    };
    say(format!("{node} is connected to vmbr1{ready}"));
    Ok(())
}

fn mark(lab: &Visit, node: &str, ready: bool) -> Result<()> {
    let manifests = lab.manifests();
    manifests.mark_ready(node, ready)?;
    let endpoints = manifests.ready_endpoints()?;
    for node in kube_proxy::NODES {
        kube_proxy::program(&lab.machine(node)?, VIP, &endpoints)?;
    }
    Ok(())
}

/// Ends a lab and waits until no trace is left.
pub fn down(lab: &Visit) -> Result<()> {
    let pid = Pid::from_raw(lab.content.pid.cast_signed());
    kill(pid, Signal::SIGTERM).with_context(|| format!("end the lab, process {pid}"))?;
    let directory = &lab.site.directory;
    let gone = wait::until(Duration::from_secs(15), || {
        (!directory.exists()).then_some(())
    });
    if gone.is_none() {
        // It hangs: end it the hard way.
        let _ = kill(pid, Signal::SIGKILL);
        record::remove(directory)?;
    }
    ensure!(
        !directory.exists(),
        "{} is still there",
        directory.display()
    );
    say("the lab is gone");
    Ok(())
}
