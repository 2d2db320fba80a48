use crate::{
    RouterSecret, TsigSecret,
    testing::{ip, view},
};

fn secret(fields: &str) -> Option<RouterSecret> {
    view(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: lanlord-router, namespace: metallb-system}}\n{fields}\n"
    ))
    .router_secret
}

#[test]
fn the_routers_key_is_read_encoded_once_or_twice() {
    let once = "stringData: {address: 192.168.1.200, cluster: home, key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}";
    let raw = "data: {key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}";
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());

    let read = secret(once).unwrap();

    assert_eq!(read.address, Some(ip("192.168.1.200")));
    assert_eq!(
        read.tsig,
        TsigSecret::RouterKey {
            cluster: "home".to_string(),
            key
        }
    );
    let read = secret(raw).unwrap();
    assert_eq!(read.address, None);
    assert_eq!(
        read.tsig,
        TsigSecret::RouterKey {
            cluster: "lab".to_string(),
            key
        }
    );
    assert!(
        !format!("{read:?}").contains("[0, 1"),
        "keys are not printed"
    );
}

#[test]
fn another_dns_servers_key_is_taken_as_it_is() {
    let read = secret("stringData: {tsig-name: updates, tsig-secret: AQID}").unwrap();

    assert_eq!(
        read.tsig,
        TsigSecret::Given {
            name: "updates".to_string(),
            algorithm: "hmac-sha256".to_string(),
            secret: vec![1, 2, 3],
        }
    );
}

#[test]
fn a_secret_without_a_usable_key_is_refused() {
    assert_eq!(secret("stringData: {key: short}"), None);
    assert_eq!(secret("stringData: {address: 192.168.1.200}"), None);
    assert_eq!(secret("stringData: {tsig-name: a, key: b}"), None);
}
