//! The plan as people read it: a section per question, a line per answer, columns aligned.

use std::fmt;

use ipam::PoolUse;
use model::Refusal;
use naming::Source;

use crate::Plan;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        section(f, "pools", &self.pool_rows())?;
        section(f, "addresses", &self.address_rows())?;
        section(f, "owners", &self.owner_rows())?;
        section(f, "names", &self.name_rows())?;
        findings(f, "refused", &self.refusals())?;
        findings(f, "warnings", &self.warnings())
    }
}

impl Plan {
    fn pool_rows(&self) -> Vec<[String; 3]> {
        let pools = self.allocation.pools.iter();
        pools
            .map(|(name, row)| {
                let ranges: Vec<String> = row.ranges.iter().map(ToString::to_string).collect();
                [name.clone(), ranges.join(", "), fullness(row)]
            })
            .collect()
    }

    fn address_rows(&self) -> Vec<[String; 3]> {
        let allocations = self.allocation.allocations.iter();
        allocations
            .map(|(service, allocation)| {
                [
                    service.to_string(),
                    joined(&allocation.vips, ", "),
                    format!("from {}", allocation.pool),
                ]
            })
            .collect()
    }

    fn owner_rows(&self) -> Vec<[String; 3]> {
        let announcements = self.announcement.announcements.iter();
        announcements
            .map(|(vip, announcement)| {
                let interfaces: Vec<&String> = announcement.interfaces.iter().collect();
                let on = if interfaces.is_empty() {
                    String::new()
                } else {
                    format!(" on {}", joined(&interfaces, ", "))
                };
                [
                    vip.to_string(),
                    joined(&announcement.ranking, ", then ") + &on,
                    format!("for {}", joined(&announcement.services, ", ")),
                ]
            })
            .collect()
    }

    fn name_rows(&self) -> Vec<[String; 3]> {
        let names = self.naming.names.iter();
        names
            .map(|(host, name)| {
                let addresses: Vec<_> = name.addresses.iter().collect();
                let by = match (&name.source, &name.service) {
                    (source @ Source::Ingress(_), Some(service)) => {
                        format!("by {source}, to Service {service}")
                    }
                    (source, _) => format!("by {source}"),
                };
                [host.clone(), joined(&addresses, ", "), by]
            })
            .collect()
    }
}

fn fullness(row: &PoolUse) -> String {
    let families = [
        ("IPv4", row.assigned_ipv4, row.available_ipv4),
        ("IPv6", row.assigned_ipv6, row.available_ipv6),
    ];
    let texts: Vec<String> = families
        .into_iter()
        .filter(|(_, assigned, available)| *assigned > 0 || *available > 0)
        .map(|(family, assigned, available)| format!("{family} {assigned} given, {available} free"))
        .collect();
    texts.join("; ")
}

fn joined<T: fmt::Display>(items: &[T], by: &str) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(by)
}

/// Rows in columns, two blanks apart; the last column is not padded.
fn section(f: &mut fmt::Formatter<'_>, title: &str, rows: &[[String; 3]]) -> fmt::Result {
    writeln!(f, "{title}")?;
    if rows.is_empty() {
        return writeln!(f, "  none");
    }
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    for [one, two, three] in rows {
        let line = format!("  {one:first$}  {two:second$}  {three}");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What went wrong; nothing is printed where nothing did.
fn findings(f: &mut fmt::Formatter<'_>, title: &str, rows: &[Refusal]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}")?;
    for row in rows {
        writeln!(f, "  {row}")?;
    }
    Ok(())
}
