use model::testing::{cluster, ingress, service};

use super::{addresses, planned, texts};
use crate::{
    HostProblem::{
        self, EmptyLabel, LabelTooLong, NotAscii, NotLetterDigitHyphen, Numeric, TooLong, Wildcard,
    },
    host::normalised,
};

#[test]
fn names_are_lower_case_without_a_trailing_dot() {
    assert_eq!(
        normalised("WWW.Example.COM."),
        Ok("www.example.com".to_string())
    );
    assert_eq!(normalised(" a.example "), Ok("a.example".to_string()));
}

#[test]
fn a_wildcard_is_the_whole_first_label() {
    assert_eq!(normalised("*.example.com"), Ok("*.example.com".to_string()));
    for text in [
        "*",
        "a*.example.com",
        "www.*.example.com",
        "*.*.example.com",
        "**.example.com",
    ] {
        assert_eq!(normalised(text), Err(Wildcard), "{text}");
    }
}

#[test]
fn texts_that_are_no_host_names_are_refused_with_what_is_wrong() {
    let label = "a".repeat(64);
    let long = "abcdefg.".repeat(32);
    let rows: [(&str, HostProblem); 11] = [
        ("", EmptyLabel),
        ("a..example", EmptyLabel),
        (".example", EmptyLabel),
        ("-a.example", NotLetterDigitHyphen),
        ("a-.example", NotLetterDigitHyphen),
        ("under_score.example", NotLetterDigitHyphen),
        ("a b.example", NotLetterDigitHyphen),
        ("bücher.example", NotAscii),
        ("192.0.2.1", Numeric),
        (&label, LabelTooLong),
        (&long, TooLong),
    ];

    for (text, problem) in rows {
        assert_eq!(normalised(text), Err(problem), "{text}");
    }
}

#[test]
fn a_bad_host_is_refused_alone() {
    let snapshot = cluster().with(service("traefik/traefik")).with(ingress(
        "default/shop",
        &["bad_host.example", "good.example"],
    ));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "good.example"), "192.0.2.10");
    assert_eq!(
        texts(&plan.refused),
        [
            "Ingress default/shop: BadHostName: `bad_host.example` is no host name: labels are \
          letters, digits and hyphens, with no hyphen at either end"
        ]
    );
}
