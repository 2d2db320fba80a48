//! Policy rules of ours: which table packets from an interface are looked up in before the main one.

use std::collections::BTreeSet;

use nix::errno::Errno;
use rtnetlink::{
    IpVersion,
    packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage},
    packet_route::{
        AddressFamily, RouteNetlinkMessage,
        route::RouteProtocol,
        rule::{RuleAction, RuleAttribute, RuleMessage},
    },
};

use crate::{
    PROTOCOL,
    netlink::{Netlink, NetlinkError, unless},
};

/// Address family of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `ip -4 rule`.
    V4,
    /// `ip -6 rule`.
    V6,
}

/// `from all iif INTERFACE lookup TABLE`, at a priority of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// IPv4 or IPv6.
    pub family: Family,
    /// Packets that come in here. The interface need not exist: the kernel attaches the rule when it does.
    pub interface: String,
    /// Table to look up.
    pub table: u32,
    /// Lower is asked first; the main table is at 32766.
    pub priority: u32,
}

impl Netlink {
    /// Rules of ours that look up `table`.
    pub async fn own_rules(&self, table: u32) -> Result<BTreeSet<Rule>, NetlinkError> {
        let mut found = BTreeSet::new();
        for (family, version) in [(Family::V4, IpVersion::V4), (Family::V6, IpVersion::V6)] {
            let dump = self
                .dump("list rules", || {
                    self.handle().rule().get(version.clone()).execute()
                })
                .await?;
            found.extend(dump.iter().filter_map(|message| parse(family, message)));
        }
        found.retain(|rule| rule.table == table);
        Ok(found)
    }

    /// Adds the rule; one that is there already is fine.
    pub async fn ensure_rule(&self, rule: &Rule) -> Result<(), NetlinkError> {
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::NewRule(message(rule)));
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        let action = format!("add rule for interface {}", rule.interface);
        unless(&[Errno::EEXIST], self.acknowledge(&action, request).await)
    }

    /// Deletes the rule; one that is not there is fine.
    pub async fn delete_rule(&self, rule: &Rule) -> Result<(), NetlinkError> {
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::DelRule(message(rule)));
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK;
        let action = format!("delete rule for interface {}", rule.interface);
        unless(&[Errno::ENOENT], self.acknowledge(&action, request).await)
    }
}

fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = match rule.family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    };
    message.header.action = RuleAction::ToTable;
    message.attributes = vec![
        RuleAttribute::Iifname(rule.interface.clone()),
        RuleAttribute::Table(rule.table),
        RuleAttribute::Priority(rule.priority),
        RuleAttribute::Protocol(RouteProtocol::from(PROTOCOL)),
    ];
    message
}

fn parse(family: Family, message: &RuleMessage) -> Option<Rule> {
    let mut rule = Rule {
        family,
        interface: String::new(),
        table: u32::from(message.header.table),
        priority: 0,
    };
    let mut ours = false;
    for attribute in &message.attributes {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "our rules have these four attributes"
        )]
        match attribute {
            RuleAttribute::Iifname(name) => rule.interface.clone_from(name),
            RuleAttribute::Table(table) => rule.table = *table,
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            RuleAttribute::Protocol(protocol) => ours = u8::from(*protocol) == PROTOCOL,
            _ => {}
        }
    }
    ours.then_some(rule)
}
