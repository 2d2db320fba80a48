//! Service: what the planners read of it, and what the writer needs.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use k8s_openapi::api::core::v1::{self as core, LoadBalancerIngress, ServiceSpec};
use kube::ResourceExt;
use model::{
    ControllerName, IpFamilyPolicy, Labels, Protocol, Service, ServiceKey, ServicePort,
    TrafficPolicy,
};

use super::{
    Invalid, Notes,
    annotation::{ALLOCATED_FROM_POOL, Annotations, comma_list},
};
use crate::Settings;

/// A Service that concerns us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceRow {
    /// None for a Service that is no longer of type LoadBalancer and still carries our annotation.
    pub(crate) service: Option<Service>,
    /// The parts that the writer compares and changes.
    pub(crate) record: Record,
}

/// A Service as it was read, as far as it is written back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    /// `status.loadBalancer.ingress`, complete.
    pub(crate) ingress: Vec<LoadBalancerIngress>,
    /// Annotation [`ALLOCATED_FROM_POOL`].
    pub(crate) pool: Option<String>,
}

/// A Service; none when it is not of type LoadBalancer, or of a class that we do not serve.
pub(crate) fn service(
    object: &core::Service,
    settings: &Settings,
    notes: &mut Notes,
) -> Result<Option<ServiceRow>, Invalid> {
    let annotations = Annotations::new(object.metadata.annotations.as_ref());
    let none = ServiceSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&none);
    let record = record(object, annotations);
    if spec.type_.as_deref() != Some("LoadBalancer") {
        // A Service that was of our class has lost it with its type; its annotation is still ours to remove.
        return Ok(record.pool.is_some().then_some(ServiceRow {
            service: None,
            record,
        }));
    }
    if spec.load_balancer_class.as_deref() != settings.lb_class.as_deref() {
        return Ok(None);
    }
    let service = Service {
        key: ServiceKey::new(object.namespace().unwrap_or_default(), object.name_any()),
        labels: object.labels().clone(),
        cluster_ips: cluster_ips(spec)?,
        ip_family_policy: ip_family_policy(spec)?,
        traffic_policy: traffic_policy(spec)?,
        ports: ports(spec)?,
        selector: spec.selector.clone().unwrap_or_default(),
        load_balancer_ips: annotations.metallb("loadBalancerIPs"),
        load_balancer_ip: spec
            .load_balancer_ip
            .clone()
            .filter(|text| !text.is_empty()),
        address_pool: annotations.metallb("address-pool"),
        sharing_key: annotations.metallb("allow-shared-ip"),
        status_ips: record.ingress.iter().filter_map(ingress_ip).collect(),
        hostnames: annotations.hostnames(),
        ingress_classes: annotations
            .get("lanlord.dev/ingress-class")
            .map(|text| comma_list(text).collect())
            .unwrap_or_default(),
        ingress_controller: ingress_controller(object.labels(), spec.selector.as_ref()),
        ttl_secs: annotations.ttl_secs(notes),
    };
    Ok(Some(ServiceRow {
        service: Some(service),
        record,
    }))
}

/// The address of an entry of the status, if it has one.
pub(crate) fn ingress_ip(entry: &LoadBalancerIngress) -> Option<IpAddr> {
    entry.ip.as_deref()?.parse().ok()
}

fn record(object: &core::Service, annotations: Annotations<'_>) -> Record {
    Record {
        uid: object.uid(),
        resource_version: object.resource_version(),
        ingress: object
            .status
            .as_ref()
            .and_then(|status| status.load_balancer.as_ref())
            .and_then(|balancer| balancer.ingress.clone())
            .unwrap_or_default(),
        pool: annotations.get(ALLOCATED_FROM_POOL).map(str::to_string),
    }
}

/// The cluster addresses; none for a headless Service. A hand-written manifest leaves them to the API server: there
/// the unspecified address stands for each family that the Service asks for.
fn cluster_ips(spec: &ServiceSpec) -> Result<Vec<IpAddr>, Invalid> {
    let written: Vec<&String> = match (&spec.cluster_ips, &spec.cluster_ip) {
        (Some(list), _) if !list.is_empty() => list.iter().collect(),
        (_, Some(one)) if !one.is_empty() => vec![one],
        _ => return Ok(placeholders(spec)),
    };
    written
        .into_iter()
        .filter(|text| *text != "None")
        .enumerate()
        .map(|(at, text)| {
            text.parse().map_err(|_| {
                Invalid::new(
                    format!("spec.clusterIPs[{at}]"),
                    format!("`{text}` is no address"),
                )
            })
        })
        .collect()
}

fn placeholders(spec: &ServiceSpec) -> Vec<IpAddr> {
    let v4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let v6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let families: Vec<IpAddr> = spec
        .ip_families
        .iter()
        .flatten()
        .map(|family| if family == "IPv6" { v6 } else { v4 })
        .collect();
    let dual = spec
        .ip_family_policy
        .as_deref()
        .is_some_and(|policy| policy != "SingleStack");
    match (families.as_slice(), dual) {
        ([], false) => vec![v4],
        ([], true) => vec![v4, v6],
        ([one], true) => vec![*one, if one.is_ipv4() { v6 } else { v4 }],
        _ => families,
    }
}

fn ip_family_policy(spec: &ServiceSpec) -> Result<IpFamilyPolicy, Invalid> {
    match spec.ip_family_policy.as_deref() {
        None | Some("SingleStack") => Ok(IpFamilyPolicy::SingleStack),
        Some("PreferDualStack") => Ok(IpFamilyPolicy::PreferDualStack),
        Some("RequireDualStack") => Ok(IpFamilyPolicy::RequireDualStack),
        Some(other) => Err(Invalid::new(
            "spec.ipFamilyPolicy",
            format!("`{other}` is none of SingleStack, PreferDualStack, RequireDualStack"),
        )),
    }
}

fn traffic_policy(spec: &ServiceSpec) -> Result<TrafficPolicy, Invalid> {
    match spec.external_traffic_policy.as_deref() {
        None | Some("Cluster") => Ok(TrafficPolicy::Cluster),
        Some("Local") => Ok(TrafficPolicy::Local),
        Some(other) => Err(Invalid::new(
            "spec.externalTrafficPolicy",
            format!("`{other}` is neither Cluster nor Local"),
        )),
    }
}

fn ports(spec: &ServiceSpec) -> Result<Vec<ServicePort>, Invalid> {
    let ports = spec.ports.iter().flatten().enumerate();
    ports
        .map(|(at, port)| {
            Ok(ServicePort {
                name: port.name.clone().unwrap_or_default(),
                protocol: protocol(at, port.protocol.as_deref())?,
                port: u16::try_from(port.port)
                    .ok()
                    .filter(|&port| port != 0)
                    .ok_or_else(|| {
                        Invalid::new(
                            format!("spec.ports[{at}].port"),
                            format!("{} is not within 1 to 65535", port.port),
                        )
                    })?,
            })
        })
        .collect()
}

fn protocol(at: usize, name: Option<&str>) -> Result<Protocol, Invalid> {
    match name {
        None | Some("TCP") => Ok(Protocol::Tcp),
        Some("UDP") => Ok(Protocol::Udp),
        Some("SCTP") => Ok(Protocol::Sctp),
        Some(other) => Err(Invalid::new(
            format!("spec.ports[{at}].protocol"),
            format!("`{other}` is none of TCP, UDP, SCTP"),
        )),
    }
}

/// Names by which charts and manifests of ingress controllers label their Service and pods, and the `spec.controller`
/// that their IngressClass carries.
const INGRESS_CONTROLLERS: [(&str, &str); 11] = [
    ("traefik", "traefik.io/ingress-controller"),
    ("ingress-nginx", "k8s.io/ingress-nginx"),
    ("rke2-ingress-nginx", "k8s.io/ingress-nginx"),
    ("nginx-ingress", "nginx.org/ingress-controller"),
    ("haproxy-ingress", "haproxy-ingress.github.io/controller"),
    (
        "kubernetes-ingress",
        "haproxy.org/ingress-controller/haproxy",
    ),
    ("contour", "projectcontour.io/ingress-controller"),
    ("kong", "ingress-controllers.konghq.com/kong"),
    ("emissary-ingress", "getambassador.io/ingress-controller"),
    ("istio-ingressgateway", "istio.io/ingress-controller"),
    ("cilium-ingress", "cilium.io/ingress-controller"),
];

/// Labels that name the program, the usual one first.
const NAME_LABELS: [&str; 4] = ["app.kubernetes.io/name", "app", "k8s-app", "name"];

/// Which ingress controller the pods behind a Service are: its selector says so best, its own labels next.
fn ingress_controller(
    labels: &Labels,
    selector: Option<&BTreeMap<String, String>>,
) -> Option<ControllerName> {
    let sources = selector.into_iter().chain([labels]);
    let mut names = sources.flat_map(|map| NAME_LABELS.iter().filter_map(|label| map.get(*label)));
    names.find_map(|name| {
        INGRESS_CONTROLLERS
            .iter()
            .find(|(known, _)| name == known)
            .map(|(_, controller)| ControllerName((*controller).to_string()))
    })
}

#[cfg(test)]
mod tests;
