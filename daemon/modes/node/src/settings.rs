//! The settings in force: flag over environment over file; the file is `--config`, else the ConfigMap `lanlord`.
//!
//! Text that is wrong leaves the last good settings in force and says so in `lanlord status`.

use std::sync::Arc;

use cluster::View;
use config::node::NodeConfig;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::options::Options;

/// The settings in force, and why newer ones are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InForce {
    /// In force.
    pub(crate) config: NodeConfig,
    /// What is wrong with the newer text.
    pub(crate) error: Option<String>,
}

impl InForce {
    /// The settings to start with. Errors: `--config` names a file that is wrong.
    pub(crate) fn at_start(options: &Options) -> anyhow::Result<Self> {
        let config = match &options.config {
            Some(path) => config::node::load(path)?,
            None => NodeConfig::default(),
        };
        Ok(Self {
            config: with_flags(config, options),
            error: None,
        })
    }
}

/// Takes over each change of the ConfigMap's text. Without `--config` only: a file given by hand wins.
pub(crate) async fn follow(
    options: Options,
    mut views: watch::Receiver<Option<Arc<View>>>,
    in_force: watch::Sender<InForce>,
) -> anyhow::Result<()> {
    if options.config.is_some() {
        return std::future::pending().await;
    }
    let mut last = None;
    loop {
        let text = views
            .borrow_and_update()
            .as_ref()
            .and_then(|view| view.node_toml.clone());
        if text != last {
            adopt(text.as_deref().unwrap_or_default(), &options, &in_force);
            last = text;
        }
        views.changed().await?;
    }
}

fn adopt(text: &str, options: &Options, in_force: &watch::Sender<InForce>) {
    match config::node::parse(text) {
        Ok(config) => {
            let config = with_flags(config, options);
            in_force.send_if_modified(|current| {
                let next = InForce {
                    config,
                    error: None,
                };
                let changed = *current != next;
                if changed {
                    info!("new settings from ConfigMap lanlord are in force");
                    *current = next;
                }
                changed
            });
        }
        Err(error) => {
            let error = format!("ConfigMap lanlord: {error}; the last good settings stay in force");
            warn!("{error}");
            in_force.send_modify(|current| current.error = Some(error));
        }
    }
}

fn with_flags(mut config: NodeConfig, options: &Options) -> NodeConfig {
    if let Some(class) = &options.lb_class {
        config.lb.class = Some(class.clone());
    }
    config
}
