//! nf_tables, tried part by part: `nft --check` sends each transaction to the kernel, which judges it and commits nothing.

use std::collections::BTreeMap;

use doctor::{NftProgram, Probe};

use super::judge;
use crate::{
    feature,
    nft::{Nft, NftError},
};

/// What is tried for each part that [`doctor::nf_tables_parts`] names: a chain, and a rule in it.
const TRIALS: [(&str, &str, &str); 7] = [
    ("nat chains", "nat hook prerouting priority -100", ""),
    (
        "masquerade",
        "nat hook postrouting priority 100",
        "masquerade",
    ),
    (
        "dnat",
        "nat hook prerouting priority -100",
        "dnat ip to 192.0.2.1",
    ),
    (
        "connection state",
        "filter hook forward priority 0",
        "ct state established accept",
    ),
    (
        "limit",
        "filter hook input priority 0",
        "limit rate 5/second accept",
    ),
    ("reject", "filter hook input priority 0", "reject"),
    ("notrack", "filter hook prerouting priority -300", "notrack"),
];

pub(super) async fn program() -> Option<NftProgram> {
    let nft = Nft::find().ok()?;
    let said = nft.version().await.map_err(|error| error.to_string());
    Some(NftProgram {
        path: nft.program().to_path_buf(),
        version: said
            .and_then(|text| parse(&text).ok_or_else(|| format!("it calls itself `{text}`"))),
    })
}

/// Reads `nftables v1.0.6 (Lester Gooch #5)`.
fn parse(text: &str) -> Option<(u32, u32, u32)> {
    let word = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix('v'))?;
    let mut numbers = word.split('.').map(|number| number.parse().ok());
    Some((
        numbers.next()??,
        numbers.next()??,
        numbers.next().unwrap_or(Some(0))?,
    ))
}

/// Without the program only what netlink says of the whole.
pub(super) async fn try_parts(program: Option<&NftProgram>) -> BTreeMap<&'static str, Probe> {
    let whole = judge(feature::ask_generation());
    let goes_on = whole == Probe::Works && program.is_some_and(|nft| nft.version.is_ok());
    let mut found = BTreeMap::from([("tables", whole)]);
    if !goes_on {
        return found;
    }
    let Ok(nft) = Nft::find() else { return found };
    for (part, chain, rule) in TRIALS {
        found.insert(part, one(&nft, chain, rule).await);
    }
    found
}

async fn one(nft: &Nft, chain: &str, rule: &str) -> Probe {
    let table = "table inet lanlord-doctor";
    let trial = format!("{table} {{ chain trial {{ type {chain}; {rule}; }}; }}\n");
    match nft.check(&trial).await {
        Ok(()) => Probe::Works,
        Err(NftError::Refused { text, .. }) => {
            let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
            if says(&["Operation not permitted", "must be root"]) {
                Probe::Denied
            } else if says(&["No such file", "not supported"]) {
                Probe::Missing
            } else {
                Probe::Failed(text)
            }
        }
        Err(error) => Probe::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_nft_prints_them() {
        assert_eq!(parse("nftables v1.0.6 (Lester Gooch #5)"), Some((1, 0, 6)));
        assert_eq!(parse("nftables v1.1"), Some((1, 1, 0)));
        assert_eq!(parse("nft: not found"), None);
    }

    #[test]
    fn every_part_that_is_judged_is_tried() {
        let tried = TRIALS.map(|(part, ..)| part);
        let judged: Vec<_> = doctor::nf_tables_parts()
            .filter(|part| *part != "tables")
            .collect();

        assert_eq!(judged, tried);
    }
}
