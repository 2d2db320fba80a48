//! Containers that lack something: DHCP and DNS go on, and the router says what it lacks.

use anyhow::Context;

use super::{
    lxc::{self, PART, Shortage},
    serving,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    step::Outcome,
};

/// What refuses nftables, and nothing else of netlink.
const NO_NETFILTER: &str = "socket errno 93 [0,16,SCMP_CMP_EQ] [2,12,SCMP_CMP_EQ]";
/// Mounts are refused to what runs inside; lxc's own were made before.
const NO_MOUNT: &str = "mount errno 1";

/// More than this many lease records fit into no block of 4096 octets.
const LEASES_IN_A_BLOCK: usize = 60;

/// The state's disk is full, also at a start.
pub(super) fn full_disk(lab: &mut Lab) -> Outcome {
    let filler = lxc::state_file(lab, "filler")?;
    fill(&filler)?;
    let (lease, told) = use_up_the_last_block(lab)?;
    restart(lab, Shortage::default())?;
    let again = serving::serves(lab)?;
    serving::reaches_internet(lab)?;
    std::fs::remove_file(&filler).context("make room again")?;
    restart(lab, Shortage::default())?;
    Ok(format!(
        "the disk is full: the laptop gets {lease}, and {again} after a restart; the status says: {told}"
    ))
}

/// The last block of the lease file still has room: leases are taken until that is full as well, and the router says so.
fn use_up_the_last_block(lab: &mut Lab) -> Result<(String, String), Failure> {
    let mut status = String::new();
    for _ in 0..LEASES_IN_A_BLOCK {
        let lease = serving::serves(lab)?;
        status = lxc::exec_ok(lab, &["status"])?;
        let told = status.lines().find(|line| line.contains("No space left"));
        if let Some(told) = told {
            return Ok((lease, told.trim().to_owned()));
        }
    }
    Err(expected("the status to tell of the full disk", &status).part(PART))
}

fn fill(path: &std::path::Path) -> Result<(), Failure> {
    use std::io::Write;
    let mut file = std::fs::File::create(path).context("create a file in the state folder")?;
    for size in [64 * 1024, 4096, 1] {
        let block = vec![0; size];
        // Until no block of this size fits any more.
        while file.write_all(&block).is_ok() {}
    }
    let probe = path.with_extension("probe");
    let full = std::fs::write(&probe, "x").is_err();
    let _ = std::fs::remove_file(probe);
    if full {
        Ok(())
    } else {
        Err(expected("a full disk", "room for one more octet"))
    }
}

/// The state cannot be written.
pub(super) fn read_only_state(lab: &mut Lab) -> Outcome {
    let shortage = Shortage {
        state_is_read_only: true,
        ..Shortage::default()
    };
    restart(lab, shortage)?;
    let lease = serving::serves(lab)?;
    serving::reaches_internet(lab)?;
    let told = serving::tells(lab, &["Read-only file system"])?;
    restart(lab, Shortage::default())?;
    Ok(format!(
        "the state is read-only: the laptop gets {lease}; the status says: {told}"
    ))
}

/// The program `nft` is not there.
pub(super) fn no_nft(lab: &mut Lab) -> Outcome {
    let (nft, hidden) = (
        lxc::root_file(lab, "usr/sbin/nft")?,
        lxc::root_file(lab, "usr/sbin/nft.away")?,
    );
    std::fs::rename(&nft, &hidden).context("take nft away")?;
    let tried = without_firewall(lab, Shortage::default(), "nft");
    std::fs::rename(&hidden, &nft).context("bring nft back")?;
    let told = tried?;
    restart(lab, Shortage::default())?;
    serving::reaches_internet(lab)?;
    Ok(format!(
        "nft is missing: DHCP and DNS are served; the status says: {told}"
    ))
}

/// The kernel refuses nftables to the container.
pub(super) fn no_netfilter(lab: &mut Lab) -> Outcome {
    let shortage = Shortage {
        denied: NO_NETFILTER,
        ..Shortage::default()
    };
    let told = without_firewall(lab, shortage, "NOT in force")?;
    restart(lab, Shortage::default())?;
    serving::reaches_internet(lab)?;
    Ok(format!(
        "nf_tables is refused: DHCP and DNS are served; the status says: {told}"
    ))
}

fn without_firewall(lab: &mut Lab, shortage: Shortage, word: &str) -> Result<String, Failure> {
    restart(lab, shortage)?;
    serving::serves(lab)?;
    doctor_names(lab, "nft")?;
    serving::tells(lab, &["Firewall and NAT: NOT in force", word])
}

/// `pct exec ID -- /sbin/init doctor` finds a problem and names what is missing.
fn doctor_names(lab: &Lab, missing: &str) -> Result<(), Failure> {
    let output = lxc::exec(lab, &["doctor", "--json"])?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(1) && said.contains(missing) {
        return Ok(());
    }
    Err(expected(
        &format!("the doctor to name {missing}"),
        &format!("{}: {said}", output.status),
    )
    .part(PART))
}

/// Nothing can be written or mounted, and there is no console.
pub(super) fn bare_container(lab: &mut Lab) -> Outcome {
    let shortage = Shortage {
        root_is_read_only: true,
        state_is_read_only: true,
        no_console: true,
        denied: NO_MOUNT,
    };
    restart(lab, shortage)?;
    let lease = serving::serves(lab)?;
    let inside = lxc::inside(lab)?;
    if inside
        .outside(std::path::Path::new("/run/lanlord"))
        .exists()
    {
        return Err(expected("no /run/lanlord in a bare container", "there is one").part(PART));
    }
    let socket = ["status", "--socket", "/dev/shm/lanlord/lanlord.sock"];
    let told = lxc::exec_ok(lab, &socket)
        .or_else(|_| lxc::exec_ok(lab, &["status", "--socket", "/dev/lanlord/lanlord.sock"]))?;
    let took = lxc::shut_down(lab)?;
    lxc::start(lab, Shortage::default())?;
    serving::gives_leases(lab)?;
    if !told.contains("Read-only file system") {
        return Err(expected("the status to tell of the read-only state", &told).part(PART));
    }
    Ok(format!(
        "read-only root and state, no mount, no console: the laptop gets {lease}, and the container stops in {} ms",
        took.as_millis()
    ))
}

/// Stops the container and starts it with or without what it is to lack.
fn restart(lab: &mut Lab, shortage: Shortage) -> Result<(), Failure> {
    lxc::shut_down(lab)?;
    lxc::start(lab, shortage)?;
    serving::resolves(lab)
}
