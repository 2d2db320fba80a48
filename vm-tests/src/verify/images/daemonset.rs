//! The OCI image under runc, with the security context of the DaemonSet: an ordinary user, a read-only root, no new
//! privileges, and the five capabilities.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use images::{Built, Kind, VERSION};
use serde_json::{Value, json};

use super::{as_root_among_others, path};
use crate::lab::build::workspace;

const USER: u32 = 65_532;
const CAPABILITIES: [&str; 5] = [
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_NICE",
    "CAP_IPC_LOCK",
];
/// The same as bits: 10, 12, 13, 14 and 23.
const BITS: &str = "0000000000807400";

const UNPACK: &str = r#"umoci --log=error unpack --image "$1:$2" "$3""#;

/// Runs until the daemon answers, tells who it is, stops it, and ends as it ended.
const RUN: &str = r#"
ip link set lo up
cd "$1"
runc --root "$1/state" run --bundle "$1" node >"$1/log" 2>&1 &
child=$!
tries=0
until runc --root "$1/state" exec node /usr/local/bin/lanlord status; do
    tries=$((tries + 1))
    if test $tries = 100 || ! kill -0 $child; then cat "$1/log"; exit 1; fi
    sleep 0.1
done
pid=$(runc --root "$1/state" state node | sed -n 's/^ *"pid": \([0-9]*\),/\1/p')
grep -E '^(Uid|CapEff|NoNewPrivs):' "/proc/$pid/status"
runc --root "$1/state" kill node TERM
wait $child || { cat "$1/log"; exit 1; }
"#;

pub(super) fn judge(built: &Built, scratch: &Path) -> Result<()> {
    let bundle = scratch.join("bundle");
    let layout = path(built, Kind::Oci)?;
    as_root_among_others(UNPACK, &[layout, Path::new(VERSION), &bundle])?;
    let file = bundle.join("config.json");
    let text = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    let mut config = serde_json::from_slice(&text).context("read umoci's config.json")?;
    as_a_pod(&mut config)?;
    let text = serde_json::to_vec(&config).context("write config.json")?;
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;

    let said = as_root_among_others(RUN, &[&bundle])?;

    let is = |name: &str, value: &str| {
        said.lines()
            .filter_map(|line| line.strip_prefix(name))
            .any(|rest| rest.split_whitespace().next() == Some(value))
    };
    ensure!(
        is("Uid:", &USER.to_string()),
        "it runs as somebody else: {said}"
    );
    ensure!(
        is("CapEff:", BITS),
        "other capabilities are in effect: {said}"
    );
    ensure!(is("NoNewPrivs:", "1"), "it may gain privileges: {said}");
    Ok(())
}

/// What containerd makes of the DaemonSet's security context, and a folder of manifests in place of an API server.
fn as_a_pod(config: &mut Value) -> Result<()> {
    let process = &mut config["process"];
    ensure!(
        process["user"]["uid"] == USER,
        "the image names another user"
    );
    process["terminal"] = false.into();
    process["noNewPrivileges"] = true.into();
    process["args"] = json!([
        "/usr/local/bin/lanlord",
        "node",
        "--manifests",
        "/manifests",
        "--node-name",
        "talos-2"
    ]);
    let mut capabilities = json!({});
    for set in ["bounding", "effective", "permitted"] {
        capabilities[set] = json!(CAPABILITIES);
    }
    process["capabilities"] = capabilities;
    config["root"]["readonly"] = true.into();
    let mounts = config["mounts"].as_array_mut().context("mounts")?;
    for folder in ["/run/lanlord", "/var/lib/lanlord"] {
        mounts.push(json!({
            "destination": folder,
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["mode=0700", format!("uid={USER}"), format!("gid={USER}")],
        }));
    }
    mounts.push(json!({
        "destination": "/manifests",
        "type": "bind",
        "source": workspace().join("vm-tests/scenarios/www/manifests"),
        "options": ["bind", "ro"],
    }));
    Ok(())
}
