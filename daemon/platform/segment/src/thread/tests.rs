use kernel::testing::Namespace;

use super::*;

#[test]
fn a_panic_is_a_failure_with_its_text() {
    let text = contain(|| panic!("an object that nobody expected"));
    let formatted = contain(|| panic!("{} objects", 3));

    assert_eq!(
        text,
        Err(Failure::Panicked(
            "an object that nobody expected".to_string()
        ))
    );
    assert_eq!(formatted, Err(Failure::Panicked("3 objects".to_string())));
}

#[tokio::test]
async fn a_thread_that_panics_is_told_to_whoever_waits_for_it() {
    let host = Namespace::new();
    let (_orders, receiver) = watch::channel(Orders::default());
    let mut segment = host
        .inside(|| start(Settings::default(), receiver))
        .unwrap();
    let (sender, ended) = oneshot::channel();
    sender.send(contain(|| panic!("a bug"))).unwrap();
    segment.ended = ended;

    let first = segment.failed().await;
    let again = segment.failed().await;

    assert_eq!(first, Failure::Panicked("a bug".to_string()));
    assert_eq!(again, first);
    assert_eq!(segment.stop().await, Err(first));
}
