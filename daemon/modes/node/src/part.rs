//! Keeps a part of the daemon running: a panic or an error restarts that part alone, never the wire thread (D18).

use std::{future::Future, time::Duration};

use tokio::{task::JoinError, time::Instant};
use tracing::{error, warn};

/// First pause before a failed part starts again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause. Short enough that a cause which went away is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A part that ran this long was well: the next pause is the first one again.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// Runs `start()` again and again. Never returns; cancelled by dropping, which also ends the part.
pub(crate) async fn keep<S, F>(name: &'static str, start: S)
where
    S: Fn() -> F,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let mut part = tokio::task::JoinSet::new();
        part.spawn(start());
        report(name, part.join_next().await);
        if started.elapsed() > WELL_AFTER {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn report(name: &'static str, ended: Option<Result<anyhow::Result<()>, JoinError>>) {
    match ended {
        Some(Ok(Ok(()))) | None => warn!(part = name, "part ended, starting it again"),
        Some(Ok(Err(failure))) => warn!(
            part = name,
            error = format!("{failure:#}"),
            "part failed, starting it again"
        ),
        Some(Err(panic)) => error!(part = name, error = %panic, "part panicked, starting it again"),
    }
}

#[cfg(test)]
mod tests;
