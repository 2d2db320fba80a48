use super::*;
use crate::testing::*;
use hickory_proto::rr::RecordType;

#[test]
fn the_secret_of_a_cluster_follows_from_the_shared_key_as_the_design_says() {
    // From Python: HKDF-SHA256, salt empty, info "lanlord/v1/tsig", over 32 octets of 0x07.
    let expected = "a6f3dbbc06ef8285d6e2a4bc170ad58b1fd9f27c2be41c40bb259131d05b04d3";

    let key = lab_key();

    let hex: String = key
        .signer
        .key()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    assert_eq!(hex, expected);
    assert_eq!(key.name(), &name("lab"));
}

#[test]
fn a_signed_request_verifies_and_one_changed_octet_does_not() {
    let key = lab_key();
    let (wire, message) = signed_question(&key, NOW);

    assert!(key.verify_request(&wire, &message, NOW).is_ok());

    let mut changed = wire;
    changed[13] ^= 1;
    let message = Message::from_vec(&changed).expect("reads");
    let error = key.verify_request(&changed, &message, NOW);
    assert_eq!(error, Err(SignatureError::BadSignature));
}

#[test]
fn a_signature_holds_for_300_seconds_either_way() {
    let key = lab_key();
    let (wire, message) = signed_question(&key, NOW);

    assert!(key.verify_request(&wire, &message, NOW + 300).is_ok());
    assert!(key.verify_request(&wire, &message, NOW - 300).is_ok());
    let late = key.verify_request(&wire, &message, NOW + 301);
    assert_eq!(late, Err(SignatureError::BadTime));
}

#[test]
fn a_relayed_message_verifies_under_its_original_id() {
    let key = lab_key();
    let (mut wire, _) = signed_question(&key, NOW);
    wire[..2].copy_from_slice(&[0xab, 0xcd]);
    let message = Message::from_vec(&wire).expect("reads");

    assert!(key.verify_request(&wire, &message, NOW).is_ok());
}

#[test]
fn a_signature_from_1970_does_no_harm() {
    let key = lab_key();
    let (wire, message) = signed_question(&key, 0);

    let error = key.verify_request(&wire, &message, NOW);

    assert_eq!(error, Err(SignatureError::BadSignature));
}

#[test]
fn a_reply_verifies_for_the_one_who_asked_and_for_no_other_question() {
    let authority = authority();
    let asked = query("nas.home.arpa", RecordType::A);
    let mut wire = bytes(&asked);
    let mut verifier = lab_key().sign_request(&mut wire, asked.metadata.id, NOW);
    let mut other = lab_key().sign_request(&mut bytes(&asked), 1, NOW + 1);
    let answer = authority.answer(&wire, laptop(), crate::Transport::Udp, NOW);
    let crate::Answer::Reply(reply) = answer else {
        panic!("expected a reply")
    };
    let message = Message::from_vec(&reply.wire).expect("reads");

    assert_eq!(verifier.verify(&reply.wire, &message, NOW), Ok(()));
    assert!(verifier.is_settled());
    assert_eq!(
        other.verify(&reply.wire, &message, NOW),
        Err(SignatureError::BadSignature)
    );
}

#[test]
fn a_stream_of_many_messages_verifies_and_a_missing_one_is_noticed() {
    let (messages, mut verifier) = long_transfer();
    assert!(messages.len() > 2, "{} messages", messages.len());

    for wire in &messages {
        let message = Message::from_vec(wire).expect("reads");
        assert_eq!(verifier.verify(wire, &message, NOW), Ok(()));
    }
    assert!(verifier.is_settled());

    let (messages, mut verifier) = long_transfer();
    let first = Message::from_vec(&messages[0]).expect("reads");
    let third = Message::from_vec(&messages[2]).expect("reads");
    assert_eq!(verifier.verify(&messages[0], &first, NOW), Ok(()));
    assert_eq!(
        verifier.verify(&messages[2], &third, NOW),
        Err(SignatureError::BadSignature)
    );
}

#[test]
fn unsigned_messages_within_a_stream_count_once_a_signed_one_follows() {
    let key = lab_key();
    let mut asked = bytes(&query("example.com", RecordType::AXFR));
    let mut verifier = key.sign_request(&mut asked, 4711, NOW);
    let question = verifier.previous.clone();
    let reply = || {
        let mut message = query("example.com", RecordType::AXFR);
        message.metadata.message_type = MessageType::Response;
        bytes(&message)
    };
    let mut first = reply();
    let mac = key.sign_reply(&mut first, 4711, NOW, &question, None);
    let second = reply();
    // What a server signs third covers the second, which it sent bare.
    let mut both = second.clone();
    let third = reply();
    both.extend_from_slice(&third);
    let mut signed = with_length(&mac);
    signed.extend_from_slice(&both);
    signed.extend_from_slice(&timers(NOW, FUDGE_SECS));
    let mut third = third;
    attach(
        &mut third,
        key.name(),
        key.unsigned_tsig(4711, NOW, None).set_mac(key.mac(&signed)),
    );

    let read = |wire: &[u8]| Message::from_vec(wire).expect("reads");
    assert_eq!(verifier.verify(&first, &read(&first), NOW), Ok(()));
    assert_eq!(verifier.verify(&second, &read(&second), NOW), Ok(()));
    assert!(!verifier.is_settled());
    assert_eq!(verifier.verify(&third, &read(&third), NOW), Ok(()));
    assert!(verifier.is_settled());
}

#[test]
fn a_key_shows_its_name_and_never_its_secret() {
    let key = Key::new("k", "hmac-sha512", b"secret".to_vec()).expect("key");

    assert_eq!(format!("{key:?}"), "Key { name: Name(\"k.\"), .. }");
    assert!(Key::new("k", "hmac-md5", Vec::new()).is_err());
}

fn signed_question(key: &Key, time: u64) -> (Vec<u8>, Message) {
    let mut wire = bytes(&query("example.com", RecordType::SOA));
    key.sign_request(&mut wire, 4711, time);
    let message = Message::from_vec(&wire).expect("reads");
    (wire, message)
}

fn long_transfer() -> (Vec<Vec<u8>>, ReplyVerifier) {
    let records: Vec<String> = (0..250)
        .map(|host| format!("h{host}.example.com 30 A 10.10.10.{host}"))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let authority = updated(&authority(), &adding("example.com", &records));
    let mut wire = bytes(&query("example.com", RecordType::AXFR));
    let verifier = lab_key().sign_request(&mut wire, 4711, NOW);
    match authority.answer(&wire, laptop(), crate::Transport::Tcp, NOW) {
        crate::Answer::Transfer(messages) => (messages, verifier),
        other => panic!("expected a transfer, got {other:?}"),
    }
}
