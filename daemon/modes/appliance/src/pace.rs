//! How soon a router that ended is started again.

use std::time::Duration;

/// A router that worked this long and then ended is started at once, as if for the first time.
const SETTLED: Duration = Duration::from_secs(30);
/// The first wait; it doubles from then on.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait: a configuration that was mended should not wait for long.
const LONGEST: Duration = Duration::from_secs(10);

/// Counts deaths in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    in_a_row: u32,
}

impl Pace {
    /// The wait after a router that had worked for `lived`.
    pub(crate) fn next(&mut self, lived: Duration) -> Duration {
        if lived >= SETTLED {
            self.in_a_row = 0;
        }
        let wait = match self.in_a_row {
            0 => Duration::ZERO,
            deaths => FIRST.saturating_mul(1 << (deaths - 1).min(10)).min(LONGEST),
        };
        self.in_a_row = self.in_a_row.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_at_once_and_later_ones_wait_up_to_a_bound() {
        let mut pace = Pace::default();

        let waits: Vec<u128> = (0..12)
            .map(|_| pace.next(Duration::ZERO).as_millis())
            .collect();

        assert_eq!(
            waits,
            [
                0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000
            ]
        );
    }

    #[test]
    fn a_router_that_worked_for_long_is_started_at_once_again() {
        let mut pace = Pace::default();
        for _ in 0..5 {
            pace.next(Duration::ZERO);
        }

        assert_eq!(pace.next(SETTLED), Duration::ZERO);
        assert_eq!(pace.next(Duration::ZERO), FIRST);
    }
}
