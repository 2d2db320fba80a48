//! What happens between two system calls.

use crate::dhcp::{channel, tests::fixture::Home};

use super::*;

#[tokio::test]
async fn an_interface_that_goes_before_its_sockets_are_open_is_waited_for() {
    let home = Home::new("").await;
    let mut task = Task::start(home.inputs(), channel().0)
        .await
        .expect("read the leases");
    let listed = task.netlink.link("eth1").await.expect("list interfaces");
    let link = listed.expect("the LAN has an interface");
    home.router.shell("ip link delete eth1");

    task.open_wire(&link, link.mac.expect("a MAC"))
        .await
        .expect("the task goes on");

    assert!(task.wire.is_none());
}
