use std::{fs, time::Duration};

use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(5);

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("router.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[tokio::test]
async fn a_changed_file_gives_its_new_configuration() {
    let (_folder, path) = written("hostname = \"a\"\n");
    let (mut file, config) = ConfigFile::open(&path, false).unwrap();
    assert_eq!(config.hostname, "a");

    fs::write(&path, "hostname = \"b\"\n").unwrap();
    timeout(SOON, file.changed())
        .await
        .expect("the change is seen");

    assert_eq!(file.reread().unwrap().hostname, "b");
    assert_eq!(file.error(), None);
}

#[tokio::test]
async fn a_file_that_an_editor_replaced_is_seen() {
    let (folder, path) = written("hostname = \"a\"\n");
    let (mut file, _) = ConfigFile::open(&path, false).unwrap();

    let draft = folder.path().join(".router.toml.swp");
    fs::write(&draft, "hostname = \"b\"\n").unwrap();
    fs::rename(&draft, &path).unwrap();
    timeout(SOON, file.changed())
        .await
        .expect("the change is seen");

    assert_eq!(file.reread().unwrap().hostname, "b");
}

#[tokio::test]
async fn a_change_is_seen_although_the_wait_was_broken_off() {
    let (_folder, path) = written("hostname = \"a\"\n");
    let (mut file, _) = ConfigFile::open(&path, false).unwrap();

    fs::write(&path, "hostname = \"b\"\n").unwrap();
    let broken_off = tokio::select! {
        biased;
        () = file.changed() => false,
        () = a_few_turns() => true,
    };

    assert!(broken_off && file.watch.quiet_at.is_some());
    timeout(SOON, file.changed())
        .await
        .expect("the change is seen");
}

#[tokio::test]
async fn a_wrong_empty_or_missing_file_changes_nothing_and_is_told() {
    let (_folder, path) = written("hostname = \"a\"\n");
    let (mut file, _) = ConfigFile::open(&path, false).unwrap();

    fs::write(&path, "hostnam = \"b\"\n").unwrap();
    assert_eq!(file.reread(), None);
    assert!(
        file.error()
            .unwrap()
            .contains("router.toml:1:1: unknown field")
    );
    fs::write(&path, "").unwrap();
    assert_eq!(file.reread(), None);
    assert!(file.error().unwrap().contains("is empty"));
    fs::remove_file(&path).unwrap();
    assert_eq!(file.reread(), None);
    assert!(file.error().unwrap().contains("read "));

    fs::write(&path, "hostname = \"a\"\n").unwrap();
    assert_eq!(file.reread().unwrap().hostname, "a");
    assert_eq!(file.error(), None);
}

#[test]
fn an_explicit_file_must_be_there_and_the_default_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("router.toml");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();

    assert!(ConfigFile::open(&path, false).is_err());
    let (file, config) = ConfigFile::open(&path, true).unwrap();

    assert_eq!(config, RouterConfig::default());
    assert_eq!(file.path(), None);
}

/// Enough for the runtime to hand out what the kernel has ready, far too short for [`QUIET`].
async fn a_few_turns() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}
