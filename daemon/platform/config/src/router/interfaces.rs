//! Which interface is which, once the present ones are known.

use std::collections::BTreeSet;

use thiserror::Error;

use super::RouterConfig;

/// Names of interfaces by their part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interfaces {
    /// One per [`RouterConfig::lans`], in the same order.
    pub lans: Vec<String>,
    /// The uplink's; none where there is no uplink.
    pub uplink: Option<String>,
}

/// An interface that the configuration needs is not there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{part}: no interface {name} here; write one of: {}", present.join(", "))]
pub struct MissingInterface {
    /// Key of the configuration.
    pub part: &'static str,
    /// The interface wanted.
    pub name: String,
    /// What there is, without the loopback.
    pub present: Vec<String>,
}

impl RouterConfig {
    /// Chooses among the present interfaces: written names as they are; by default the LAN is eth1 if there is one, else
    /// eth0, and the uplink eth0 if no LAN is on it.
    pub fn interfaces(&self, present: &BTreeSet<String>) -> Result<Interfaces, MissingInterface> {
        let missing = |part, name: &str| MissingInterface {
            part,
            name: name.to_string(),
            present: present
                .iter()
                .filter(|name| *name != "lo")
                .cloned()
                .collect(),
        };
        let mut lans = Vec::new();
        for lan in &self.lans {
            let uplink = self.uplink.as_ref().and_then(|up| up.interface.as_deref());
            let default = if present.contains("eth1") && uplink != Some("eth1") {
                "eth1"
            } else {
                "eth0"
            };
            let name = lan.interface.as_deref().unwrap_or(default);
            if !present.contains(name) || uplink == Some(name) || lans.iter().any(|l| l == name) {
                return Err(missing("lan.interface", name));
            }
            lans.push(name.to_string());
        }
        let uplink = match self.uplink.as_ref().map(|up| up.interface.as_deref()) {
            None => None,
            Some(Some(name)) if present.contains(name) => Some(name.to_string()),
            Some(Some(name)) => return Err(missing("uplink.interface", name)),
            Some(None) => Some("eth0".to_string())
                .filter(|name| present.contains(name) && !lans.contains(name)),
        };
        Ok(Interfaces { lans, uplink })
    }
}
