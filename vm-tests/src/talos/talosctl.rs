//! talosctl, run where a person would run it.

use serde_json::Value;

use super::{
    ADDRESS, CLIENT,
    files::{Files, text},
};
use crate::{lab::Lab, machine::Machine, tools};

/// The client, with its credentials.
#[derive(Debug)]
pub(super) struct Talosctl<'a> {
    client: &'a Machine,
    program: String,
    credentials: String,
}

/// What `talosctl service NAME` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) state: String,
    pub(super) health: String,
    /// The newest first, without how long ago.
    pub(super) events: Vec<String>,
}

impl<'a> Talosctl<'a> {
    pub(super) fn of(lab: &'a Lab) -> anyhow::Result<Self> {
        Ok(Self {
            client: lab.machine(CLIENT)?,
            program: text(&tools::talos::ensure()?.talosctl),
            credentials: text(&Files::of(&lab.site).talosconfig()),
        })
    }

    /// What it prints.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let whom = [
            "--talosconfig",
            &self.credentials,
            "--endpoints",
            ADDRESS,
            "--nodes",
            ADDRESS,
        ];
        self.client
            .succeed(&self.program, &[arguments, &whom].concat())
            .map_err(|error| format!("{error:#}"))
    }

    /// One resource.
    pub(super) fn get(&self, kind: &str, name: &str) -> Result<Value, String> {
        let text = self.run(&["get", kind, name, "--output", "json"])?;
        serde_json::from_str(&text).map_err(|error| format!("understand {kind}: {error}: {text}"))
    }

    /// The state of a service.
    pub(super) fn service(&self, name: &str) -> Result<Service, String> {
        self.run(&["service", name]).map(|text| understand(&text))
    }
}

/// Lines are `KEY   value`; the events go on without a key.
fn understand(text: &str) -> Service {
    let mut service = Service::default();
    let mut in_events = false;
    for line in text.lines() {
        let (key, value) = match line.split_once(char::is_whitespace) {
            Some((key, value)) => (key, value.trim()),
            None => (line, ""),
        };
        match key {
            "STATE" => value.clone_into(&mut service.state),
            "HEALTH" => value.clone_into(&mut service.health),
            "EVENTS" => in_events = true,
            _ => {}
        }
        if in_events && (key == "EVENTS" || key.is_empty()) {
            let event = value.rsplit_once(" (").map_or(value, |(event, _)| event);
            service.events.push(event.to_owned());
        }
    }
    service
}

#[cfg(test)]
mod tests;
