use super::Cell;

#[test]
fn a_row_keeps_every_value_and_is_judged_by_the_largest() {
    let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();

    let cell = Cell::measured("c", "s", "ms", values.clone(), Some(19.0));

    assert_eq!(cell.values, values);
    assert_eq!(
        (cell.median, cell.p95, cell.max),
        (Some(10.0), Some(19.0), Some(20.0))
    );
    assert_eq!(cell.met, Some(false));
}

#[test]
fn a_row_that_could_not_run_is_there_with_its_reason() {
    let json = serde_json::to_value(Cell::not_run("c", "peer 1.0", "ms", "not installed")).unwrap();

    assert_eq!(json["not_run"], "not installed");
    assert_eq!(json["values"], serde_json::json!([]));
    assert!(json["median"].is_null() && json["met"].is_null());
}
