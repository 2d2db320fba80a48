use k8s_openapi::{
    api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> LeaseSettings {
    LeaseSettings::new(&crate::Settings::default(), "talos-2")
}

fn lease(holder: &str, version: &str) -> Lease {
    Lease {
        metadata: ObjectMeta {
            resource_version: Some(version.to_string()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.to_string()),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        }),
    }
}

#[test]
fn a_lease_that_is_missing_free_or_ours_is_taken_at_once() {
    let now = Instant::now();
    let mut election = Election::new(&settings());

    assert_eq!(election.step(None, now), Step::Create);
    assert_eq!(election.step(Some(&lease("", "1")), now), Step::TakeOver);
    assert_eq!(
        election.step(Some(&lease("talos-2", "2")), now),
        Step::Renew
    );
}

#[test]
fn a_silent_holder_is_waited_for_by_our_own_clock() {
    let start = Instant::now();
    let mut election = Election::new(&settings());

    assert_eq!(
        election.step(Some(&lease("talos-3", "1")), start),
        Step::Wait
    );
    assert_eq!(
        election.step(Some(&lease("talos-3", "1")), start + 14 * SECOND),
        Step::Wait
    );
    assert_eq!(
        election.step(Some(&lease("talos-3", "1")), start + 15 * SECOND),
        Step::TakeOver
    );
}

#[test]
fn a_holder_that_renews_is_not_taken_for_silent() {
    let start = Instant::now();
    let mut election = Election::new(&settings());

    for renewal in 0..10_u32 {
        let lease = lease("talos-3", &renewal.to_string());
        assert_eq!(
            election.step(Some(&lease), start + 10 * SECOND * renewal),
            Step::Wait
        );
    }
}

#[test]
fn a_holder_that_cannot_renew_stops_before_others_may_begin() {
    let start = Instant::now();
    let mut election = Election::new(&settings());

    election.won(start);

    assert!(election.holds(start + 9 * SECOND));
    assert!(!election.holds(start + 10 * SECOND));
    let wake = election.next_turn(false, start + 9 * SECOND);
    assert!(wake <= start + 10 * SECOND, "it wakes to notice");
    assert_eq!(election.patience(start + 8 * SECOND), 2 * SECOND);
}

#[test]
fn a_holder_that_sees_another_name_stops_at_once() {
    let start = Instant::now();
    let mut election = Election::new(&settings());
    election.won(start);

    assert_eq!(
        election.step(Some(&lease("talos-3", "9")), start + SECOND),
        Step::Wait
    );

    assert!(!election.holds(start + SECOND));
}

#[test]
fn others_look_again_when_the_holders_time_is_over() {
    let start = Instant::now();
    let mut election = Election::new(&settings());
    election.step(Some(&lease("talos-3", "1")), start);

    assert_eq!(election.next_turn(true, start), start + 5 * SECOND);
    assert_eq!(
        election.next_turn(true, start + 13 * SECOND),
        start + 15 * SECOND
    );
}
