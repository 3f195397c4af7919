//! Output to the terminal: data on stdout, in text or JSON; messages on stderr.

use std::io::Write as _;

use clap::ValueEnum;
use serde::Serialize;

/// Format of printed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people to read.
    Text,
    /// JSON: one value, or one per line.
    Json,
}

/// Prints a line of data to stdout.
pub(crate) fn line(text: impl std::fmt::Display) {
    // A closed pipe is not an error: its reader has seen enough.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Prints an error with its causes to stderr.
pub(crate) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}

/// Prints a message for a person to stderr, so that it doesn't mix with the data.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Returns the width of a text on a terminal: Chinese characters have two columns.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|letter| {
            // An approximation of Unicode's East Asian Width.
            if ('\u{1100}'..'\u{fffe}').contains(&letter) {
                2
            } else {
                1
            }
        })
        .sum()
}

/// Pads a text with spaces to a width.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}
