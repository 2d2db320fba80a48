use serde_json::json;

use super::{
    super::mock::{Answer, Mock, Request},
    *,
};

fn groups(names: &[&str]) -> Answer {
    let version = json!({ "groupVersion": "x/v1", "version": "v1" });
    let group = |name: &&str| json!({ "name": name, "versions": [version] });
    let groups: Vec<_> = names.iter().map(group).collect();
    Answer::Object(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
}

fn object(name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "x/v1", "kind": "X", "metadata": { "name": name }, "spec": spec })
}

/// A cluster with Cilium and a few mistakes.
fn cilium(request: &Request) -> Answer {
    let last = request.path.rsplit('/').next().unwrap_or_default();
    match last {
        "apis" => groups(&["cilium.io", "metallb.io", "apps"]),
        "ipaddresspools" => {
            Answer::list(&[object("www", json!({ "addresses": ["10.10.10.0/24"] }))])
        }
        "l2advertisements" => Answer::list(&[object("www", json!({ "interfaces": ["eth0"] }))]),
        "ciliumloadbalancerippools" if request.path.contains("v2alpha1") => {
            let blocks =
                json!([{ "cidr": "10.10.10.0/28" }, { "start": "192.0.2.1", "stop": "192.0.2.9" }]);
            Answer::list(&[object("blue", json!({ "blocks": blocks }))])
        }
        "ciliuml2announcementpolicies" => {
            Answer::list(&[object("lan", json!({ "loadBalancerIPs": true }))])
        }
        "cilium-config" => {
            let mut config = object("cilium-config", Value::Null);
            config["data"] = json!({ "devices": "eth1 wlan+", "enable-l2-announcements": "true" });
            Answer::Object(config)
        }
        "kube-proxy" if request.path.contains("daemonsets") => {
            let arguments = json!(["--proxy-mode=ipvs"]);
            let containers =
                json!([{ "command": ["/usr/local/bin/kube-proxy"], "args": arguments }]);
            let template = json!({ "template": { "spec": { "containers": containers } } });
            Answer::Object(object("kube-proxy", template))
        }
        "nodes" => {
            let mut node = object("talos-1", Value::Null);
            node["metadata"]["labels"] = json!({ EXCLUDED: "" });
            Answer::list(&[node])
        }
        "pods" => {
            let image = json!([{ "image": "quay.io/metallb/speaker:v0.16.2" }]);
            let mut pod = object(
                "speaker-x",
                json!({ "containers": image, "nodeName": "talos-2" }),
            );
            pod["metadata"]["namespace"] = "metallb-system".into();
            Answer::list(&[
                pod,
                object("web", json!({ "containers": [{ "image": "nginx" }] })),
            ])
        }
        _ => Answer::Failure(404, "NotFound"),
    }
}

#[tokio::test]
async fn what_matters_is_read_from_a_cluster_with_cilium() {
    let mock = Mock::new(cilium);

    let found = survey(&mock.client, "metallb-system").await;

    assert_eq!(found.unread, Vec::<String>::new());
    assert_eq!(found.pools[0].ranges, ["10.10.10.0/24".parse().unwrap()]);
    assert_eq!(found.advertisements[0].interfaces, ["eth0"]);
    let blocks = ["10.10.10.0/28", "192.0.2.1-192.0.2.9"].map(|text| text.parse().unwrap());
    assert_eq!(found.cilium_pools[0].ranges, blocks);
    assert!(found.cilium_policies[0].load_balancers);
    assert_eq!(found.cilium_announces, Some(true));
    let devices = ["eth1", "wlan+"].map(str::to_string);
    assert_eq!(found.cilium_devices.as_deref(), Some(&devices[..]));
    let ipvs = KubeProxy {
        mode: ProxyMode::Ipvs,
        strict_arp: false,
    };
    assert_eq!(found.kube_proxy, Some(ipvs));
    assert!(found.nodes[0].excluded);
    let rivals: Vec<_> = found.rivals.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(rivals, ["metallb-system/speaker-x"]);
}

#[tokio::test]
async fn kinds_that_the_cluster_does_not_have_are_not_asked_for() {
    let mock = Mock::new(|request| match request.path.as_str() {
        "/apis" => groups(&["apps"]),
        "/api/v1/nodes" | "/api/v1/pods" => Answer::list(&[]),
        _ => Answer::Failure(404, "NotFound"),
    });

    let found = survey(&mock.client, "metallb-system").await;

    assert_eq!(found.unread, Vec::<String>::new());
    assert!(found.pods_read);
    assert!(mock.matching("cilium.io").is_empty());
}

#[tokio::test]
async fn what_may_not_be_read_is_named_and_the_rest_is_read() {
    let mock = Mock::new(|request| match request.path.as_str() {
        "/api/v1/pods" => Answer::Failure(403, "pods is forbidden"),
        _ => cilium(request),
    });

    let found = survey(&mock.client, "metallb-system").await;

    assert_eq!(found.unread, ["cannot list pods: pods is forbidden"]);
    assert!(!found.pods_read);
    assert_eq!(found.pools.len(), 1);
}

#[test]
fn kube_proxys_configuration_is_read_and_nonsense_is_its_default() {
    let strict = of_configuration("mode: ipvs\nipvs:\n  strictARP: true\n");
    let nonsense = of_configuration("{{");

    assert_eq!((strict.mode, strict.strict_arp), (ProxyMode::Ipvs, true));
    assert_eq!(nonsense.mode, ProxyMode::Other);
}
