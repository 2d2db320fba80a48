//! A router's status for people.

use std::fmt::Write;

use admin::types::{
    ConfigStatus, DhcpStatus, DnsStatus, InterfaceStatus, LeaseStatus, RouterStatus,
};

use super::name_rows;
use crate::table;

/// The whole status as text.
pub(super) fn text(status: &RouterStatus) -> String {
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
    let ConfigStatus { file, error } = config;
    let file = file.as_deref().unwrap_or("built-in defaults");
    let mut text =
        format!("lanlord {version}, router {hostname}.{domain}, configuration: {file}\n");
    if let Some(error) = error {
        let _ = writeln!(text, "  the newer configuration is NOT in force: {error}");
    }
    let rows: Vec<_> = interfaces.iter().map(interface_row).collect();
    table::append(
        &mut text,
        "Interfaces",
        &["NAME", "ROLE", "ADDRESSES", "LINK"],
        &rows,
    );
    for scope in dhcp {
        append_dhcp(&mut text, scope);
    }
    append_dns(&mut text, dns);
    let _ = match firewall {
        Ok(()) => writeln!(text, "\nFirewall and NAT: in force"),
        Err(reason) => writeln!(text, "\nFirewall and NAT: NOT in force: {reason}"),
    };
    table::append_list(&mut text, "VIP pools routed", pools);
    table::append_list(&mut text, "What to set elsewhere", hints);
    table::append_list(&mut text, "Problems", problems);
    text
}

fn interface_row(interface: &InterfaceStatus) -> Vec<String> {
    let up = if interface.up { "up" } else { "down" };
    vec![
        interface.name.clone(),
        interface.role.clone(),
        interface.addresses.join(", "),
        up.to_string(),
    ]
}

fn append_dhcp(text: &mut String, scope: &DhcpStatus) {
    let DhcpStatus {
        interface,
        state,
        range,
        leases,
    } = scope;
    let _ = writeln!(text, "\nDHCP on {interface}: {state}; range {range}");
    let rows: Vec<_> = leases.iter().map(lease_row).collect();
    table::append(
        text,
        "Leases",
        &["ADDRESS", "MAC", "NAME", "ENDS IN"],
        &rows,
    );
}

fn lease_row(lease: &LeaseStatus) -> Vec<String> {
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
}

fn append_dns(text: &mut String, dns: &DnsStatus) {
    let DnsStatus {
        zones,
        names,
        upstream,
        updates_accepted,
        updates_refused,
    } = dns;
    let (zones, upstream) = (zones.join(", "), upstream.join(", "));
    let _ = writeln!(
        text,
        "\nDNS: zones {zones}; upstream {upstream}; updates {updates_accepted} accepted, {updates_refused} refused"
    );
    table::append(
        text,
        "Names",
        &["NAME", "ADDRESSES", "FROM"],
        &name_rows(names),
    );
}
