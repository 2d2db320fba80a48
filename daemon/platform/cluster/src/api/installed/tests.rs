use serde_json::{Value, json};

use super::*;
use crate::api::mock::{Answer, Mock, Request};

const POOLS: &str = "ipaddresspools.metallb.io";
const FORBIDDEN: &str = "customresourcedefinitions is forbidden";

/// A server whose objects are all of this number; `odd` answers for one of them.
fn server(number: Option<u32>, odd: &'static str, answer: fn() -> Answer) -> Mock {
    Mock::new(move |request: &Request| {
        if request.method == "POST" {
            return Answer::Object(request.body.clone());
        }
        if !odd.is_empty() && request.path.ends_with(odd) {
            return answer();
        }
        Answer::Object(object(number))
    })
}

fn object(number: Option<u32>) -> Value {
    let annotations =
        number.map_or_else(|| json!({}), |number| json!({ STAMP: number.to_string() }));
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": { "name": "any", "annotations": annotations },
    })
}

async fn look_at(mock: &Mock) -> Outdated {
    outdated(&mock.client, &Settings::default()).await.unwrap()
}

#[tokio::test]
async fn objects_of_this_or_a_later_number_are_as_needed() {
    for number in [MANIFESTS, MANIFESTS + 1] {
        let mock = server(Some(number), "", || Answer::Silence);

        let found = look_at(&mock).await;

        assert_eq!(found.text(), None);
        assert_eq!(mock.requests().len(), 4);
    }
}

#[tokio::test]
async fn an_older_object_is_named_with_the_cure() {
    let mock = server(Some(MANIFESTS), POOLS, || Answer::Object(object(Some(0))));

    let text = look_at(&mock).await.text().unwrap();

    assert!(
        text.contains("CustomResourceDefinition ipaddresspools.metallb.io is of number 0;"),
        "{text}"
    );
    assert!(text.ends_with(&format!("run `{CURE}`")), "{text}");
}

#[tokio::test]
async fn objects_of_others_have_no_number() {
    let mock = server(Some(MANIFESTS), POOLS, || Answer::Object(object(None)));

    let text = look_at(&mock).await.text().unwrap();

    assert!(
        text.contains("ipaddresspools.metallb.io has no number"),
        "{text}"
    );
}

#[tokio::test]
async fn a_missing_object_is_told() {
    let mock = server(Some(MANIFESTS), POOLS, || Answer::Failure(404, "NotFound"));

    let text = look_at(&mock).await.text().unwrap();

    assert!(
        text.contains("ipaddresspools.metallb.io is not installed"),
        "{text}"
    );
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_the_right_that_is_missing() {
    let mock = server(Some(MANIFESTS), POOLS, || Answer::Failure(403, FORBIDDEN));

    let found = look_at(&mock).await;

    assert_eq!(found.count(), 1);
    assert!(found.text().unwrap().contains(FORBIDDEN));
}

#[tokio::test]
async fn a_server_that_is_away_says_nothing_about_the_objects() {
    let mock = server(Some(MANIFESTS), POOLS, || {
        Answer::Failure(400, "BadRequest")
    });

    assert!(outdated(&mock.client, &Settings::default()).await.is_err());
}

#[tokio::test]
async fn the_event_is_a_warning_on_our_role() {
    let mock = server(None, "", || Answer::Silence);

    report_outdated(
        &mock.client,
        &Settings::default(),
        "talos-2",
        "old; run `x`",
    )
    .await
    .unwrap();

    let sent = &mock.matching("POST /apis/events.k8s.io/v1/namespaces/metallb-system/events")[0];
    assert_eq!(sent.body["type"], "Warning");
    assert_eq!(sent.body["reason"], "ManifestsOutdated");
    assert_eq!(sent.body["note"], "old; run `x`");
    assert_eq!(sent.body["regarding"]["kind"], "Role");
}
