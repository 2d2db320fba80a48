//! How fast a node answers: from exec to the first ARP answer, and from a changed object to a changed answer.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result};

use super::{Cell, Request, asker::Asker, ours};
use crate::lab::{
    Lab,
    topology::{self, CABLES, Cable},
    www::{self, VIP},
};

/// From exec, with the VIP in the saved state.
const SAVED: &str = "first-answer-saved";
/// From exec, without any state.
const FRESH: &str = "first-answer-fresh";
/// From a replaced manifest file.
const CHANGE: &str = "manifest-change";
/// All cells.
pub(super) const CELLS: [&str; 3] = [SAVED, FRESH, CHANGE];

/// The node that is measured.
const NODE: &str = "talos-2";
/// The machine that asks.
const ASKER: &str = "talos-client";
/// The other address of the Service.
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 11);
/// When a trial is given up.
const GIVE_UP: Duration = Duration::from_secs(10);

/// Measures all cells that are asked for.
pub(super) fn run(request: &Request) -> Result<Vec<Cell>> {
    let mut lab = lone_node(request)?;
    let mut cells = Vec::new();
    if request.wants(FRESH) {
        let values = repeat(request, || first_answer(&mut lab, true));
        cells.push(Cell::from_result(
            FRESH,
            &system(),
            "ms",
            values,
            Some(1000.0),
        ));
    }
    if request.wants(SAVED) {
        // One start that is not counted leaves the state.
        let values = first_answer(&mut lab, false)
            .and_then(|_| repeat(request, || first_answer(&mut lab, false)));
        cells.push(Cell::from_result(
            SAVED,
            &system(),
            "ms",
            values,
            Some(150.0),
        ));
    }
    if request.wants(CHANGE) {
        let values = www::start_node(&mut lab, NODE).and_then(|_| {
            asker().first_answer(lab.machine(ASKER)?, VIP, GIVE_UP, || Ok(()))?;
            let mut wanted = [OTHER, VIP].into_iter().cycle();
            repeat(request, || {
                changed_answer(&lab, wanted.next().unwrap_or(VIP))
            })
        });
        cells.push(Cell::from_result(
            CHANGE,
            &system(),
            "ms",
            values,
            Some(200.0),
        ));
    }
    for cell in CELLS.iter().filter(|cell| request.wants(cell)) {
        let why =
            "announces nothing without an API server and its controller, which this lab has not";
        cells.push(Cell::not_run(cell, "MetalLB 0.16.2 speaker", "ms", why));
    }
    lab.down()?;
    Ok(cells)
}

/// One node, one asker, and only that node in the objects.
fn lone_node(request: &Request) -> Result<Lab> {
    let mut lab = Lab::prepare(
        "compare",
        request.lab_binary.clone(),
        request.lanlord.clone(),
        String::new(),
    )?;
    let cables: Vec<Cable> = CABLES
        .iter()
        .filter(|cable| [NODE, ASKER].contains(&cable.machine))
        .copied()
        .collect();
    topology::build(&mut lab, &cables)?;
    for (machine, address) in [(NODE, "192.168.1.202"), (ASKER, "192.168.1.204")] {
        let batch =
            format!("address add {address}/24 dev eth0\nroute add default via 192.168.1.200\n");
        lab.machine(machine)?.feed("ip", &["-batch", "-"], &batch)?;
    }
    for other in ["talos-1", "talos-3"] {
        std::fs::remove_file(lab.manifests.file(&format!("node-{other}.yaml")))?;
    }
    std::fs::remove_file(lab.manifests.file("endpoints-talos-3.yaml"))?;
    Ok(lab)
}

fn first_answer(lab: &mut Lab, fresh: bool) -> Result<f64> {
    lab.parts.clear();
    let state = lab.machine(NODE)?.directory().join("state");
    if fresh && state.exists() {
        std::fs::remove_dir_all(&state).context("remove the state")?;
    }
    let holder = lab.machine(ASKER)?.holder();
    let visitor = crate::machine::Machine::visit(ASKER, holder, &lab.site);
    let took = asker().first_answer(&visitor, VIP, GIVE_UP, || {
        www::start_node(lab, NODE)?;
        Ok(())
    })?;
    Ok(took.as_secs_f64() * 1000.0)
}

fn changed_answer(lab: &Lab, to: Ipv4Addr) -> Result<f64> {
    let from = if to == VIP { OTHER } else { VIP };
    let took = asker().first_answer(lab.machine(ASKER)?, to, GIVE_UP, || {
        let annotation = "loadBalancerIPs: ";
        lab.manifests.replace(
            "traefik.yaml",
            &format!("{annotation}{from}\n"),
            &format!("{annotation}{to}\n"),
        )
    })?;
    Ok(took.as_secs_f64() * 1000.0)
}

fn repeat(request: &Request, mut trial: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    (0..request.trials).map(|_| trial()).collect()
}

fn system() -> String {
    format!("{}, --manifests, lone node", ours())
}

fn asker() -> Asker {
    Asker {
        mac: [0xbc, 0x24, 0x11, 0, 0, 0x04],
        address: Ipv4Addr::new(192, 168, 1, 204),
    }
}
