//! The cluster's objects: from a directory, or from the Kubernetes API.

use std::sync::Arc;

use cluster::{View, api};
use tokio::sync::watch;

use crate::{
    options::{Options, Origin},
    settings::InForce,
};

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) options: Options,
    pub(crate) settings: watch::Receiver<InForce>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) views: watch::Sender<Option<Arc<View>>>,
}

impl Objects {
    /// Feeds `views`; starts over when the class to serve changes. The last view stays on the channel meanwhile.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let class = self.settings.borrow_and_update().config.lb.class.clone();
            let settings = cluster::Settings {
                namespace: self.options.namespace.clone(),
                lb_class: class.clone(),
            };
            let mut newer = self.settings.clone();
            tokio::select! {
                ended = self.follow(settings) => return ended,
                changed = newer.wait_for(|settings| settings.config.lb.class != class) => drop(changed?),
            }
        }
    }

    async fn follow(&self, settings: cluster::Settings) -> anyhow::Result<()> {
        let views = self.views.clone();
        match &self.options.source {
            Origin::Manifests(folder) => cluster::manifests::watch(folder, settings, views).await?,
            Origin::Kubernetes { kubeconfig } => {
                let client = api::connect(kubeconfig.as_deref()).await?;
                api::watch(client, settings, Arc::clone(&self.counters), views).await?;
            }
        }
        Ok(())
    }
}
