//! Whether clients of a LAN are served, in words.

use std::{collections::BTreeSet, fmt};

use ::dhcp::{Other, Verdict};

/// How DHCP stands on one LAN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// None: the interface is missing or has no carrier.
    pub(crate) verdict: Option<Verdict>,
    /// Who else serves or routes on this LAN, or uses our address.
    pub(crate) others: BTreeSet<Other>,
    /// Why leases cannot be stored.
    pub(crate) disk: Option<String>,
}

impl Standing {
    /// What is wrong, one line each, for `status` and console.
    pub(crate) fn problems(&self, interface: &str) -> Vec<String> {
        let others =
            (!self.others.is_empty() && self.verdict == Some(Verdict::Serving)).then(|| {
                format!(
                    "{interface}: DHCP is served although there is {}",
                    self.list()
                )
            });
        let off =
            (self.verdict == Some(Verdict::Off)).then(|| format!("{interface}: DHCP is {self}"));
        let disk = self.disk.as_ref().map(|why| {
            format!("{interface}: leases cannot be stored, so new ones end after 5 minutes: {why}")
        });
        [off, others, disk].into_iter().flatten().collect()
    }

    fn list(&self) -> String {
        let others: Vec<_> = self.others.iter().map(ToString::to_string).collect();
        others.join(" and ")
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            None => f.write_str("waiting for the interface"),
            Some(Verdict::Checking) => f.write_str("probing"),
            Some(Verdict::Serving) => f.write_str("serving"),
            Some(Verdict::Off) => write!(
                f,
                "off: there is {} on this LAN; write `authoritative = true` below [lan.dhcp] to serve all the same",
                self.list()
            ),
        }
    }
}
