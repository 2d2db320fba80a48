use super::*;

#[test]
fn a_long_check_is_left_out_unless_it_is_named() {
    let all = select(&[]).expect("all checks");
    let named = select(&["talos".to_owned()]).expect("one check");

    let long: Vec<&str> = all
        .iter()
        .filter(|check| check.only_with.is_some())
        .map(|check| check.name)
        .collect();
    assert_eq!(long, ["talos"]);
    assert_eq!(named.len(), 1);
    assert!(named[0].only_with.is_none());
}

#[test]
fn a_check_that_is_left_out_counts_nothing() {
    let check = Check {
        name: "long",
        about: "takes hours",
        run: || panic!("it was run"),
        only_with: Some("LANLORD_VERIFY_NOTHING_IS_CALLED_THIS"),
    };

    let outcome = run_one(&check);

    let Outcome::Passed(tally, _) = outcome else {
        panic!("it failed");
    };
    assert_eq!((tally.passed, tally.failed), (0, 0));
}

#[test]
fn an_unknown_name_is_refused_with_those_that_there_are() {
    let error = select(&["taloz".to_owned()]).expect_err("no such check");

    assert!(format!("{error:#}").contains("talos"), "{error:#}");
}
