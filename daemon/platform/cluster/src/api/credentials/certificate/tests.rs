use proptest::prelude::*;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::common_name;

fn certificate(entries: &[(DnType, &str)]) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in entries {
        params.distinguished_name.push(kind.clone(), *value);
    }
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().pem()
}

fn kubelet() -> String {
    certificate(&[
        (DnType::OrganizationName, "system:nodes"),
        (DnType::CommonName, "system:node:talos-2"),
    ])
}

#[test]
fn the_common_name_is_found_behind_an_organization() {
    assert_eq!(
        common_name(kubelet().as_bytes()).as_deref(),
        Some("system:node:talos-2")
    );
}

#[test]
fn the_key_before_the_certificate_in_one_file_does_not_matter() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let both = format!("{key}{}", kubelet());

    assert_eq!(
        common_name(both.as_bytes()).as_deref(),
        Some("system:node:talos-2")
    );
}

#[test]
fn a_certificate_without_a_common_name_has_none() {
    let pem = certificate(&[(DnType::OrganizationName, "system:nodes")]);

    assert_eq!(common_name(pem.as_bytes()), None);
}

#[test]
fn what_is_no_certificate_has_none() {
    assert_eq!(common_name(b"no PEM at all"), None);
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    assert_eq!(common_name(empty.as_bytes()), None);
}

proptest! {
    /// Whatever octets stand in the file: an answer, never a panic.
    #[test]
    fn damaged_certificates_are_read_without_a_panic(at in 0_usize..600, octet in any::<u8>(), length in 0_usize..700) {
        use base64::{Engine, engine::general_purpose::STANDARD};
        use rustls::pki_types::{CertificateDer, pem::PemObject};

        let mut der = CertificateDer::from_pem_slice(kubelet().as_bytes()).unwrap().to_vec();
        let at = at % der.len();
        der[at] = octet;
        der.truncate(length);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&der));

        common_name(pem.as_bytes());
    }
}
