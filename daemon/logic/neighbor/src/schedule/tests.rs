use super::*;
use crate::packet::parse;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);
const MAC: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 2]);

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; only differences count"
)]
fn start() -> Instant {
    Instant::now()
}

/// Milliseconds after the start at which announcements happen, when polled at each deadline.
fn times(schedule: &mut GratuitousSchedule, start: Instant, count: usize) -> Vec<u128> {
    let mut times = Vec::new();
    while times.len() < count {
        let now = schedule.deadline().expect("something is owned");
        times.extend(schedule.poll(now).map(|_vip| (now - start).as_millis()));
    }
    times
}

#[test]
fn both_forms_are_what_linux_takes_within_its_lock_time() {
    let [request, reply] = gratuitous(VIP, MAC).map(|octets| parse(&octets).unwrap());

    for frame in [request, reply] {
        assert_eq!(frame.destination, Mac::BROADCAST);
        assert_eq!(frame.arp.sender_mac, MAC);
        assert_eq!(
            (frame.arp.sender_address, frame.arp.target_address),
            (VIP, VIP)
        );
    }
    assert_eq!(
        (request.arp.operation, request.arp.target_mac),
        (Operation::Request, Mac::ZERO)
    );
    assert_eq!(
        (reply.arp.operation, reply.arp.target_mac),
        (Operation::Reply, MAC)
    );
}

#[test]
fn announces_six_times_within_two_and_a_half_seconds_then_every_60_to_100_seconds() {
    let start = start();
    let mut schedule = GratuitousSchedule::new(1);

    schedule.own(&BTreeSet::from([VIP]), start);
    let times = times(&mut schedule, start, 26);

    assert_eq!(times[..6], [0, 50, 150, 350, 1100, 2500]);
    for pair in times[5..].windows(2) {
        assert!(
            (60_000..=100_000).contains(&(pair[1] - pair[0])),
            "{times:?}"
        );
    }
    let distinct: BTreeSet<u128> = times[5..]
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    assert!(distinct.len() > 10, "refreshes are spread: {distinct:?}");
}

#[test]
fn two_seeds_do_not_fall_into_step() {
    let start = start();
    let refreshes = |seed| {
        let mut schedule = GratuitousSchedule::new(seed);
        schedule.own(&BTreeSet::from([VIP]), start);
        times(&mut schedule, start, 12).split_off(6)
    };

    assert_ne!(refreshes(1), refreshes(2));
    assert_eq!(refreshes(1), refreshes(1));
}

#[test]
fn a_vip_that_is_gone_is_not_announced_and_the_others_go_on() {
    let start = start();
    let other = Ipv4Addr::new(10, 10, 10, 11);
    let mut schedule = GratuitousSchedule::new(1);
    schedule.own(&BTreeSet::from([VIP, other]), start);
    assert_eq!(schedule.poll(start).count(), 2);

    schedule.own(&BTreeSet::from([other]), start);

    assert_eq!(times(&mut schedule, start, 2), [50, 150]);
}

#[test]
fn nothing_owned_means_no_timer() {
    let start = start();
    let mut schedule = GratuitousSchedule::new(1);
    schedule.own(&BTreeSet::from([VIP]), start);

    schedule.own(&BTreeSet::new(), start);

    assert_eq!(schedule.deadline(), None);
    assert_eq!(schedule.poll(start).count(), 0);
}

#[test]
fn begins_anew_after_the_link_came_up() {
    let start = start();
    let mut schedule = GratuitousSchedule::new(1);
    schedule.own(&BTreeSet::from([VIP]), start);
    times(&mut schedule, start, 8);
    let later = start + Duration::from_secs(1000);

    schedule.restart(later);

    assert_eq!(
        times(&mut schedule, later, 6),
        [0, 50, 150, 350, 1100, 2500]
    );
}

#[test]
fn a_pause_is_followed_by_one_announcement_and_not_by_a_volley() {
    let start = start();
    let mut schedule = GratuitousSchedule::new(1);
    schedule.own(&BTreeSet::from([VIP]), start);
    let late = start + Duration::from_millis(400);

    assert_eq!(schedule.poll(late).count(), 1);

    assert_eq!(
        schedule.deadline(),
        Some(start + Duration::from_millis(1100))
    );
}

#[test]
fn many_vips_are_paced() {
    let start = start();
    let vips: BTreeSet<Ipv4Addr> = (0..100)
        .map(|last| Ipv4Addr::new(10, 10, 10, last))
        .collect();
    let mut schedule = GratuitousSchedule::new(1);

    schedule.own(&vips, start);
    let first: Vec<Ipv4Addr> = schedule.poll(start).collect();

    assert_eq!(first.len(), 32);
    assert_eq!(schedule.poll(start).count(), 0);
    assert_eq!(schedule.deadline(), Some(start + Duration::from_millis(2)));
    let all = times(&mut schedule, start, 68);
    assert_eq!(all.last(), Some(&6));
}
