//! A node daemon's status for people.

use std::fmt::Write;

use admin::types::{NamePushStatus, NodeStatus, PoolStatus, VipStatus};

use super::name_rows;
use crate::table;

/// The whole status as text.
pub(super) fn text(status: &NodeStatus) -> String {
    let NodeStatus {
        version,
        node,
        source,
        source_ready,
        lease_holder,
        pools,
        vips,
        names,
        router,
        problems,
    } = status;
    let mut text = format!("lanlord {version}, node {node}, objects from {source}");
    text.push_str(if *source_ready {
        ""
    } else {
        " (no answer yet)"
    });
    text.push_str(if *lease_holder {
        ", lease holder\n"
    } else {
        "\n"
    });
    let rows: Vec<_> = pools.iter().map(pool_row).collect();
    table::append(
        &mut text,
        "Pools",
        &["NAME", "ADDRESSES", "ASSIGNED"],
        &rows,
    );
    let rows: Vec<_> = vips.iter().map(vip_row).collect();
    table::append(
        &mut text,
        "VIPs",
        &["ADDRESS", "SERVICE", "OWNER", "ANNOUNCED HERE ON", "REASON"],
        &rows,
    );
    table::append(
        &mut text,
        "Names",
        &["NAME", "ADDRESSES", "FROM"],
        &name_rows(names),
    );
    if let Some(push) = router {
        append_push(&mut text, push);
    }
    table::append_list(&mut text, "Problems", problems);
    text
}

pub(super) fn pool_row(pool: &PoolStatus) -> Vec<String> {
    vec![
        pool.name.clone(),
        pool.addresses.join(", "),
        pool.assigned.to_string(),
    ]
}

pub(super) fn vip_row(vip: &VipStatus) -> Vec<String> {
    let owner = vip.owner.clone().unwrap_or_else(|| "nobody".to_string());
    let here = if vip.interfaces.is_empty() {
        "-".to_string()
    } else {
        vip.interfaces.join(", ")
    };
    vec![
        vip.vip.to_string(),
        vip.services.join(", "),
        owner,
        here,
        vip.reason.clone().unwrap_or_default(),
    ]
}

fn append_push(text: &mut String, push: &NamePushStatus) {
    let NamePushStatus {
        server,
        synced_secs_ago,
        error,
        refused,
    } = push;
    let when = match synced_secs_ago {
        Some(secs) => format!("in step {secs} s ago"),
        None => "never reached yet".to_string(),
    };
    let _ = writeln!(text, "\nNames go to {server}: {when}");
    if let Some(error) = error {
        let _ = writeln!(text, "  last try failed: {error}");
    }
    table::append_list(text, "Names that the router's policy refused", refused);
}
