//! Keeps a part of the daemon running: a panic or an error restarts that part alone, never the wire thread.

use std::{future::Future, time::Duration};

use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

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
    keep_until(name, &CancellationToken::new(), start).await;
}

/// As [`keep`], for a part that ends by itself when told to stop: returns when it has.
pub(crate) async fn keep_until<S, F>(name: &'static str, stop: &CancellationToken, start: S)
where
    S: Fn() -> F,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (mut pause, mut last) = (FIRST_PAUSE, None);
    loop {
        let started = Instant::now();
        let mut part = JoinSet::new();
        part.spawn(start());
        let ended = part.join_next().await;
        if stop.is_cancelled() {
            return;
        }
        if started.elapsed() > WELL_AFTER {
            (pause, last) = (FIRST_PAUSE, None);
        }
        report(name, ended, &mut last);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Says how a part ended, once for each cause in a row.
fn report(
    name: &'static str,
    ended: Option<Result<anyhow::Result<()>, JoinError>>,
    last: &mut Option<String>,
) {
    let cause = match ended {
        Some(Ok(Ok(()))) | None => "ended by itself".to_string(),
        Some(Ok(Err(failure))) => format!("{failure:#}"),
        Some(Err(panic)) => panic.to_string(),
    };
    if last.as_ref() == Some(&cause) {
        debug!(part = name, error = %cause, "part failed again");
    } else {
        warn!(part = name, error = %cause, "part failed, starting it again");
    }
    *last = Some(cause);
}

#[cfg(test)]
mod tests;
