//! The token of our ServiceAccount, in the one Secret that kubelets may read (design D6).

use std::{fmt, time::Duration};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use thiserror::Error;
use tokio::time::timeout;

use crate::install::TOKEN_SECRET;

/// A kubelet's API server answers at once or is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The key in the Secret's data.
const KEY: &str = "token";

/// A bearer token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// None for text that is no token: empty, or with characters that no HTTP header carries.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
        printable.then(|| Self(text.to_string()))
    }

    /// The token itself; it belongs into requests and into private files.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

/// Without the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// Nobody made the Secret, or somebody removed it.
    #[error("Secret {namespace}/{TOKEN_SECRET} is not there: {CURE}")]
    Absent {
        /// Where it belongs.
        namespace: String,
    },
    /// The Role that lets kubelets read the Secret is missing.
    #[error("the kubelet's identity may not read Secret {namespace}/{TOKEN_SECRET}: {CURE}")]
    Forbidden {
        /// Where it is.
        namespace: String,
    },
    /// The kubelet's certificate is not accepted.
    #[error("the API server does not accept the kubelet's certificate")]
    Unauthorized,
    /// The controller manager has not filled it, or somebody made it by hand.
    #[error(
        "Secret {namespace}/{TOKEN_SECRET} has no usable token: kube-controller-manager puts one there where ServiceAccount lanlord exists; {CURE}"
    )]
    Empty {
        /// Where it is.
        namespace: String,
    },
    /// No answer, or another one.
    #[error("read Secret {namespace}/{TOKEN_SECRET} as the kubelet")]
    Api {
        /// Where it is.
        namespace: String,
        /// What happened.
        #[source]
        source: Box<kube::Error>,
    },
    /// Silence.
    #[error("read Secret {namespace}/{TOKEN_SECRET} as the kubelet: no answer within {} s", PATIENCE.as_secs())]
    Timeout {
        /// Where it is.
        namespace: String,
    },
}

/// What to do about a cluster that lacks our objects.
const CURE: &str = "apply what `lanlord talos-patch` prints to the control planes, or `lanlord manifests` with kubectl";

impl TokenError {
    /// The API server answered, and a person has to do something; else waiting helps.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Absent { .. }
            | Self::Forbidden { .. }
            | Self::Empty { .. }
            | Self::Unauthorized => true,
            Self::Api { .. } | Self::Timeout { .. } => false,
        }
    }
}

/// Reads the token with the rights of `client`.
pub async fn read_token(client: Client, namespace: &str) -> Result<Token, TokenError> {
    let api: Api<Secret> = Api::namespaced(client, namespace);
    let namespace = namespace.to_string();
    let Ok(answer) = timeout(PATIENCE, api.get(TOKEN_SECRET)).await else {
        return Err(TokenError::Timeout { namespace });
    };
    match answer {
        Ok(secret) => secret
            .data
            .as_ref()
            .and_then(|data| std::str::from_utf8(&data.get(KEY)?.0).ok())
            .and_then(Token::new)
            .ok_or(TokenError::Empty { namespace }),
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            Err(TokenError::Absent { namespace })
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            Err(TokenError::Forbidden { namespace })
        }
        Err(kube::Error::Api(status)) if status.code == 401 => Err(TokenError::Unauthorized),
        Err(error) => Err(TokenError::Api {
            namespace,
            source: Box::new(error),
        }),
    }
}

#[cfg(test)]
mod tests;
