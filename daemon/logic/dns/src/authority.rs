//! All that the router's DNS answers from: zones, grants and the clients it serves, as one value.
//!
//! The value does not change. A new configuration, new leases and every accepted update make another one, which shares
//! what stayed the same; the caller swaps it in once what must survive a restart is on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use hickory_proto::rr::{
    Name, RData, Record,
    rdata::{A, AAAA},
};
use ipnet::IpNet;

use crate::{
    grant::{Grant, ROUTER_LABEL, is_updatable},
    lease::{self, LeaseName},
    path::Path,
    saved::Saved,
    special,
    zone::{Holder, Zone},
    zones::{Zones, address_in},
};

/// TTL of names from the configuration and of the router's own.
const STATIC_TTL_SECS: u32 = 60;

/// What the configuration says about names.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The router's own name, which every zone names as its server: `router.home.arpa.`
    pub server: Name,
    /// Addresses of that name.
    pub addresses: Vec<IpAddr>,
    /// Zone of DHCP names: `home.arpa.`
    pub domain: Name,
    /// Zones beside those that are served anyway.
    pub zones: Vec<ZoneSettings>,
    /// Names from the configuration, each in one of the zones.
    pub records: Vec<(Name, RData)>,
    /// Keys.
    pub grants: Vec<Grant>,
    /// Prefixes whose hosts may ask. Everybody else is refused.
    pub clients: Vec<IpNet>,
}

/// A zone of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSettings {
    /// Its name.
    pub name: Name,
    /// Names that we do not hold are asked upstream.
    pub fallthrough: bool,
}

/// The zones with all that decides about them.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(crate) settings: Arc<Settings>,
    pub(crate) grants: Arc<BTreeMap<Name, Grant>>,
    pub(crate) zones: Zones,
    leases: Arc<BTreeMap<Name, Vec<Record>>>,
}

/// Name counts of one zone, for the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSummary {
    /// Lower case, no final dot.
    pub name: String,
    /// Serial of the contents.
    pub serial: u32,
    /// Names that we do not hold are asked upstream.
    pub fallthrough: bool,
    /// Names with records.
    pub names: usize,
    /// Names that leases hold.
    pub leases: usize,
    /// Names that clusters hold.
    pub dynamic: usize,
}

/// A name that stands for addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameEntry {
    /// Lower case, no final dot.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whose records are answered.
    pub holder: Holder,
}

impl Authority {
    /// The zones of a configuration with the names that clusters had put there before. `now` is in seconds since 1970:
    /// a serial never falls behind it, so that it rises even over a lost state directory.
    pub fn new(settings: Settings, saved: &Saved, now: u64) -> Self {
        let clock = u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default();
        let serial_of = |zone: &Name| match saved.serial(zone) {
            Some(serial) => serial.wrapping_add(1).max(clock),
            None => clock,
        };
        let zones = build(&settings, saved, serial_of);
        Self::of(settings, zones)
    }

    /// The same names under another configuration: names that a grant no longer covers are gone, the rest stays.
    #[must_use]
    pub fn reconfigured(&self, settings: Settings, now: u64) -> Self {
        let clock = u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default();
        let serial_of = |zone: &Name| self.zones.at(zone).map_or(clock, |zone| zone.serial());
        let zones = build(&settings, &self.saved(), serial_of);
        let mut new = Self::of(settings, zones);
        new.leases = Arc::clone(&self.leases);
        if self.settings.domain == new.settings.domain {
            let held = Arc::clone(&new.leases);
            let mut edit = new.zones.edit();
            for (name, records) in held.iter() {
                edit.hold(name, Holder::Lease, records.clone());
            }
            new.zones = edit.finish().0;
        } else {
            new.leases = Arc::default();
        }
        new.zones = continue_serials(new.zones, &self.zones);
        new
    }

    /// The same with these names from leases and reservations instead of the earlier ones.
    #[must_use]
    pub fn with_leases(&self, leases: &[LeaseName]) -> Self {
        let wanted = lease::records(&self.settings.domain, &self.settings.server, leases);
        let mut edit = self.zones.edit();
        for name in self.leases.keys().filter(|name| !wanted.contains_key(name)) {
            edit.hold(name, Holder::Lease, Vec::new());
        }
        for (name, records) in &wanted {
            edit.hold(name, Holder::Lease, records.clone());
        }
        Self {
            zones: edit.finish().0,
            leases: Arc::new(wanted),
            ..self.clone()
        }
    }

    /// What must survive a restart: the names that clusters put here, and the serials.
    pub fn saved(&self) -> Saved {
        Saved::of(self.zones.iter().map(|zone| &**zone))
    }

    /// What must survive a restart of one zone.
    pub fn saved_zone(&self, apex: &Name) -> Option<Saved> {
        self.zones.at(apex).map(|zone| Saved::of([&**zone]))
    }

    /// The zones that someone configured, and those that hold names.
    pub fn summaries(&self) -> Vec<ZoneSummary> {
        let configured: BTreeSet<&Name> =
            self.settings.zones.iter().map(|zone| &zone.name).collect();
        self.zones
            .iter()
            .filter(|zone| zone.len() > 0 || configured.contains(zone.apex()))
            .map(|zone| summary(zone))
            .collect()
    }

    /// Every name that stands for addresses, in alphabetical order, with who holds it; without what is always there, such as `localhost`.
    pub fn names(&self) -> Vec<NameEntry> {
        let mut names: Vec<NameEntry> = self
            .zones
            .iter()
            .filter(|zone| self.is_own(zone.apex()))
            .flat_map(|zone| zone.nodes())
            .filter_map(|node| {
                let addresses: Vec<IpAddr> = node.records().iter().filter_map(address_in).collect();
                (!addresses.is_empty()).then(|| NameEntry {
                    name: shown(&node.name),
                    addresses,
                    holder: node.holder().cloned().unwrap_or(Holder::Static),
                })
            })
            .collect();
        names.sort_by(|one, other| one.name.cmp(&other.name));
        names
    }

    /// Whether a host may ask.
    pub fn serves(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        self.settings
            .clients
            .iter()
            .any(|prefix| prefix.contains(&client))
    }

    /// Zones whose names may point to private addresses when they come from upstream: those of the configuration, which
    /// somebody chose on purpose.
    pub fn is_own(&self, name: &Name) -> bool {
        self.settings
            .zones
            .iter()
            .any(|zone| zone.name.zone_of(name))
    }

    /// The name at which this router describes itself to the holder of a key.
    pub(crate) fn is_router_facts(&self, name: &Name, key: &Name) -> bool {
        let mut labels = name.iter();
        labels
            .next()
            .is_some_and(|label| label.eq_ignore_ascii_case(ROUTER_LABEL.as_bytes()))
            && name.base_name() == *key
    }

    /// The same with other contents.
    pub(crate) fn with_zones(&self, zones: Zones) -> Self {
        Self {
            zones,
            ..self.clone()
        }
    }

    fn of(settings: Settings, zones: Zones) -> Self {
        let grants = settings
            .grants
            .iter()
            .map(|grant| (grant.key.name().clone(), grant.clone()))
            .collect();
        Self {
            settings: Arc::new(settings),
            grants: Arc::new(grants),
            zones,
            leases: Arc::default(),
        }
    }
}

/// A name as it is shown: lower case, no final dot.
fn shown(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    text.trim_end_matches('.').to_string()
}

fn summary(zone: &Zone) -> ZoneSummary {
    let held_by = |wanted: fn(&Holder) -> bool| {
        zone.nodes()
            .filter(|node| node.holder().is_some_and(wanted))
            .count()
    };
    ZoneSummary {
        name: shown(zone.apex()),
        serial: zone.serial(),
        fallthrough: zone.fallthrough,
        names: zone.len(),
        leases: held_by(|holder| *holder == Holder::Lease),
        dynamic: held_by(|holder| matches!(holder, Holder::Cluster(_))),
    }
}

/// Static and cluster names; serials as told.
fn build(settings: &Settings, saved: &Saved, serial_of: impl Fn(&Name) -> u32) -> Zones {
    let mut zones = Zones::default();
    let chosen = settings.zones.iter().cloned();
    let domain = ZoneSettings {
        name: settings.domain.clone(),
        fallthrough: false,
    };
    let builtin = special::zones().map(|name| ZoneSettings {
        name,
        fallthrough: false,
    });
    // Later ones replace earlier ones: what was chosen counts more than what is always there.
    for zone in builtin.chain([domain]).chain(chosen) {
        let serial = serial_of(&zone.name);
        zones.insert(Zone::new(
            zone.name,
            &settings.server,
            zone.fallthrough,
            serial,
        ));
    }
    let mut edit = zones.edit();
    for (name, records) in static_records(settings) {
        edit.hold(&name, Holder::Static, records);
    }
    for (key, name, records) in saved.names() {
        let apex = edit
            .zones()
            .covering(&Path::of(&name))
            .map(|zone| zone.apex().clone());
        let grant = settings
            .grants
            .iter()
            .find(|grant| *grant.key.name() == key);
        let allowed = apex.zip(grant).is_some_and(|(apex, grant)| {
            grant.for_zone(&apex).is_some_and(|zone| zone.allows(&name))
        });
        let records: Vec<Record> = records
            .into_iter()
            .filter(|record| is_updatable(record.record_type()))
            .collect();
        if allowed {
            edit.hold(&name, Holder::Cluster(key), records);
        }
    }
    let (mut zones, _) = edit.finish();
    zones.set_serials(serial_of);
    zones
}

fn static_records(settings: &Settings) -> BTreeMap<Name, Vec<Record>> {
    let own = settings.addresses.iter().map(|address| {
        let data = match address {
            IpAddr::V4(v4) => RData::A(A(*v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(*v6)),
        };
        Record::from_rdata(settings.server.clone(), STATIC_TTL_SECS, data)
    });
    let configured = settings
        .records
        .iter()
        .map(|(name, data)| Record::from_rdata(name.clone(), STATIC_TTL_SECS, data.clone()));
    let mut names: BTreeMap<Name, Vec<Record>> = BTreeMap::new();
    for record in special::localhost().chain(own).chain(configured) {
        names.entry(record.name.clone()).or_default().push(record);
    }
    names
}

/// Gives each zone the serial that follows from its earlier contents: the same, or one more.
fn continue_serials(mut zones: Zones, earlier: &Zones) -> Zones {
    let serials: BTreeMap<Name, u32> = zones
        .iter()
        .filter_map(|zone| {
            let before = earlier.at(zone.apex())?;
            let step = u32::from(!zone.same_names(before));
            Some((zone.apex().clone(), before.serial().wrapping_add(step)))
        })
        .collect();
    zones.set_serials(|zone| serials.get(zone).copied().unwrap_or_default());
    zones
}

#[cfg(test)]
mod tests;
