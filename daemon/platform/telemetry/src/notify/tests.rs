use super::*;

#[test]
fn what_a_daemon_tells_arrives_as_it_was_meant() {
    let listener = Listener::open().expect("an abstract socket");
    let notifier = Notifier {
        socket: Some(connect(listener.address()).expect("connects")),
        watchdog: None,
    };

    notifier.status(false, "no firewall:\nnft is missing");
    notifier.ready();
    notifier.alive();
    notifier.stopping();

    let status = listener.next().expect("a status");
    assert_eq!(
        status.status.as_deref(),
        Some("no firewall: nft is missing")
    );
    assert_eq!(status.whole, Some(false));
    assert!(listener.next().is_some_and(|notice| notice.ready));
    assert!(listener.next().is_some_and(|notice| notice.alive));
    assert!(listener.next().is_some_and(|notice| notice.stopping));
    assert_eq!(listener.next(), None);
}

#[test]
fn a_listener_that_does_not_read_disturbs_nobody() {
    let listener = Listener::open().expect("an abstract socket");
    let notifier = Notifier {
        socket: Some(connect(listener.address()).expect("connects")),
        watchdog: None,
    };

    for _ in 0..10_000 {
        notifier.alive();
    }
    assert!(listener.next().is_some());
    drop(listener);
    notifier.ready();
}

#[test]
fn a_daemon_without_a_listener_tells_nothing() {
    Notifier::default().ready();
    assert_eq!(Notifier::default().watchdog_interval(), None);
}
