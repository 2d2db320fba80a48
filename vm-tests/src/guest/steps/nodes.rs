//! Workers as guests: the extension is a layer of their root, and its service runs by its contract.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::node_guests;
use crate::{
    guest::{Guest, image::NodeImage, prepare},
    kubernetes,
    lab::{Lab, failure::Failure, step::Outcome, www},
};

/// A client's first attempts may fall into the router's first seconds.
const LEASE: Duration = Duration::from_secs(15);

/// From power-on to the address that the router has reserved for each.
pub(super) fn boot(lab: &mut Lab) -> Outcome {
    let image = prepare(&lab.lanlord)?.nodes(lab)?;
    let begin = Instant::now();
    let names = node_guests(lab);
    for name in &names {
        start(lab, name, &image)?;
    }
    let mut agents = Vec::new();
    for name in &names {
        let agent = Guest::of(&lab.site, name).await_agent(lab)?;
        agents.push(format!("{name} {agent:.1} s"));
    }
    for name in &names {
        await_address(lab, name)?;
    }
    Ok(format!(
        "guests with the extension in their root: {} after their kernels began; {:.1} s after power-on they have their \
         reserved addresses from the router",
        agents.join(", "),
        begin.elapsed().as_secs_f32()
    ))
}

/// Switches a node guest on.
pub(super) fn start(lab: &mut Lab, name: &str, image: &NodeImage) -> anyhow::Result<()> {
    Guest::of(&lab.site, name).start(lab, &image.boot(name))
}

/// Waits until a guest has the address that is reserved for its MAC.
pub(super) fn await_address(lab: &Lab, name: &str) -> Result<(), Failure> {
    let guest = Guest::of(&lab.site, name);
    let address = www::reserved(name);
    let what = format!("guest {name} to get its reserved {address}");
    lab.eventually(LEASE, &what, &guest.part(), || {
        let text = guest
            .succeed("ip", &["-4", "address", "show", "dev", "eth0"])
            .map_err(|error| format!("{error:#}"))?;
        if text.contains(&format!("inet {address} ")) {
            Ok(())
        } else {
            Err(text)
        }
    })
}

/// What a Talos node has once its kubelet has joined: until now the extension's service has waited for it.
pub(super) fn hand_out_credentials(lab: &mut Lab) -> Outcome {
    let names = node_guests(lab);
    for name in &names {
        hand_out(lab, name)?;
    }
    Ok(format!(
        "{} have the kubelet's kubeconfig and certificate, as Talos lays them out",
        names.join(", ")
    ))
}

/// Gives one guest its node's credentials.
pub(super) fn hand_out(lab: &Lab, name: &str) -> Result<(), Failure> {
    let guest = Guest::of(&lab.site, name);
    for (path, content) in kubernetes::node_files(&lab.site, name)? {
        guest.write(Path::new(&path), &content)?;
    }
    let programs = kubernetes::programs(&lab.site);
    guest.succeed("ln", &["-sfn", "/opt/bin", &programs])?;
    Ok(())
}
