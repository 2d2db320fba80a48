//! A web server whose page says which node served it and which address the client had.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

/// Serves until it is killed.
pub(super) fn serve(listen: SocketAddr, name: &str) -> Result<()> {
    let listener = TcpListener::bind(listen).with_context(|| format!("listen on {listen}"))?;
    loop {
        let (stream, client) = listener.accept().context("accept")?;
        let name = name.to_owned();
        thread::spawn(move || {
            // A client that goes away in the middle concerns nobody else.
            let _ = answer(&stream, client, &name);
        });
    }
}

fn answer(mut stream: &TcpStream, client: SocketAddr, name: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut host = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("host")
        {
            value.trim().clone_into(&mut host);
        }
    }
    let body = format!("server: {name}\nhost: {host}\nclient: {}\n", client.ip());
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
