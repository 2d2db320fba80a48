//! `lanlord router key show|import`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use router::{Before, Imported};

use super::DEFAULT_STATE;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Print the key (32 octets, base64) for the Secret `lanlord-router`
    Show(KeyArguments),
    /// Make the key in FILE the cluster's; a running router takes it up at once, and the key before is refused from then on
    Import {
        /// File with 32 octets as base64, as `key show` prints them; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace another key
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        key: KeyArguments,
    },
}

#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    /// Cluster, as named in router.toml
    #[arg(long, value_name = "NAME", default_value = "lab")]
    cluster: String,
    /// State folder of the router
    #[arg(long, env = "LANLORD_STATE", value_name = "DIR", default_value = DEFAULT_STATE)]
    state: PathBuf,
}

pub(super) fn run(command: KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Show(KeyArguments { cluster, state }) => {
            operator::show(&router::key_show(&state, &cluster)?)
        }
        KeyCommand::Import {
            file,
            force,
            key: KeyArguments { cluster, state },
        } => {
            let key = router::read_key(&file)?;
            let imported = router::key_import(&state, &cluster, key, force)?;
            operator::show(&told(&imported, &cluster))
        }
    }
}

/// What was done, and what must follow elsewhere.
fn told(Imported { path, before }: &Imported, cluster: &str) -> String {
    let file = path.display();
    let done = match before {
        Before::Same => {
            return format!("{file} holds this key already; nothing was changed");
        }
        Before::Nothing => format!("{file} holds the key now"),
        Before::Other => format!(
            "{file} holds the key now; the one before is valid no longer, and updates signed with it are refused"
        ),
    };
    format!(
        "{done}. A running router takes it up without a restart.\n\
         The Secret metallb-system/lanlord-router of cluster `{cluster}` must hold the same key, or its names come to \
         nothing:\n    \
         lanlord manifests --cluster {cluster} | kubectl apply --server-side --force-conflicts -f -"
    )
}
