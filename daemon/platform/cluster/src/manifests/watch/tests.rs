use std::{fs, path::PathBuf};

use tempfile::TempDir;
use tokio::sync::watch::{Receiver, channel};

use super::*;
use crate::testing::problems;

/// Far beyond what any step takes; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// A directory that is followed.
struct Followed {
    directory: TempDir,
    views: Receiver<Option<Arc<View>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Followed {
    async fn start(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Followed one level down, so that tests can take the directory away.
        let path = directory.path().join("manifests");
        fs::create_dir(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        let (sender, views) = channel(None);
        let task = tokio::spawn(async move {
            watch(&path, Settings::default(), sender).await.unwrap();
        });
        let mut followed = Self {
            directory,
            views,
            task,
        };
        followed.until(|_| true).await;
        followed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("manifests").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Puts a file there in one step, as careful writers do.
    fn put(&self, name: &str, text: &str) {
        let hidden = self.path(&format!(".{name}.new"));
        fs::write(&hidden, text).unwrap();
        fs::rename(hidden, self.path(name)).unwrap();
    }

    async fn until(&mut self, holds: impl Fn(&View) -> bool) -> Arc<View> {
        let waited = tokio::time::timeout(
            DEADLINE,
            self.views
                .wait_for(|view| view.as_deref().is_some_and(&holds)),
        )
        .await
        .map(|view| Arc::clone(view.unwrap().as_ref().unwrap()));
        waited.unwrap_or_else(|_| panic!("not in time; the view is {:#?}", self.views.borrow()))
    }

    /// Waits until everything that happened so far has counted: a marker that came last is seen.
    async fn settle(&mut self) -> Arc<View> {
        let marker = format!(
            "marker-{}",
            self.views
                .borrow()
                .as_ref()
                .map_or(0, |view| view.snapshot.namespaces.len())
        );
        self.put(&format!("{marker}.yaml"), &namespace(&marker));
        self.until(|view| view.snapshot.namespaces.contains_key(&marker))
            .await
    }
}

fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n")
}

fn has(name: &'static str) -> impl Fn(&View) -> bool {
    move |view| view.snapshot.namespaces.contains_key(name)
}

fn lacks(name: &'static str) -> impl Fn(&View) -> bool {
    move |view| !view.snapshot.namespaces.contains_key(name)
}

#[tokio::test]
async fn files_that_are_written_changed_and_unlinked_are_followed() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;
    followed.until(has("a")).await;

    followed.write("b.yml", &namespace("b"));
    followed.until(has("b")).await;
    followed.write("a.yaml", &(namespace("a") + "---\n" + &namespace("c")));
    followed.until(has("c")).await;
    followed.put(
        "d.json",
        r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}"#,
    );
    followed.until(has("d")).await;

    fs::remove_file(followed.path("a.yaml")).unwrap();
    let view = followed.until(lacks("a")).await;
    let names: Vec<&String> = view.snapshot.namespaces.keys().collect();
    assert_eq!(names, ["b", "d"]);
}

#[tokio::test]
async fn hidden_files_backups_and_unknown_kinds_say_nothing() {
    let mut followed = Followed::start(&[
        (".hidden.yaml", &namespace("hidden")),
        ("a.yaml~", &namespace("backup")),
        ("#a.yaml#", &namespace("emacs")),
        ("notes.txt", "no manifest"),
        (
            "a.yaml",
            "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n",
        ),
    ])
    .await;

    followed.write("b.yaml.swp", &namespace("vim"));
    let view = followed.settle().await;

    assert_eq!(view.snapshot.namespaces.len(), 1);
    assert_eq!(view.problems, []);
}

#[tokio::test]
async fn a_file_that_does_not_parse_keeps_its_last_good_content() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    followed.write(
        "a.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: b\n",
    );
    let view = followed.until(|view| !view.problems.is_empty()).await;

    assert!(has("a")(&view) && lacks("b")(&view));
    let problem = &problems(&view)[0];
    assert!(
        problem.starts_with("a.yaml:")
            && problem.ends_with("; its last good content stays in force"),
        "{problem}"
    );
    assert!(view.problems[0].line >= 3, "{problem}");

    followed.write("a.yaml", &namespace("b"));
    let view = followed.until(has("b")).await;
    assert_eq!(view.problems, []);
}

#[tokio::test]
async fn a_file_that_became_empty_withdraws_nothing() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    followed.write("a.yaml", "");
    let view = followed.until(|view| !view.problems.is_empty()).await;

    assert!(has("a")(&view));
    assert_eq!(
        problems(&view),
        [
            "a.yaml:0: holds no object any more; delete the file to withdraw what it said; its last good content stays in force"
        ]
    );
}

#[tokio::test]
async fn a_file_that_is_still_being_written_does_not_count() {
    use std::io::Write;
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    let mut file = fs::File::create(followed.path("a.yaml")).unwrap();
    file.write_all(namespace("half").as_bytes()).unwrap();
    file.flush().unwrap();
    let view = followed.settle().await;
    assert!(has("a")(&view) && lacks("half")(&view), "open for writing");

    file.write_all(b"---\n").unwrap();
    file.write_all(namespace("whole").as_bytes()).unwrap();
    drop(file);
    let view = followed.until(has("whole")).await;
    assert!(has("half")(&view) && lacks("a")(&view));
}

#[tokio::test]
async fn saving_the_way_editors_do_never_withdraws_for_a_moment() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;
    let mut every_view = followed.views.clone();
    every_view.mark_unchanged();
    let watcher = tokio::spawn(async move {
        let mut seen = Vec::new();
        while every_view.changed().await.is_ok() {
            let view = every_view.borrow_and_update().clone().unwrap();
            seen.push(view.snapshot.namespaces.contains_key("a"));
            if view.snapshot.namespaces.contains_key("done") {
                break;
            }
        }
        seen
    });

    // vim: moved to a backup, written anew, the backup removed.
    fs::rename(followed.path("a.yaml"), followed.path("a.yaml~")).unwrap();
    followed.write("a.yaml", &(namespace("a") + "---\n" + &namespace("b")));
    fs::remove_file(followed.path("a.yaml~")).unwrap();
    followed.until(has("b")).await;
    // Removed and put there again.
    fs::remove_file(followed.path("a.yaml")).unwrap();
    followed.write("a.yaml", &(namespace("a") + "---\n" + &namespace("done")));
    followed.until(has("done")).await;

    let seen = watcher.await.unwrap();
    assert!(seen.iter().all(|present| *present), "{seen:?}");
}

#[tokio::test]
async fn a_manifest_that_is_renamed_is_not_there_twice() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    fs::rename(followed.path("a.yaml"), followed.path("b.yaml")).unwrap();
    let view = followed.settle().await;
    assert!(has("a")(&view));
    assert_eq!(view.problems, []);

    fs::remove_file(followed.path("b.yaml")).unwrap();
    followed.until(lacks("a")).await;
}

#[tokio::test]
async fn a_file_that_is_moved_away_stays_in_force_until_it_is_unlinked_here() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    fs::rename(
        followed.path("a.yaml"),
        followed.directory.path().join("elsewhere"),
    )
    .unwrap();
    let view = followed.until(|view| !view.problems.is_empty()).await;
    assert!(has("a")(&view));
    assert!(
        problems(&view)[0].contains("was moved away"),
        "{:?}",
        problems(&view)
    );

    followed.write("b.yaml", &(namespace("a") + "---\n" + &namespace("b")));
    let view = followed.until(has("b")).await;
    assert_eq!(
        view.problems.len(),
        1,
        "it gives way to a file that defines the same"
    );

    followed.write("a.yaml", &namespace("c"));
    let view = followed.until(has("c")).await;
    assert_eq!(view.problems, []);
}

#[tokio::test]
async fn a_directory_that_vanishes_withdraws_nothing_and_is_followed_again_when_it_is_back() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;
    let path = followed.directory.path().join("manifests");

    fs::remove_dir_all(&path).unwrap();
    let view = followed.until(|view| !view.problems.is_empty()).await;
    assert!(has("a")(&view));
    assert_eq!(
        problems(&view),
        ["manifests:0: is gone; the last content of its files stays in force"]
    );

    fs::create_dir(&path).unwrap();
    let view = followed
        .until(|view| !problems(view)[0].contains("is gone"))
        .await;
    assert!(
        has("a")(&view),
        "an empty directory looks like one that is not mounted"
    );

    followed.write("b.yaml", &namespace("b"));
    followed.until(has("b")).await;
}

#[tokio::test]
async fn a_directory_that_is_moved_away_withdraws_nothing() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;

    fs::rename(followed.path(""), followed.directory.path().join("moved")).unwrap();
    let view = followed.until(|view| !view.problems.is_empty()).await;

    assert!(has("a")(&view));
}

#[tokio::test]
async fn a_mounted_config_map_is_followed_through_its_links() {
    let mut followed = Followed::start(&[("a.yaml", &namespace("a"))]).await;
    let version = |name: &str, text: &str| {
        fs::create_dir(followed.path(name)).unwrap();
        fs::write(followed.path(name).join("m.yaml"), text).unwrap();
    };
    version("..1", &namespace("one"));
    version("..2", &namespace("two"));
    std::os::unix::fs::symlink("..1", followed.path("..data")).unwrap();
    std::os::unix::fs::symlink("..data/m.yaml", followed.path("m.yaml")).unwrap();
    followed.until(has("one")).await;

    std::os::unix::fs::symlink("..2", followed.path("..data_tmp")).unwrap();
    fs::rename(followed.path("..data_tmp"), followed.path("..data")).unwrap();
    let view = followed.until(has("two")).await;

    assert!(lacks("one")(&view) && has("a")(&view));
}

#[tokio::test]
async fn a_directory_that_is_missing_at_the_start_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing");
    let (sender, _views) = channel(None);

    let error = watch(&path, Settings::default(), sender).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        format!("watch manifests {}", path.display())
    );
    assert!(super::super::load(&path, &Settings::default()).is_err());
}

/// A watch descriptor; which one does not matter.
fn event(mask: EventMask, name: Option<&str>, cookie: u32) -> EventOwned {
    let inotify = Inotify::init().unwrap();
    EventOwned {
        wd: inotify.watches().add("/", WatchMask::CREATE).unwrap(),
        mask,
        cookie,
        name: name.map(Into::into),
    }
}

#[test]
fn a_file_counts_50_ms_after_it_was_closed_for_the_last_time() {
    let directory = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let later = start + Duration::from_millis(20);
    let mut waiting = Waiting::default();
    let mut note = |mask, now| {
        waiting.note(&event(mask, Some("a.yaml"), 0), directory.path(), now);
        waiting.next_due()
    };

    assert_eq!(note(EventMask::CREATE, start), None);
    assert_eq!(note(EventMask::MODIFY, start), None);
    assert_eq!(note(EventMask::CLOSE_WRITE, start), Some(start + QUIET));
    assert_eq!(note(EventMask::MODIFY, later), None, "written again");
    assert_eq!(note(EventMask::CLOSE_WRITE, later), Some(later + QUIET));
}

#[test]
fn when_events_were_lost_all_files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let now = Instant::now();
    let mut waiting = Waiting::default();
    let overflow = event(EventMask::Q_OVERFLOW, None, 0);

    assert_eq!(waiting.note(&overflow, directory.path(), now), Seen::File);

    assert_eq!(waiting.next_due(), Some(now + QUIET));
    assert!(matches!(waiting.take_due(now + QUIET), Work::Everything));
    assert_eq!(waiting.next_due(), None);
}

#[test]
fn a_scan_drops_files_that_are_gone_but_not_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        fs::write(
            directory.path().join(format!("{name}.yaml")),
            namespace(name),
        )
        .unwrap()
    };
    let remove =
        |name: &str| fs::remove_file(directory.path().join(format!("{name}.yaml"))).unwrap();
    let mut followed = Directory::new(directory.path(), Settings::default());
    write("a");
    write("b");
    followed.scan().unwrap();
    assert_eq!(followed.view().snapshot.namespaces.len(), 2);

    remove("b");
    followed.scan().unwrap();
    assert_eq!(followed.view().snapshot.namespaces.len(), 1);

    remove("a");
    followed.scan().unwrap();
    let view = followed.view();
    assert_eq!(view.snapshot.namespaces.len(), 1);
    assert!(problems(&view)[0].contains("holds no manifest any more"));
}
