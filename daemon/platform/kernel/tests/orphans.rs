//! A process of its own: it becomes the parent of orphans, as the first process of a container is.

use std::{fs, process::Command, time::Duration};

use kernel::orphan;
use nix::sys::prctl::set_child_subreaper;

/// Children of this process that ended and were not waited for.
fn zombies() -> usize {
    let ours = std::process::id().to_string();
    let stats = fs::read_dir("/proc")
        .expect("list processes")
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let fields: Vec<&str> = stat
                .rsplit(") ")
                .next()
                .unwrap_or_default()
                .split(' ')
                .collect();
            fields.first() == Some(&"Z") && fields.get(1) == Some(&ours.as_str())
        })
        .count()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn processes_that_lost_their_parent_are_reaped_when_they_end() {
    set_child_subreaper(true).unwrap();
    // The shell ends at once, and leaves two behind that end by themselves.
    let left = "true & true & exit 0";
    assert!(
        Command::new("sh")
            .args(["-c", left])
            .status()
            .unwrap()
            .success()
    );
    until("two zombies, or this shows nothing", || zombies() == 2).await;

    let reaping = tokio::spawn(orphan::reap());

    until("the ones that ended before are reaped", || zombies() == 0).await;
    let mut late = Command::new("sh").args(["-c", left]).spawn().unwrap();
    until("the ones that end now are reaped", || {
        zombies() == 0 && !running(late.id())
    })
    .await;
    // The reaper took the shell as well: who reaps leaves nobody to wait for.
    assert!(late.wait().is_err());
    reaping.abort();
}

fn running(pid: u32) -> bool {
    fs::exists(format!("/proc/{pid}")).expect("look for a process")
}
