//! `wangge secrets`: makes the secrets of an installation, once: passwords of
//! its database roles, the key by which it signs its own tokens, and the token
//! with which services read one another's feeds.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use rand::RngCore as _;
use wangge_api::policy::Role;
use wangge_auth::issuer::{INSTALLATION, Issuer};

use crate::{output::note, services::ServiceName, token};

/// The key, which only the operator needs: services have the key set.
pub(crate) const SIGNING_KEY: &str = "signing_key.der";
const KEY_SET: &str = "jwks.json";
const SERVICE_TOKEN: &str = "service_token";
/// Bytes of a password before it is written as text.
const PASSWORD: usize = 32;
/// Only the owner.
const OWNER: u32 = 0o600;
/// Whoever runs in a container; the folder itself is closed to others.
const CONTAINERS: u32 = 0o444;

/// Arguments of `wangge secrets`.
#[derive(Debug, Args)]
pub(crate) struct SecretsArgs {
    /// Folder of the secrets, made if need be. What is there already stays.
    folder: PathBuf,
    /// Issue the services' token anew. It is good for as many days.
    #[arg(long)]
    renew: bool,
    /// Days for which the services' token is good.
    #[arg(long, default_value_t = 365)]
    days: u64,
}

pub(crate) fn run(args: &SecretsArgs) -> Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .with_context(|| folder.display().to_string())?;
    let owners = ServiceName::ALL.map(|service| format!("{}_database_password", service.name()));
    let others = ["postgres_password", "grafana_password"].map(str::to_owned);
    for name in others.into_iter().chain(owners) {
        make(folder, &name, || Ok(password()))?;
    }
    let key = folder.join(SIGNING_KEY);
    let issuer = if key.exists() {
        Issuer::load(INSTALLATION, &key)
    } else {
        note(format!("made {SIGNING_KEY}"));
        let aside = folder.join(format!(".{SIGNING_KEY}.new"));
        let _ = fs::remove_file(&aside);
        Issuer::make(INSTALLATION, &aside).and_then(|issuer| {
            fs::rename(&aside, &key)?;
            Ok(issuer)
        })
    };
    let issuer = issuer.with_context(|| key.display().to_string())?;
    make(folder, KEY_SET, || Ok(issuer.jwks().to_owned()))?;
    let token = || {
        let claims = token::claims(issuer.name(), &[Role::Service], args.days * 24 * 3600);
        Ok(issuer.token(&claims)?)
    };
    if args.renew {
        write(folder, SERVICE_TOKEN, &token()?)?;
    } else {
        make(folder, SERVICE_TOKEN, token)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is not there yet.
fn make(folder: &Path, name: &str, content: impl FnOnce() -> Result<String>) -> Result<()> {
    if folder.join(name).exists() {
        return Ok(());
    }
    write(folder, name, &content()?)
}

/// Writes a file whole or not at all: a secret that was cut off would be taken for
/// a whole one.
fn write(folder: &Path, name: &str, content: &str) -> Result<()> {
    let (path, aside) = (folder.join(name), folder.join(format!(".{name}.new")));
    let _ = fs::remove_file(&aside);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER)
        .open(&aside)
        .and_then(|mut file| {
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            fs::set_permissions(&aside, fs::Permissions::from_mode(CONTAINERS))?;
            fs::rename(&aside, &path)
        });
    written.with_context(|| path.display().to_string())?;
    note(format!("made {name}"));
    Ok(())
}

fn password() -> String {
    let mut bytes = [0; PASSWORD];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
