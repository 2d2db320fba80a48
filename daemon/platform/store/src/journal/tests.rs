use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    address: u32,
    name: String,
}

fn lease(address: u32) -> Lease {
    Lease {
        address,
        name: format!("host-{address}\n\"ä\""),
    }
}

fn leases(addresses: std::ops::Range<u32>) -> Vec<Lease> {
    addresses.map(lease).collect()
}

fn records(path: &Path) -> Vec<Lease> {
    Journal::open(path).unwrap().records
}

#[test]
fn committed_records_are_there_after_a_restart_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/leases.journal");
    let mut opened = Journal::open(&path).unwrap();
    assert!(opened.records.is_empty());

    opened.journal.commit(&leases(0..3)).unwrap();
    opened.journal.commit(&leases(3..5)).unwrap();
    drop(opened);

    assert_eq!(records(&path), leases(0..5));
}

#[test]
fn a_journal_cut_anywhere_gives_the_records_before_the_cut_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leases.journal");
    let mut opened = Journal::open(&path).unwrap();
    let mut ends = vec![0];
    for record in leases(0..5) {
        opened.journal.commit(&[record]).unwrap();
        ends.push(fs::metadata(&path).unwrap().len());
    }
    drop(opened);
    let content = fs::read(&path).unwrap();

    for cut in 0..=content.len() {
        fs::write(&path, &content[..cut]).unwrap();
        let whole = ends[1..].iter().filter(|end| **end <= cut as u64).count();

        let mut opened = Journal::open(&path).unwrap();
        let expected = leases(0..u32::try_from(whole).unwrap());
        assert_eq!(opened.records, expected, "cut at {cut}");
        assert_eq!(opened.torn, cut as u64 - ends[whole], "cut at {cut}");
        assert_eq!(opened.damaged, 0);

        opened.journal.commit(&[lease(99)]).unwrap();
        drop(opened);
        let after = records(&path);
        assert_eq!(after[..whole], expected);
        assert_eq!(after[whole..], [lease(99)], "cut at {cut}");
    }
}

#[test]
fn a_damaged_octet_costs_one_record_and_never_changes_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leases.journal");
    Journal::open(&path)
        .unwrap()
        .journal
        .commit(&leases(0..4))
        .unwrap();
    let content = fs::read(&path).unwrap();

    for at in 0..content.len() {
        let mut damaged = content.clone();
        damaged[at] ^= 0x01;
        fs::write(&path, &damaged).unwrap();

        let opened: Opened<Lease> = Journal::open(&path).unwrap();

        // A damaged line end joins two lines.
        assert!(opened.records.len() >= 2, "octet {at}");
        assert!(
            opened
                .records
                .iter()
                .all(|record| leases(0..4).contains(record))
        );
    }
}

#[test]
fn a_second_process_cannot_open_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leases.journal");
    let _first: Opened<Lease> = Journal::open(&path).unwrap();

    let second = Journal::<Lease>::open(&path).unwrap_err();

    assert!(matches!(second, JournalError::InUse { .. }));
    assert!(second.to_string().contains("leases.journal"));
}

#[test]
fn compaction_keeps_the_live_records_and_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leases.journal");
    let mut journal = Journal::open(&path).unwrap().journal;
    for _ in 0..600 {
        journal.commit(&leases(0..2)).unwrap();
    }
    assert!(journal.wants_compaction(2));

    journal.compact(&leases(0..2)).unwrap();
    journal.commit(&[lease(7)]).unwrap();

    assert!(!journal.wants_compaction(3));
    assert!(matches!(
        Journal::<Lease>::open(&path),
        Err(JournalError::InUse { .. })
    ));
    drop(journal);
    assert_eq!(records(&path), [lease(0), lease(1), lease(7)]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_full_disk_refuses_the_commit_keeps_what_was_stored_and_recovers() {
    let disk = SmallDisk::mount();
    let path = disk.path().join("leases.journal");
    let mut journal = Journal::open(&path).unwrap().journal;
    journal.commit(&leases(0..3)).unwrap();
    let filler = disk.path().join("filler");
    let _ = fs::write(&filler, vec![0; 1 << 20]);

    // The last page of the file may still have room, so a few commits can pass.
    let mut stored = leases(0..3);
    let refused = (3..2000).find_map(|address| {
        let outcome = journal.commit(&[lease(address)]);
        if outcome.is_ok() {
            stored.push(lease(address));
        }
        outcome.err()
    });
    let text = refused.expect("the disk is full").to_string();
    assert!(text.starts_with("append to journal"), "{text}");
    assert!(journal.compact(&stored).is_err());

    fs::remove_file(&filler).unwrap();
    journal.commit(&[lease(5000)]).unwrap();
    stored.push(lease(5000));
    drop(journal);
    assert_eq!(records(&path), stored);
}

/// A tmpfs of 128 KiB in a mount namespace of this thread.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        use nix::{
            mount::{MsFlags, mount},
            sched::{CloneFlags, unshare},
        };
        let directory = tempfile::tempdir().unwrap();
        unshare(CloneFlags::CLONE_NEWNS)
            .expect("make a mount namespace: run as root, or the whole run under `unshare -Urm`");
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .expect("keep mounts private");
        mount(
            Some("tmpfs"),
            directory.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            Some("size=128k"),
        )
        .expect("mount a small tmpfs");
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = nix::mount::umount(self.0.path());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_last_record_of_an_address_survives_commits_compactions_and_restarts(
        groups in proptest::collection::vec(
            (proptest::collection::vec((0..6_u32, "[a-z]{0,5}"), 0..4), any::<bool>(), any::<bool>()),
            1..12,
        ),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leases.journal");
        let mut journal = Journal::open(&path).unwrap().journal;
        let mut model = BTreeMap::new();
        for (group, compact, restart) in groups {
            let group: Vec<Lease> = group
                .into_iter()
                .map(|(address, name)| Lease { address, name })
                .collect();
            journal.commit(&group).unwrap();
            model.extend(group.into_iter().map(|lease| (lease.address, lease)));
            if compact {
                journal.compact(model.values()).unwrap();
            }
            if restart {
                drop(journal);
                let opened = Journal::open(&path).unwrap();
                let read: BTreeMap<_, _> = opened
                    .records
                    .into_iter()
                    .map(|lease: Lease| (lease.address, lease))
                    .collect();
                prop_assert_eq!(&read, &model);
                journal = opened.journal;
            }
        }
    }

    #[test]
    fn no_octets_panic_the_reader(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let read = line::read_all::<Lease>(&content);
        prop_assert!(read.whole <= content.len());
    }
}
