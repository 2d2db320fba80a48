//! Whether a new version is healthy: decided from what is seen of its router.

use std::time::{Duration, Instant};

use super::{Marker, Phase};

/// How long a healthy version must stay so.
const STEADY: Duration = Duration::from_secs(10);
/// How long a version may take to become healthy; other DHCP servers are looked for before it is.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many deaths are no accident any more.
const DEATHS: u32 = 3;
/// So many starts of the whole container without a verdict: it dies before it is judged.
const STARTS: u32 = 3;

/// An upgrade that is neither confirmed nor taken back.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) marker: Marker,
    began: Instant,
    healthy_since: Option<Instant>,
    last_end: String,
}

/// What is seen of the router now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sign<'a> {
    /// It said that it is ready.
    pub(crate) is_ready: bool,
    /// It does all that it is there for.
    pub(crate) is_whole: bool,
    /// `status` got an answer on its admin socket.
    pub(crate) answers: bool,
    /// Its line for people.
    pub(crate) status: &'a str,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look again then at the latest.
    Wait(Instant),
    /// It is healthy.
    Confirm,
    /// It is not, and why.
    TakeBack(String),
}

impl Trial {
    /// From now on the version is watched; none when the marker names no open upgrade.
    pub(crate) fn of(marker: Marker, now: Instant) -> Option<Self> {
        (marker.phase == Phase::Pending).then(|| Self {
            marker,
            began: now,
            healthy_since: None,
            last_end: String::new(),
        })
    }

    /// Its router ended, unasked.
    pub(crate) fn died(&mut self, end: &str) {
        self.marker.deaths = self.marker.deaths.saturating_add(1);
        self.healthy_since = None;
        self.last_end = end.to_string();
    }

    /// What is to be done about it.
    pub(crate) fn judge(&mut self, sign: Sign<'_>, now: Instant) -> Verdict {
        if self.marker.deaths >= DEATHS {
            return Verdict::TakeBack(format!(
                "its router ended {} times: {}",
                self.marker.deaths, self.last_end
            ));
        }
        if self.marker.starts > STARTS {
            return Verdict::TakeBack(format!(
                "the container started {} times and it was never healthy for {} s",
                self.marker.starts,
                STEADY.as_secs()
            ));
        }
        let must_be_whole = self.marker.must_be_whole.unwrap_or_default();
        let lacks = match sign {
            Sign {
                is_ready: false, ..
            } => "its router does not become ready".to_string(),
            Sign {
                is_whole: false,
                status,
                ..
            } if must_be_whole => {
                format!("the old version did all that is configured, it does not: {status}")
            }
            Sign { answers: false, .. } => {
                "its router does not answer on the admin socket".to_string()
            }
            Sign { .. } => {
                let since = *self.healthy_since.get_or_insert(now);
                if now >= since + STEADY {
                    return Verdict::Confirm;
                }
                return Verdict::Wait(since + STEADY);
            }
        };
        self.healthy_since = None;
        if now >= self.began + PATIENCE {
            return Verdict::TakeBack(format!("{lacks} within {} s", PATIENCE.as_secs()));
        }
        Verdict::Wait(self.began + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTHY: Sign<'_> = Sign {
        is_ready: true,
        is_whole: true,
        answers: true,
        status: "",
    };

    fn trial(now: Instant) -> Trial {
        let mut marker = Marker::pending("1", "2", "digest");
        marker.must_be_whole = Some(true);
        Trial::of(marker, now).expect("it is pending")
    }

    #[test]
    fn a_version_that_is_healthy_and_stays_so_is_confirmed() {
        let start = Instant::now();
        let mut trial = trial(start);

        let first = trial.judge(HEALTHY, start);

        assert_eq!(first, Verdict::Wait(start + STEADY));
        assert_eq!(trial.judge(HEALTHY, start + STEADY), Verdict::Confirm);
    }

    #[test]
    fn a_version_that_never_becomes_ready_is_taken_back() {
        let start = Instant::now();
        let mut trial = trial(start);

        assert_eq!(
            trial.judge(Sign::default(), start),
            Verdict::Wait(start + PATIENCE)
        );
        let verdict = trial.judge(Sign::default(), start + PATIENCE);

        assert!(matches!(verdict, Verdict::TakeBack(why) if why.contains("does not become ready")));
    }

    #[test]
    fn a_version_that_dies_again_and_again_is_taken_back() {
        let start = Instant::now();
        let mut trial = trial(start);

        for _ in 0..DEATHS {
            assert!(matches!(trial.judge(HEALTHY, start), Verdict::Wait(_)));
            trial.died("exit code 1");
        }

        let verdict = trial.judge(Sign::default(), start);
        assert!(matches!(verdict, Verdict::TakeBack(why) if why.contains("3 times: exit code 1")));
    }

    #[test]
    fn a_death_starts_the_steady_time_again() {
        let start = Instant::now();
        let mut trial = trial(start);
        trial.judge(HEALTHY, start);
        trial.died("SIGSEGV");

        let later = start + STEADY;

        assert_eq!(trial.judge(HEALTHY, later), Verdict::Wait(later + STEADY));
    }

    #[test]
    fn a_version_that_does_less_than_the_old_one_is_taken_back_and_one_that_does_as_little_stays() {
        let start = Instant::now();
        let less = Sign {
            is_whole: false,
            status: "no firewall",
            ..HEALTHY
        };
        let mut strict = trial(start);
        let mut lenient = trial(start);
        lenient.marker.must_be_whole = Some(false);
        lenient.judge(less, start);

        let verdict = strict.judge(less, start + PATIENCE);

        assert!(matches!(verdict, Verdict::TakeBack(why) if why.contains("no firewall")));
        assert_eq!(lenient.judge(less, start + STEADY), Verdict::Confirm);
    }

    #[test]
    fn a_version_under_which_the_container_dies_again_and_again_is_taken_back() {
        let start = Instant::now();
        let mut trial = trial(start);
        trial.marker.starts = STARTS + 1;

        assert!(matches!(trial.judge(HEALTHY, start), Verdict::TakeBack(_)));
    }

    #[test]
    fn a_closed_upgrade_is_no_trial() {
        let mut marker = Marker::pending("1", "2", "digest");
        marker.phase = Phase::Confirmed;

        assert!(Trial::of(marker, Instant::now()).is_none());
    }
}
