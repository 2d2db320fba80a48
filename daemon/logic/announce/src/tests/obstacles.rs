use model::{
    Endpoint, Node, Snapshot,
    testing::{advertisement, cluster, endpoint, key, label_is, node, pool, service},
};

use super::{given, planned, ranking, refusals};
use crate::{Options, plan};

const EXCLUDE: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

fn cluster_with(nodes: impl IntoIterator<Item = Node>) -> Snapshot {
    let base = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(advertisement("all"))
        .with(service("default/web"))
        .with_endpoints("default/web", &["worker"]);
    nodes.into_iter().fold(base, Snapshot::with)
}

#[test]
fn a_service_without_a_serving_endpoint_is_not_announced() {
    let mut snapshot = cluster_with([node("worker")]);
    let stopped = Endpoint {
        serving: false,
        ..endpoint("worker")
    };
    snapshot.endpoints.insert(key("default/web"), vec![stopped]);

    let plan = planned(&snapshot);

    assert_eq!(ranking(&plan, "192.0.2.1"), "");
    assert!(
        refusals(&plan)[0].starts_with("default/web: NoServingEndpoint: no endpoint serves it")
    );
}

#[test]
fn without_an_advertisement_nothing_is_announced() {
    let mut snapshot = cluster_with([node("worker")]);
    snapshot.l2_advertisements.clear();

    assert_eq!(
        refusals(&planned(&snapshot)),
        ["default/web: NoMatchingAdvertisement: no L2Advertisement covers pool first; create one"]
    );
}

#[test]
fn an_advertisement_of_another_pool_does_not_count() {
    let snapshot = cluster_with([node("worker")]).with(advertisement("all").of_pool("second"));

    assert!(refusals(&planned(&snapshot))[0].contains("no L2Advertisement covers pool first"));
}

#[test]
fn an_advertisement_of_other_services_does_not_count() {
    let mut selective = advertisement("all");
    selective.service_selectors = vec![label_is("tier", "front")];
    let snapshot = cluster_with([node("worker")]).with(selective);

    let plan = planned(&snapshot);

    assert!(refusals(&plan)[0].contains("the serviceSelectors of each L2Advertisement"));
}

#[test]
fn a_refusal_names_what_rules_out_each_node() {
    let mut cut_off = node("e-cut-off");
    cut_off.network_unavailable = true;
    let snapshot = cluster_with([
        node("a-control-plane").labelled(EXCLUDE, ""),
        node("b-dead").not_ready(),
        cut_off,
    ]);

    assert_eq!(
        refusals(&planned(&snapshot)),
        [
            "default/web: NoNode: no node may announce it: a-control-plane is labelled \
          node.kubernetes.io/exclude-from-external-load-balancers; b-dead is not Ready; \
          e-cut-off is NetworkUnavailable"
        ]
    );
}

#[test]
fn a_long_refusal_counts_the_rest() {
    let snapshot = cluster_with((0..9).map(|at| node(&format!("n{at}")).not_ready()));

    assert!(refusals(&planned(&snapshot))[0].ends_with("n3 is not Ready; and 5 more"));
}

#[test]
fn nodes_labelled_out_of_load_balancing_announce_when_the_option_says_so() {
    let snapshot = cluster_with([node("control-plane").labelled(EXCLUDE, "false")]);
    let allocations = given(&[("default/web", &["192.0.2.1"])]);
    let ignoring = Options {
        ignore_exclude_lb: true,
    };

    assert_eq!(ranking(&planned(&snapshot), "192.0.2.1"), "");
    assert_eq!(
        ranking(&plan(&snapshot, &allocations, ignoring), "192.0.2.1"),
        "control-plane"
    );
}

#[test]
fn node_selectors_of_all_advertisements_are_a_union() {
    let snapshot = cluster_with([
        node("a").labelled("rack", "1"),
        node("b").labelled("rack", "2"),
        node("c").labelled("rack", "3"),
    ])
    .with(advertisement("all").from_nodes(label_is("rack", "1")))
    .with(advertisement("more").from_nodes(label_is("rack", "2")));

    let plan = planned(&snapshot);

    let mut names: Vec<String> = ranking(&plan, "192.0.2.1")
        .split(',')
        .map(str::to_string)
        .collect();
    names.sort();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_node_without_ready_endpoints_does_not_announce_when_policy_is_local() {
    let snapshot = cluster_with([node("idle"), node("worker")])
        .with(service("default/web").local())
        .with_endpoints("default/web", &["worker"]);

    assert_eq!(ranking(&planned(&snapshot), "192.0.2.1"), "worker");
}

#[test]
fn an_endpoint_without_a_node_does_not_count_for_policy_local() {
    let mut snapshot = cluster_with([node("worker")]).with(service("default/web").local());
    let anywhere = Endpoint {
        node: None,
        ..endpoint("")
    };
    snapshot
        .endpoints
        .insert(key("default/web"), vec![anywhere]);

    let plan = planned(&snapshot);

    assert!(refusals(&plan)[0].contains("worker is without a serving endpoint"));
}
