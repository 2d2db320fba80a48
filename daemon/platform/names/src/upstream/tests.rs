use std::{net::Ipv4Addr, str::FromStr};

use hickory_proto::rr::{Name, RecordType};

use super::*;

#[tokio::test]
async fn without_resolvers_every_question_fails_at_once() {
    let upstream = Upstream::new(&[]);

    assert_eq!(
        upstream.resolve(&question(), false).await,
        Resolution::Failed
    );
    assert_eq!(upstream.status().failed, 1);
}

#[tokio::test]
async fn a_resolver_that_does_not_speak_tls_is_not_asked_in_clear() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("bind");
    let address = listener.local_addr().expect("address");
    let resolver = Resolver::Tls {
        address,
        name: "dns.example".to_string(),
    };
    let upstream = Upstream::new(&[resolver]);
    let first_octet = async {
        let (mut stream, _) = listener.accept().await.expect("accept");
        let mut octet = [0];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut octet)
            .await
            .expect("read");
        octet[0]
    };

    let asked = question();
    let (answer, octet) = tokio::join!(upstream.resolve(&asked, false), first_octet);

    let tls_handshake = 0x16;
    assert_eq!(octet, tls_handshake);
    assert_eq!(answer, Resolution::Failed);
}

fn question() -> Query {
    Query::query(
        Name::from_str("www.example.net.").expect("name"),
        RecordType::A,
    )
}
