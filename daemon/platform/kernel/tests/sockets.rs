//! Datagram sockets, ports, sysctls and the checks of what is missing, in namespaces.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::SocketAddr, time::Duration};

use kernel::{
    capability::{self, Capability},
    feature,
    socket::{BindError, Binding},
    sysctl,
    testing::{Lan, Namespace},
};

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future)
        .await
        .expect("done within five seconds")
}

#[tokio::test]
async fn a_server_on_a_wildcard_answers_from_the_address_it_was_asked_at() {
    for (addresses, client_address, asked, wildcard) in [
        (
            ["192.0.2.1/24", "192.0.2.7/24"],
            "192.0.2.2/24",
            "192.0.2.7",
            "0.0.0.0:53",
        ),
        (
            ["2001:db8::1/64", "2001:db8::7/64"],
            "2001:db8::2/64",
            "2001:db8::7",
            "[::]:53",
        ),
    ] {
        let lan = Lan::new().await;
        let server_host = lan.host(&[]).await;
        let client_host = lan.host(&[]).await;
        for (host, address) in [
            (&server_host, addresses[0]),
            (&server_host, addresses[1]),
            (&client_host, client_address),
        ] {
            // Without `nodad` an IPv6 address is unusable for a second.
            let flags = if address.contains(':') { "nodad" } else { "" };
            host.shell(&format!("ip address add {address} dev eth0 {flags}"));
        }
        let server = server_host
            .inside(|| Binding::new(at(wildcard)).udp())
            .unwrap();
        let asked = SocketAddr::new(asked.parse().unwrap(), 53);
        let any = SocketAddr::new(
            client_address.split('/').next().unwrap().parse().unwrap(),
            0,
        );
        let client = client_host.inside(|| Binding::new(any).udp()).unwrap();

        client.send(b"question", asked, None).await.unwrap();
        let mut buffer = [0; 512];
        let question = within(server.recv(&mut buffer)).await.unwrap();
        server
            .send(b"answer", question.peer, Some(question.local))
            .await
            .unwrap();
        let answer = within(client.recv(&mut buffer)).await.unwrap();

        assert_eq!(question.local.address, asked.ip());
        assert_eq!(answer.peer, asked);
        assert_eq!(&buffer[..answer.length], b"answer");
    }
}

#[tokio::test]
async fn a_port_in_use_names_its_holder() {
    let host = Namespace::new();
    let _holder = host
        .inside(|| Binding::new(at("127.0.0.1:53")).udp())
        .unwrap();

    let error = host
        .inside(|| Binding::new(at("127.0.0.1:53")).udp().map(drop))
        .unwrap_err();

    let me = std::process::id();
    let text = error.to_string();
    assert!(
        text.starts_with("port 53/udp on 127.0.0.1 is in use by "),
        "{text}"
    );
    assert!(text.contains(&format!("(pid {me})")), "{text}");
    assert!(text.ends_with("; see: ss -lunp 'sport = :53'"), "{text}");
}

#[tokio::test]
async fn a_listening_port_in_use_names_its_holder() {
    let host = Namespace::new();
    let _holder = host
        .inside(|| Binding::new(at("0.0.0.0:80")).tcp())
        .unwrap();

    let error = host
        .inside(|| Binding::new(at("127.0.0.1:80")).tcp().map(drop))
        .unwrap_err();

    assert!(matches!(error, BindError::InUse(_)));
    assert!(
        error
            .to_string()
            .contains("port 80/tcp on 127.0.0.1 is in use by "),
        "{error}"
    );
}

#[tokio::test]
async fn sockets_with_reuse_port_share_it() {
    let host = Namespace::new();
    let binding = Binding::new(at("127.0.0.1:53")).reuse_port();

    let first = host.inside(|| binding.udp());
    let second = host.inside(|| binding.udp());

    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn a_socket_on_a_device_hears_that_device_only() {
    let lan = Lan::new().await;
    let other = Lan::new().await;
    let server_host = lan.host(&["192.0.2.1/24"]).await;
    other
        .attach(&server_host, "eth1", &["198.51.100.1/24"])
        .await;
    let client_host = lan.host(&["192.0.2.2/24"]).await;
    let stranger_host = other.host(&["198.51.100.2/24"]).await;
    let server = server_host
        .inside(|| Binding::new(at("0.0.0.0:67")).on_device("eth0").udp())
        .unwrap();
    let client = client_host
        .inside(|| Binding::new(at("0.0.0.0:0")).udp())
        .unwrap();
    let stranger = stranger_host
        .inside(|| Binding::new(at("0.0.0.0:0")).udp())
        .unwrap();

    stranger
        .send(b"stranger", at("198.51.100.1:67"), None)
        .await
        .unwrap();
    client
        .send(b"client", at("192.0.2.1:67"), None)
        .await
        .unwrap();

    let mut buffer = [0; 64];
    let datagram = within(server.recv(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..datagram.length], b"client");
}

#[tokio::test]
async fn an_address_that_is_not_there_yet_can_be_bound_on_request() {
    let host = Namespace::new();
    let binding = Binding::new(at("192.0.2.1:53"));

    let refused = host.inside(|| binding.udp().map(drop)).unwrap_err();
    let early = host.inside(|| binding.clone().before_the_address().udp());

    assert_eq!(refused.to_string(), "bind 192.0.2.1:53");
    assert!(early.is_ok());
}

#[test]
fn a_setting_is_written_only_when_it_differs() {
    let host = Namespace::new();
    let key = "net/ipv4/conf/all/send_redirects";

    let (first, second, value) = host.inside(|| {
        let first = sysctl::ensure(key, "0").unwrap();
        let second = sysctl::ensure(key, "0").unwrap();
        (first, second, sysctl::read(key).unwrap())
    });

    assert_eq!(first, sysctl::Outcome::Changed);
    assert_eq!(second, sysctl::Outcome::Unchanged);
    assert_eq!(value, "0");
}

#[test]
fn a_setting_that_is_not_there_is_named_with_its_path() {
    let error = sysctl::ensure("net/ipv4/conf/eth9/send_redirects", "0").unwrap_err();

    assert_eq!(
        error.to_string(),
        "read /proc/sys/net/ipv4/conf/eth9/send_redirects"
    );
}

#[test]
fn this_machine_has_what_the_tests_need() {
    let host = Namespace::new();

    capability::require(&[Capability::NetAdmin, Capability::NetRaw]).unwrap();
    feature::require_packet_sockets().unwrap();
    host.inside(feature::require_nf_tables).unwrap();
}
