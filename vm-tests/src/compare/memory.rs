//! How much memory the daemons take in the lab after the page was served, and how large the binary is.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Cell, Request, ours};
use crate::{
    lab::{
        Lab, probe,
        topology::{self, CABLES, Cable},
        www::{self, NODES, ROUTER},
    },
    packages, wait,
};

const NODE_RSS: &str = "node-rss";
const NODE_PSS: &str = "node-pss";
const ROUTER_RSS: &str = "router-rss";
const ROUTER_PSS: &str = "router-pss";
const BINARY: &str = "binary";
/// All cells.
pub(super) const CELLS: [&str; 5] = [NODE_RSS, NODE_PSS, ROUTER_RSS, ROUTER_PSS, BINARY];

/// RSS and PSS of one process.
#[derive(Clone, Copy, Debug)]
struct Usage {
    rss_mib: f64,
    pss_mib: f64,
}

/// Measures all cells that are asked for.
pub(super) fn run(request: &Request) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    if [NODE_RSS, NODE_PSS, ROUTER_RSS, ROUTER_PSS]
        .iter()
        .any(|cell| request.wants(cell))
    {
        measure_lanlord(request, &mut cells);
        measure_dnsmasq(request, &mut cells);
        for cell in [NODE_RSS, NODE_PSS] {
            let why = "announces nothing without an API server and its controller, which this lab has not";
            cells.push(Cell::not_run(cell, "MetalLB 0.16.2 speaker", "MiB", why));
        }
    }
    cells.retain(|cell| request.wants(&cell.cell));
    if request.wants(BINARY) {
        let size = std::fs::metadata(&request.lanlord)
            .with_context(|| format!("read {}", request.lanlord.display()))?
            .len();
        let mib = size as f64 / 1024.0 / 1024.0;
        cells.push(Cell::measured(
            BINARY,
            &format!("{}, static", ours()),
            "MiB",
            vec![mib],
            Some(16.0),
        ));
    }
    Ok(cells)
}

fn measure_lanlord(request: &Request, cells: &mut Vec<Cell>) {
    let (mut nodes, mut routers) = (Ok(Vec::new()), Ok(Vec::new()));
    for _ in 0..request.trials {
        match one_lab(request) {
            Ok((node, router)) => {
                nodes = nodes.map(|all: Vec<Usage>| [all, node].concat());
                routers = routers.map(|all: Vec<Usage>| [all, vec![router]].concat());
            }
            Err(error) => {
                routers = Err(anyhow::anyhow!("{error:#}"));
                nodes = Err(error);
                break;
            }
        }
    }
    let node = format!("{}, three nodes, --manifests", ours());
    let router = format!("{}, DHCP DNS NAT firewall", ours());
    push(cells, [NODE_RSS, NODE_PSS], &node, nodes, Some(20.0));
    push(cells, [ROUTER_RSS, ROUTER_PSS], &router, routers, None);
}

/// The whole scenario, once.
fn one_lab(request: &Request) -> Result<(Vec<Usage>, Usage)> {
    let mut lab = prepare(request)?;
    for step in www::steps() {
        if let Err(failure) = (step.run)(&mut lab) {
            bail!(
                "step {}: expected {}, seen {}",
                step.name,
                failure.expected,
                failure.seen
            );
        }
    }
    let nodes = NODES
        .iter()
        .map(|node| usage(lab.part(&format!("{node}-lanlord"))?.pid()))
        .collect::<Result<_>>()?;
    let router = usage(lab.part("router-lanlord")?.pid())?;
    lab.down()?;
    Ok((nodes, router))
}

/// The peer that most home routers run, with the same range, reservations and upstream.
fn measure_dnsmasq(request: &Request, cells: &mut Vec<Cell>) {
    let program = packages::Program {
        name: "dnsmasq",
        package: "dnsmasq-base",
    };
    let values = packages::ensure(&[program]).and_then(|()| {
        (0..request.trials)
            .map(|_| one_dnsmasq(request))
            .collect::<Result<Vec<_>>>()
    });
    let system = format!("dnsmasq {}, DHCP DNS", dnsmasq_version());
    push(cells, [ROUTER_RSS, ROUTER_PSS], &system, values, None);
}

fn one_dnsmasq(request: &Request) -> Result<Usage> {
    let mut lab = prepare(request)?;
    let cables: Vec<Cable> = CABLES
        .iter()
        .filter(|cable| cable.bridge == "vmbr1" && ["router", "laptop"].contains(&cable.machine))
        .copied()
        .collect();
    topology::build(&mut lab, &cables)?;
    lab.machine("router")?
        .succeed("ip", &["address", "add", "192.168.1.200/24", "dev", "eth1"])?;
    let mut args = vec![
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--interface=eth1",
        "--bind-interfaces",
        "--dhcp-range=192.168.1.20,192.168.1.99,12h",
        "--no-resolv",
        "--server=203.0.113.1",
        "--domain=home.arpa",
        "--address=/www.example.com/10.10.10.10",
        "--dhcp-leasefile=/run/dnsmasq.leases",
        "--pid-file",
        "--dhcp-authoritative",
    ];
    args.extend([
        "--dhcp-host=bc:24:11:00:00:01,192.168.1.201,talos-1",
        "--dhcp-host=bc:24:11:00:00:02,192.168.1.202,talos-2",
        "--dhcp-host=bc:24:11:00:00:03,192.168.1.203,talos-3",
    ]);
    let part = lab.start("router", "dnsmasq", "dnsmasq", &args)?;
    let lease = www::take_lease(&mut lab, "laptop");
    let name = lab.machine("laptop").map(|laptop| {
        wait::until(Duration::from_secs(5), || {
            probe::resolve(laptop, ROUTER, "www.example.com").ok()
        })
    })?;
    if lease.is_err() || name.is_none() {
        bail!("dnsmasq did not serve: {}", lab.part(&part)?.tail(5));
    }
    let usage = usage(lab.part(&part)?.pid())?;
    lab.down()?;
    Ok(usage)
}

fn prepare(request: &Request) -> Result<Lab> {
    let client = packages::dhcp_clients()
        .first()
        .context("no DHCP client is installed")?
        .to_string();
    Lab::prepare(
        "compare",
        request.lab_binary.clone(),
        request.lanlord.clone(),
        client,
    )
}

fn dnsmasq_version() -> String {
    let output = std::process::Command::new("dnsmasq")
        .arg("--version")
        .output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.split_whitespace()
        .nth(2)
        .unwrap_or("of the distribution")
        .to_owned()
}

fn push(
    cells: &mut Vec<Cell>,
    names: [&str; 2],
    system: &str,
    values: Result<Vec<Usage>>,
    goal: Option<f64>,
) {
    match values {
        Ok(values) => {
            let rss = values.iter().map(|usage| usage.rss_mib).collect();
            let pss = values.iter().map(|usage| usage.pss_mib).collect();
            cells.push(Cell::measured(names[0], system, "MiB", rss, goal));
            cells.push(Cell::measured(names[1], system, "MiB", pss, None));
        }
        Err(error) => {
            for name in names {
                cells.push(Cell::not_run(name, system, "MiB", &format!("{error:#}")));
            }
        }
    }
}

fn usage(pid: u32) -> Result<Usage> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
    let field = |key: &str| -> Result<f64> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .with_context(|| format!("find {key} in {file}"))?;
        let kib: f64 = line
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()
            .with_context(|| format!("read {key}"))?;
        Ok(kib / 1024.0)
    };
    Ok(Usage {
        rss_mib: field("Rss:")?,
        pss_mib: field("Pss:")?,
    })
}
