//! What an operator's tool writes down: secrets, made once, and the reference of
//! settings.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path, process::Output};

use tokio::process::Command;
use wangge_auth::{Verifier, issuer::INSTALLATION, keys::Keys};
use wangge_tests::{
    DataDir,
    process::{binary, repository},
};

async fn wangge(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(repository());
    command.output().await.expect("it runs")
}

/// Names of the files in a folder, with their contents and modes.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("a file");
        let mode = entry.metadata().expect("its mode").permissions().mode() & 0o777;
        let content = std::fs::read(entry.path()).expect("its content");
        let name = entry.file_name().into_string().expect("a name");
        (name, (content, mode))
    };
    entries.map(file).collect()
}

#[tokio::test]
async fn the_reference_of_settings_is_that_of_the_code() {
    let told = wangge(&["settings"]).await;
    assert!(told.status.success());
    let kept = std::fs::read_to_string(repository().join("deploy/settings.md"));
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    assert!(
        kept.expect("the reference") == told,
        "run: target/debug/wangge settings > deploy/settings.md"
    );
}

#[tokio::test]
async fn secrets_are_made_once_and_good_in_production() {
    let parent = DataDir::new();
    let folder = parent.join("secrets");
    let path = folder.to_str().expect("a path");
    let made = wangge(&["secrets", path]).await;
    assert!(made.status.success(), "{made:?}");
    let first = files(&folder);
    let mode = std::fs::metadata(&folder).expect("a folder").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700, "closed to others");
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "grafana_password",
            "jwks.json",
            "organization_database_password",
            "postgres_password",
            "reporting_database_password",
            "service_token",
            "signing_key.der",
            "tickets_database_password",
            "volunteers_database_password",
        ]
    );
    assert_eq!(first["signing_key.der"].1, 0o600, "the operator's alone");
    let passwords = first.iter().filter(|(name, _)| name.ends_with("_password"));
    let passwords: std::collections::BTreeSet<_> = passwords.map(|(_, file)| &file.0).collect();
    assert_eq!(passwords.len(), 6, "each its own");
    assert!(passwords.iter().all(|password| password.len() >= 40));

    // Production takes the key, and the token that it has signed.
    let verifier = Verifier::from_file(
        folder.join("jwks.json"),
        Keys::NotForDevelopment,
        vec![INSTALLATION.to_owned()],
        wangge_auth::issuer::AUDIENCE.to_owned(),
    );
    let verifier = verifier.expect("a key set for production");
    let token = String::from_utf8(first["service_token"].0.clone()).expect("text");
    verifier.verify(&token).expect("a good token");
    let key = folder.join("signing_key.der");
    let key = key.to_str().expect("a path");
    let issued = wangge(&["token", "--role", "staff", "--key-file", key]).await;
    let issued = String::from_utf8(issued.stdout).expect("text");
    verifier.verify(issued.trim()).expect("a good token");

    // Again: nothing is made anew, unless that is wished.
    assert!(wangge(&["secrets", path]).await.status.success());
    assert_eq!(files(&folder), first);
    let renewed = wangge(&["secrets", path, "--renew", "--days", "30"]).await;
    assert!(renewed.status.success());
    let mut renewed = files(&folder);
    let token = renewed.remove("service_token").expect("the token");
    assert_ne!(token, first["service_token"]);
    let mut rest = first.clone();
    rest.remove("service_token");
    assert_eq!(renewed, rest);
}
