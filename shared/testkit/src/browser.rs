//! The browser that pages are tried with.

use std::process::Command;

/// Returns the program of a browser that is installed.
///
/// # Panics
/// Panics if there is none.
pub fn browser() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        let asked = Command::new(name).arg("--version").output();
        asked.is_ok_and(|asked| asked.status.success())
    });
    found.expect("Chromium is needed to look at pages: ./tests/run installs it")
}
