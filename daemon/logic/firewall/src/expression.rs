//! The few nftables expressions and statements that the ruleset is written in, as one writes them for `nft`.

use std::{fmt::Display, net::Ipv4Addr};

use ipnet::Ipv4Net;
use nftables::{
    expr::{
        BinaryOperation, CT, Expression, Map, Meta, MetaKey, NamedExpression, Payload,
        PayloadField, Prefix, RT, RTKey, TcpOption,
    },
    stmt::{
        AnonymousCounter, Counter, JumpTarget, Mangle, Match, NAT, NATFamily, Operator, Statement,
    },
};

use crate::Transport;

type Expr = Expression<'static>;
type Stmt = Statement<'static>;

/// `iifname NAME`
pub(crate) fn iifname(name: &str) -> Stmt {
    equals(meta(MetaKey::Iifname), text(name))
}

/// `oifname NAME`
pub(crate) fn oifname(name: &str) -> Stmt {
    equals(meta(MetaKey::Oifname), text(name))
}

/// `iifname @SET`
pub(crate) fn iifname_in(set: &str) -> Stmt {
    equals(meta(MetaKey::Iifname), reference(set))
}

/// `oifname @SET`
pub(crate) fn oifname_in(set: &str) -> Stmt {
    equals(meta(MetaKey::Oifname), reference(set))
}

/// `ip saddr @SET`
pub(crate) fn saddr_in(set: &str) -> Stmt {
    equals(payload("ip", "saddr"), reference(set))
}

/// `ip daddr @SET`
pub(crate) fn daddr_in(set: &str) -> Stmt {
    equals(payload("ip", "daddr"), reference(set))
}

/// `ip daddr != @SET`
pub(crate) fn daddr_not_in(set: &str) -> Stmt {
    differs(payload("ip", "daddr"), reference(set))
}

/// `ip saddr != @SET`
pub(crate) fn saddr_not_in(set: &str) -> Stmt {
    differs(payload("ip", "saddr"), reference(set))
}

/// `ip saddr != PREFIX`
pub(crate) fn saddr_not(prefix: Ipv4Net) -> Stmt {
    differs(payload("ip", "saddr"), network(prefix))
}

/// `ip saddr != ADDRESS`
pub(crate) fn saddr_is_not(address: Ipv4Addr) -> Stmt {
    differs(payload("ip", "saddr"), text(address))
}

/// `icmp type echo-request`
pub(crate) fn echo_request() -> Stmt {
    equals(payload("icmp", "type"), text("echo-request"))
}

/// `meta l4proto . th dport @SET`
pub(crate) fn destination_port_in(set: &str) -> Stmt {
    let key = Expression::Named(NamedExpression::Concat(vec![
        meta(MetaKey::L4proto),
        payload("th", "dport"),
    ]));
    equals(key, reference(set))
}

/// `ct state STATES`
pub(crate) fn state(states: &[&str]) -> Stmt {
    ct("state", Expression::List(states.iter().map(text).collect()))
}

/// `ct status dnat`
pub(crate) fn status_dnat() -> Stmt {
    ct("status", text("dnat"))
}

/// `tcp flags & (syn | rst) == syn`
pub(crate) fn opens_tcp() -> Stmt {
    let mask = BinaryOperation::OR(vec![text("syn"), text("rst")]);
    let masked = BinaryOperation::AND(
        payload("tcp", "flags"),
        Expression::BinaryOperation(Box::new(mask)),
    );
    equals(Expression::BinaryOperation(Box::new(masked)), text("syn"))
}

/// `tcp option maxseg size set rt mtu`
pub(crate) fn clamp_mss() -> Stmt {
    Statement::Mangle(Mangle {
        key: Expression::Named(NamedExpression::TcpOption(TcpOption {
            name: "maxseg".into(),
            field: Some("size".into()),
        })),
        value: Expression::Named(NamedExpression::RT(RT {
            key: RTKey::MTU,
            family: None,
        })),
    })
}

/// `dnat ip to TRANSPORT dport map @ADDRESSES : TRANSPORT dport map @PORTS`
pub(crate) fn dnat_by_port(transport: Transport, addresses: &str, ports: &str) -> Stmt {
    let mapped = |map| {
        let key = payload(transport, "dport");
        let data = reference(map);
        Expression::Named(NamedExpression::Map(Box::new(Map { key, data })))
    };
    Statement::DNAT(Some(NAT {
        addr: Some(mapped(addresses)),
        family: Some(NATFamily::IP),
        port: Some(mapped(ports)),
        flags: None,
    }))
}

/// `masquerade`
pub(crate) fn masquerade() -> Stmt {
    Statement::Masquerade(None)
}

/// `notrack`
pub(crate) fn notrack() -> Stmt {
    Statement::Notrack
}

/// `accept`
pub(crate) fn accept() -> Stmt {
    Statement::Accept(None)
}

/// `drop`
pub(crate) fn drop() -> Stmt {
    Statement::Drop(None)
}

/// `counter`
pub(crate) fn counter() -> Stmt {
    Statement::Counter(Counter::Anonymous(Some(AnonymousCounter::default())))
}

/// `jump CHAIN`
pub(crate) fn jump(chain: &'static str) -> Stmt {
    Statement::Jump(JumpTarget {
        target: chain.into(),
    })
}

/// A value that `nft` reads as text: an address, a name, a flag.
pub(crate) fn text(value: impl Display) -> Expr {
    Expression::String(value.to_string().into())
}

/// A prefix; one of a single address as `nft` lists it, as that address.
pub(crate) fn network(prefix: Ipv4Net) -> Expr {
    if prefix.prefix_len() == 32 {
        return text(prefix.addr());
    }
    Expression::Named(NamedExpression::Prefix(Prefix {
        addr: Box::new(text(prefix.network())),
        len: u32::from(prefix.prefix_len()),
    }))
}

/// `A . B`
pub(crate) fn concat(parts: Vec<Expr>) -> Expr {
    Expression::Named(NamedExpression::Concat(parts))
}

fn reference(set: &str) -> Expr {
    text(format_args!("@{set}"))
}

fn meta(key: MetaKey) -> Expr {
    Expression::Named(NamedExpression::Meta(Meta { key }))
}

fn payload(protocol: impl Display, field: &'static str) -> Expr {
    Expression::Named(NamedExpression::Payload(Payload::PayloadField(
        PayloadField {
            protocol: protocol.to_string().into(),
            field: field.into(),
        },
    )))
}

fn ct(key: &'static str, right: Expr) -> Stmt {
    let left = Expression::Named(NamedExpression::CT(CT {
        key: key.into(),
        family: None,
        dir: None,
    }));
    matching(left, Operator::IN, right)
}

fn equals(left: Expr, right: Expr) -> Stmt {
    matching(left, Operator::EQ, right)
}

fn differs(left: Expr, right: Expr) -> Stmt {
    matching(left, Operator::NEQ, right)
}

fn matching(left: Expr, op: Operator, right: Expr) -> Stmt {
    Statement::Match(Match { left, right, op })
}
