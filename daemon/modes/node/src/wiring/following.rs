//! What follows from a plan beside the answers on the wire.

use std::sync::Arc;

use super::{Channels, Counted, Daemon, FAREWELL, plan_options};
use crate::{
    guard::Guard, holder::Holder, installed::Installed, options::Origin, part, push::Push,
    status::Facts, writer::Write,
};

impl Daemon {
    pub(super) fn start_following(&mut self, channels: &Channels, counted: &Counted) {
        let Facts {
            options,
            access,
            troubles,
            planned,
            report,
            holder,
            settings,
            ..
        } = self.facts.clone();
        let guard = Guard {
            planned: planned.clone(),
            report,
        };
        self.keep("guard", move || guard.clone().run());
        let push = Push {
            planned: planned.clone(),
            holder: holder.clone(),
            settings,
            state: channels.push.clone(),
        };
        self.keep("push", move || push.clone().run());
        if let Origin::Kubernetes(_) = &options.source {
            let writer = Write {
                access: access.clone(),
                counters: Arc::clone(&counted.api),
                options: plan_options(&options),
                planned: planned.clone(),
                holder: holder.clone(),
            };
            self.keep("writer", move || writer.clone().run());
            let installed = Installed {
                access: access.clone(),
                holder,
                counters: Arc::clone(&counted.api),
                settings: cluster::Settings {
                    namespace: options.namespace.clone(),
                    ..cluster::Settings::default()
                },
                outdated: channels.outdated.clone(),
            };
            self.keep("installed", move || installed.clone().run());
        }
        self.start_holder(Holder {
            options,
            access,
            planned,
            counters: Arc::clone(&counted.api),
            troubles,
            holder: channels.holder.clone(),
            stop: self.stop.clone(),
        });
    }

    fn start_holder(&mut self, part: Holder) {
        let stop = self.stop.clone();
        self.holder.spawn(async move {
            let too_late = async {
                stop.cancelled().await;
                tokio::time::sleep(FAREWELL).await;
            };
            tokio::select! {
                () = part::keep_until("holder", &stop, || part.clone().run()) => {}
                () = too_late => {}
            }
        });
    }
}
