//! Collects the sources of the contracts, and of the contracts of others that they import,
//! for `wangge contracts export`. Those of others are in the packages that implement them,
//! so that the repository needs no copy.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Packages with contracts of others: where their files are in the package, and where
/// in our tree.
const OTHERS: [(&str, &str, &str); 2] = [
    ("prost-protovalidate-types", "proto/buf", "buf"),
    ("tonic-types", "proto", "google/rpc"),
];

fn main() -> Result<()> {
    let ours = fs::canonicalize("../../proto/wangge")?;
    println!("cargo:rerun-if-changed={}", ours.display());
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&ours, Path::new("wangge"), &mut files)?;
    let packages = packages()?;
    for (name, folder, place) in OTHERS {
        let package = packages
            .iter()
            .find(|(package, _)| package == name)
            .ok_or_else(|| format!("the package {name} is not in the lock file"))?;
        collect(&package.1.join(folder), Path::new(place), &mut files)?;
    }
    files.sort();
    let mut code = String::from("pub(super) const SOURCES: &[(&str, &str)] = &[\n");
    for (place, path) in &files {
        writeln!(code, "    ({place:?}, include_str!({path:?})),")?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("sources.rs"), code)?;
    Ok(())
}

/// Adds the `.proto` files of a folder, each with its place in the tree.
fn collect(folder: &Path, place: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let place = place.join(entry.file_name());
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, &place, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push((place, path));
        }
    }
    Ok(())
}

/// Returns the packages that this build uses, with their folders.
fn packages() -> Result<Vec<(String, PathBuf)>> {
    let output = Command::new(env::var("CARGO")?)
        // Offline and for one platform: everything that is needed has been downloaded,
        // and what other platforms need has not.
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &env::var("TARGET")?])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let package = |package: &serde_json::Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let name = package["name"].as_str()?.to_owned();
        Some((name, manifest.parent()?.to_owned()))
    };
    Ok(packages.iter().filter_map(package).collect())
}
