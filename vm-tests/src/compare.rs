//! `cargo compare NAME`: measurements, ours beside peers, with every raw value.

mod asker;
mod memory;
mod startup;
mod table;

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;

pub use table::print;

/// What is asked of a comparison.
#[derive(Clone, Debug)]
pub struct Request {
    /// The release binary.
    pub lanlord: PathBuf,
    /// The lab binary, for machines.
    pub lab_binary: PathBuf,
    /// How often each value is taken.
    pub trials: u32,
    /// Only these cells; empty: all.
    pub only: BTreeSet<String>,
}

impl Request {
    /// Whether a cell is asked for.
    pub fn wants(&self, cell: &str) -> bool {
        self.only.is_empty() || self.only.contains(cell)
    }
}

/// A comparison with its results.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Its name.
    pub name: String,
    /// Processor, kernel and memory of this computer.
    pub machine: String,
    /// One row per cell and system.
    pub cells: Vec<Cell>,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// What is measured.
    pub cell: String,
    /// Whose it is, with version and configuration.
    pub system: String,
    /// Unit of the values.
    pub unit: &'static str,
    /// Every value, in the order of measuring.
    pub values: Vec<f64>,
    /// Median of the values.
    pub median: Option<f64>,
    /// 95th percentile of the values, nearest rank.
    pub p95: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// What ours should not exceed.
    pub goal: Option<f64>,
    /// Whether the largest value is within the goal.
    pub met: Option<bool>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

impl Cell {
    /// A row with values.
    pub fn measured(
        cell: &str,
        system: &str,
        unit: &'static str,
        values: Vec<f64>,
        goal: Option<f64>,
    ) -> Self {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let max = sorted.last().copied();
        Self {
            cell: cell.to_owned(),
            system: system.to_owned(),
            unit,
            median: percentile(&sorted, 50),
            p95: percentile(&sorted, 95),
            max,
            goal,
            met: goal.zip(max).map(|(goal, max)| max <= goal),
            values,
            not_run: None,
        }
    }

    /// A row that could not be measured.
    pub fn not_run(cell: &str, system: &str, unit: &'static str, why: &str) -> Self {
        Self {
            not_run: Some(why.to_owned()),
            ..Self::measured(cell, system, unit, Vec::new(), None)
        }
    }

    /// A row from a measurement that may have failed.
    pub fn from_result(
        cell: &str,
        system: &str,
        unit: &'static str,
        values: Result<Vec<f64>>,
        goal: Option<f64>,
    ) -> Self {
        match values {
            Ok(values) => Self::measured(cell, system, unit, values, goal),
            Err(error) => Self::not_run(cell, system, unit, &format!("{error:#}")),
        }
    }
}

/// One comparison.
#[derive(Clone, Copy)]
pub struct Kind {
    name: &'static str,
    cells: &'static [&'static str],
    measure: fn(&Request) -> Result<Vec<Cell>>,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "memory",
        cells: &memory::CELLS,
        measure: memory::run,
    },
    Kind {
        name: "startup",
        cells: &startup::CELLS,
        measure: startup::run,
    },
];

/// A comparison by name, which must have the cells that are asked for.
pub fn find(name: &str, only: &BTreeSet<String>) -> Result<Kind> {
    let Some(kind) = KINDS.into_iter().find(|kind| kind.name == name) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        bail!("no comparison {name}; there are {}", names.join(", "));
    };
    match only
        .iter()
        .find(|cell| !kind.cells.contains(&cell.as_str()))
    {
        Some(cell) => bail!(
            "{name} has no cell {cell}; it has {}",
            kind.cells.join(", ")
        ),
        None => Ok(kind),
    }
}

impl Kind {
    /// Measures.
    pub fn run(&self, request: &Request) -> Result<Comparison> {
        Ok(Comparison {
            name: self.name.to_owned(),
            machine: machine(),
            cells: (self.measure)(request)?,
        })
    }
}

/// How our rows are named.
fn ours() -> String {
    format!("lanlord {} release", env!("CARGO_PKG_VERSION"))
}

/// Nearest rank: the smallest value that at least `percent` of all values do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "{cores} x {}, Linux {}, {}",
        field(&read("/proc/cpuinfo"), "model name"),
        read("/proc/sys/kernel/osrelease").trim(),
        field(&read("/proc/meminfo"), "MemTotal")
    )
}

#[cfg(test)]
mod tests;
