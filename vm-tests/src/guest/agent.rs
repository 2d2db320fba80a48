//! The lab's side of a guest's agent.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::inside::{Reply, Request};

/// Numbers of requests begin anew with each lab, and so do agents.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// What an answer may take beyond the program's own limit, on an emulated and busy computer.
const ROUND_TRIP: Duration = Duration::from_secs(10);

/// Asks, and waits for the answer to this very question.
pub(super) fn ask(socket: &Path, mut request: Request) -> Result<Reply> {
    request.number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let limit = Duration::from_secs(request.limit_secs) + ROUND_TRIP;
    let deadline = Instant::now() + limit;
    let what = request.command.join(" ");
    let stream = UnixStream::connect(socket)
        .with_context(|| format!("connect to the agent {}", socket.display()))?;
    stream
        .set_write_timeout(Some(limit))
        .context("bound the question to the agent")?;
    // A line end first: what somebody left half said before is a line of its own then.
    let text = serde_json::to_string(&request).context("write the request")?;
    (&stream)
        .write_all(format!("\n{text}\n").as_bytes())
        .context("ask the agent")?;
    let mut reader = BufReader::new(&stream);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(
            !left.is_zero(),
            "no answer from the guest's agent within {} s to: {what}",
            limit.as_secs()
        );
        stream
            .set_read_timeout(Some(left))
            .context("bound the wait for the agent")?;
        let mut line = String::new();
        let read = reader
            .read_line(&mut line)
            .with_context(|| format!("wait for the guest's agent: {what}"))?;
        ensure!(read > 0, "QEMU closed the agent's port");
        match serde_json::from_str::<Reply>(&line) {
            Ok(reply) if reply.number == request.number => return Ok(reply),
            // To somebody who gave up.
            _ => {}
        }
    }
}
