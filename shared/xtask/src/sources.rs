//! Reads the source files of a crate.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The services that store records.
pub(crate) const SERVICES: [&str; 4] = ["organization", "tickets", "volunteers", "reporting"];

/// A Rust source file with its layer.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path relative to the repository.
    pub path: PathBuf,
    /// The layer: name of the first folder or file below `src`.
    pub layer: String,
    /// The text before the unit tests, which are exempt from the rules.
    pub code: String,
    /// The whole text, tests included.
    pub text: String,
}

/// Returns the folders of the shared crates. Their map, README.md, is beside them.
pub(crate) fn shared_crates(root: &Path) -> Result<Vec<PathBuf>> {
    let mut crates = Vec::new();
    for entry in fs::read_dir(root.join("shared"))? {
        let path = entry?.path();
        if path.is_dir() {
            crates.push(path);
        }
    }
    Ok(crates)
}

/// Returns all Rust files below a crate's `src`, sorted by path.
pub(crate) fn sources(root: &Path, krate: &Path) -> Result<Vec<Source>> {
    let src = krate.join("src");
    let mut files = Vec::new();
    collect(&src, &mut files)?;
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let below = file.strip_prefix(&src)?;
            let first = below
                .components()
                .next()
                .map(|part| part.as_os_str().to_string_lossy());
            Ok(Source {
                layer: first.unwrap_or_default().trim_end_matches(".rs").to_owned(),
                path: file.strip_prefix(root)?.to_owned(),
                code: text
                    .split("#[cfg(test)]")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                text,
            })
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
