//! What is wrong with the API now: for the log when it changes, for the status as long as it lasts.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Mutex, PoisonError},
};

/// What fails now, by what was asked for. Shared by all that ask.
#[derive(Debug, Default)]
pub struct Troubles(Mutex<BTreeMap<&'static str, String>>);

impl Troubles {
    /// `what` failed, for this reason; whether that is news.
    pub(super) fn failed(&self, what: &'static str, why: String) -> bool {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = troubles.get(what) != Some(&why);
        troubles.insert(what, why);
        news
    }

    /// `what` went well; whether that is news.
    pub(super) fn ended(&self, what: &'static str) -> bool {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.remove(what).is_some()
    }

    /// One line for each reason, with all that fails for it.
    pub fn lines(&self) -> Vec<String> {
        let troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (what, why) in troubles.iter() {
            by_reason.entry(why).or_default().push(what);
        }
        by_reason
            .into_iter()
            .map(|(why, what)| format!("Kubernetes API: {why} ({})", what.join(", ")))
            .collect()
    }
}

/// The innermost cause: what is the same for everything that fails for it.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_away_is_one_line() {
        let troubles = Troubles::default();

        assert!(troubles.failed("Service", "Connection refused".to_string()));
        assert!(troubles.failed("Node", "Connection refused".to_string()));
        assert!(troubles.failed("Lease", "no answer in time".to_string()));

        assert_eq!(
            troubles.lines(),
            [
                "Kubernetes API: Connection refused (Node, Service)",
                "Kubernetes API: no answer in time (Lease)",
            ]
        );
    }

    #[test]
    fn what_failed_before_for_the_same_reason_is_no_news() {
        let troubles = Troubles::default();
        troubles.failed("Service", "Connection refused".to_string());

        assert!(!troubles.failed("Service", "Connection refused".to_string()));
        assert!(troubles.ended("Service"));
        assert!(!troubles.ended("Service"));
        assert!(troubles.lines().is_empty());
    }
}
