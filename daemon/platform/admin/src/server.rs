//! The listening side.

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
};

use axum::Router;
use thiserror::Error;
use tokio::net::UnixListener;

/// Why the socket cannot be had.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another daemon answers on it.
    #[error(
        "admin socket {0} is in use by another lanlord; stop that one or give --socket another path"
    )]
    InUse(PathBuf),
    /// The system said no.
    #[error("{action} admin socket {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The socket's path.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

/// A bound admin socket; its file is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    _file: SocketFile,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "admin socket was removed by someone else");
        }
    }
}

impl Listener {
    /// Binds `path`, mode 0600. A file left by a daemon that died is replaced; one that answers is not.
    pub fn bind(path: &Path) -> Result<Self, ServeError> {
        let failed = |action| {
            move |source| ServeError::Io {
                action,
                path: path.to_path_buf(),
                source,
            }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        }
        if path.exists() {
            if UnixStream::connect(path).is_ok() {
                return Err(ServeError::InUse(path.to_path_buf()));
            }
            fs::remove_file(path).map_err(failed("remove the stale"))?;
        }
        let socket = UnixListener::bind(path).map_err(failed("bind"))?;
        let file = SocketFile(path.to_path_buf());
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            .map_err(failed("set the mode of"))?;
        Ok(Self {
            socket,
            _file: file,
        })
    }

    /// Answers requests until the future is dropped.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        let Self { socket, _file } = self;
        axum::serve(socket, router).await
    }
}

#[cfg(test)]
mod tests;
