//! The deployment environment, and the settings that production rejects.

use clap::ValueEnum;
use wangge_auth::issuer::ISSUER;

use crate::process::ProcessArgs;

/// The deployment environment of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// For trying out and for development.
    Development,
    /// For real data: development tokens, keys and reflection are rejected.
    Production,
}

/// Returns an error message for each setting that production doesn't allow.
pub(crate) fn mistakes(args: &ProcessArgs) -> Vec<String> {
    if args.environment != Environment::Production {
        return Vec::new();
    }
    let mut mistakes = Vec::new();
    if args.issuers.iter().any(|issuer| issuer == ISSUER) {
        mistakes.push(format!(
            "WANGGE_ISSUER: tokens of {ISSUER} are not accepted in production: set the issuer of \
             your identity provider"
        ));
    }
    if args.server.reflection {
        mistakes.push("WANGGE_REFLECTION: reflection is not allowed in production".into());
    }
    mistakes
}
