use super::Tally;

#[test]
fn the_closing_line_of_cargo_test_is_counted() {
    let line = "test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s";

    let tally = Tally::read(line).unwrap();

    assert_eq!(
        tally,
        Tally {
            passed: 12,
            failed: 1,
            ignored: 2
        }
    );
}

#[test]
fn the_line_of_one_test_is_not_counted() {
    assert_eq!(Tally::read("test tally::tests::counts ... ok"), None);
}
