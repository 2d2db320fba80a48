//! The doctor's findings for people.

use std::fmt::Write;

use ::doctor::{Finding, Role, Severity};

use super::Report;

/// Problems and hints one by one, then in short what is right.
pub(super) fn of(report: &Report) -> String {
    let right = of_severity(report, Severity::Ok);
    let for_whom = match report.role {
        Role::Node => "as a node",
        Role::Router => "as the router",
        Role::Either => "as node or router",
    };
    let mut text = format!(
        "Judged {for_whom}: {}, {}, {} right\n",
        plural(report.problems, "problem"),
        plural(report.hints, "hint"),
        right.len()
    );
    for finding in of_severity(report, Severity::Problem) {
        append(&mut text, "PROBLEM", finding);
    }
    for finding in of_severity(report, Severity::Hint) {
        append(&mut text, "hint", finding);
    }
    if !right.is_empty() {
        text.push_str("\nRight:\n");
    }
    for finding in right {
        let _ = writeln!(text, "  {}", finding.what);
    }
    text
}

fn of_severity(report: &Report, severity: Severity) -> Vec<&Finding> {
    let findings = report.findings.iter();
    findings
        .filter(|finding| finding.severity == severity)
        .collect()
}

fn append(text: &mut String, word: &str, finding: &Finding) {
    let _ = writeln!(text, "\n{word:8} {}", finding.what);
    if !finding.why.is_empty() {
        let _ = writeln!(text, "    why  {}", finding.why);
    }
    for (at, line) in finding.cure.iter().enumerate() {
        let label = if at == 0 { "cure" } else { "" };
        let _ = writeln!(text, "    {label:4} {line}");
    }
}

fn plural(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}
