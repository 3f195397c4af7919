//! What is printed, for people or for programs.

use std::io::Write as _;

use clap::ValueEnum;
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For a person.
    Text,
    /// JSON: one value, or one line for each of many.
    Json,
}

/// Prints a line of data.
pub(crate) fn line(text: impl std::fmt::Display) {
    // Whoever reads us may have gone; then there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Tells of an error, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}

/// Tells a person what is going on, beside the data.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Width of a text on a terminal: Chinese characters take two columns.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|letter| {
            if ('\u{1100}'..'\u{fffe}').contains(&letter) {
                2
            } else {
                1
            }
        })
        .sum()
}

/// A text filled with spaces to a width.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}
