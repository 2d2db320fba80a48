//! `lanlord status`: a daemon as it is.

use std::{fmt::Write, net::IpAddr, path::Path, process::ExitCode};

use admin::types::{DhcpStatus, NamePushStatus, NameStatus, NodeStatus, RouterStatus, Status};

use crate::{
    print::{self, Output},
    table,
};

/// Asks the daemon behind `socket` and prints its answer.
pub async fn status(socket: &Path, output: Output) -> anyhow::Result<ExitCode> {
    let status: Status = admin::get(socket, "/v1/status").await?;
    print::answer(&status, output, |status| match status {
        Status::Node(node) => node_text(node),
        Status::Router(router) => router_text(router),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn node_text(status: &NodeStatus) -> String {
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
    let rows: Vec<_> = pools
        .iter()
        .map(|pool| {
            vec![
                pool.name.clone(),
                pool.addresses.join(", "),
                pool.assigned.to_string(),
            ]
        })
        .collect();
    table::append(
        &mut text,
        "Pools",
        &["NAME", "ADDRESSES", "ASSIGNED"],
        &rows,
    );
    let rows: Vec<_> = vips
        .iter()
        .map(|vip| {
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
        })
        .collect();
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
    if let Some(NamePushStatus {
        server,
        synced_secs_ago,
        error,
        refused,
    }) = router
    {
        let when = match synced_secs_ago {
            Some(secs) => format!("in step {secs} s ago"),
            None => "never reached yet".to_string(),
        };
        let _ = writeln!(text, "\nNames go to {server}: {when}");
        if let Some(error) = error {
            let _ = writeln!(text, "  last try failed: {error}");
        }
        table::append_list(&mut text, "Names that the router's policy refused", refused);
    }
    table::append_list(&mut text, "Problems", problems);
    text
}

fn router_text(status: &RouterStatus) -> String {
    let RouterStatus {
        version,
        hostname,
        domain,
        config,
        interfaces,
        dhcp,
        dns,
        firewall,
        pools,
        hints,
        problems,
    } = status;
    let file = config.file.as_deref().unwrap_or("built-in defaults");
    let mut text =
        format!("lanlord {version}, router {hostname}.{domain}, configuration: {file}\n");
    if let Some(error) = &config.error {
        let _ = writeln!(text, "  the newer configuration is NOT in force: {error}");
    }
    let rows: Vec<_> = interfaces
        .iter()
        .map(|interface| {
            let up = if interface.up { "up" } else { "down" };
            vec![
                interface.name.clone(),
                interface.role.clone(),
                interface.addresses.join(", "),
                up.to_string(),
            ]
        })
        .collect();
    table::append(
        &mut text,
        "Interfaces",
        &["NAME", "ROLE", "ADDRESSES", "LINK"],
        &rows,
    );
    for scope in dhcp {
        append_dhcp(&mut text, scope);
    }
    let _ = writeln!(
        text,
        "\nDNS: zones {}; upstream {}; updates {} accepted, {} refused",
        dns.zones.join(", "),
        dns.upstream.join(", "),
        dns.updates_accepted,
        dns.updates_refused
    );
    table::append(
        &mut text,
        "Names",
        &["NAME", "ADDRESSES", "FROM"],
        &name_rows(&dns.names),
    );
    match firewall {
        Ok(()) => text.push_str("\nFirewall and NAT: in force\n"),
        Err(reason) => {
            let _ = writeln!(text, "\nFirewall and NAT: NOT in force: {reason}");
        }
    }
    table::append_list(&mut text, "VIP pools routed", pools);
    table::append_list(&mut text, "What to set elsewhere", hints);
    table::append_list(&mut text, "Problems", problems);
    text
}

fn append_dhcp(text: &mut String, scope: &DhcpStatus) {
    let DhcpStatus {
        interface,
        state,
        range,
        leases,
    } = scope;
    let _ = writeln!(text, "\nDHCP on {interface}: {state}; range {range}");
    let rows: Vec<_> = leases
        .iter()
        .map(|lease| {
            let end = match (lease.expires_in_secs, lease.reserved) {
                (Some(secs), true) => format!("{secs} s, reserved"),
                (Some(secs), false) => format!("{secs} s"),
                (None, _) => "reserved, not leased".to_string(),
            };
            vec![
                lease.address.to_string(),
                lease.mac.clone(),
                lease.hostname.clone().unwrap_or_default(),
                end,
            ]
        })
        .collect();
    table::append(
        text,
        "Leases",
        &["ADDRESS", "MAC", "NAME", "ENDS IN"],
        &rows,
    );
}

fn name_rows(names: &[NameStatus]) -> Vec<Vec<String>> {
    let join = |addresses: &[IpAddr]| {
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    names
        .iter()
        .map(|name| {
            vec![
                name.name.clone(),
                join(&name.addresses),
                name.source.clone(),
            ]
        })
        .collect()
}
