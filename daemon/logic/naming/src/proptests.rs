//! Any text as a host name.

use model::testing::{cluster, ingress};
use proptest::prelude::*;

use crate::{host::normalised, plan};

proptest! {
    #[test]
    fn a_normalised_name_is_its_own_normal_form(text in "[*.a-zA-Z0-9_-]{0,80}") {
        if let Ok(name) = normalised(&text) {
            prop_assert_eq!(normalised(&name), Ok(name.clone()));
            prop_assert!(name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len())));
        }
    }

    #[test]
    fn every_host_becomes_a_name_or_a_refusal(hosts in proptest::collection::vec(".{0,20}", 0..6)) {
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).filter(|host| !host.is_empty()).collect();
        let snapshot = cluster().with(ingress("default/a", &hosts).holding("192.0.2.10"));

        let plan = plan(&snapshot, &std::collections::BTreeMap::new());

        for host in hosts {
            let named = normalised(host).is_ok_and(|name| plan.names.contains_key(&name));
            prop_assert!(named || !plan.refused.is_empty());
        }
    }
}
