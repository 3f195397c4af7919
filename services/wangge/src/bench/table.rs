//! Prints the results as a table or as JSON.

use anyhow::Result;
use serde_json::json;

use super::{
    drive::{CAP, Pace, Tally},
    operation::Operation,
};
use crate::output::{self, Output, line, note, pad};

/// The result of one operation at one pace, with its baseline.
#[derive(Debug)]
pub(crate) struct Measured {
    pub operation: Operation,
    pub pace: Pace,
    /// Latencies and errors of our calls.
    pub ours: Tally,
    /// Number of pgbench's clients.
    pub clients: usize,
    /// Transactions per second of the baseline, before and after our calls.
    pub bare: [f64; 2],
}

impl Measured {
    fn bare(&self) -> f64 {
        self.bare.iter().sum::<f64>() / 2.0
    }

    /// Returns the ratio of our rate to the baseline; `None` at a fixed rate, where it
    /// would be meaningless.
    fn ratio(&self) -> Option<f64> {
        matches!(self.pace, Pace::InFlight(_))
            .then(|| self.ours.per_second() / self.bare().max(f64::EPSILON))
    }

    /// Returns true if the target was met; `None` if it doesn't apply.
    fn met(&self) -> Option<bool> {
        self.ratio().map(|ratio| ratio >= self.operation.target())
    }
}

const HEADER: [&str; 11] = [
    "operation",
    "pace",
    "ours/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "refused",
    "bare/s",
    "ours/bare",
    "target",
    "met",
];
/// Widths of the columns; fixed, since rows are printed one by one.
const WIDTHS: [usize; 11] = [9, 13, 8, 8, 8, 8, 7, 8, 9, 6, 3];

/// Prints the header of the table.
pub(crate) fn print_header(output: Output) {
    if output == Output::Text {
        print_cells(&HEADER.map(str::to_owned));
    }
}

/// Prints a result and its remarks. Called after each measurement, so that a run that is
/// stopped early has printed its results.
pub(crate) fn print(row: &Measured, output: Output) -> Result<()> {
    if output == Output::Json {
        return output::json(&json_row(row));
    }
    print_cells(&text_row(row));
    remarks(row);
    Ok(())
}

fn print_cells(cells: &[String]) {
    let padded: Vec<String> = cells
        .iter()
        .zip(WIDTHS)
        .map(|(text, columns)| pad(text, columns))
        .collect();
    line(padded.join("  ").trim_end());
}

fn text_row(row: &Measured) -> Vec<String> {
    let ours = &row.ours;
    let rate = |rate: f64| format!("{rate:.0}");
    let millis = |percent| format!("{:.2}", ours.percentile(percent));
    let (target, met) = match row.met() {
        Some(met) => (
            format!("≥ {:.1}", row.operation.target()),
            if met { "✓" } else { "✗" },
        ),
        None => (String::new(), ""),
    };
    vec![
        row.operation.name().to_owned(),
        row.pace.to_string(),
        rate(ours.per_second()),
        millis(50.0),
        millis(99.0),
        millis(99.9),
        ours.refusals().to_string(),
        rate(row.bare()),
        row.ratio()
            .map(|ratio| format!("{ratio:.2}"))
            .unwrap_or_default(),
        target,
        met.to_owned(),
    ]
}

fn json_row(row: &Measured) -> serde_json::Value {
    let ours = &row.ours;
    let (in_flight, rate) = match row.pace {
        Pace::InFlight(number) => (Some(number), None),
        Pace::Rate(rate) => (None, Some(rate)),
    };
    json!({
        "operation": row.operation.name(),
        "in_flight": in_flight,
        "due_per_second": rate,
        "seconds": ours.elapsed.as_secs_f64(),
        "answered": ours.latencies.len(),
        "per_second": ours.per_second(),
        "p50_ms": ours.percentile(50.0),
        "p99_ms": ours.percentile(99.0),
        "p99_9_ms": ours.percentile(99.9),
        "refused": ours.refused,
        "reached_most_in_flight": ours.capped,
        "ran_out_of_tickets": ours.ran_out,
        "bare_per_second": row.bare(),
        "bare_before_and_after": row.bare,
        "ratio": row.ratio(),
        "target": row.operation.target(),
        "met": row.met(),
    })
}

fn remarks(row: &Measured) {
    let what = format!("{}, {}", row.operation.name(), row.pace);
    for (reason, number) in &row.ours.refused {
        note(format!("{what}: {number} refused: {reason}"));
    }
    if row.ours.capped && matches!(row.pace, Pace::Rate(_)) {
        note(format!(
            "{what}: {CAP} calls were in flight; more had to wait"
        ));
    }
    if row.ours.ran_out {
        note(format!(
            "{what}: ended early after {:.1} s, because no tickets were left",
            row.ours.elapsed.as_secs_f64()
        ));
    }
    if let Pace::InFlight(number) = row.pace
        && row.clients < number
    {
        note(format!(
            "{what}: pgbench had {} clients, since the server has no connections for more",
            row.clients
        ));
    }
    let [before, after] = row.bare;
    // The ratio is unreliable if the baseline itself has changed by more than 30 %.
    if (before - after).abs() > 0.3 * before.max(after) {
        note(format!(
            "{what}: the bare rate was {before:.0}/s before and {after:.0}/s after: the machine was busy"
        ));
    }
}
