use super::*;

const FIRST: Mac = Mac::new([2, 0, 0, 0, 0, 1]);
const SECOND: Mac = Mac::new([2, 0, 0, 0, 0, 2]);

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; only differences count"
)]
fn start() -> Instant {
    Instant::now()
}

fn claim(mac: Mac) -> Conflict {
    Conflict { vip: vip(), mac }
}

fn vip() -> Vip {
    Vip::new([10, 10, 10, 10].into())
}

#[test]
fn a_claim_is_news_once_per_claimant() {
    let now = start();
    let mut log = ConflictLog::default();

    assert!(log.note(claim(FIRST), now));
    assert!(!log.note(claim(FIRST), now));
    assert!(log.note(claim(SECOND), now + Duration::from_secs(10)));
    assert_eq!(log.sightings().collect::<Vec<_>>(), [(vip(), SECOND)]);
}

#[test]
fn a_claim_that_is_not_repeated_is_forgotten() {
    let now = start();
    let mut log = ConflictLog::default();
    log.note(claim(FIRST), now);

    let deadline = log.deadline().unwrap();

    assert!(!log.expire(|_| true, now + Duration::from_secs(299)));
    assert!(log.expire(|_| true, deadline));
    assert_eq!(log.deadline(), None);
}

#[test]
fn a_claim_of_a_vip_that_was_given_up_is_forgotten() {
    let now = start();
    let mut log = ConflictLog::default();
    log.note(claim(FIRST), now);

    assert!(log.expire(|_| false, now));
}

#[test]
fn a_flood_of_claimants_is_told_once_in_ten_seconds() {
    let now = start();
    let mut log = ConflictLog::default();

    let told = (0..=255_u8)
        .filter(|last| {
            log.note(
                claim(Mac::new([2, 0, 0, 0, 0, *last])),
                now + Duration::from_millis(20) * u32::from(*last),
            )
        })
        .count();

    assert_eq!(told, 1);
    assert!(log.note(claim(SECOND), now + Duration::from_secs(10)));
}
