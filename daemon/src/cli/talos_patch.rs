//! `lanlord talos-patch` and `lanlord manifests`: the same objects, as a patch for Talos and for kubectl.

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{ArgGroup, Args};
use operator::{Form, Objects, Patch, RouterSecret, Subnet, TalosVersion, TsigSecret};

use super::{DEFAULT_STATE, note};

#[derive(Debug, Args)]
pub(super) struct ManifestsArguments {
    /// Cluster, as named in router.toml
    #[arg(long, value_name = "NAME", default_value = "lab")]
    cluster: String,
    /// Where the nodes reach the router; without it the router's own address where the key is its own, else the nodes
    /// take their default gateway for the router
    #[arg(long, value_name = "IP")]
    router_address: Option<IpAddr>,
    /// File with the key that `lanlord router key show` prints, - for standard input; without it `<state>/keys/<cluster>.key`
    /// where there is one, so that the router itself needs no flag
    #[arg(long, value_name = "FILE")]
    router_key: Option<PathBuf>,
    /// State folder of the router
    #[arg(long, env = "LANLORD_STATE", value_name = "DIR", default_value = DEFAULT_STATE)]
    state: PathBuf,
    /// Configuration of the router, for its address
    #[arg(long, value_name = "FILE", default_value = router::DEFAULT_CONFIG)]
    config: PathBuf,
    /// An address pool to begin with: a prefix or a range, announced on layer 2; may be repeated
    #[arg(long = "pool", value_name = "CIDR|RANGE")]
    pools: Vec<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("other form").args(["manifests_only", "firewall"]))]
pub(super) struct TalosPatchArguments {
    #[command(flatten)]
    objects: ManifestsArguments,
    /// Talos release that the machine configuration was made for, 1.8 to 1.14; up to 1.13 there is one form, from 1.14 on
    /// each manifest is a document
    #[arg(
        long,
        value_name = "X.Y",
        default_value_t,
        conflicts_with = "other form"
    )]
    talos_version: TalosVersion,
    /// For a machine configuration that has lanlord's manifests already: these take their place. (Talos up to 1.13 refuses
    /// to add an entry of `inlineManifests` twice, and to delete one that is not there)
    #[arg(long, conflicts_with = "other form")]
    replace: bool,
    /// Remove the label that keeps control planes out of load balancing, for clusters without workers
    #[arg(long, conflicts_with = "other form")]
    remove_exclude_label: bool,
    /// Print the manifests alone, as `lanlord manifests` does, for `kubectl apply --server-side --force-conflicts -f -`:
    /// Talos creates what a machine configuration holds and never updates it
    #[arg(long)]
    manifests_only: bool,
    /// Print another patch instead, for every node of a cluster whose firewall blocks by default: it lets SUBNET in to
    /// metrics and health; may be repeated
    #[arg(
        long,
        value_name = "SUBNET",
        conflicts_with_all = ["router_address", "router_key", "pools"]
    )]
    firewall: Vec<Subnet>,
}

pub(super) fn talos_patch(arguments: TalosPatchArguments) -> anyhow::Result<ExitCode> {
    let TalosPatchArguments {
        objects,
        talos_version: version,
        replace,
        remove_exclude_label,
        manifests_only,
        firewall,
    } = arguments;
    if !firewall.is_empty() {
        return operator::firewall(&firewall);
    }
    if manifests_only {
        return operator::manifests(&objects.objects()?);
    }
    let objects = objects.objects()?;
    if !remove_exclude_label {
        note(
            "Talos labels control planes out of load balancing: a cluster without workers announces nothing unless \
             --remove-exclude-label is given",
        );
    }
    operator::talos_patch(&Patch {
        objects,
        version,
        form: if replace { Form::Again } else { Form::First },
        remove_exclude_label,
    })
}

impl ManifestsArguments {
    pub(super) fn objects(self) -> anyhow::Result<Objects> {
        let router = self.router()?;
        Ok(Objects {
            router,
            pools: self.pools,
            image: None,
        })
    }

    /// The Secret, if a key is at hand.
    fn router(&self) -> anyhow::Result<Option<RouterSecret>> {
        let (key, own_address) = match &self.router_key {
            Some(file) => (router::read_key(file)?, None),
            None => match router::key_of(&self.state, &self.cluster)? {
                Some(key) => {
                    let address = || router::address_for(&self.config, &self.cluster);
                    let address = self.router_address.map_or_else(address, Ok)?;
                    (key, Some(address))
                }
                None => {
                    note(&format!(
                        "there is no key of cluster `{cluster}` in {}, so the Secret lanlord-router is left out and no name \
                         reaches the router. Run this on the router, or bring its key: `lanlord router key show --cluster \
                         {cluster} > {cluster}.key` there, then --router-key {cluster}.key here",
                        self.state.join("keys").display(),
                        cluster = self.cluster,
                    ));
                    return Ok(None);
                }
            },
        };
        let address = self.router_address.or(own_address);
        if address.is_none() {
            note(
                "no --router-address: the nodes take their default gateway for the router, which is right where the \
                 router is their gateway",
            );
        }
        let cluster = self.cluster.clone();
        let key = key.octets();
        Ok(Some(RouterSecret {
            address,
            tsig: TsigSecret::RouterKey { cluster, key },
        }))
    }
}
