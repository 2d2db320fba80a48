//! The Lease whose holder is the only writer.
//!
//! As in client-go, nobody compares clocks of two machines: a holder counts as gone when its record has not changed,
//! by the watcher's own clock, for the duration that the record states. The holder itself stops two thirds into the
//! duration after its last renewal, so that there is a gap between two holders and never an overlap.

mod election;

use std::{error::Error, future::Future, pin::pin, sync::Arc, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::{
    sync::watch::Sender,
    time::{Instant, sleep_until, timeout},
};
use tracing::{info, warn};

use super::{Counters, Troubles, counters::count, trouble::cause};
use crate::Settings;
use election::{Election, Step};

/// Name of the Lease.
pub const LEASE: &str = "lanlord";

/// A stop must be over in under 2 s, whether the API answers or not.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// How the Lease is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Who we are: the node's name. A process with the same identity takes the Lease over at once.
    pub identity: String,
    /// How long a silent holder is waited for; rounded up to whole seconds on the wire.
    pub duration: Duration,
    /// How often the holder renews, and others look; less than half of `duration`.
    pub renew: Duration,
}

impl LeaseSettings {
    /// 15 s and 5 s.
    pub fn new(settings: &Settings, identity: impl Into<String>) -> Self {
        Self {
            namespace: settings.namespace.clone(),
            identity: identity.into(),
            duration: Duration::from_secs(15),
            renew: Duration::from_secs(5),
        }
    }
}

/// Competes for the Lease until `stop` resolves, and publishes whether it is held. Then it is given up, so that the
/// next holder need not wait. Cancelled without `stop`, the Lease runs out by itself, and the last value published
/// stays: whoever cancels must not go on writing.
pub async fn hold_lease(
    client: Client,
    settings: LeaseSettings,
    counters: Arc<Counters>,
    troubles: Arc<Troubles>,
    sender: Sender<bool>,
    stop: impl Future<Output = ()>,
) {
    let api: Api<Lease> = Api::namespaced(client, &settings.namespace);
    let mut election = Election::new(&settings);
    let mut stop = pin!(stop);
    loop {
        let patience = election.patience(Instant::now());
        let turn = timeout(patience, turn(&api, &settings, &mut election));
        let result = tokio::select! {
            result = turn => result.unwrap_or(Err(TurnError::Timeout)),
            () = &mut stop => break,
        };
        if let Err(error) = &result {
            count(&counters.lease_errors);
            if troubles.failed("Lease", cause(error)) {
                warn!(
                    error = error as &dyn Error,
                    "lease not reached, trying again"
                );
            }
        } else {
            troubles.ended("Lease");
        }
        let now = Instant::now();
        publish(&election, &counters, &sender, now);
        let wake = election.next_turn(result.is_ok(), now);
        tokio::select! {
            () = sleep_until(wake) => publish(&election, &counters, &sender, Instant::now()),
            () = &mut stop => break,
        }
    }
    let held = sender.send_replace(false);
    if held {
        match timeout(RELEASE_TIMEOUT, release(&api, &settings)).await {
            Ok(Ok(())) => info!(identity = %settings.identity, "lease given up"),
            Ok(Err(error)) => warn!(
                error = &error as &dyn Error,
                "lease not given up, it runs out"
            ),
            Err(_) => warn!("lease not given up in time, it runs out"),
        }
    }
}

fn publish(election: &Election, counters: &Counters, sender: &Sender<bool>, now: Instant) {
    let holds = election.holds(now);
    let changed = sender.send_if_modified(|last| std::mem::replace(last, holds) != holds);
    if changed && holds {
        count(&counters.lease_acquisitions);
        info!("lease held, this node allocates");
    } else if changed {
        warn!("lease lost, another node allocates");
    }
}

#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error("ask for the lease")]
    Api(#[source] Box<kube::Error>),
    #[error("ask for the lease: no answer in time")]
    Timeout,
}

impl From<kube::Error> for TurnError {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

/// One look at the Lease and, where it is ours or free, one write. A write that comes second is no error: the version
/// that was read no longer holds, and the next look shows who was first.
async fn turn(
    api: &Api<Lease>,
    settings: &LeaseSettings,
    election: &mut Election,
) -> Result<(), TurnError> {
    let found = api.get_opt(LEASE).await?;
    // The validity of what is written counts from before it was asked for.
    let asked_at = Instant::now();
    let step = election.step(found.as_ref(), asked_at);
    let written = match (step, found) {
        (Step::Wait, _) => return Ok(()),
        (Step::Create, _) | (_, None) => {
            let lease = created(settings);
            api.create(&PostParams::default(), &lease).await
        }
        (Step::Renew, Some(lease)) => {
            let lease = renewed(lease, settings);
            api.replace(LEASE, &PostParams::default(), &lease).await
        }
        (Step::TakeOver, Some(lease)) => {
            let lease = taken_over(lease, settings);
            api.replace(LEASE, &PostParams::default(), &lease).await
        }
    };
    match written {
        Ok(_) => election.won(asked_at),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
            election.lost();
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn now() -> Option<MicroTime> {
    Some(MicroTime(Timestamp::now()))
}

fn seconds(duration: Duration) -> Option<i32> {
    let rounded_up = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    Some(i32::try_from(rounded_up.max(1)).unwrap_or(i32::MAX))
}

fn created(settings: &LeaseSettings) -> Lease {
    Lease {
        metadata: ObjectMeta {
            name: Some(LEASE.to_string()),
            namespace: Some(settings.namespace.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            acquire_time: now(),
            lease_duration_seconds: seconds(settings.duration),
            lease_transitions: Some(0),
            ..holder(settings)
        }),
    }
}

fn holder(settings: &LeaseSettings) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(settings.identity.clone()),
        renew_time: now(),
        ..LeaseSpec::default()
    }
}

fn renewed(mut lease: Lease, settings: &LeaseSettings) -> Lease {
    let spec = lease.spec.get_or_insert_default();
    spec.renew_time = now();
    spec.lease_duration_seconds = seconds(settings.duration);
    lease
}

fn taken_over(mut lease: Lease, settings: &LeaseSettings) -> Lease {
    let spec = lease.spec.take().unwrap_or_default();
    lease.spec = Some(LeaseSpec {
        acquire_time: now(),
        lease_duration_seconds: seconds(settings.duration),
        lease_transitions: Some(spec.lease_transitions.unwrap_or_default().saturating_add(1)),
        ..holder(settings)
    });
    lease
}

/// Empties the holder, if it is us.
async fn release(api: &Api<Lease>, settings: &LeaseSettings) -> Result<(), kube::Error> {
    let Some(mut lease) = api.get_opt(LEASE).await? else {
        return Ok(());
    };
    let spec = lease.spec.get_or_insert_default();
    if spec.holder_identity.as_deref() != Some(&settings.identity) {
        return Ok(());
    }
    spec.holder_identity = Some(String::new());
    spec.lease_duration_seconds = Some(1);
    spec.renew_time = now();
    api.replace(LEASE, &PostParams::default(), &lease).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
