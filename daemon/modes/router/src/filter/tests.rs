use std::{
    io::Write,
    process::{Command, Stdio},
};

use firewall::{Forward, Port};

use super::*;

/// A user namespace has no right to enlarge socket buffers (`SO_SNDBUFFORCE`), as an unprivileged container has none.
#[test]
fn a_large_ruleset_passes_in_an_unprivileged_container() {
    let network = Network {
        uplink: Some(Uplink {
            interface: "eth0".to_string(),
            addresses: ["203.0.113.2".parse().unwrap()].into(),
            trusted: [].into(),
        }),
        forwards: (1..=5_000).map(port_forward).collect(),
        ..Network::default()
    };
    let ruleset = Ruleset::new(&network);
    let folder = tempfile::tempdir().unwrap();
    for (number, transaction) in ruleset.transactions().iter().enumerate() {
        let path = folder.path().join(format!("{number:03}"));
        std::fs::write(path, transaction).unwrap();
    }

    let mut shell = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-e", "-s"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = "for file in *; do nft -j -f $file; done\nnft -j list table inet lanlord\n";
    shell
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = shell.wait_with_output().unwrap();

    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(ruleset.is_in_force(&String::from_utf8_lossy(&output.stdout)));
}

fn port_forward(number: u16) -> Forward {
    Forward {
        from: Port {
            transport: Transport::Tcp,
            number,
        },
        to: "192.168.1.20:22".parse().unwrap(),
    }
}
