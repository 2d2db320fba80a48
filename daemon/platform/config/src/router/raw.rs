//! `router.toml` as TOML says it. Texts stay texts here, with their places, so that resolving can point at them.

use serde::Deserialize;
use toml::Spanned;

pub(super) type Text = Option<Spanned<String>>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Router {
    pub(super) hostname: Text,
    pub(super) domain: Text,
    pub(super) lan: Option<Vec<Spanned<Lan>>>,
    pub(super) uplink: Option<Spanned<Uplink>>,
    pub(super) dns: Option<Dns>,
    pub(super) cluster: Option<Vec<Spanned<Cluster>>>,
    #[serde(default)]
    pub(super) forward: Vec<Spanned<Forward>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lan {
    pub(super) interface: Text,
    pub(super) address: Text,
    pub(super) dhcp: Option<Dhcp>,
    #[serde(default)]
    pub(super) reservation: Vec<Spanned<Reservation>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dhcp {
    pub(super) range: Text,
    pub(super) lease_time: Text,
    #[serde(default)]
    pub(super) authoritative: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reservation {
    pub(super) name: Text,
    pub(super) mac: Spanned<String>,
    pub(super) address: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Uplink {
    pub(super) interface: Text,
    pub(super) address: Text,
    pub(super) gateway: Text,
    #[serde(default)]
    pub(super) trusted: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dns {
    pub(super) upstream: Option<Vec<Spanned<String>>>,
    pub(super) zone: Option<Vec<Zone>>,
    #[serde(default)]
    pub(super) record: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    pub(super) name: Spanned<String>,
    pub(super) fallthrough: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) name: Spanned<String>,
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    pub(super) value: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) nodes: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) pools: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) zones: Vec<ClusterZone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterZone {
    pub(super) name: Spanned<String>,
    pub(super) names: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forward {
    pub(super) port: Spanned<u16>,
    pub(super) protocol: Text,
    pub(super) to: Spanned<String>,
}
