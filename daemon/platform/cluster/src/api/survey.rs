//! What in a cluster has to do with announcing, for the doctor. It reads, and what it may not read it says.
//!
//! All objects come untyped: most of them belong to others, and a field that is not as expected must not hide the rest.

use std::collections::BTreeSet;

use doctor::{
    CiliumL2Policy, CiliumPool, Cluster, KubeProxy, Node, OurAdvertisement, OurPool, Pod, ProxyMode,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, GroupVersionKind, ListParams},
};
use model::AddressRange;
use serde_json::Value;

use super::trouble::cause;

#[cfg(test)]
mod tests;

/// Objects asked for at once.
const PAGE: u32 = 500;
/// Pages at most: with a hundred thousand pods the first ones are enough to see an announcer.
const PAGES: usize = 20;
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Reads what the doctor wants to know. `namespace` is where MetalLB's custom resources count.
pub async fn survey(client: &Client, namespace: &str) -> Cluster {
    let mut survey = Survey {
        client,
        groups: None,
        is_away: false,
        unread: Vec::new(),
    };
    survey.find_groups().await;
    let mut cluster = Cluster {
        pools: survey.pools(namespace).await,
        advertisements: survey.advertisements(namespace).await,
        cilium_pools: survey.cilium_pools().await,
        cilium_policies: survey.cilium_policies().await,
        kube_proxy: survey.kube_proxy().await,
        nodes: survey.nodes().await,
        ..Cluster::default()
    };
    if let Some(config) = survey.config_map("cilium-config").await {
        let flag = text(&config, "/data/enable-l2-announcements");
        cluster.cilium_announces = Some(flag == Some("true"));
        let devices = text(&config, "/data/devices").unwrap_or_default();
        let devices: Vec<_> = words(devices).collect();
        cluster.cilium_devices = (!devices.is_empty()).then_some(devices);
    }
    let pods = survey.list("", "v1", "Pod", "pods", None).await;
    cluster.pods_read = pods.is_some();
    cluster.rivals = pods.iter().flatten().filter_map(rival).collect();
    cluster.unread = survey.unread;
    cluster
}

struct Survey<'a> {
    client: &'a Client,
    /// API groups that there are; none: nobody knows.
    groups: Option<BTreeSet<String>>,
    /// The server does not answer: one line about that is enough.
    is_away: bool,
    unread: Vec<String>,
}

impl Survey<'_> {
    async fn find_groups(&mut self) {
        match self.client.list_api_groups().await {
            Ok(found) => {
                self.groups = Some(found.groups.into_iter().map(|group| group.name).collect());
            }
            Err(error) => self.note("ask for API groups", &error),
        }
    }

    /// Whether there is any use in asking. Rights to kinds that the cluster does not have are nobody's concern.
    fn may_hold(&self, group: &str) -> bool {
        let groups = self.groups.as_ref();
        !self.is_away && (group.is_empty() || groups.is_none_or(|groups| groups.contains(group)))
    }

    /// Objects of a kind; none if they cannot be read. A kind that the cluster does not have has no objects.
    async fn list(
        &mut self,
        group: &str,
        version: &str,
        kind: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> Option<Vec<DynamicObject>> {
        let resource = resource(group, version, kind, plural);
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        if self.is_away {
            return None;
        }
        let mut found = Vec::new();
        if !self.may_hold(group) {
            return Some(found);
        }
        let mut parameters = ListParams::default().limit(PAGE);
        for _ in 0..PAGES {
            match api.list(&parameters).await {
                Ok(mut page) => {
                    found.append(&mut page.items);
                    match page.metadata.continue_.filter(|token| !token.is_empty()) {
                        Some(token) => parameters.continue_token = Some(token),
                        None => break,
                    }
                }
                Err(error) if is_absent(&error) => return Some(found),
                Err(error) => {
                    self.note(&format!("list {plural}"), &error);
                    return None;
                }
            }
        }
        Some(found)
    }

    /// An object of kube-system.
    async fn get(
        &mut self,
        group: &str,
        kind: &str,
        plural: &str,
        name: &str,
    ) -> Option<DynamicObject> {
        let resource = resource(group, "v1", kind, plural);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), "kube-system", &resource);
        if !self.may_hold(group) {
            return None;
        }
        match api.get(name).await {
            Ok(object) => Some(object),
            Err(error) if is_absent(&error) => None,
            Err(error) => {
                self.note(&format!("read {plural} kube-system/{name}"), &error);
                None
            }
        }
    }

    async fn config_map(&mut self, name: &str) -> Option<DynamicObject> {
        self.get("", "ConfigMap", "configmaps", name).await
    }

    fn note(&mut self, action: &str, error: &kube::Error) {
        let why = if let kube::Error::Api(status) = error {
            status.message.clone()
        } else {
            self.is_away = true;
            cause(error)
        };
        self.unread.push(format!("cannot {action}: {why}"));
    }

    async fn pools(&mut self, namespace: &str) -> Vec<OurPool> {
        let (kind, plural) = ("IPAddressPool", "ipaddresspools");
        let pools = self.list("metallb.io", "v1beta1", kind, plural, Some(namespace));
        let pools = pools.await.unwrap_or_default();
        let pool = |pool: &DynamicObject| OurPool {
            name: key(pool),
            ranges: texts(pool, "/spec/addresses")
                .filter_map(|text| text.parse().ok())
                .collect(),
        };
        pools.iter().map(pool).collect()
    }

    async fn advertisements(&mut self, namespace: &str) -> Vec<OurAdvertisement> {
        let (kind, plural) = ("L2Advertisement", "l2advertisements");
        let found = self.list("metallb.io", "v1beta1", kind, plural, Some(namespace));
        let found = found.await.unwrap_or_default();
        let advertisement = |object: &DynamicObject| OurAdvertisement {
            name: key(object),
            interfaces: texts(object, "/spec/interfaces")
                .map(str::to_string)
                .collect(),
        };
        found.iter().map(advertisement).collect()
    }

    /// `v2` since Cilium 1.18; the older version is served too while it can be.
    async fn cilium_pools(&mut self) -> Vec<CiliumPool> {
        let (kind, plural) = ("CiliumLoadBalancerIPPool", "ciliumloadbalancerippools");
        let mut pools = self.list("cilium.io", "v2", kind, plural, None).await;
        if pools.as_ref().is_none_or(Vec::is_empty) {
            pools = self.list("cilium.io", "v2alpha1", kind, plural, None).await;
        }
        let pool = |pool: &DynamicObject| CiliumPool {
            name: pool.name_any(),
            ranges: blocks(pool),
            disabled: pool.data.pointer("/spec/disabled") == Some(&Value::Bool(true)),
        };
        pools.iter().flatten().map(pool).collect()
    }

    async fn cilium_policies(&mut self) -> Vec<CiliumL2Policy> {
        let (kind, plural) = ("CiliumL2AnnouncementPolicy", "ciliuml2announcementpolicies");
        let policies = self.list("cilium.io", "v2alpha1", kind, plural, None).await;
        let policy = |policy: &DynamicObject| CiliumL2Policy {
            name: policy.name_any(),
            load_balancers: policy.data.pointer("/spec/loadBalancerIPs")
                == Some(&Value::Bool(true)),
        };
        policies.iter().flatten().map(policy).collect()
    }

    async fn nodes(&mut self) -> Vec<Node> {
        let nodes = self.list("", "v1", "Node", "nodes", None).await;
        let node = |node: &DynamicObject| Node {
            name: node.name_any(),
            excluded: node.labels().contains_key(EXCLUDED),
        };
        nodes.iter().flatten().map(node).collect()
    }

    /// kubeadm keeps its configuration in a ConfigMap, Talos in the DaemonSet's arguments.
    async fn kube_proxy(&mut self) -> Option<KubeProxy> {
        if let Some(config) = self.config_map("kube-proxy").await {
            let text = text(&config, "/data/config.conf").unwrap_or_default();
            return Some(of_configuration(text));
        }
        let (kind, plural) = ("DaemonSet", "daemonsets");
        let set = self.get("apps", kind, plural, "kube-proxy").await?;
        let command = "/spec/template/spec/containers/0/command";
        let arguments = "/spec/template/spec/containers/0/args";
        let line: Vec<&str> = texts(&set, command).chain(texts(&set, arguments)).collect();
        let has = |wanted: &str| line.contains(&wanted);
        Some(KubeProxy {
            mode: mode(has("--proxy-mode=ipvs")),
            strict_arp: has("--ipvs-strict-arp") || has("--ipvs-strict-arp=true"),
        })
    }
}

const fn mode(is_ipvs: bool) -> ProxyMode {
    match is_ipvs {
        true => ProxyMode::Ipvs,
        false => ProxyMode::Other,
    }
}

/// A KubeProxyConfiguration; what cannot be read as one is taken for the default, which is not IPVS.
fn of_configuration(text: &str) -> KubeProxy {
    let value: Value = serde_saphyr::from_str(text).unwrap_or_default();
    KubeProxy {
        mode: mode(value.pointer("/mode") == Some(&Value::from("ipvs"))),
        strict_arp: value.pointer("/ipvs/strictARP") == Some(&Value::Bool(true)),
    }
}

/// A running pod of another announcer.
fn rival(pod: &DynamicObject) -> Option<Pod> {
    if matches!(text(pod, "/status/phase"), Some("Succeeded" | "Failed")) {
        return None;
    }
    let containers = pod.data.pointer("/spec/containers")?.as_array()?;
    let images = containers
        .iter()
        .filter_map(|one| one.get("image")?.as_str());
    let mut rivals = images.filter(|image| doctor::rival_images().any(|word| image.contains(word)));
    Some(Pod {
        image: rivals.next()?.to_string(),
        name: key(pod),
        node: text(pod, "/spec/nodeName").map(str::to_string),
    })
}

/// `spec.blocks` (`spec.cidrs` in older versions): prefixes, or a first and a last address.
fn blocks(pool: &DynamicObject) -> Vec<AddressRange> {
    let lists = ["/spec/blocks", "/spec/cidrs"].map(|path| pool.data.pointer(path));
    let blocks = lists
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten();
    let range = |block: &Value| {
        let field = |name: &str| block.get(name)?.as_str();
        if let Some(cidr) = field("cidr") {
            return cidr.parse().ok();
        }
        let start = field("start")?;
        format!("{start}-{}", field("stop").unwrap_or(start))
            .parse()
            .ok()
    };
    blocks.filter_map(range).collect()
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// The object or its kind is not there.
fn is_absent(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

fn key(object: &DynamicObject) -> String {
    match object.namespace() {
        Some(namespace) => format!("{namespace}/{}", object.name_any()),
        None => object.name_any(),
    }
}

fn text<'a>(object: &'a DynamicObject, path: &str) -> Option<&'a str> {
    object.data.pointer(path)?.as_str()
}

fn texts<'a>(object: &'a DynamicObject, path: &str) -> impl Iterator<Item = &'a str> {
    let list = object.data.pointer(path).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// `eth0 eth1` or `eth0,eth1`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split([' ', ',', '\n']);
    parts.filter(|word| !word.is_empty()).map(str::to_string)
}
