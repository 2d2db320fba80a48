//! Waiting for a condition, with a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Between two looks at a condition; short against what is measured by steps, long against the cost of a look.
const PAUSE: Duration = Duration::from_millis(15);

/// Looks until `condition` holds; none when it did not within the time.
pub fn until<T>(within: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
