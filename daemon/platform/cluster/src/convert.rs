//! Kubernetes objects to the model's types, one at a time.
//!
//! A wrong object is no error: its conversion ends in [`Invalid`], which names the field, and it is refused alone.
//! What is merely odd (an annotation that does not parse) goes into [`Notes`], and the object is used without it.

mod annotation;
mod endpoint;
mod ingress;
mod node;
mod pool;
mod secret;
mod selector;
mod service;

use model::{Reason, Refusal};

pub(crate) use annotation::ALLOCATED_FROM_POOL;
pub(crate) use endpoint::{Slice, slice};
pub(crate) use ingress::{ingress, ingress_class};
pub(crate) use node::{namespace, node};
pub(crate) use pool::{l2_advertisement, pool};
pub(crate) use secret::{node_toml, router_secret};
pub(crate) use service::{Record, ServiceRow, ingress_ip, service};

/// Why an object cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Path of the field, such as `spec.addresses[1]`; empty for the object as a whole.
    pub(crate) field: String,
    /// What is wrong, and what would be right.
    pub(crate) text: String,
}

/// Oddities of an object that is used all the same.
pub(crate) type Notes = Vec<Invalid>;

impl Invalid {
    pub(crate) fn new(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            text: text.into(),
        }
    }

    /// The refusal as printed, with the place of the field (`pools.yaml:12`) where it is known.
    pub(crate) fn refusal(&self, object: String, place: Option<&str>) -> Refusal {
        let mut text = String::new();
        for part in [place.unwrap_or_default(), &self.field] {
            if !part.is_empty() {
                text.push_str(part);
                text.push_str(": ");
            }
        }
        text.push_str(&self.text);
        Refusal::new(object, &InvalidObject(text))
    }
}

#[derive(Debug)]
struct InvalidObject(String);

impl Reason for InvalidObject {
    fn code(&self) -> &'static str {
        "InvalidObject"
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests;
