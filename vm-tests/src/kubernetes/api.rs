//! Talking to the API server: plain HTTP to the Unix socket of a `kubectl proxy`, which adds TLS and the credentials of
//! its kubeconfig.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// No answer takes longer, unless the network is cut.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Upper bound on an answer; a list of all objects of the lab is some 100 KiB.
const MAX_ANSWER: u64 = 16 << 20;

/// How a PATCH is to be understood.
#[derive(Clone, Copy, Debug)]
pub enum Patch {
    /// RFC 7386.
    Merge,
    /// Lists merge by the keys that the type names.
    Strategic,
}

/// What a socket's user may ask of the API server.
#[derive(Clone, Debug)]
pub struct Api {
    socket: PathBuf,
}

/// An answer that came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// An object, or a `Status` that says why not.
    pub body: Value,
}

impl Api {
    /// Through the `kubectl proxy` that listens on `socket`.
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// An object or a list, which must be there.
    ///
    /// # Errors
    /// Every answer but 2xx, with the API server's own words.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.must("GET", path, "application/json", None)
    }

    /// Whether the API server has come up and finished its start.
    pub fn is_ready(&self) -> Result<(), String> {
        match self.exchange("GET", "/readyz", "text/plain", None) {
            Ok((200, _)) => Ok(()),
            Ok((status, text)) => Err(format!("/readyz says {status}: {}", text.trim())),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    /// Makes an object, unless it is there already.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn create(&self, path: &str, object: &Value) -> Result<()> {
        let answer = self.request("POST", path, "application/json", Some(object))?;
        if answer.status == 409 {
            return Ok(());
        }
        accept("POST", path, answer).map(drop)
    }

    /// Changes an object.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn patch(&self, path: &str, kind: Patch, change: &Value) -> Result<Value> {
        let content = match kind {
            Patch::Merge => "application/merge-patch+json",
            Patch::Strategic => "application/strategic-merge-patch+json",
        };
        self.must("PATCH", path, content, Some(change))
    }

    /// Removes an object.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn delete(&self, path: &str) -> Result<()> {
        self.must("DELETE", path, "application/json", None)
            .map(drop)
    }

    fn must(&self, method: &str, path: &str, content: &str, body: Option<&Value>) -> Result<Value> {
        accept(method, path, self.request(method, path, content, body)?)
    }

    /// One request and its answer.
    ///
    /// # Errors
    /// When no answer came, or one that is no JSON.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        content: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let (status, text) = self.exchange(method, path, content, body)?;
        let body = match serde_json::from_str(&text) {
            Ok(body) => body,
            // kubectl's own words, when it does not reach the API server.
            Err(_) if status >= 400 => json!({ "message": text.trim() }),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("understand the answer to {method} {path}"));
            }
        };
        Ok(Answer { status, body })
    }

    /// HTTP/1.0: the answer ends with the connection and comes in one piece.
    fn exchange(
        &self,
        method: &str,
        path: &str,
        content: &str,
        body: Option<&Value>,
    ) -> Result<(u16, String)> {
        let what = || format!("{method} {path}");
        let mut stream = UnixStream::connect(&self.socket)
            .with_context(|| format!("connect to {}", self.socket.display()))?;
        stream.set_read_timeout(Some(TIMEOUT)).with_context(what)?;
        stream.set_write_timeout(Some(TIMEOUT)).with_context(what)?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: {content}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).with_context(what)?;
        stream.write_all(body.as_bytes()).with_context(what)?;
        let mut answer = Vec::new();
        stream
            .take(MAX_ANSWER)
            .read_to_end(&mut answer)
            .with_context(what)?;
        split(&String::from_utf8_lossy(&answer))
            .with_context(|| format!("{method} {path}: no HTTP answer"))
    }
}

fn accept(method: &str, path: &str, answer: Answer) -> Result<Value> {
    if !(200..300).contains(&answer.status) {
        let why = answer.body["message"].as_str().unwrap_or_default();
        bail!("{method} {path}: {} {why}", answer.status);
    }
    Ok(answer.body)
}

/// Status and body of an answer.
fn split(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests;
