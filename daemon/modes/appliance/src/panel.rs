//! What the console shows when the router is ready: where it is, and what to type next.

use std::{fmt::Write, fs, path::Path};

/// The first lines of a container.
pub(crate) fn banner() -> String {
    format!(
        "\nlanlord {} - the router of this LAN is starting\n\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// What a person needs once the router is ready.
pub(crate) fn ready(status: &str, state: &Path) -> String {
    let rule = "-".repeat(72);
    let mut text = format!("\n{rule}\n lanlord router is ready: {status}\n");
    for cluster in clusters(state) {
        let option = if cluster == "lab" {
            String::new()
        } else {
            format!(" --cluster {cluster}")
        };
        let _ = write!(
            text,
            "\n To join cluster {cluster}, on the Proxmox host (ID is this container's number):\n   \
             pct exec ID -- /sbin/init talos-patch{option} > lanlord.yaml\n \
             and where talosctl is:\n   \
             talosctl patch mc --patch @lanlord.yaml --nodes CONTROL-PLANES\n"
        );
    }
    let _ = write!(
        text,
        "\n Press Enter here for the status; elsewhere: pct exec ID -- /sbin/init status\n{rule}\n\n"
    );
    text
}

/// Clusters that have a key.
fn clusters(state: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(state.join("keys")) else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_suffix(".key")?.to_string())
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_with_a_key_has_its_line_to_type() {
        let state = tempfile::tempdir().expect("a folder");
        let keys = state.path().join("keys");
        fs::create_dir(&keys).expect("create");
        for name in ["lab.key", "branch.key", ".draft.key.new"] {
            fs::write(keys.join(name), "").expect("write");
        }

        let text = ready("eth1 192.168.1.200/24", state.path());

        assert!(text.contains("eth1 192.168.1.200/24"));
        assert!(text.contains("/sbin/init talos-patch > lanlord.yaml"));
        assert!(text.contains("/sbin/init talos-patch --cluster branch > lanlord.yaml"));
        assert_eq!(text.matches("To join cluster").count(), 2);
    }

    #[test]
    fn a_router_without_keys_shows_its_address_all_the_same() {
        let text = ready("eth1 192.168.1.200/24", Path::new("/does/not/exist"));

        assert!(text.contains("eth1 192.168.1.200/24"));
        assert!(!text.contains("talos-patch"));
    }
}
