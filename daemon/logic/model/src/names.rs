//! Where names come from: Ingress and IngressClass.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::ServiceKey;

/// `spec.controller` of an IngressClass, such as `traefik.io/ingress-controller` or `k8s.io/ingress-nginx`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControllerName(pub String);

impl fmt::Display for ControllerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Ingress object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingress {
    /// Namespace and name.
    pub key: ServiceKey,
    /// `spec.ingressClassName`, else annotation `kubernetes.io/ingress.class`.
    pub class: Option<String>,
    /// Rules in written order.
    pub rules: Vec<IngressRule>,
    /// Hosts of `spec.tls`.
    pub tls_hosts: Vec<String>,
    /// IP addresses in `status.loadBalancer.ingress`.
    pub status_ips: Vec<IpAddr>,
    /// Host names asked for by `external-dns` annotation (both prefixes).
    pub hostnames: Vec<String>,
    /// `external-dns` target annotation: addresses that win over the status.
    pub targets: Vec<String>,
    /// `external-dns` ttl annotation in seconds.
    pub ttl_secs: Option<u32>,
}

/// One rule of an Ingress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngressRule {
    /// `host`; none matches every name and gives no record.
    pub host: Option<String>,
}

/// An IngressClass object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngressClass {
    /// `metadata.name`.
    pub name: String,
    /// `spec.controller`.
    pub controller: ControllerName,
    /// Annotation `ingressclass.kubernetes.io/is-default-class`.
    pub is_default: bool,
}
