//! What a process is run for, and what may not be used where it counts.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::ValueEnum;
use wangge_auth::issuer::ISSUER;

use crate::process::ProcessArgs;

/// What a process is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// To try out and to develop.
    Development,
    /// For people: what is for development only is refused.
    Production,
}

/// What the settings use that production may not.
pub(crate) fn mistakes(args: &ProcessArgs) -> Vec<String> {
    if args.environment != Environment::Production {
        return Vec::new();
    }
    let mut mistakes = Vec::new();
    if args.issuers.iter().any(|issuer| issuer == ISSUER) {
        mistakes.push(format!(
            "WANGGE_ISSUER: production does not accept tokens of {ISSUER}: name your identity provider's issuer"
        ));
    }
    if args.server.reflection {
        mistakes.push("WANGGE_REFLECTION: production does not tell strangers its methods".into());
    }
    mistakes
}

/// What is wrong with the token for other services, as far as can be seen from
/// here: they are the ones who check it.
pub(crate) fn token_mistake(path: &PathBuf, environment: Environment) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let body = text.trim().split('.').nth(1)?;
    let body = URL_SAFE_NO_PAD.decode(body).ok()?;
    let claims: wangge_auth::claims::Claims = serde_json::from_slice(&body).ok()?;
    (environment == Environment::Production && claims.iss == ISSUER)
        .then(|| "WANGGE_SERVICE_TOKEN_FILE: production does not use development tokens".to_owned())
}
