//! The cluster's objects: from a directory, or from the Kubernetes API.

use std::sync::Arc;

use cluster::{View, api};
use tokio::sync::watch;

use crate::{
    access::{Access, with_connection},
    options::{Options, Origin},
    settings::InForce,
};

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) options: Options,
    pub(crate) settings: watch::Receiver<InForce>,
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) troubles: Arc<api::Troubles>,
    pub(crate) views: watch::Sender<Option<Arc<View>>>,
}

impl Objects {
    /// Feeds `views`; starts over when the settings choose others. The last view stays on the channel meanwhile.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        loop {
            let settings = self.cluster_settings();
            let mut newer = self.clone();
            tokio::select! {
                ended = self.follow(settings.clone()) => return ended,
                changed = newer.until_other_than(&settings) => changed?,
            }
        }
    }

    /// Resolves when the settings in force choose other objects.
    async fn until_other_than(&mut self, settings: &cluster::Settings) -> anyhow::Result<()> {
        while self.cluster_settings() == *settings {
            self.settings.changed().await?;
        }
        Ok(())
    }

    fn cluster_settings(&self) -> cluster::Settings {
        let in_force = self.settings.borrow();
        cluster::Settings {
            namespace: self.options.namespace.clone(),
            lb_class: in_force.config.lb.class.clone(),
            router_secret: in_force.config.names.secret.clone(),
        }
    }

    async fn follow(&self, settings: cluster::Settings) -> anyhow::Result<()> {
        let views = self.views.clone();
        match &self.options.source {
            Origin::Manifests(folder) => {
                Ok(cluster::manifests::watch(folder, settings, views).await?)
            }
            Origin::Kubernetes(_) => {
                with_connection(self.access.clone(), async |connection| {
                    let (counters, troubles) =
                        (Arc::clone(&self.counters), Arc::clone(&self.troubles));
                    let (settings, views) = (settings.clone(), views.clone());
                    Ok(api::watch(connection.client, settings, counters, troubles, views).await?)
                })
                .await
            }
        }
    }
}
