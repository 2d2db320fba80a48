use super::*;

const QUIET: Duration = Duration::from_millis(20);
const MAX: Duration = Duration::from_millis(200);

#[test]
fn a_single_change_is_due_after_the_quiet_time() {
    let start = Instant::now();
    let mut debounce = Debounce::new(QUIET, MAX);
    assert_eq!(debounce.due(), None);

    debounce.touch(start);

    assert_eq!(debounce.due(), Some(start + QUIET));
    debounce.clear();
    assert_eq!(debounce.due(), None);
}

#[test]
fn what_never_rests_is_due_after_the_maximum() {
    let start = Instant::now();
    let mut debounce = Debounce::new(QUIET, MAX);

    for step in 0..100 {
        debounce.touch(start + Duration::from_millis(10) * step);
    }

    assert_eq!(debounce.due(), Some(start + MAX));
}
