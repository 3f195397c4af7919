//! `wangge secrets`: generates the secrets of an installation, once: passwords of
//! its database roles, the key that signs its own tokens, and the token that
//! services send when they read one another's feeds. It never overwrites a secret,
//! except for the services' token with `--renew`.

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

/// File with the signing key. Only the operator needs it: services verify tokens
/// with the key set.
pub(crate) const SIGNING_KEY: &str = "signing_key.der";
const KEY_SET: &str = "jwks.json";
const SERVICE_TOKEN: &str = "service_token";
/// Length of a random password in bytes, before it is encoded as text.
const PASSWORD: usize = 32;
/// File mode while a secret is being written: only the owner has access.
const OWNER: u32 = 0o600;
/// File mode of a finished secret. Readable by all, since containers run under other
/// user ids; the folder itself is accessible only to its owner.
const CONTAINERS: u32 = 0o444;

/// Arguments of `wangge secrets`.
#[derive(Debug, Args)]
pub(crate) struct SecretsArgs {
    /// Folder of the secrets, created if it doesn't exist. Existing secrets are kept.
    folder: PathBuf,
    /// Replace the services' token by a new one, valid for `--days` days.
    #[arg(long)]
    renew: bool,
    /// Lifetime of the services' token, in days.
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
        note(format!("created {SIGNING_KEY}"));
        let aside = folder.join(format!(".{SIGNING_KEY}.new"));
        // A leftover of an interrupted run: `Issuer::make` never overwrites a file.
        let _ = fs::remove_file(&aside);
        Issuer::make(INSTALLATION, &aside).and_then(|issuer| {
            fs::rename(&aside, &key)?;
            Ok(issuer)
        })
    };
    let issuer = issuer.with_context(|| key.display().to_string())?;
    // Derived from the key, so a key set that was deleted is restored and still
    // verifies the tokens issued so far.
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

/// Writes a file unless it exists.
fn make(folder: &Path, name: &str, content: impl FnOnce() -> Result<String>) -> Result<()> {
    if folder.join(name).exists() {
        return Ok(());
    }
    write(folder, name, &content()?)
}

/// Writes a file atomically: a truncated secret would be used as if it were complete.
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
            // Renamed last: the file appears under its name only with its full content
            // on disk and its final mode.
            fs::set_permissions(&aside, fs::Permissions::from_mode(CONTAINERS))?;
            fs::rename(&aside, &path)
        });
    written.with_context(|| path.display().to_string())?;
    note(format!("created {name}"));
    Ok(())
}

fn password() -> String {
    let mut bytes = [0; PASSWORD];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
