//! `wangge token`: issues tokens, signed with the development key of the local run or with the
//! key of an installation.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use wangge_api::policy::Role;
use wangge_auth::{
    claims::{Claims, role, role_name, roles},
    issuer::{AUDIENCE, INSTALLATION, Issuer},
};
use wangge_client::TokenSource;

use crate::{
    data_dir::DataDirArgs,
    output::{self, Output},
};

/// Lifetime of tokens for this tool's own calls, in seconds.
const OWN_LIFETIME: u64 = 3600;

/// Arguments of `wangge token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Role, e.g. dispatcher; may be repeated.
    #[arg(long = "role", required = true, value_parser = read_role)]
    roles: Vec<Role>,
    /// Code of the area whose records the caller may see. Default: the whole platform.
    #[arg(long, default_value = "")]
    area: String,
    /// Id of the caller's unit, for callers that hold orders.
    #[arg(long)]
    unit: Option<uuid::Uuid>,
    /// Subject of the token: an id of the caller, never a name.
    #[arg(long, default_value = "development")]
    subject: String,
    /// Hours for which the token is valid.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=87_600))]
    hours: u64,
    #[command(flatten)]
    key: KeyArgs,
}

/// The key that signs tokens.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyArgs {
    /// Key of an installation, as created by `wangge secrets`, instead of the development
    /// key.
    #[arg(long, env = "WANGGE_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data_dir: DataDirArgs,
}

impl KeyArgs {
    fn issuer(&self) -> Result<Issuer> {
        match &self.key_file {
            Some(path) => {
                Issuer::load(INSTALLATION, path).with_context(|| path.display().to_string())
            }
            None => open(&self.data_dir.path()),
        }
    }

    /// Returns a source of tokens for this tool's own calls with a role, each valid for an hour.
    pub(crate) fn tokens(&self, role: Role) -> Result<TokenSource> {
        Ok(issued_by(Arc::new(self.issuer()?), role))
    }

    /// Returns a token that is valid for an hour and only sees the records of an area and
    /// those that a unit holds orders on.
    pub(crate) fn narrow_token(
        &self,
        role: Role,
        area: Option<&str>,
        unit: Option<uuid::Uuid>,
    ) -> Result<TokenSource> {
        let issuer = self.issuer()?;
        let claims = Claims {
            area: area.map(str::to_owned),
            unit: unit.map(|unit| unit.to_string()),
            ..claims(issuer.name(), &[role], OWN_LIFETIME)
        };
        Ok(TokenSource::fixed(&issuer.token(&claims)?))
    }
}

fn read_role(name: &str) -> Result<Role, String> {
    role(name).ok_or_else(|| {
        let known: Vec<String> = roles().map(role_name).collect();
        format!("no such role; there are: {}", known.join(", "))
    })
}

pub(crate) fn run(args: TokenArgs, output: Output) -> Result<ExitCode> {
    if !wangge_kernel::area_code::is_code(&args.area) {
        bail!("--area: a code has digits only");
    }
    let issuer = args.key.issuer()?;
    let claims = Claims {
        sub: args.subject,
        area: Some(args.area),
        unit: args.unit.map(|unit| unit.to_string()),
        ..claims(issuer.name(), &args.roles, args.hours * 3600)
    };
    let token = issuer.token(&claims)?;
    match output {
        Output::Text => output::line(token),
        Output::Json => output::json(&json!({"token": token, "expires": claims.exp}))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns a source of tokens for a role on the whole platform, issued on demand.
pub(crate) fn issued_by(issuer: Arc<Issuer>, role: Role) -> TokenSource {
    // Cached: the closure is called for every request, and signing is slow.
    let kept = std::sync::Mutex::new((String::new(), 0));
    TokenSource::from_fn(move || {
        let mut kept = kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Renewed at half its lifetime: a stream lasts no longer than the token that it began with.
        if kept.1 < now() + OWN_LIFETIME / 2 {
            let claims = claims(issuer.name(), &[role], OWN_LIFETIME);
            *kept = (issuer.token(&claims).ok()?, claims.exp);
        }
        Some(kept.0.clone())
    })
}

fn open(data_dir: &Path) -> Result<Issuer> {
    // Checked first, since `load_or_generate` would create a key that no service knows.
    if !data_dir.join("development-key.der").exists() {
        bail!(
            "there is no development key in {}: run `wangge up` first, or give --token-file or --key-file",
            data_dir.display()
        );
    }
    Issuer::load_or_generate(data_dir).context("the development key")
}

/// Returns claims that are valid from now on, in every area.
pub(crate) fn claims(issuer: &str, roles: &[Role], lifetime: u64) -> Claims {
    let names: Vec<String> = roles.iter().copied().map(role_name).collect();
    Claims {
        iss: issuer.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: format!("wangge-{}", names.join("-")),
        exp: now() + lifetime,
        // A few seconds ago, so that a service whose clock is a little slow accepts the token.
        nbf: now().saturating_sub(5),
        roles: names,
        area: Some(String::new()),
        unit: None,
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}
