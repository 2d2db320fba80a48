//! Ingress and IngressClass.

use k8s_openapi::api::networking::v1 as networking;
use kube::ResourceExt;
use model::{ControllerName, Ingress, IngressClass, IngressRule, ServiceKey};

use super::{Invalid, Notes, annotation::Annotations};
use crate::Settings;

/// An Ingress.
pub(crate) fn ingress(
    object: &networking::Ingress,
    _: &Settings,
    notes: &mut Notes,
) -> Result<Option<Ingress>, Invalid> {
    let annotations = Annotations::new(object.metadata.annotations.as_ref());
    let spec = object.spec.clone().unwrap_or_default();
    let status = object
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref())
        .and_then(|balancer| balancer.ingress.as_ref());
    Ok(Some(Ingress {
        key: ServiceKey::new(object.namespace().unwrap_or_default(), object.name_any()),
        class: spec
            .ingress_class_name
            .or_else(|| {
                annotations
                    .get("kubernetes.io/ingress.class")
                    .map(str::to_string)
            })
            .filter(|class| !class.is_empty()),
        rules: spec
            .rules
            .unwrap_or_default()
            .into_iter()
            .map(|rule| IngressRule {
                host: rule.host.filter(|host| !host.is_empty()),
            })
            .collect(),
        tls_hosts: spec
            .tls
            .unwrap_or_default()
            .into_iter()
            .flat_map(|tls| tls.hosts.unwrap_or_default())
            .collect(),
        status_ips: status
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ip.as_deref()?.parse().ok())
            .collect(),
        hostnames: annotations.hostnames(),
        targets: annotations.targets(),
        ttl_secs: annotations.ttl_secs(notes),
    }))
}

/// An IngressClass.
pub(crate) fn ingress_class(
    object: &networking::IngressClass,
    _: &Settings,
    _: &mut Notes,
) -> Result<Option<IngressClass>, Invalid> {
    let controller = object
        .spec
        .as_ref()
        .and_then(|spec| spec.controller.clone())
        .filter(|controller| !controller.is_empty())
        .ok_or_else(|| Invalid::new("spec.controller", "is missing"))?;
    let annotations = Annotations::new(object.metadata.annotations.as_ref());
    Ok(Some(IngressClass {
        name: object.name_any(),
        controller: ControllerName(controller),
        is_default: annotations.get("ingressclass.kubernetes.io/is-default-class") == Some("true"),
    }))
}
