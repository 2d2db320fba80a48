//! Starting, stopping and outliving the wire thread.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use kernel::{NetlinkError, capability, capability::Capability, feature, realtime};
use tokio::{
    runtime,
    sync::{oneshot, watch},
};

use crate::{Counters, Error, Orders, Report, Settings, wire::Wire};

/// How the thread ended without being told to.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Failure {
    /// A bug: the panic's text.
    #[error("the wire thread panicked: {0}")]
    Panicked(String),
    /// The kernel took the subscription to link events away.
    #[error("the wire thread lost its link events: {0}")]
    Events(String),
}

/// The running thread. Dropping it stops the thread; [`Segment::stop`] also waits.
#[derive(Debug)]
pub struct Segment {
    report: watch::Receiver<Report>,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<Result<(), Failure>>,
    failure: Option<Failure>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the wire thread in the caller's network namespace. Blocks for the milliseconds until it is ready.
pub fn start(settings: Settings, orders: watch::Receiver<Orders>) -> Result<Segment, Error> {
    capability::require(&[Capability::NetRaw])?;
    feature::require_packet_sockets()?;
    let counters = Arc::new(Counters::default());
    let (report_sender, report) = watch::channel(Report::default());
    let (stop, stopped) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    let (ready_sender, ready) = mpsc::sync_channel(1);
    let open = {
        let counters = Arc::clone(&counters);
        move || Wire::open(settings, orders, report_sender, counters)
    };
    let thread = std::thread::Builder::new()
        .name("wire".to_string())
        .spawn(move || {
            let result = contain(|| run(open, &ready_sender, stopped));
            let _nobody_may_ask = ended_sender.send(result);
        })
        .map_err(Error::Thread)?;
    let gone = || {
        Error::Thread(std::io::Error::other(
            "the thread ended before it was ready",
        ))
    };
    ready.recv().unwrap_or_else(|_gone| Err(gone()))?;
    Ok(Segment {
        report,
        counters,
        stop: Some(stop),
        ended,
        failure: None,
        thread: Some(thread),
    })
}

/// The thread: says whether it could begin, then works until it is stopped.
fn run(
    open: impl FnOnce() -> Result<Wire, NetlinkError>,
    ready: &mpsc::SyncSender<Result<(), Error>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    let begin = || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let wire = {
            // Sockets are registered with the runtime that is entered.
            let _entered = runtime.enter();
            open().map_err(Error::Netlink)?
        };
        Ok((runtime, wire.punctual(&realtime::be_punctual())))
    };
    let (result, begun) = match begin() {
        Ok(begun) => (Ok(()), Some(begun)),
        Err(error) => (Err(error), None),
    };
    let _starter_waits = ready.send(result);
    match begun {
        Some((runtime, wire)) => runtime.block_on(wire.run(stopped)),
        None => Ok(()),
    }
}

/// Keeps a panic from passing for an orderly end.
fn contain(run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(Failure::Panicked(text_of(&*panic))))
}

impl Segment {
    /// What is announced where; changes as it does.
    pub fn report(&self) -> watch::Receiver<Report> {
        self.report.clone()
    }

    /// What was done so far.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Resolves when the thread has ended by itself, which it never should. Cancelling is fine.
    pub async fn failed(&mut self) -> Failure {
        if let Some(failure) = &self.failure {
            return failure.clone();
        }
        let failure = match (&mut self.ended).await {
            Ok(Err(failure)) => failure,
            Ok(Ok(())) => Failure::Panicked("it ended without a reason".to_string()),
            Err(_gone) => Failure::Panicked("it vanished".to_string()),
        };
        self.failure = Some(failure.clone());
        failure
    }

    /// Stops answering and closes every socket; done within milliseconds.
    pub async fn stop(mut self) -> Result<(), Failure> {
        self.stop.take();
        let result = match self.failure.take() {
            Some(failure) => Err(failure),
            None => (&mut self.ended)
                .await
                .unwrap_or_else(|_gone| Err(Failure::Panicked("it vanished".to_string()))),
        };
        // The thread has said its last word, so this does not block.
        if let Some(thread) = self.thread.take() {
            let _panic_was_caught = thread.join();
        }
        result
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_string())
}

#[cfg(test)]
mod tests;
