//! A journal whose process is killed. Alone in its program: a child of a test holds the locks of the tests beside it
//! until it has become another program.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Command,
};

use serde::{Deserialize, Serialize};
use store::Journal;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    address: u32,
}

fn lease(address: u32) -> Lease {
    Lease { address }
}

#[test]
fn a_process_killed_between_commits_loses_nothing_that_was_committed() {
    const KEY: &str = "JOURNAL_TEST_CHILD";
    if let Some(path) = std::env::var_os(KEY) {
        // The child: commits until it is killed, and says what is committed.
        let mut journal = Journal::open(Path::new(&path)).unwrap().journal;
        for address in 0.. {
            journal.commit(&[lease(address)]).unwrap();
            println!("committed {address}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leases.journal");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_process_killed_between_commits_loses_nothing_that_was_committed",
            "--nocapture",
        ])
        .env(KEY, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();

    let output = BufReader::new(child.stdout.take().unwrap());
    let committed: Vec<u32> = output
        .lines()
        .filter_map(|line| line.unwrap().strip_prefix("committed ")?.parse().ok())
        .take(50)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();

    let found = Journal::<Lease>::open(&path).unwrap().records;
    assert_eq!(committed.len(), 50);
    assert_eq!(found[..50], (0..50).map(lease).collect::<Vec<_>>());
}
