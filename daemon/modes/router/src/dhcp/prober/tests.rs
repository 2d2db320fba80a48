use super::*;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 20);

#[test]
fn an_address_is_free_after_three_probes_without_answer() {
    let start = Instant::now();
    let mut prober = Prober::default();
    prober.start(ADDRESS, start);

    let mut seen = Vec::new();
    while let Some(deadline) = prober.deadline() {
        for due in prober.due(deadline) {
            seen.push((deadline.duration_since(start).as_millis(), due));
        }
    }

    assert_eq!(
        seen,
        [
            (0, Due::Ask(ADDRESS)),
            (150, Due::Ask(ADDRESS)),
            (300, Due::Ask(ADDRESS)),
            (450, Due::Over(ADDRESS, Probed::Free)),
        ]
    );
}

#[test]
fn an_answer_ends_the_probe_and_strangers_do_not() {
    let mac = Mac::new([2, 0, 0, 0, 0, 1]);
    let mut prober = Prober::default();
    prober.start(ADDRESS, Instant::now());

    assert_eq!(prober.claimed(Ipv4Addr::new(192, 0, 2, 21), mac), None);
    assert_eq!(
        prober.claimed(ADDRESS, mac),
        Some(Due::Over(ADDRESS, Probed::Taken(mac)))
    );
    assert_eq!(prober.deadline(), None);
}
