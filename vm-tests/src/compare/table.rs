//! The table for people.

use super::{Cell, Comparison};
use crate::output::say;

/// Prints it.
pub fn print(comparison: &Comparison) {
    say(format!("{} on {}", comparison.name, comparison.machine));
    let width = |text: fn(&Cell) -> &str, least: usize| {
        comparison
            .cells
            .iter()
            .map(|cell| text(cell).chars().count())
            .max()
            .unwrap_or(0)
            .max(least)
    };
    let (cells, systems) = (width(|cell| &cell.cell, 4), width(|cell| &cell.system, 6));
    say(format!(
        "{:cells$}  {:systems$}  {:>9} {:>9} {:>9}  {:4}  {:>6}  met",
        "CELL", "SYSTEM", "median", "p95", "max", "unit", "goal"
    ));
    for cell in &comparison.cells {
        let head = format!("{:cells$}  {:systems$}", cell.cell, cell.system);
        if let Some(why) = &cell.not_run {
            say(format!("{head}  not run: {why}"));
            continue;
        }
        let number =
            |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
        let met = match cell.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let line = format!(
            "{head}  {:>9} {:>9} {:>9}  {:4}  {:>6}  {met}",
            number(cell.median),
            number(cell.p95),
            number(cell.max),
            cell.unit,
            number(cell.goal)
        );
        say(line.trim_end());
    }
}
