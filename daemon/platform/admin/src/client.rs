//! The asking side.

use std::{
    io,
    path::{Path, PathBuf},
};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, body::Bytes};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::net::UnixStream;

/// Why a daemon gave no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// Nobody listens.
    #[error("no lanlord answers on {path}; is the daemon running, and is this its --socket?")]
    Connect {
        /// The socket asked.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("ask {path} for {what}")]
    Http {
        /// The socket asked.
        path: PathBuf,
        /// The path asked for.
        what: String,
        /// What broke.
        #[source]
        source: hyper::Error,
    },
    /// The daemon refused.
    #[error("{what}: {status}: {text}")]
    Refused {
        /// The path asked for.
        what: String,
        /// HTTP status.
        status: StatusCode,
        /// The daemon's words.
        text: String,
    },
    /// The answer is no such JSON: the daemon is of another version.
    #[error("understand the answer to {what}; are daemon and command of one version?")]
    Answer {
        /// The path asked for.
        what: String,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
}

/// `GET what` on the socket at `path`.
pub async fn get<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, AskError> {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|source| AskError::Connect {
            path: path.to_path_buf(),
            source,
        })?;
    let broken = |source| AskError::Http {
        path: path.to_path_buf(),
        what: what.to_string(),
        source,
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = what.parse().unwrap_or_default();
    request
        .headers_mut()
        .insert("host", hyper::header::HeaderValue::from_static("lanlord"));

    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    };
    let (status, body) = tokio::select! {
        answered = exchange => answered.map_err(broken)?,
        Err(source) = connection => return Err(broken(source)),
    };
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body).trim().to_string();
        return Err(AskError::Refused {
            what: what.to_string(),
            status,
            text,
        });
    }
    serde_json::from_slice(&body).map_err(|source| AskError::Answer {
        what: what.to_string(),
        source,
    })
}
