//! Why a name does not point anywhere, or not where its object says.

use std::net::IpAddr;

use model::{NodeName, ServiceKey};

use crate::{HostProblem, Source};

/// The annotation that says which classes of Ingress a Service fronts.
const CLASS_ANNOTATION: &str = "lanlord.dev/ingress-class";

/// Why a name was refused, or what people should know about one that was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The text is no host name.
    BadHost {
        /// As written.
        host: String,
        /// What is wrong.
        problem: HostProblem,
    },
    /// The `target` annotation holds something else than addresses.
    TargetNoAddress {
        /// As written.
        target: String,
    },
    /// No Service could be the ingress controller's.
    NoController {
        /// Class of the Ingress.
        class: Option<String>,
    },
    /// Several Services could be the ingress controller's, with different addresses.
    AmbiguousController {
        /// Class of the Ingress.
        class: Option<String>,
        /// The first of the Services.
        services: Vec<ServiceKey>,
        /// How many more there are.
        more: usize,
    },
    /// The ingress controller's Service has no address.
    ControllerWithoutAddress {
        /// The Service.
        service: ServiceKey,
    },
    /// A Service asks for names and has no address.
    NoAddress,
    /// Another object claims the name for other addresses.
    Taken {
        /// The name.
        name: String,
        /// Who has it.
        by: Source,
    },
    /// Warning: the status holds the address of a node, and the name points at the VIP instead.
    StatusHoldsNode {
        /// What the status holds.
        address: IpAddr,
        /// Whose address that is.
        node: NodeName,
        /// Service whose VIP is used.
        service: ServiceKey,
    },
    /// Warning: the Service was taken for the ingress controller's although nothing but its ports says so.
    Guessed {
        /// The Service.
        service: ServiceKey,
    },
}

impl model::Reason for Reason {
    fn code(&self) -> &'static str {
        match self {
            Self::BadHost { .. } => "BadHostName",
            Self::TargetNoAddress { .. } => "TargetNoAddress",
            Self::NoController { .. } => "NoIngressController",
            Self::AmbiguousController { .. } => "AmbiguousIngressController",
            Self::ControllerWithoutAddress { .. } => "IngressControllerWithoutAddress",
            Self::NoAddress => "NameWithoutAddress",
            Self::Taken { .. } => "NameTaken",
            Self::StatusHoldsNode { .. } => "StatusHoldsNodeAddress",
            Self::Guessed { .. } => "IngressControllerGuessed",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::BadHost { host, problem } => format!("`{host}` is no host name: {problem}"),
            Self::TargetNoAddress { target } => {
                format!("the target annotation holds `{target}`, which is no address")
            }
            Self::NoController { class } => format!(
                "no LoadBalancer Service fronts an ingress controller{}; {}",
                of_class(class.as_deref()),
                remedy(class.as_deref(), "the Service that does")
            ),
            Self::AmbiguousController {
                class,
                services,
                more,
            } => {
                let mut texts: Vec<String> = services.iter().map(ToString::to_string).collect();
                if *more > 0 {
                    texts.push(format!("{more} more"));
                }
                format!(
                    "{} could front the ingress controller{}; {}",
                    texts.join(", "),
                    of_class(class.as_deref()),
                    remedy(class.as_deref(), "the one that does")
                )
            }
            Self::ControllerWithoutAddress { service } => {
                format!("Service {service} fronts its ingress controller and has no address")
            }
            Self::NoAddress => "the Service has no address to point the name at".to_string(),
            Self::Taken { name, by } => {
                format!("{name} belongs to {by}, with other addresses")
            }
            Self::StatusHoldsNode {
                address,
                node,
                service,
            } => format!(
                "the status holds {address}, the address of node {node}; names point at the VIP of \
                 Service {service} instead"
            ),
            Self::Guessed { service } => format!(
                "Service {service} is taken for the ingress controller's, because no other \
                 LoadBalancer Service has TCP port 80 or 443; annotate the right one with \
                 {CLASS_ANNOTATION}"
            ),
        }
    }
}

fn of_class(class: Option<&str>) -> String {
    class.map_or_else(String::new, |class| format!(" of class {class}"))
}

fn remedy(class: Option<&str>, which: &str) -> String {
    match class {
        Some(class) => format!("annotate {which} with {CLASS_ANNOTATION}: {class}"),
        None => format!(
            "annotate {which} with {CLASS_ANNOTATION}: <class>, and give the Ingress that class if \
             there are several"
        ),
    }
}
