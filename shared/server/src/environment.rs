//! What a process is run for, and what may not be used where it counts.

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
