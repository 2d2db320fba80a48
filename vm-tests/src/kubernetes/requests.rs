//! What the cluster's users see: addresses in statuses, names, and pages through Traefik.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::{
    SOON,
    api::Api,
    control_plane::{MACHINE, admin},
    files::Files,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    page::{self, Page},
    probe,
    step::Outcome,
    www::{ROUTER, VIP, WORKERS},
};

const POOL: &str = "metallb.io/ip-allocated-from-pool";

/// The lease holder has written address, pool and event of both Services.
pub(super) fn addresses_are_given(lab: &mut Lab) -> Outcome {
    let wanted = await_address(lab, "traefik", "traefik")?;
    if wanted != VIP {
        return Err(expected(
            &format!("traefik/traefik to get the {VIP} it asks for"),
            &wanted.to_string(),
        ));
    }
    let chosen = await_address(lab, "default", "second-service")?;
    let admin = admin(&Files::of(&lab.site));
    let events = "/apis/events.k8s.io/v1/namespaces/traefik/events";
    let reason = lab.eventually(SOON, "an event on traefik/traefik", &holder(lab), || {
        let all = admin.get(events).map_err(|error| format!("{error:#}"))?;
        let all = all["items"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .find(|event| {
                event["regarding"]["name"] == "traefik" && event["regarding"]["kind"] == "Service"
            })
            .and_then(|event| event["reason"].as_str().map(str::to_owned))
            .ok_or_else(|| format!("{} events of other kinds", all.len()))
    })?;
    Ok(format!(
        "traefik/traefik has {wanted}, which it asked for, default/second-service has {chosen}; event {reason}"
    ))
}

/// What `lanlord manifests` gives to kubelets: the token's Secret, and no other object of the namespace.
pub(super) fn kubelets_read_one_secret(lab: &mut Lab) -> Outcome {
    let kubelet = Api::at(&Files::of(&lab.site).socket(MACHINE));
    let secrets = "/api/v1/namespaces/metallb-system/secrets";
    for (path, wanted) in [
        (format!("{secrets}/lanlord-token"), 200),
        (format!("{secrets}/lanlord-router"), 403),
        (secrets.to_owned(), 403),
        ("/apis/metallb.io/v1beta1/ipaddresspools".to_owned(), 403),
    ] {
        let answer = kubelet.request("GET", &path, "application/json", None)?;
        if answer.status != wanted {
            let seen = format!("{} {}", answer.status, answer.body["message"]);
            return Err(expected(
                &format!("{wanted} for a kubelet's GET {path}"),
                &seen,
            ));
        }
    }
    Ok(
        "a kubelet may read the Secret lanlord-token, and nothing else of metallb-system"
            .to_owned(),
    )
}

/// With Traefik's own certificate, which no authority signed.
pub(super) fn laptop_gets_page_over_tls(lab: &mut Lab) -> Outcome {
    let url = "https://www.example.com/";
    let page = await_page(lab, url, |page| WORKERS.contains(&page.server.as_str()))?;
    Ok(format!("laptop gets {url}: 200, served by {}", page.server))
}

/// Another path of the same host is another Service's.
pub(super) fn second_path_reaches_second_service(lab: &mut Lab) -> Outcome {
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://www.example.com/second");
        await_page(lab, &url, |page| page.server == "second-service")?;
    }
    Ok(
        "laptop gets http:// and https://www.example.com/second: 200, served by second-service"
            .to_owned(),
    )
}

/// A Service that names itself is reached without an ingress controller.
pub(super) fn annotated_service_has_a_name(lab: &mut Lab) -> Outcome {
    let address = await_address(lab, "default", "second-service")?.to_string();
    let laptop = lab.machine("laptop")?;
    let what = format!("second.example.com to be {address}");
    lab.eventually(SOON, &what, &holder(lab), || {
        let found = probe::resolve(laptop, ROUTER, "second.example.com")?;
        if found == [address.as_str()] {
            Ok(())
        } else {
            Err(found.join(", "))
        }
    })?;
    await_page(lab, "http://second.example.com/", |page| {
        page.server == "second-service"
    })?;
    Ok(format!(
        "second.example.com is {address}, from an annotation, and answers without an ingress controller"
    ))
}

fn await_page(lab: &Lab, url: &str, right: impl Fn(&Page) -> bool) -> Result<Page, Failure> {
    let laptop = lab.machine("laptop")?;
    lab.eventually(
        SOON,
        &format!("{url} from the right server"),
        "talos-2-traefik",
        || {
            let page = page::fetch(laptop, url)?;
            if right(&page) {
                Ok(page)
            } else {
                Err(format!("{page:?}"))
            }
        },
    )
}

/// The address in a Service's status, once the annotation says which pool it is from.
pub(super) fn await_address(lab: &Lab, namespace: &str, name: &str) -> Result<Ipv4Addr, Failure> {
    let admin = admin(&Files::of(&lab.site));
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let what =
        format!("an address in the status of {namespace}/{name}, and its pool in an annotation");
    lab.eventually(SOON, &what, &holder(lab), || {
        let service = admin.get(&path).map_err(|error| format!("{error:#}"))?;
        let given = &service["status"]["loadBalancer"]["ingress"][0]["ip"];
        let pool = &service["metadata"]["annotations"][POOL];
        match (given.as_str().map(str::parse), pool) {
            (Some(Ok(address)), Value::String(_)) => Ok(address),
            _ => Err(format!("address {given}, pool {pool}")),
        }
    })
}

/// Who gives addresses and pushes names, and so whose log explains their absence; talos-1 as long as nobody does.
pub(super) fn holder(lab: &Lab) -> String {
    let lease = "/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/lanlord";
    let lease = admin(&Files::of(&lab.site)).get(lease).unwrap_or_default();
    let node = lease["spec"]["holderIdentity"].as_str();
    format!("{}-lanlord", node.unwrap_or(MACHINE))
}
