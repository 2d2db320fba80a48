//! What both sources publish.

use std::{collections::BTreeMap, fmt, net::IpAddr, path::PathBuf};

use model::{ServiceKey, Snapshot};

use crate::convert::Record;

/// One consistent view of the cluster, from either source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// What the planners read.
    pub snapshot: Snapshot,
    /// The Secret that joins cluster and router, where there is a usable one.
    pub router_secret: Option<RouterSecret>,
    /// Key `node.toml` of the ConfigMap `lanlord`.
    pub node_toml: Option<String>,
    /// What is wrong with files as a whole; wrong objects are in `snapshot.refused`.
    pub problems: Vec<Problem>,
    /// What [`crate::api::Writer`] needs to know of each Service.
    pub(crate) records: BTreeMap<ServiceKey, Record>,
}

/// A file that could not be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the file, or of the directory.
    pub file: PathBuf,
    /// Line in the file, from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// What is wrong, and what stays in force; lower case, no full stop.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.text),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.text),
        }
    }
}

/// The Secret `lanlord-router`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSecret {
    /// Field `address`: where the router answers DNS; without it the default gateway is meant.
    pub address: Option<IpAddr>,
    /// How updates are signed.
    pub tsig: TsigSecret,
}

/// What DNS updates are signed with.
#[derive(Clone, PartialEq, Eq)]
pub enum TsigSecret {
    /// The key that the router made; the TSIG secret is derived from it.
    RouterKey {
        /// Field `cluster`, `lab` when absent: the name of the router's `[[cluster]]`, and of the TSIG key.
        cluster: String,
        /// Field `key`.
        key: [u8; 32],
    },
    /// Another DNS server's key, used as it is.
    Given {
        /// Field `tsig-name`.
        name: String,
        /// Field `tsig-algorithm`, `hmac-sha256` when absent.
        algorithm: String,
        /// Field `tsig-secret`, decoded.
        secret: Vec<u8>,
    },
}

impl fmt::Debug for TsigSecret {
    /// Names the key and hides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RouterKey { cluster, .. } => f
                .debug_struct("RouterKey")
                .field("cluster", cluster)
                .finish_non_exhaustive(),
            Self::Given {
                name, algorithm, ..
            } => f
                .debug_struct("Given")
                .field("name", name)
                .field("algorithm", algorithm)
                .finish_non_exhaustive(),
        }
    }
}

/// Which objects count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Namespace of our own objects: pools, advertisements, Secrets, the Lease.
    pub namespace: String,
    /// `loadBalancerClass` to serve; none: Services without a class.
    pub lb_class: Option<String>,
    /// Name of the Secret that joins cluster and router. The rights of `lanlord manifests` cover the default only:
    /// another name needs a Role that lets the ServiceAccount list and watch it.
    pub router_secret: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: "metallb-system".to_string(),
            lb_class: None,
            router_secret: "lanlord-router".to_string(),
        }
    }
}
