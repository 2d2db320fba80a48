//! What systemd hears from the daemons: the program itself, a datagram socket as systemd opens it.
//!
//! Each daemon runs in a network namespace of its own; the tests need root, or `unshare -Urn cargo test`.

use std::{
    os::unix::net::UnixDatagram,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// Far above what a start takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
/// `WatchdogSec=`; the daemons speak up twice in that time.
const WATCHDOG: Duration = Duration::from_millis(400);
/// An interface for the router, then the program in place of the shell.
const START: &str = "ip link set lo up && ip link add eth1 type veth peer name port && ip link set port up && \
                     exec \"$@\"";

struct Daemon {
    child: Child,
    socket: UnixDatagram,
    heard: Vec<String>,
    folder: tempfile::TempDir,
}

impl Daemon {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        let path = |name: &str| folder.path().join(name);
        let socket = UnixDatagram::bind(path("notify")).expect("bind the socket");
        socket
            .set_read_timeout(Some(DEADLINE))
            .expect("set a timeout");
        std::fs::create_dir(path("manifests")).expect("make a folder");
        std::fs::write(path("router.toml"), "").expect("write the configuration");
        let child = Command::new("unshare")
            .args(["--net", "--", "sh", "-c", START, "sh"])
            .arg(env!("CARGO_BIN_EXE_lanlord"))
            .args(arguments)
            .current_dir(folder.path())
            .args(["--state", "state", "--socket", "admin.sock"])
            .env("NOTIFY_SOCKET", path("notify"))
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .spawn()
            .expect("run unshare");
        Self {
            child,
            socket,
            heard: Vec::new(),
            folder,
        }
    }

    /// Waits for a line; everything that came until then is remembered.
    fn hear(&mut self, wanted: &str) -> Instant {
        let deadline = Instant::now() + DEADLINE;
        let mut buffer = [0; 2048];
        while Instant::now() < deadline {
            let Ok(length) = self.socket.recv(&mut buffer) else {
                break;
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard.extend(text.lines().map(str::to_owned));
            if text.lines().any(|line| line.starts_with(wanted)) {
                return Instant::now();
            }
        }
        panic!("no {wanted} after {:?}", self.heard);
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("send a signal");
    }

    /// SIGTERM; it says that it stops, and ends well.
    fn stop(mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.hear("STOPPING=1");
        let ended = self.child.wait().expect("wait for the end");
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Readiness after the admin socket, signs of life that keep the interval, a status, and the stop.
fn tells_its_life(mut daemon: Daemon, status: &str) {
    daemon.hear("READY=1");
    assert!(daemon.folder.path().join("admin.sock").exists());
    daemon.hear("WATCHDOG=1");
    let first = daemon.hear("WATCHDOG=1");
    let sixth = (0..5).fold(first, |_, _| daemon.hear("WATCHDOG=1"));
    assert!(
        sixth - first >= WATCHDOG * 2,
        "five signs of life within {:?}",
        sixth - first
    );
    if !daemon.heard.iter().any(|line| line.contains(status)) {
        daemon.hear(&format!("STATUS={status}"));
    }
    daemon.stop();
}

#[test]
fn a_router_tells_readiness_life_status_and_stop() {
    let daemon = Daemon::start(&["router", "--config", "router.toml"]);

    tells_its_life(daemon, "eth1 192.168.1.200/24 (LAN)");
}

#[test]
fn a_node_tells_readiness_life_status_and_stop() {
    let daemon = Daemon::start(&[
        "node",
        "--manifests",
        "manifests",
        "--node-name",
        "talos-1",
        "--metrics",
        "127.0.0.1:7472",
    ]);

    tells_its_life(daemon, "announcing");
}

#[test]
fn a_router_that_stands_still_gives_no_sign_of_life() {
    let mut daemon = Daemon::start(&["router", "--config", "router.toml"]);
    daemon.hear("WATCHDOG=1");

    daemon.signal(nix::sys::signal::Signal::SIGSTOP);
    daemon
        .socket
        .set_read_timeout(Some(WATCHDOG * 3))
        .expect("set a timeout");
    let mut buffer = [0; 2048];
    // What was sent before the stop may still lie in the socket; then a whole interval is silent.
    let mut silent = false;
    for _ in 0..16 {
        silent = daemon.socket.recv(&mut buffer).is_err();
        if silent {
            break;
        }
    }
    assert!(silent, "signs of life from a process that stands still");

    daemon
        .socket
        .set_read_timeout(Some(DEADLINE))
        .expect("set a timeout");
    daemon.signal(nix::sys::signal::Signal::SIGCONT);
    daemon.hear("WATCHDOG=1");
    daemon.stop();
}
