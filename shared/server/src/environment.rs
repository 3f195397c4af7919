//! The deployment environment, and the settings that production rejects.

use clap::ValueEnum;
use wangge_auth::issuer::ISSUER;

use crate::{process::ProcessArgs, web::WebOrigins};

/// The deployment environment of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// For trying out and for development.
    Development,
    /// For real data: development tokens, keys, reflection and pages of any origin are
    /// rejected.
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
    let origins = args.server.web_origins.as_ref();
    if origins.is_some_and(WebOrigins::is_for_development) {
        mistakes.push(
            "WANGGE_WEB_ORIGINS: production allows only origins with https://, and not `*`".into(),
        );
    }
    mistakes
}
