//! nf_tables in the kernel, and the program that fills it.

use crate::{Finding, Host, Probe, rules::cure};

/// What of nf_tables the ruleset needs, with the modules that have it where they are modules.
pub(crate) const PARTS: [(&str, &[&str]); 8] = [
    ("tables", &["nf_tables"]),
    ("nat chains", &["nft_chain_nat", "nf_nat"]),
    ("masquerade", &["nft_masq"]),
    ("dnat", &["nft_nat"]),
    ("connection state", &["nft_ct", "nf_conntrack"]),
    ("limit", &["nft_limit"]),
    ("reject", &["nft_reject_inet"]),
    ("notrack", &["nft_ct"]),
];
/// Before it, large transactions fail in unprivileged containers.
const GOOD_NFT: (u32, u32, u32) = (1, 0, 8);
const WHY: &str =
    "no NAT and no firewall: nothing passes from or to the uplink; DHCP and DNS serve all the same";

pub(super) fn nf_tables(host: &Host) -> Vec<Finding> {
    let probed = || {
        PARTS
            .iter()
            .filter_map(|(part, _)| host.nf_tables.get(part))
    };
    if probed().all(|probe| *probe == Probe::Denied) {
        return vec![
            Finding::hint("nfTables", "nf_tables could not be tried")
                .because("CAP_NET_ADMIN is missing"),
        ];
    }
    let is = |part: &str, wanted: &Probe| host.nf_tables.get(part) == Some(wanted);
    if is("tables", &Probe::Missing) {
        return vec![
            Finding::problem("nfTables", "this kernel has no nf_tables")
                .because(WHY)
                .cured_by(cure::module(host, &["nf_tables"])),
        ];
    }
    let mut findings = lacking(host);
    findings.extend(PARTS.iter().filter_map(|(part, _)| {
        let Some(Probe::Failed(text)) = host.nf_tables.get(part) else {
            return None;
        };
        let what = format!("nf_tables fails ({part}): {text}");
        Some(Finding::problem("nfTables", what).because(WHY))
    }));
    if findings.is_empty() {
        let what = "nf_tables has what was tried of it";
        findings.push(Finding::ok("nfTables", what));
    }
    findings
}

/// One finding for all parts that are missing: one line loads them all.
fn lacking(host: &Host) -> Vec<Finding> {
    let missing: Vec<_> = PARTS
        .iter()
        .filter(|(part, _)| host.nf_tables.get(part) == Some(&Probe::Missing))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let parts: Vec<&str> = missing.iter().map(|(part, _)| *part).collect();
    let mut modules: Vec<&str> = Vec::new();
    for module in missing.iter().flat_map(|(_, names)| *names) {
        if !modules.contains(module) {
            modules.push(module);
        }
    }
    let what = format!("nf_tables lacks {}", parts.join(", "));
    vec![
        Finding::problem("nfTables", what)
            .because(WHY)
            .cured_by(cure::module(host, &modules)),
    ]
}

pub(super) fn nft(host: &Host) -> Finding {
    let Some(nft) = &host.nft else {
        return Finding::problem("nft", "the program nft is not here")
            .because(WHY)
            .cured_by("apt install nftables; the container template brings its own");
    };
    let path = nft.path.display();
    match nft.version.as_ref().copied() {
        Err(why) => Finding::problem("nft", format!("{path} does not run: {why}"))
            .because(WHY)
            .cured_by("apt install --reinstall nftables"),
        Ok(version) if host.environment.unprivileged && version < GOOD_NFT => {
            Finding::hint("nft", format!("{path} is {}", dotted(version)))
                .because("before 1.0.8 large rulesets fail in unprivileged containers")
                .cured_by("install nftables 1.0.8 or later; the container template brings its own")
        }
        Ok(version) => Finding::ok("nft", format!("{path} is {}", dotted(version))),
    }
}

fn dotted((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}
