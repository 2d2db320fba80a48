use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::{Instant, timeout},
};

use super::*;

async fn start() -> SocketAddr {
    start_for(PATIENCE).await
}

async fn start_for(patience: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let router = Router::new().route("/", get(async || "here\n"));
    tokio::spawn(serve_for(patience, listener, router));
    address
}

/// A connection of the client 127.0.0.`number`.
async fn connect(server: SocketAddr, number: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let client = SocketAddr::from(([127, 0, 0, number], 0));
    socket.bind(client).expect("bind");
    socket.connect(server).await.expect("connect")
}

/// What the server says to a question; empty when it hangs up.
async fn ask(stream: &mut TcpStream) -> String {
    let question = b"GET / HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n";
    // It may have hung up already.
    let _ = stream.write_all(question).await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn one_client_cannot_keep_the_others_out() {
    let server = start().await;
    let mut idle = Vec::new();
    for _ in 0..places::MOST {
        idle.push(connect(server, 1).await);
    }

    let (mut own, mut other) = (connect(server, 1).await, connect(server, 2).await);

    assert_eq!(ask(&mut own).await, "");
    assert!(ask(&mut other).await.ends_with("here\n"));
}

#[tokio::test]
async fn connections_of_all_clients_take_a_bounded_number_of_places() {
    let server = start().await;
    let mut idle = Vec::new();
    for number in 0..places::MOST {
        let client = number / places::MOST_OF_ONE + 10;
        idle.push(connect(server, u8::try_from(client).expect("few")).await);
    }

    let mut more = connect(server, 2).await;
    assert_eq!(ask(&mut more).await, "");

    idle.pop();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !ask(&mut connect(server, 2).await).await.ends_with("here\n") {
        assert!(Instant::now() < deadline, "no place became free");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let server = start_for(Duration::from_millis(200)).await;
    for begin in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: router\r\n\r\n"] {
        let mut silent = connect(server, 1).await;
        silent.write_all(begin.as_bytes()).await.expect("write");

        let mut said = Vec::new();
        let ended = timeout(Duration::from_secs(10), silent.read_to_end(&mut said)).await;

        assert!(ended.is_ok(), "still open after {begin:?}");
    }
}
