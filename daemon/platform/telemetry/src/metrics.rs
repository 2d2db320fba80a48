//! Metric families, read at each scrape from the parts that own the numbers.

use std::sync::Arc;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// How a family counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises; `_total` is added to the name.
    Counter,
    /// May fall. Also for counters whose name MetalLB fixed without `_total`.
    Gauge,
}

/// One value with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Label names and values. No address or client name unless configuration bounds how many there are.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: u64,
}

/// Samples of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Metric name without `_total`.
    pub name: &'static str,
    /// One sentence, no full stop.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// Its samples; none: the family is left out.
    pub samples: Vec<Sample>,
}

impl Family {
    /// A counter without labels.
    pub fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Self {
            name,
            help,
            kind: Kind::Counter,
            samples: vec![Sample {
                labels: Vec::new(),
                value,
            }],
        }
    }

    /// A gauge without labels.
    pub fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self {
            kind: Kind::Gauge,
            ..Self::counter(name, help, value)
        }
    }

    /// A family whose samples differ in one label.
    pub fn by_label(
        name: &'static str,
        help: &'static str,
        kind: Kind,
        label: &'static str,
        samples: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let samples = samples
            .into_iter()
            .map(|(text, value)| Sample {
                labels: vec![(label, text)],
                value,
            })
            .collect();
        Self {
            name,
            help,
            kind,
            samples,
        }
    }
}

/// A part of the daemon that has numbers to show.
pub trait Source: Send + Sync + 'static {
    /// Its families, as they are now.
    fn families(&self) -> Vec<Family>;
}

impl<F: Fn() -> Vec<Family> + Send + Sync + 'static> Source for F {
    fn families(&self) -> Vec<Family> {
        self()
    }
}

/// All sources of one daemon.
#[derive(Clone, Default)]
pub struct Registry {
    sources: Vec<Arc<dyn Source>>,
}

impl Registry {
    /// Adds a part.
    pub fn register(&mut self, source: impl Source) {
        self.sources.push(Arc::new(source));
    }

    /// The OpenMetrics text of everything registered.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut registry = prometheus_client::registry::Registry::default();
        for source in &self.sources {
            registry.register_collector(Box::new(Adapter(Arc::clone(source))));
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

struct Adapter(Arc<dyn Source>);

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Adapter")
    }
}

impl Collector for Adapter {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for family in self.0.families() {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            if family.samples.is_empty() {
                continue;
            }
            let mut metrics = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            if let [Sample { labels, value }] = family.samples.as_slice()
                && labels.is_empty()
            {
                encode_value(family.kind, *value, metrics)?;
                continue;
            }
            for sample in &family.samples {
                encode_value(
                    family.kind,
                    sample.value,
                    metrics.encode_family(&sample.labels)?,
                )?;
            }
        }
        Ok(())
    }
}

fn encode_value(kind: Kind, value: u64, encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
    match kind {
        Kind::Counter => ConstCounter::new(value).encode(encoder),
        Kind::Gauge => ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(encoder),
    }
}

#[cfg(test)]
mod tests;
