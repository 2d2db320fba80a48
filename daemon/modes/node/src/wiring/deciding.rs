//! From credentials to objects to orders: what the daemon exists for.

use std::sync::Arc;

use super::{Channels, Counted, Daemon, plan_options};
use crate::{
    identity::Identity,
    objects::Objects,
    options::Origin,
    planner::{Authority, Planner},
    saved::Saved,
    settings,
    status::Facts,
};

impl Daemon {
    pub(super) fn start_deciding(&mut self, channels: &Channels, counted: &Counted, saved: Saved) {
        let Facts {
            options,
            access,
            troubles,
            settings,
            ..
        } = self.facts.clone();
        let (given, views, in_force) = (
            options.clone(),
            channels.views.subscribe(),
            channels.settings.clone(),
        );
        self.keep("settings", move || {
            settings::follow(given.clone(), views.clone(), in_force.clone())
        });
        let authority = match &options.source {
            Origin::Manifests(_) => Authority::Files,
            Origin::Kubernetes(_) => Authority::Status,
        };
        if let Origin::Kubernetes(login) = &options.source {
            let identity = Identity {
                login: login.clone(),
                node: options.node.clone(),
                namespace: options.namespace.clone(),
                saved: saved.clone(),
                counters: Arc::clone(&counted.api),
                plans: Arc::clone(&counted.plans),
                access: channels.access.clone(),
            };
            self.keep("identity", move || identity.clone().run());
        }
        let planner = Planner {
            access: access.clone(),
            options: plan_options(&options),
            authority,
            saved,
            views: channels.views.subscribe(),
            orders: channels.orders.clone(),
            planned: channels.planned.clone(),
            counters: Arc::clone(&counted.plans),
        };
        self.keep("planner", move || planner.clone().run());
        let objects = Objects {
            options,
            settings,
            access,
            counters: Arc::clone(&counted.api),
            troubles,
            views: channels.views.clone(),
        };
        self.keep("objects", move || objects.clone().run());
    }
}
