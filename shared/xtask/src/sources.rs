//! The sources of a crate, file by file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The services that keep records.
pub(crate) const SERVICES: [&str; 4] = ["organization", "tickets", "volunteers", "reporting"];

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the repository.
    pub path: PathBuf,
    /// The layer: the first folder or file below `src`.
    pub layer: String,
    /// Its text up to its unit tests, which may do as they like.
    pub code: String,
    /// Its whole text.
    pub text: String,
}

/// Every Rust file below a crate's `src`.
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
