use std::sync::Mutex;

use ipam::Holdings;

use super::*;
use crate::{
    api::mock::{Answer, Mock, Request},
    testing::view,
};

const POOL: &str = "apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first, namespace: metallb-system}
spec: {addresses: [192.0.2.0/28]}
";

/// A LoadBalancer Service `web/<name>` of version 7, with these lines at its end.
fn service(name: &str, more: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: web, uid: u-{name}, resourceVersion: '7'{more}\n"
    )
}

fn wanting(name: &str, address: &str) -> String {
    service(
        name,
        &format!(
            ", annotations: {{metallb.io/loadBalancerIPs: {address}}}}}\nspec: {{type: LoadBalancer}}"
        ),
    )
}

fn plain(name: &str, status: &str) -> String {
    service(name, &format!("}}\nspec: {{type: LoadBalancer}}\n{status}"))
}

fn accepted(request: &Request) -> Answer {
    Answer::Object(
        json!({ "metadata": { "name": "x", "resourceVersion": "8" }, "echo": request.body }),
    )
}

async fn apply(mock: &Mock, yaml: &str) -> Written {
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::default());
    turn(&mut writer, yaml).await
}

async fn turn(writer: &mut Writer, yaml: &str) -> Written {
    let view = view(yaml);
    let plan = ipam::plan(&view.snapshot, &Holdings::new());
    writer.apply(&view, &plan).await.unwrap()
}

fn notes(mock: &Mock) -> Vec<String> {
    mock.matching("POST")
        .iter()
        .map(|request| {
            let text = |key: &str| request.body[key].as_str().unwrap_or_default().to_string();
            format!("{} {}: {}", text("type"), text("reason"), text("note"))
        })
        .collect()
}

#[tokio::test]
async fn a_new_address_is_one_merge_patch_of_the_status_with_the_version_that_was_read() {
    let mock = Mock::new(accepted);

    let written = apply(&mock, &format!("{POOL}{}", wanting("web", "192.0.2.10"))).await;

    assert_eq!(
        written,
        Written {
            changed: 1,
            conflicts: false
        }
    );
    let patches = mock.matching("PATCH");
    assert_eq!(patches.len(), 1);
    assert_eq!(
        patches[0].path,
        "/api/v1/namespaces/web/services/web/status"
    );
    assert_eq!(patches[0].content_type, "application/merge-patch+json");
    assert_eq!(
        patches[0].body,
        json!({
            "metadata": {
                "resourceVersion": "7",
                "annotations": { "metallb.io/ip-allocated-from-pool": "first" },
            },
            "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.10" }] } },
        })
    );
}

#[tokio::test]
async fn an_allocation_is_reported_once_as_an_event_on_the_service() {
    let mock = Mock::new(accepted);

    apply(&mock, &format!("{POOL}{}", wanting("web", "192.0.2.10"))).await;

    let events = mock.matching("POST");
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].path,
        "/apis/events.k8s.io/v1/namespaces/web/events"
    );
    assert_eq!(events[0].body["regarding"]["uid"], "u-web");
    assert_eq!(events[0].body["reportingInstance"], "talos-2");
    assert_eq!(
        notes(&mock),
        [r#"Normal IPAllocated: Assigned IP ["192.0.2.10"]"#]
    );
}

const AS_PLANNED: &str =
    "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}, {hostname: www.example.com}]}}";

#[tokio::test]
async fn nothing_is_written_and_nothing_reported_when_nothing_changed() {
    let mock = Mock::new(accepted);
    let held = service(
        "web",
        &format!(
            ", annotations: {{metallb.io/ip-allocated-from-pool: first}}}}\nspec: {{type: LoadBalancer}}\n{AS_PLANNED}"
        ),
    );

    let written = apply(&mock, &format!("{POOL}{held}")).await;

    assert_eq!(written, Written::default());
    assert!(mock.requests().is_empty());
}

#[tokio::test]
async fn a_missing_annotation_is_written_alone_and_the_list_left_alone() {
    let mock = Mock::new(accepted);

    apply(&mock, &format!("{POOL}{}", plain("web", AS_PLANNED))).await;

    let patches = mock.matching("PATCH");
    assert_eq!(
        patches[0].body,
        json!({ "metadata": {
            "resourceVersion": "7",
            "annotations": { "metallb.io/ip-allocated-from-pool": "first" },
        } })
    );
    assert_eq!(notes(&mock), [""; 0], "no address was given");
}

#[tokio::test]
async fn no_address_is_cleared_before_a_valid_pool_was_seen() {
    let mock = Mock::new(accepted);
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::default());
    let held = plain(
        "web",
        "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}",
    );

    assert_eq!(turn(&mut writer, &held).await.changed, 0);
    assert_eq!(mock.matching("PATCH").len(), 0);

    turn(&mut writer, &format!("{POOL}{held}")).await;
    // The pool that held the address is gone, and it was there once.
    let later = held.replace("'7'", "'9'");
    let other = POOL
        .replace("192.0.2.0/28", "198.51.100.0/28")
        .replace("addresses", "autoAssign: false, addresses");
    turn(&mut writer, &format!("{other}{later}")).await;

    let last = mock.matching("PATCH").pop().unwrap();
    assert_eq!(
        last.body,
        json!({
            "metadata": { "resourceVersion": "9" },
            "status": { "loadBalancer": { "ingress": null } },
        })
    );
    assert!(
        notes(&mock)
            .iter()
            .any(|note| note.starts_with("Normal ClearAssignment: ")),
        "{:?}",
        notes(&mock)
    );
}

#[tokio::test]
async fn a_service_that_is_no_load_balancer_any_more_loses_our_annotation() {
    let mock = Mock::new(accepted);
    let was = service(
        "web",
        ", annotations: {metallb.io/ip-allocated-from-pool: first}}\nspec: {type: ClusterIP}",
    );

    apply(&mock, &format!("{POOL}{was}")).await;

    assert_eq!(
        mock.matching("PATCH")[0].body,
        json!({ "metadata": {
            "resourceVersion": "7",
            "annotations": { "metallb.io/ip-allocated-from-pool": null },
        } })
    );
}

#[tokio::test]
async fn a_conflict_asks_for_a_new_plan_and_reports_nothing() {
    let mock = Mock::new(|_: &Request| Answer::Failure(409, "Conflict"));
    let counters = Arc::new(Counters::default());
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::clone(&counters));

    let written = turn(
        &mut writer,
        &format!("{POOL}{}", wanting("web", "192.0.2.10")),
    )
    .await;

    assert_eq!(
        written,
        Written {
            changed: 0,
            conflicts: true
        }
    );
    assert_eq!(notes(&mock), [""; 0]);
    assert_eq!(
        counters
            .status_conflicts
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
}

#[tokio::test]
async fn a_view_that_is_older_than_our_own_write_is_not_written_upon_again() {
    let mock = Mock::new(accepted);
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::default());
    let objects = format!("{POOL}{}", wanting("web", "192.0.2.10"));

    turn(&mut writer, &objects).await;
    let again = turn(&mut writer, &objects).await;

    assert_eq!(again.changed, 0);
    assert_eq!(mock.matching("PATCH").len(), 1);
}

#[tokio::test]
async fn a_refusal_is_reported_when_it_begins_and_again_when_it_begins_anew() {
    let mock = Mock::new(accepted);
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::default());
    let refused = format!("{POOL}{}", wanting("web", "198.51.100.1"));
    let settled = format!("{POOL}{}", wanting("web", "192.0.2.10"));

    turn(&mut writer, &refused).await;
    turn(&mut writer, &refused).await;
    turn(&mut writer, &settled).await;
    turn(&mut writer, &refused).await;

    let refusals = notes(&mock)
        .iter()
        .filter(|note| note.starts_with("Warning AllocationFailed: "))
        .count();
    assert_eq!(refusals, 2, "{:?}", notes(&mock));
}

#[tokio::test]
async fn an_address_is_taken_away_before_another_service_gets_it() {
    let taken = plain("a", "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}").replace(
        "resourceVersion: '7'",
        "resourceVersion: '7', annotations: {metallb.io/loadBalancerIPs: 192.0.2.2}",
    );
    let objects = format!("{POOL}{taken}{}", wanting("b", "192.0.2.1"));

    let mock = Mock::new(accepted);
    apply(&mock, &objects).await;
    let order: Vec<String> = mock
        .matching("PATCH")
        .iter()
        .map(|request| request.path.clone())
        .collect();
    assert_eq!(
        order,
        [
            "/api/v1/namespaces/web/services/a/status",
            "/api/v1/namespaces/web/services/b/status"
        ]
    );

    // Taking it away fails: the other one does not get it.
    let mock = Mock::new(|request: &Request| {
        if request.path.contains("/services/a/") {
            Answer::Failure(409, "Conflict")
        } else {
            accepted(request)
        }
    });
    apply(&mock, &objects).await;
    assert_eq!(mock.matching("PATCH").len(), 1);
}

#[tokio::test]
async fn one_service_that_the_api_refuses_does_not_stop_the_others() {
    let mock = Mock::new(|request: &Request| {
        if request.path.contains("/services/a/") {
            Answer::Failure(422, "Invalid")
        } else {
            accepted(request)
        }
    });

    let written = apply(
        &mock,
        &format!("{POOL}{}{}", plain("a", ""), plain("b", "")),
    )
    .await;

    assert_eq!(
        written,
        Written {
            changed: 1,
            conflicts: true
        }
    );
}

#[tokio::test]
async fn an_api_that_is_away_is_an_error_that_names_the_service() {
    let mock = Mock::new(|_: &Request| Answer::Failure(503, "ServiceUnavailable"));
    let mut writer = Writer::new(mock.client.clone(), "talos-2", Arc::default());
    let view = view(&format!("{POOL}{}", plain("web", "")));
    let plan = ipam::plan(&view.snapshot, &Holdings::new());

    let error = writer.apply(&view, &plan).await.unwrap_err();

    assert_eq!(error.to_string(), "write the status of Service web/web");
}

#[tokio::test]
async fn many_services_are_written_side_by_side_but_not_all_at_once() {
    let under_way = Arc::new(Mutex::new(0_usize));
    let seen = Arc::clone(&under_way);
    let mock = Mock::new(move |request: &Request| {
        *seen.lock().unwrap() += usize::from(request.method == "PATCH");
        Answer::Silence
    });
    let objects: String = (0..12).map(|n| plain(&format!("s{n}"), "")).collect();

    let objects = format!("{POOL}{objects}");
    let turn = apply(&mock, &objects);
    let result = tokio::time::timeout(std::time::Duration::from_millis(300), turn).await;

    assert!(result.is_err(), "no answer came");
    assert_eq!(*under_way.lock().unwrap(), PARALLEL);
}
