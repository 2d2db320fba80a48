//! Runs programs for the lab, which asks over a virtio port: outside every network, as `pct exec` is.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{PORT, Reply, Request, boot, service};
use crate::wait;

/// The port's device appears shortly after its module was loaded.
const DEVICE: Duration = Duration::from_secs(20);
/// Between two looks whether the lab is there again: reading without it returns at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until the guest ends.
pub(super) fn serve() -> Result<()> {
    let device = wait::until(DEVICE, port).context("the agent's port did not appear")?;
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&device)
        .with_context(|| format!("open {}", device.display()))?;
    let mut writer = port.try_clone().context("share the port")?;
    let mut reader = BufReader::new(port);
    boot::say("the agent listens");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            thread::sleep(PAUSE);
            continue;
        }
        // Half a line is what somebody left who gave up.
        if let Ok(request) = serde_json::from_str::<Request>(&line) {
            let mut text = serde_json::to_string(&answer(&request)).context("write a reply")?;
            text.push('\n');
            // Nobody may be listening any more.
            let _ = writer.write_all(text.as_bytes());
        }
    }
}

/// The device of the port with our name.
fn port() -> Option<PathBuf> {
    for entry in fs::read_dir("/sys/class/virtio-ports").ok()? {
        let entry = entry.ok()?;
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        if name.trim() == PORT {
            return Some(Path::new("/dev").join(entry.file_name()));
        }
    }
    None
}

fn answer(request: &Request) -> Reply {
    let reply = match &request.service {
        Some(name) => service::start(name, &request.command).map(|()| Reply {
            success: true,
            ..Reply::default()
        }),
        None => run(request),
    };
    let reply = reply.unwrap_or_else(|error| Reply {
        stderr: format!("{error:#}"),
        ..Reply::default()
    });
    Reply {
        number: request.number,
        ..reply
    }
}

fn run(request: &Request) -> Result<Reply> {
    let mut child = command(&request.command)?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("run {}", request.command.join(" ")))?;
    let mut stdin = child.stdin.take().context("stdin is a pipe")?;
    let input = request.input.clone();
    // A program that does not read its input must not hold up the others.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let stdout = collect(child.stdout.take().context("stdout is a pipe")?);
    let stderr = collect(child.stderr.take().context("stderr is a pipe")?);
    let (success, end) = end_of(&mut child, Duration::from_secs(request.limit_secs))?;
    let said = |thread: thread::JoinHandle<String>| thread.join().unwrap_or_default();
    Ok(Reply {
        success,
        stdout: said(stdout),
        stderr: format!("{}{end}", said(stderr)),
        ..Reply::default()
    })
}

/// A command whose first word may be `lab`, for the lab binary.
pub(super) fn command(words: &[String]) -> Result<Command> {
    let (program, args) = words.split_first().context("nothing to run")?;
    let mut command = if program == "lab" {
        boot::myself()
    } else {
        Command::new(program)
    };
    command
        .args(args)
        .env("PATH", "/usr/bin:/usr/sbin:/bin:/sbin");
    Ok(command)
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut octets = Vec::new();
        // What came before a failure is worth showing.
        let _ = from.read_to_end(&mut octets);
        String::from_utf8_lossy(&octets).into_owned()
    })
}

fn end_of(child: &mut Child, limit: Duration) -> Result<(bool, String)> {
    let status = wait::until(limit, || child.try_wait().transpose()).transpose()?;
    match status {
        Some(status) if status.success() => Ok((true, String::new())),
        Some(status) => Ok((false, format!("\n{status}"))),
        None => {
            child.kill().context("end it")?;
            child.wait().context("wait for its end")?;
            Ok((false, format!("\nended after {} s", limit.as_secs())))
        }
    }
}
