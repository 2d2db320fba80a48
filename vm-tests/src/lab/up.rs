//! `cargo lab`: build, put up, run the steps, stay or go.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::{
    Lab, build, faults,
    step::{self, End, Format, Step},
    user, www,
};
use crate::{
    container, contract, guest, images, kubernetes,
    output::{complain, say},
    packages, talos, tools,
};

/// What may be asked of a lab.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// With the Proxmox template in an unprivileged LXC container as router; needs root.
    #[arg(long, conflicts_with_all = ["kubernetes", "talos"])]
    pub container: bool,
    /// With real Kubernetes parts instead of a directory of objects.
    #[arg(long)]
    pub kubernetes: bool,
    /// With real Kubernetes parts, and the real Talos on one worker; needs root.
    #[arg(long, conflicts_with_all = ["kubernetes", "faults"])]
    pub talos: bool,
    /// With Kubernetes parts, and a stand-in for Cilium's data path in the place of kube-proxy.
    #[arg(long, conflicts_with_all = ["kubernetes", "talos", "faults"])]
    pub cilium: bool,
    /// With the Talos extension as a service of one node, through all that can happen to it.
    #[arg(long, conflicts_with_all = ["kubernetes", "talos", "cilium", "faults"])]
    pub contract: bool,
    /// Real Kubernetes parts, and these machines as guests under QEMU with a kernel of their own, started from our
    /// images. Without names, all three.
    #[arg(
        long,
        value_name = "MACHINE",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_values = ["router", "talos-2", "talos-3"],
        value_parser = ["router", "talos-2", "talos-3"],
        conflicts_with_all = ["kubernetes", "talos", "cilium", "contract", "faults"]
    )]
    pub vm: Vec<String>,
    /// End after the last step: 0 when all came true, else 1.
    #[arg(long)]
    pub once: bool,
    /// After the last step, break things one by one and look who survives.
    #[arg(long)]
    pub faults: bool,
    /// Print the steps as JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Stay up for a look after a step failed.
    #[arg(long)]
    pub keep: bool,
    /// Use this lanlord instead of building one.
    #[arg(long, value_name = "PATH", env = "LANLORD_BINARY")]
    pub binary: Option<PathBuf>,
    /// Stock DHCP client to use: dhclient, udhcpc or dhcpcd.
    #[arg(long, value_name = "PROGRAM", env = "LANLORD_DHCP_CLIENT")]
    pub dhcp_client: Option<String>,
}

/// Does it all; the exit code is for scripts.
pub fn up(options: &Options, name: &str) -> Result<ExitCode> {
    packages::ensure(&packages::LAB)?;
    packages::ensure_dhcp_client()?;
    let dhcp_client = choose_client(options)?;
    let lanlord = binary(options)?;
    if options.talos {
        talos::prepare(&lanlord)?;
    }
    if options.contract {
        packages::ensure(&packages::CONTRACT)?;
        contract::ready(&lanlord)?;
    }
    let cluster = options.kubernetes
        || options.talos
        || options.cilium
        || options.contract
        || !options.vm.is_empty();
    if cluster {
        // While there is an Internet: a user's own namespace has none.
        tools::ensure()?;
    }
    if !options.vm.is_empty() {
        guest::prepare(&lanlord)?;
    }
    if options.container {
        packages::ensure(&container::PROGRAMS)?;
        anyhow::ensure!(
            nix::unistd::geteuid().is_root(),
            "--container needs root, as `pct` does: ids of an unprivileged container are shifted"
        );
        images::ensure(&lanlord)?;
    }
    user::become_root(&lanlord)?;
    let format = if options.json {
        Format::Json
    } else {
        Format::Lines
    };
    let mut lab = Lab::prepare(name, "/proc/self/exe".into(), lanlord, dhcp_client)?;
    lab.guests.clone_from(&options.vm);
    lab.describe(cluster)?;
    let begin = Instant::now();
    let end = step::run_all(&mut lab, &steps(options), format);
    conclude(&lab, end, begin.elapsed(), format);
    let stay = match end {
        End::AllTrue => !options.once,
        End::Failed => options.keep,
        End::Interrupted => false,
    };
    if stay {
        hints(&lab, name);
        lab.wait_for_signal()?;
    }
    if end == End::Failed {
        keep_logs(&lab, name);
    }
    lab.down()?;
    Ok(if end == End::Failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn steps(options: &Options) -> Vec<Step> {
    let (mut steps, faults) = if !options.vm.is_empty() {
        (guest::steps(), Vec::new())
    } else if options.talos {
        (talos::steps(), Vec::new())
    } else if options.cilium {
        (kubernetes::cilium_steps(), Vec::new())
    } else if options.contract {
        (contract::steps(), Vec::new())
    } else if options.container {
        (container::steps(), container::faults())
    } else if options.kubernetes {
        (kubernetes::steps(), kubernetes::faults())
    } else {
        (www::steps(), faults::steps())
    };
    if options.faults {
        steps.extend(faults);
    }
    steps
}

fn binary(options: &Options) -> Result<PathBuf> {
    match &options.binary {
        Some(path) => build::given_binary(path),
        None => build::release_binary(),
    }
}

fn choose_client(options: &Options) -> Result<String> {
    let installed = packages::dhcp_clients();
    match &options.dhcp_client {
        Some(wanted) if !installed.contains(&wanted.as_str()) => {
            bail!(
                "{wanted} is not among the installed DHCP clients: {}",
                installed.join(", ")
            )
        }
        Some(wanted) => Ok(wanted.clone()),
        None => Ok(installed
            .first()
            .context("no DHCP client is installed")?
            .to_string()),
    }
}

fn conclude(lab: &Lab, end: End, took: std::time::Duration, format: Format) {
    let word = match end {
        End::AllTrue => "up",
        End::Failed => "failed",
        End::Interrupted => "interrupted",
    };
    match format {
        Format::Json => say(json!({
            "result": word, "secs": (took.as_secs_f64() * 1000.0).round() / 1000.0,
            "directory": lab.site.directory,
        })
        .to_string()),
        Format::Lines => say(format!("{word} after {:.1} s", took.as_secs_f32())),
    }
}

fn hints(lab: &Lab, name: &str) {
    let option = if name == super::DEFAULT_NAME {
        String::new()
    } else {
        format!(" --name {name}")
    };
    say("");
    say("The lab stays up. From another terminal:");
    for (command, does) in [
        (
            "shell laptop",
            "a shell on the laptop; try  curl http://www.example.com/",
        ),
        ("shell router", "a shell on the router; try  lanlord status"),
        (
            "status",
            "machines, addresses, who answers for the VIP, names",
        ),
        (
            "fail talos-2",
            "cut a node off: the VIP moves to the other worker",
        ),
        ("heal talos-2", "connect it again"),
        ("down", "end the lab; Ctrl-C here does the same"),
    ] {
        say(format!("  cargo lab {command:14}{option}   {does}"));
    }
    say(format!(
        "Logs: {}   objects: {}",
        lab.site.logs().display(),
        lab.manifests.directory().display()
    ));
}

/// Copies the logs of a failed run to where the next one does not remove them.
fn keep_logs(lab: &Lab, name: &str) {
    let to = build::workspace().join("target/lab-logs").join(name);
    match copy_files(&lab.site.logs(), &to) {
        Ok(()) => complain(format!("all logs: {}", to.display())),
        Err(error) => complain(format!("keep the logs in {}: {error}", to.display())),
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
