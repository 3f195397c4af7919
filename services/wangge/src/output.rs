//! Printing: data goes to stdout, as text or JSON; errors and notes go to stderr.

use std::io::Write as _;

use clap::ValueEnum;
use serde::Serialize;

/// Output format of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people.
    Text,
    /// JSON: one value, or one value per line.
    Json,
}

/// Prints a line of data to stdout.
pub(crate) fn line(text: impl std::fmt::Display) {
    // A closed pipe (`wangge … | head`) is not an error; `println!` would panic.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Prints an error with its causes to stderr.
pub(crate) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}

/// Prints progress or a remark for a person to stderr, so that stdout holds only
/// data.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Returns the width of a text in terminal columns; Chinese characters occupy two.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|letter| {
            // From Hangul Jamo to the end of the Basic Multilingual Plane. Coarse: some
            // symbols in this range, such as ✓, occupy one column.
            if ('\u{1100}'..'\u{fffe}').contains(&letter) {
                2
            } else {
                1
            }
        })
        .sum()
}

/// Pads a text with spaces to a width in terminal columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}
