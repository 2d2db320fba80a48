//! The clock, by which leases, keys and certificates are judged.

use std::time::{Duration, SystemTime};

use super::cure;
use crate::{Finding, Host, Role};

/// 2025-01-01: this program is younger.
const BORN: Duration = Duration::from_secs(1_735_689_600);
/// What NTP corrects without a step is less.
const JUMP: Duration = Duration::from_secs(60);
const WHY: &str =
    "leases end at the wrong time, DNS updates are refused (TSIG), and certificates seem invalid";

pub(super) fn examine(host: &Host, _: Role) -> Vec<Finding> {
    let ahead = host
        .newest_state
        .and_then(|newest| newest.duration_since(host.now).ok())
        .filter(|ahead| *ahead > JUMP);
    let what = if host.now < SystemTime::UNIX_EPOCH + BORN {
        "the clock is years behind".to_string()
    } else if let Some(ahead) = ahead {
        let folder = host.state.path.display();
        let secs = ahead.as_secs();
        format!("the clock was set back: the newest file in {folder} is {secs} s in the future")
    } else {
        return vec![Finding::ok("clock", "the clock is plausible")];
    };
    let outside = cure::outside(&host.environment);
    vec![
        Finding::problem("clock", what)
            .because(WHY)
            .cured_by(format!("on {outside}: timedatectl set-ntp true")),
    ]
}
