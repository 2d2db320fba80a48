//! A TCP echo server.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
};

use anyhow::{Context, Result};

/// Serves until it is killed.
pub(super) fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).with_context(|| format!("listen on {listen}"))?;
    loop {
        let (stream, _) = listener.accept().context("accept")?;
        thread::spawn(move || {
            let (mut reader, mut writer) = (&stream, &stream);
            // The end of one connection concerns nobody else.
            let _ = std::io::copy(&mut reader, &mut writer);
        });
    }
}
