//! What is to change at one name, and how an UPDATE says it (RFC 2136).

use std::{collections::BTreeSet, net::IpAddr};

use hickory_proto::{
    op::Message,
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{A, AAAA, TXT},
    },
};

/// A change of one name with its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: Name,
    pub(super) mark: Name,
    pub(super) kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// The name is to be ours with these addresses; it must be free.
    Add(BTreeSet<IpAddr>, u32),
    /// The name is ours and gets these addresses.
    Replace(BTreeSet<IpAddr>, u32),
    /// The name was ours and goes.
    Remove,
}

impl Change {
    /// Adds prerequisites and changes to an UPDATE of the zone. `text` is our mark's.
    pub(super) fn write(&self, message: &mut Message, text: &str) {
        let mark = || RData::TXT(TXT::new(vec![text.to_string()]));
        match &self.kind {
            ChangeKind::Add(addresses, ttl) => {
                message.add_answer(bare(&self.name, DNSClass::NONE, RecordType::ANY));
                message.add_answer(bare(&self.mark, DNSClass::NONE, RecordType::ANY));
                self.add_addresses(message, addresses, *ttl);
                message.add_authority(Record::from_rdata(self.mark.clone(), *ttl, mark()));
            }
            ChangeKind::Replace(addresses, ttl) => {
                message.add_answer(Record::from_rdata(self.mark.clone(), 0, mark()));
                self.remove_addresses(message);
                self.add_addresses(message, addresses, *ttl);
            }
            ChangeKind::Remove => {
                message.add_answer(Record::from_rdata(self.mark.clone(), 0, mark()));
                self.remove_addresses(message);
                message.add_authority(bare(&self.mark, DNSClass::ANY, RecordType::TXT));
            }
        }
    }

    fn add_addresses(&self, message: &mut Message, addresses: &BTreeSet<IpAddr>, ttl: u32) {
        message.add_authorities(addresses.iter().map(|address| {
            let data = match address {
                IpAddr::V4(v4) => RData::A(A(*v4)),
                IpAddr::V6(v6) => RData::AAAA(AAAA(*v6)),
            };
            Record::from_rdata(self.name.clone(), ttl, data)
        }));
    }

    /// Addresses only: whatever else somebody put beside them is not ours.
    fn remove_addresses(&self, message: &mut Message) {
        for kind in [RecordType::A, RecordType::AAAA] {
            message.add_authority(bare(&self.name, DNSClass::ANY, kind));
        }
    }
}

fn bare(name: &Name, class: DNSClass, kind: RecordType) -> Record {
    let mut record = Record::update0(name.clone(), 0, kind);
    record.dns_class = class;
    record
}
