use super::*;
use crate::tree::Content;

#[test]
fn the_tree_is_what_talos_lays_over_its_own() {
    let tree = tree(&Source::dated(0), b"program", "{}").unwrap();

    let files: Vec<&str> = tree
        .members()
        .filter(|(_, member)| matches!(member.content, Content::File(_)))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        files,
        [
            "manifest.yaml",
            "rootfs/usr/local/etc/containers/lanlord.yaml",
            "rootfs/usr/local/lib/containers/lanlord/etc/hosts",
            "rootfs/usr/local/lib/containers/lanlord/etc/resolv.conf",
            "rootfs/usr/local/lib/containers/lanlord/usr/local/bin/lanlord",
            "rootfs/usr/local/share/spdx/lanlord.spdx.json",
        ]
    );
    for (path, member) in tree.members() {
        let is_program = path.ends_with("/bin/lanlord");
        let expected = match member.content {
            Content::File(_) if !is_program => 0o644,
            Content::File(_) | Content::Folder | Content::Link(_) => 0o755,
        };
        assert_eq!(member.mode, expected, "{path}");
    }
}

#[test]
fn the_manifest_names_version_tier_and_talos() {
    let manifest = manifest(&Source::dated(0)).unwrap();

    assert!(manifest.starts_with("version: v1alpha1\n"));
    assert!(manifest.contains(&format!("version: \"{VERSION}\"\n")));
    assert!(manifest.contains("[contrib] lanlord"));
    // Three parts, or Talos refuses the range.
    assert!(manifest.contains("version: \">= 1.8.0\""));
}

#[test]
fn variables_are_filled_in_by_name() {
    let variables = variables("# comment\n\nA: \"1\"\nB: two\n").unwrap();

    assert_eq!(
        fill("{{ .A }}-{{ .B }}-{{ .C }}", &variables),
        "1-two-{{ .C }}"
    );
}

#[test]
fn a_line_that_is_no_variable_is_an_error() {
    let error = variables("A 1\n").unwrap_err();

    assert_eq!(error.to_string(), "`A 1` is no variable: write NAME: value");
}
