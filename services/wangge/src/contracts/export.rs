//! The archive of the contracts: the same files in a folder or in one file. What it
//! contains depends on the version only, so that two exports are equal.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, write::GzEncoder};

use super::plain;
use crate::output::note;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The page at the top of the archive.
const README: &str = include_str!("archive.md");

/// Writes the archive.
///
/// # Errors
/// Fails if the path is taken, or can't be written.
pub(super) fn run(path: &Path) -> Result<ExitCode> {
    let files = files()?;
    if path.to_string_lossy().ends_with(".tar.gz") {
        let file = fs::File::create_new(path).with_context(|| path.display().to_string())?;
        pack(file, &files)?;
    } else {
        unfold(path, &files)?;
    }
    note(format_args!(
        "{}: the contracts of version {}, {} files",
        path.display(),
        env!("CARGO_PKG_VERSION"),
        files.len()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Returns the files of the archive, sorted by their paths.
fn files() -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = vec![
        (
            PathBuf::from("README.md"),
            README
                .replace("VERSION", env!("CARGO_PKG_VERSION"))
                .into_bytes(),
        ),
        (
            PathBuf::from("descriptors.binpb"),
            wangge_server::descriptors()?,
        ),
    ];
    for (path, text) in SOURCES {
        files.push((Path::new("proto").join(path), text.as_bytes().to_vec()));
        if !plain::is_left_out(path) {
            let text = plain::without_options(text).with_context(|| (*path).to_owned())?;
            files.push((Path::new("plain").join(path), text.into_bytes()));
        }
    }
    files.sort();
    Ok(files)
}

fn unfold(folder: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let shown = || folder.display().to_string();
    fs::create_dir_all(folder).with_context(shown)?;
    if fs::read_dir(folder).with_context(shown)?.next().is_some() {
        bail!("{} is not empty", folder.display());
    }
    for (path, content) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn pack(file: impl Write, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    let root = format!("wangge-contracts-{}", env!("CARGO_PKG_VERSION"));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, Path::new(&root).join(path), content.as_slice())?;
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_archives_are_equal() {
        let packed = || {
            let mut bytes = Vec::new();
            pack(&mut bytes, &files().unwrap()).unwrap();
            bytes
        };
        assert_eq!(packed(), packed());
    }

    #[test]
    fn a_folder_that_is_taken_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("contracts-{}", uuid::Uuid::now_v7()));
        run(&folder).unwrap();
        let error = run(&folder).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.ends_with("is not empty"), "{error}");
    }

    #[test]
    fn everything_that_is_imported_is_there() {
        let files = files().unwrap();
        for (path, content) in &files {
            let Some(tree) = path.iter().next().filter(|tree| *tree != "README.md") else {
                continue;
            };
            let Ok(text) = std::str::from_utf8(content) else {
                continue;
            };
            let imports = text
                .lines()
                .filter_map(|line| line.strip_prefix("import \""));
            for import in imports.filter_map(|rest| rest.split('"').next()) {
                // The compiler brings these.
                let is_known = import.starts_with("google/protobuf/");
                let wanted = Path::new(tree).join(import);
                let is_there = files.iter().any(|(path, _)| *path == wanted);
                assert!(is_known || is_there, "{}: {import}", path.display());
            }
        }
    }
}
