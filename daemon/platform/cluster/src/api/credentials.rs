//! What it takes to speak to the API: where it is, whom to trust, and who we are; read from files, as they are now.
//!
//! Files change under a running daemon: a kubelet swaps its certificate, an authority is replaced, an address moves.
//! [`Credentials`] hold contents and not paths, so that a reader who looks again and again sees by `==` whether what is
//! in force is still right.

mod certificate;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::{
    Config,
    config::{AuthInfo, InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use model::NodeName;
use serde_json::{Value, json};
use thiserror::Error;

use super::token::Token;

/// The API server: where, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub(super) url: hyper::Uri,
    /// DER; none: the authorities of the system.
    pub(super) authorities: Option<Vec<Vec<u8>>>,
    pub(super) name: Option<String>,
    pub(super) insecure: bool,
}

/// A user of the API, with the contents of certificate and key instead of their paths.
#[derive(Clone, PartialEq)]
pub struct Proof(Value);

/// All that a client is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials {
    /// Whom to speak to.
    pub server: Server,
    /// Who speaks.
    pub proof: Proof,
}

/// What the kubelet of this node has.
#[derive(Debug)]
pub struct Kubelet {
    /// Its API server.
    pub server: Server,
    /// Its certificate, and the node that it names; or why there is none.
    pub certificate: Result<(Proof, NodeName), ReadError>,
}

/// Why there are no credentials.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file that is not there. A kubelet that has not bootstrapped yet has none of its files.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is no kubeconfig, or one that names what is not there.
    #[error("read kubeconfig {}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// The kubeconfig's user has no client certificate.
    #[error("the user of kubeconfig {} has no client certificate", .0.display())]
    NoCertificate(PathBuf),
    /// The certificate is none of a node.
    #[error("the client certificate of kubeconfig {} does not name a node: its common name is not system:node:NAME", .0.display())]
    NoNode(PathBuf),
    /// This is no pod.
    #[error("find the API without a kubeconfig: this is no pod with a service account")]
    InCluster(#[source] Box<InClusterError>),
}

impl Credentials {
    /// Of the current context of a kubeconfig.
    pub async fn of_kubeconfig(path: &Path) -> Result<Self, ReadError> {
        let config = config(path).await?;
        let server = Server::of(&config);
        let proof = Proof::of(&config.auth_info)?;
        Ok(Self { server, proof })
    }

    /// Of a person: the kubeconfig that is named, else those of `KUBECONFIG`, else `~/.kube/config`; of the named context,
    /// else the current one.
    pub async fn of_person(
        path: Option<&Path>,
        context: Option<String>,
    ) -> Result<Self, ReadError> {
        let named = path.map_or_else(|| PathBuf::from("~/.kube/config"), Path::to_path_buf);
        let broken = |source| ReadError::Kubeconfig {
            path: named.clone(),
            source: Box::new(source),
        };
        let file = match path {
            Some(path) => {
                // For the difference between absent and wrong.
                read(path)?;
                Kubeconfig::read_from(path)
            }
            None => Kubeconfig::read(),
        }
        .map_err(broken)?;
        let options = KubeConfigOptions {
            context,
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(file, &options)
            .await
            .map_err(broken)?;
        let server = Server::of(&config);
        let proof = Proof::of(&config.auth_info)?;
        Ok(Self { server, proof })
    }

    /// Of the pod that this runs in. Its token is read anew by each client.
    pub fn of_pod() -> Result<Self, ReadError> {
        let config = Config::incluster().map_err(|error| ReadError::InCluster(Box::new(error)))?;
        let server = Server::of(&config);
        let proof = Proof::of(&config.auth_info)?;
        Ok(Self { server, proof })
    }

    /// The owner of a token, at a server.
    pub fn with_token(server: Server, token: &Token) -> Self {
        let proof = Proof(json!({ "token": token.secret() }));
        Self { server, proof }
    }

    pub(super) fn user(&self) -> AuthInfo {
        serde_json::from_value(self.proof.0.clone()).expect("made from an AuthInfo")
    }
}

impl Kubelet {
    /// Of a kubelet's kubeconfig. A certificate that is missing is no error: the server is known without it.
    pub async fn read(path: &Path) -> Result<Self, ReadError> {
        let config = config(path).await?;
        let certificate = Proof::of(&config.auth_info).and_then(|proof| {
            let pem = proof
                .certificate()
                .ok_or_else(|| ReadError::NoCertificate(path.to_path_buf()))?;
            let node = certificate::common_name(&pem)
                .as_deref()
                .and_then(|name| name.strip_prefix("system:node:"))
                .filter(|name| !name.is_empty())
                .map(NodeName::from)
                .ok_or_else(|| ReadError::NoNode(path.to_path_buf()))?;
            Ok((proof, node))
        });
        Ok(Self {
            server: Server::of(&config),
            certificate,
        })
    }
}

impl Server {
    fn of(config: &Config) -> Self {
        Self {
            url: config.cluster_url.clone(),
            authorities: config.root_cert.clone(),
            name: config.tls_server_name.clone(),
            insecure: config.accept_invalid_certs,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Proof {
    fn of(user: &AuthInfo) -> Result<Self, ReadError> {
        let mut user = plain(user);
        for (path, data) in [
            ("client-certificate", "client-certificate-data"),
            ("client-key", "client-key-data"),
        ] {
            // As in client-go, data wins over a path.
            let Some(file) = user[path].as_str().filter(|_| user[data].is_null()) else {
                continue;
            };
            user[data] = STANDARD.encode(read(Path::new(file))?).into();
        }
        Ok(Self(user))
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        STANDARD
            .decode(self.0["client-certificate-data"].as_str()?)
            .ok()
    }
}

/// Without what it holds.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").finish_non_exhaustive()
    }
}

fn plain(user: &AuthInfo) -> Value {
    serde_json::to_value(user).expect("an AuthInfo is plain data")
}

async fn config(path: &Path) -> Result<Config, ReadError> {
    let broken = |source| ReadError::Kubeconfig {
        path: path.to_path_buf(),
        source: Box::new(source),
    };
    // For the difference between absent and wrong.
    read(path)?;
    let file = Kubeconfig::read_from(path).map_err(broken)?;
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .map_err(broken)
}

fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    std::fs::read(path).map_err(|source| {
        let path = path.to_path_buf();
        if source.kind() == io::ErrorKind::NotFound {
            ReadError::Missing(path)
        } else {
            ReadError::File { path, source }
        }
    })
}

#[cfg(test)]
mod tests;
