//! `node.toml`, resolved: settings of the node daemon, from a file or from the ConfigMap `lanlord`.

use std::{fs, io, net::IpAddr, path::Path};

use serde::Deserialize;
use toml::Spanned;

use crate::{ConfigError, faults::Faults, syntax};

#[cfg(test)]
mod tests;

/// A file that changes nothing: every setting, commented out, with its default.
pub const EXAMPLE: &str = include_str!("node/example.toml");

/// The whole file; [`NodeConfig::default`] is what a node without one uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// `[l2]`
    pub l2: L2,
    /// `[lb]`
    pub lb: Lb,
    /// `[names]`
    pub names: Names,
}

/// `[l2]`: how VIPs are announced on the segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2 {
    /// How fast a dead node is noticed.
    pub profile: Profile,
    /// Interfaces that may be used; empty: all but MetalLB's exclusion list and enslaved ports.
    pub interfaces: Vec<String>,
    /// What a dead node's Node object gets.
    pub node_failure: NodeFailure,
}

/// Heartbeat profile of `[l2]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// 30 ms.
    Fast,
    /// 60 ms.
    #[default]
    Default,
    /// 150 ms, for nodes that live-migrate.
    Vm,
    /// 500 ms.
    Calm,
}

/// What happens to the Node object of a node that died on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeFailure {
    /// Nothing: Kubernetes finds out by itself.
    #[default]
    Ignore,
    /// Its pods are marked not ready.
    MarkPods,
}

/// `[lb]`: which Services are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lb {
    /// `loadBalancerClass` to serve; none: Services without a class.
    pub class: Option<String>,
}

/// `[names]`: where names are pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The router; none: the Secret's address, else the default gateway.
    pub router: Option<IpAddr>,
    /// Secret with the key.
    pub secret: String,
}

impl Default for NodeConfig {
    fn default() -> Self {
        parse("").expect("the empty file is valid")
    }
}

/// Reads the file; one that does not exist counts as empty, because every value has a default.
pub fn load(path: &Path) -> Result<NodeConfig, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => parse_named(&text, &path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(NodeConfig::default()),
        Err(source) => Err(ConfigError::Read {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// Reads the text of the ConfigMap's key `node.toml`.
pub fn parse(text: &str) -> Result<NodeConfig, ConfigError> {
    parse_named(text, "node.toml")
}

/// Reads the text; `file` is the name that faults are printed with.
fn parse_named(text: &str, file: &str) -> Result<NodeConfig, ConfigError> {
    let mut faults = Faults::new(file, text);
    let resolved = faults
        .read::<Raw>()
        .and_then(|raw| resolve(&raw, &mut faults));
    faults.finish(resolved)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    l2: RawL2,
    #[serde(default)]
    lb: RawLb,
    #[serde(default)]
    names: RawNames,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawL2 {
    profile: Option<Spanned<String>>,
    #[serde(default)]
    interfaces: Vec<Spanned<String>>,
    node_failure: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLb {
    class: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNames {
    router: Option<Spanned<String>>,
    secret: Option<Spanned<String>>,
}

fn resolve(raw: &Raw, faults: &mut Faults<'_>) -> Option<NodeConfig> {
    let profile = faults.parse_or(
        "l2.profile",
        raw.l2.profile.as_ref(),
        Profile::default,
        profile,
    );
    let interfaces = faults.parse_all("l2.interfaces", &raw.l2.interfaces, syntax::interface);
    let node_failure = faults.parse_or(
        "l2.node_failure",
        raw.l2.node_failure.as_ref(),
        NodeFailure::default,
        node_failure,
    );
    let class = faults.parse_or("lb.class", raw.lb.class.as_ref(), || None, class);
    let router = faults.parse_or(
        "names.router",
        raw.names.router.as_ref(),
        || None,
        |text| {
            text.parse().map(Some).map_err(|_| {
                format!("`{text}` is no address; write the router's, such as 192.168.1.200")
            })
        },
    );
    let secret = faults.parse_or(
        "names.secret",
        raw.names.secret.as_ref(),
        || "lanlord-router".to_string(),
        |text| {
            syntax::domain(text).map_err(|_| {
                format!("`{text}` is no name of a Secret; write one such as lanlord-router")
            })
        },
    );
    Some(NodeConfig {
        l2: L2 {
            profile: profile?,
            interfaces: interfaces.into_iter().map(|(name, _)| name).collect(),
            node_failure: node_failure?,
        },
        lb: Lb { class: class? },
        names: Names {
            router: router?,
            secret: secret?,
        },
    })
}

fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "fast" => Ok(Profile::Fast),
        "default" => Ok(Profile::Default),
        "vm" => Ok(Profile::Vm),
        "calm" => Ok(Profile::Calm),
        other => Err(format!(
            "`{other}` is no profile; write one of {}",
            syntax::one_of(&["fast", "default", "vm", "calm"])
        )),
    }
}

fn node_failure(text: &str) -> Result<NodeFailure, String> {
    match text {
        "ignore" => Ok(NodeFailure::Ignore),
        "mark-pods" => Ok(NodeFailure::MarkPods),
        other => Err(format!(
            "`{other}` is no choice; write one of {}",
            syntax::one_of(&["ignore", "mark-pods"])
        )),
    }
}

/// Empty means: Services without a class. Else a label-style identifier, as the API server takes it.
fn class(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.chars().all(known) {
        return Ok(Some(text.to_string()));
    }
    Err(format!(
        "`{text}` is no loadBalancerClass; write one such as example.com/lanlord, or \"\" for Services without a class"
    ))
}
