//! Looks at the network from a machine, with the tools that a person would use.

use admin::types::Status;

use super::{Lab, SOCKET, topology};
use crate::{guest::Guest, machine::Machine};

/// The addresses that `name` has for a resolver; else what it said.
pub fn resolve(machine: &Machine, resolver: &str, name: &str) -> Result<Vec<String>, String> {
    let server = format!("@{resolver}");
    let output = machine
        .run(
            "dig",
            &[
                "+time=1",
                "+tries=1",
                "+noall",
                "+comments",
                "+answer",
                &server,
                name,
                "A",
            ],
        )
        .map_err(|error| format!("{error:#}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let addresses: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with(';'))
        .filter_map(|line| {
            line.split_whitespace()
                .skip_while(|word| *word != "A")
                .nth(1)
        })
        .map(str::to_owned)
        .collect();
    if addresses.is_empty() {
        return Err(format!(
            "no address for {name} from {resolver}: {}",
            summary(&text)
        ));
    }
    Ok(addresses)
}

/// How [`owner`]'s answer begins when the question was asked and nobody answered.
pub const NOBODY: &str = "nobody answers";

/// Waits at most a second for the machine that answers ARP for `address`; else what was heard.
pub fn owner(machine: &Machine, address: &str) -> Result<&'static str, String> {
    let output = machine
        .run("arping", &["-f", "-b", "-w", "1", "-I", "eth0", address])
        .map_err(|error| format!("{error:#}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mac = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(mac, _)| mac)
        .ok_or_else(|| {
            if text.contains("Received 0 response") {
                format!("{NOBODY} ARP for {address}")
            } else {
                let complaint = String::from_utf8_lossy(&output.stderr);
                format!("arping for {address}: {} {}", text.trim(), complaint.trim())
            }
        })?;
    topology::machine_with(mac)
        .ok_or_else(|| format!("{mac}, which is no machine's, answers for {address}"))
}

/// What the daemon on a machine of the lab says of itself, be it a guest or not.
pub fn status_of(lab: &Lab, name: &str) -> Result<Status, String> {
    let text = |error| format!("{error:#}");
    if lab.is_guest(name) {
        return understand(&Guest::of(&lab.site, name).status().map_err(text)?);
    }
    status(lab.machine(name).map_err(text)?)
}

/// What the daemon on a machine says of itself.
pub fn status(machine: &Machine) -> Result<Status, String> {
    let text = machine
        .succeed("lanlord", &["status", "--json", "--socket", SOCKET])
        .map_err(|error| format!("{error:#}"))?;
    understand(&text)
}

fn understand(text: &str) -> Result<Status, String> {
    serde_json::from_str(text).map_err(|error| format!("understand the status: {error}: {text}"))
}

/// Whether a daemon's health port answers 200 on `path`; else what it said.
pub fn http_ok(machine: &Machine, url: &str) -> Result<String, String> {
    let output = machine
        .run(
            "curl",
            &[
                "--silent",
                "--show-error",
                "--max-time",
                "1",
                "--write-out",
                "\n%{http_code}",
                url,
            ],
        )
        .map_err(|error| format!("{error:#}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text
        .trim()
        .rsplit_once('\n')
        .or_else(|| Some(("", text.trim())))
    {
        Some((body, "200")) => Ok(body.to_owned()),
        _ => Err(format!(
            "{url}: {} {}",
            text.trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

fn summary(dig: &str) -> String {
    dig.lines()
        .find(|line| {
            line.contains("status:")
                || line.contains("no servers")
                || line.contains("timed out")
                || line.contains("error")
        })
        .unwrap_or("no answer")
        .trim_start_matches(";; ")
        .to_owned()
}
