//! The promises of a plan, for any cluster from a small domain.

use model::{
    Snapshot,
    testing::{advertisement, cluster, ingress, node, pool, service},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{AddressSource, Options, plan};

fn clusters() -> impl Strategy<Value = Snapshot> {
    let address = || select(vec!["192.0.2.0", "192.0.2.1", "192.0.2.2", "203.0.113.9"]);
    let host = || select(vec!["a.example", "b.example", "*.example", "no_host"]);
    let one_node = (any::<bool>(), any::<bool>());
    let one_service = (
        option::of(address()),
        option::of(address()),
        option::of(select(vec!["key", "other"])),
        option::of(host()),
        vec(select(vec!["n0", "n1", "n2"]), 0..3),
        (any::<bool>(), select(vec![80, 443, 5432])),
    );
    let one_ingress = (vec(host(), 0..3), option::of(address()));
    (
        vec(one_node, 0..4),
        vec(one_service, 0..6),
        vec(one_ingress, 0..4),
    )
        .prop_map(|(nodes, services, ingresses)| {
            let mut snapshot = cluster()
                .with(pool("first", &["192.0.2.0/31"]))
                .with(pool("second", &["192.0.2.2/31"]))
                .with(advertisement("all"));
            for (at, (ready, cordoned)) in nodes.into_iter().enumerate() {
                let mut one = node(&format!("n{at}")).at(&format!("203.0.113.{at}"));
                one.ready = ready;
                one.unschedulable = cordoned;
                snapshot = snapshot.with(one);
            }
            for (at, (wish, status, share, host, places, (local, port))) in
                services.into_iter().enumerate()
            {
                let name = format!("default/s{at}");
                let mut one = service(&name).on(&[port]);
                one.load_balancer_ips = wish.map(str::to_string);
                one.sharing_key = share.map(str::to_string);
                one.hostnames = host.into_iter().map(str::to_string).collect();
                one = status.into_iter().fold(one, |one, text| one.holding(text));
                one = if local { one.local() } else { one };
                snapshot = snapshot.with(one).with_endpoints(&name, &places);
            }
            for (at, (hosts, status)) in ingresses.into_iter().enumerate() {
                let one = ingress(&format!("default/i{at}"), &hosts);
                let one = status.into_iter().fold(one, |one, text| one.holding(text));
                snapshot = snapshot.with(one);
            }
            snapshot
        })
}

proptest! {
    #[test]
    fn the_same_snapshot_gives_the_same_plan_byte_for_byte(snapshot in clusters()) {
        let holdings = ipam::Holdings::new();
        let planned = || plan(&snapshot, AddressSource::Allocate(&holdings), &Options::default());

        prop_assert_eq!(planned().to_string(), planned().to_string());
        let json = || serde_json::to_string(&planned()).expect("a plan is plain data");
        prop_assert_eq!(json(), json());
    }

    #[test]
    fn planning_twice_changes_nothing(snapshot in clusters()) {
        let none = ipam::Holdings::new();
        let once = plan(&snapshot, AddressSource::Allocate(&none), &Options::default());

        let holdings = once.holdings();
        let twice = plan(&snapshot, AddressSource::Allocate(&holdings), &Options::default());

        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_follower_announces_and_names_what_the_holder_wrote(snapshot in clusters()) {
        let none = ipam::Holdings::new();
        let holder = plan(&snapshot, AddressSource::Allocate(&none), &Options::default());
        let mut written = snapshot;
        for (key, service) in &mut written.services {
            let vips = holder.holdings().remove(key).unwrap_or_default();
            service.status_ips = vips.iter().map(|vip| vip.address()).collect();
        }

        let follower = plan(&written, AddressSource::Status, &Options::default());

        prop_assert_eq!(holder.announcement, follower.announcement);
        prop_assert_eq!(holder.naming, follower.naming);
    }
}
