use super::*;

fn clean(text: &str) -> Option<String> {
    clean_hostname(text.as_bytes())
}

#[test]
fn names_become_lower_case_letters_digits_and_hyphens() {
    assert_eq!(clean("Talos-1"), Some("talos-1".into()));
    assert_eq!(clean("Anna's Phone"), Some("annas-phone".into()));
    assert_eq!(clean("living_room"), Some("living-room".into()));
    assert_eq!(clean("laptop.example.com"), Some("laptop".into()));
    assert_eq!(clean("laptop\0"), Some("laptop".into()));
}

#[test]
fn names_that_speak_for_the_network_are_refused() {
    for name in [
        "wpad",
        "WPAD",
        "isatap",
        "localhost",
        "gateway",
        "wpad.lan",
        "-wpad-",
    ] {
        assert_eq!(clean(name), None, "{name}");
    }
}

#[test]
fn names_that_are_no_host_names_are_refused() {
    let long = "a".repeat(64);
    for name in [
        "",
        "-",
        "_dmarc",
        "a\nb",
        "a\u{1b}[31m",
        "ä",
        "a/b",
        "*",
        long.as_str(),
    ] {
        assert_eq!(clean(name), None, "{name:?}");
    }
    assert_eq!(clean_hostname(&[0xff, 0xfe]), None);
}

#[test]
fn the_fqdn_option_is_used_when_there_is_no_host_name() {
    let mut options = Options::new();
    options.set(code::CLIENT_FQDN, *b"\x04\0\0\x06laptop\x07example\0");
    assert_eq!(asked_hostname(&options), Some("laptop".into()));

    options.set(code::CLIENT_FQDN, *b"\0\0\0desktop.example");
    assert_eq!(asked_hostname(&options), Some("desktop".into()));

    options.set(code::HOST_NAME, *b"nas");
    assert_eq!(asked_hostname(&options), Some("nas".into()));

    options = Options::new();
    options.set(code::CLIENT_FQDN, *b"\x04\0\0\xc8abc");
    assert_eq!(asked_hostname(&options), None);
}
