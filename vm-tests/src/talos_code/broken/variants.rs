//! What may be wrong with an extension. The first part Talos refuses by itself; the second it accepts without a word.

use std::fs;

use anyhow::Context;
use nix::{sys::stat::Mode, unistd::mkfifo};

use super::{MANIFEST, PROGRAM, SPEC, Variant, program};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        about: "a manifest of another version",
        break_it: |tree| tree.replace(MANIFEST, "v1alpha1", "v1beta1"),
        reason: "unsupported manifest version",
    },
    Variant {
        about: "no manifest",
        break_it: |tree| tree.remove(MANIFEST),
        reason: "manifest is missing",
    },
    Variant {
        about: "no rootfs",
        break_it: |tree| tree.remove("rootfs"),
        reason: "rootfs is missing",
    },
    Variant {
        about: "a third entry at the root",
        break_it: |tree| tree.write("LICENSE", b"free"),
        reason: "unexpected file \"LICENSE\"",
    },
    Variant {
        about: "a range of two numbers",
        break_it: |tree| tree.replace(MANIFEST, ">= 1.8.0", ">= 1.8"),
        reason: "error parsing Talos version constraint",
    },
    Variant {
        about: "a range that leaves releases out",
        break_it: |tree| tree.replace(MANIFEST, ">= 1.8.0", ">= 1.9.0"),
        reason: "can't be satisfied with Talos version 1.8.0",
    },
    Variant {
        about: "a program beside Talos' own",
        break_it: |tree| tree.write("rootfs/usr/bin/lanlord", b"x"),
        reason: "contents: path \"/usr/bin/lanlord\" is not allowed",
    },
    Variant {
        about: "a FIFO",
        break_it: |tree| {
            let path = tree.path("rootfs/usr/local/lib/containers/lanlord/fifo");
            mkfifo(&path, Mode::from_bits_truncate(0o644)).context("make a FIFO")
        },
        reason: "special files are not allowed",
    },
    Variant {
        about: "a service name with a capital",
        break_it: |tree| tree.replace(SPEC, "name: lanlord", "name: Lanlord"),
        reason: "name \"Lanlord\" is invalid",
    },
    Variant {
        about: "no restart",
        break_it: |tree| tree.replace(SPEC, "restart: always", ""),
        reason: "restart kind is invalid",
    },
    Variant {
        about: "an unknown restart",
        break_it: |tree| tree.replace(SPEC, "restart: always", "restart: sometimes"),
        reason: "sometimes does not belong to RestartKind values",
    },
    Variant {
        about: "no entrypoint in the spec",
        break_it: |tree| tree.replace(SPEC, "entrypoint: /usr/local/bin/lanlord", "entrypoint: ''"),
        reason: "container endpoint can't be empty",
    },
    Variant {
        about: "a dependency on a relative path",
        break_it: |tree| tree.replace(SPEC, "- service: kubelet", "- path: var/lib/kubelet"),
        reason: "path is not absolute",
    },
    Variant {
        about: "two dependencies in one item",
        break_it: |tree| {
            tree.replace(
                SPEC,
                "- service: kubelet",
                "- service: kubelet\n    time: true",
            )
        },
        reason: "more than a single dependency is set",
    },
    // From here on Talos says nothing.
    Variant {
        about: "a file that everybody may write",
        break_it: |tree| tree.mode(SPEC, 0o666),
        reason: "mode 666 of a file must be 644 or 755",
    },
    Variant {
        about: "a folder for root alone",
        break_it: |tree| tree.mode("rootfs/usr/local", 0o700),
        reason: "rootfs/usr/local: mode 700 of a folder",
    },
    Variant {
        about: "a program with the set-user-id bit",
        break_it: |tree| tree.mode(PROGRAM, 0o4755),
        reason: "has a set-id or sticky bit",
    },
    Variant {
        about: "a hard link",
        break_it: |tree| {
            let link = tree.path("rootfs/usr/local/lib/containers/lanlord/usr/local/bin/again");
            fs::hard_link(tree.path(PROGRAM), link).context("link the program")
        },
        reason: "is a hard link",
    },
    Variant {
        about: "an unknown key in the manifest",
        break_it: |tree| {
            tree.replace(
                MANIFEST,
                "compatibility:",
                "licence: free\n  compatibility:",
            )
        },
        reason: "manifest.yaml: yaml:",
    },
    Variant {
        about: "an unknown key in the spec",
        break_it: |tree| tree.replace(SPEC, "restart: always", "restart: always\nrestarts: 3"),
        reason: "field restarts not found",
    },
    Variant {
        about: "the container's root in lib/container",
        break_it: |tree| {
            tree.rename(
                "rootfs/usr/local/lib/containers",
                "rootfs/usr/local/lib/container",
            )
        },
        reason: "rootfs/usr/local/lib/container: nothing looks for it there",
    },
    Variant {
        about: "a folder whose name only begins like /usr/local",
        break_it: |tree| tree.write("rootfs/usr/localfoo/file", b"x"),
        reason: "rootfs/usr/localfoo/file: nothing looks for it there",
    },
    Variant {
        about: "a mount with the option readonly",
        break_it: |tree| tree.replace(SPEC, "- ro\n", "- readonly\n"),
        reason: "option \"readonly\" means nothing to runc",
    },
    Variant {
        about: "a mount that says neither ro nor rw",
        break_it: |tree| tree.replace(SPEC, "        - ro\n", ""),
        reason: "options must name one of ro and rw",
    },
    Variant {
        about: "a mount that is no bind",
        break_it: |tree| tree.replace(SPEC, "        - bind\n", ""),
        reason: "options name neither bind nor rbind",
    },
    Variant {
        about: "a relative mount",
        break_it: |tree| tree.replace(SPEC, "source: /run/lanlord", "source: run/lanlord"),
        reason: "source and destination must be absolute",
    },
    Variant {
        about: "a mount onto a folder that is not there",
        break_it: |tree| tree.remove("rootfs/usr/local/lib/containers/lanlord/var/lib/kubelet"),
        reason: "no such folder in the container's read-only root",
    },
    Variant {
        about: "a service in a file of another name",
        break_it: |tree| tree.rename(SPEC, "rootfs/usr/local/etc/containers/lan.yaml"),
        reason: "the file of service lanlord must be lanlord.yaml",
    },
    Variant {
        about: "no program",
        break_it: |tree| tree.remove(PROGRAM),
        reason: "is not in the container's root",
    },
    Variant {
        about: "a program that may not be run",
        break_it: |tree| tree.mode(PROGRAM, 0o644),
        reason: "is no program that may be run",
    },
    Variant {
        about: "a dynamic program",
        break_it: |tree| tree.write(PROGRAM, &program(true)),
        reason: "is dynamic, and the container has no loader",
    },
    Variant {
        about: "a service that waits for a document",
        break_it: |tree| {
            tree.replace(
                SPEC,
                "- service: kubelet",
                "- service: kubelet\n  - configuration: true",
            )
        },
        reason: "depends on configuration",
    },
];
