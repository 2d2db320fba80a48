//! Some machines of the scenario, and the release binary.

use std::path::{Path, PathBuf};

use vm_tests::lab::{
    Lab,
    topology::{self, CABLES, Cable},
};

/// The lab binary, for holders.
pub(crate) fn lab_binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_lab"))
}

/// The release binary: `LANLORD_BINARY`, else the one that cargo built last.
pub(crate) fn lanlord() -> PathBuf {
    let built = || {
        let profile = lab_binary()
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        profile.with_file_name("release").join("lanlord")
    };
    let path = std::env::var_os("LANLORD_BINARY").map_or_else(built, PathBuf::from);
    assert!(
        path.exists(),
        "{} is missing; build it first: cargo build --release --package lanlord",
        path.display()
    );
    path
}

/// A lab of these machines' cables to vmbr1, all links up. Its name must be the test's own.
pub(crate) fn small_lab(name: &str, machines: &[&str]) -> Lab {
    small_lab_with_client(name, machines, "dhclient")
}

/// As [`small_lab`], with another DHCP client.
pub(crate) fn small_lab_with_client(name: &str, machines: &[&str], client: &str) -> Lab {
    let mut lab = Lab::prepare(name, lab_binary(), lanlord(), client.to_owned()).unwrap();
    let cables: Vec<Cable> = CABLES
        .iter()
        .filter(|cable| cable.bridge == "vmbr1" && machines.contains(&cable.machine))
        .copied()
        .collect();
    topology::build(&mut lab, &cables).unwrap();
    lab
}

/// A router with one NIC and nothing but a LAN; more lines may follow.
pub(crate) fn write_router_config(
    lab: &Lab,
    machine: &str,
    interface: &str,
    address: &str,
    lan: &str,
) {
    let text = format!(
        "[[lan]]\ninterface = \"{interface}\"\naddress = \"{address}/24\"\n\
         [lan.dhcp]\nrange = \"192.168.1.20-192.168.1.99\"\n{lan}\n"
    );
    let file = lab
        .machine(machine)
        .unwrap()
        .directory()
        .join("router.toml");
    std::fs::write(file, text).unwrap();
}
