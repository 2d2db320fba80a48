use tokio::{io::AsyncReadExt, net::TcpStream};

use super::*;

#[tokio::test]
async fn idle_connections_take_a_bounded_number_of_places() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    tokio::spawn(serve(listener, Router::new()));
    let mut idle = Vec::new();
    for _ in 0..places::MOST {
        idle.push(TcpStream::connect(address).await.expect("connect"));
    }

    let mut more = TcpStream::connect(address).await.expect("connect");

    assert_eq!(more.read(&mut [0; 1]).await.expect("a clean end"), 0);
}
