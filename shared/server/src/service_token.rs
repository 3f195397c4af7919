//! The token for reading other services' feeds: its file, its claims and its expiry. It
//! isn't verified here; that is up to the services that are called.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use opentelemetry::global::meter;
use wangge_auth::{claims::Claims, issuer::ISSUER};
use wangge_client::TokenSource;

use crate::Environment;

/// A token in a file that may be replaced at any time.
#[derive(Debug)]
pub(crate) struct ServiceToken(PathBuf);

impl ServiceToken {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns an error message if the token isn't allowed in `environment`.
    // A missing or unreadable token is no mistake here: the file may be written later.
    pub(crate) fn mistake(&self, environment: Environment) -> Option<String> {
        let claims = self.claims()?;
        (environment == Environment::Production && claims.iss == ISSUER).then(|| {
            "WANGGE_SERVICE_TOKEN_FILE: development tokens are not allowed in production".to_owned()
        })
    }

    /// Returns a source that re-reads the file for each connection, and exports the
    /// token's expiry as a metric, so that operators can renew it in time.
    pub(crate) fn measured(self) -> TokenSource {
        let file = Self(self.0.clone());
        meter("wangge")
            .u64_observable_gauge("wangge.service_token.expiry")
            .with_unit("s")
            .with_description("Expiry of the token for reading feeds, as Unix time.")
            // Read on each collection: a replaced file shows without a restart.
            .with_callback(move |to| {
                if let Some(claims) = file.claims() {
                    to.observe(claims.exp, &[]);
                }
            })
            .build();
        TokenSource::from_fn(move || self.read())
    }

    fn read(&self) -> Option<String> {
        let token = std::fs::read_to_string(&self.0).ok()?;
        Some(token.trim().to_owned())
    }

    /// Decodes the claims without verifying the signature.
    fn claims(&self) -> Option<Claims> {
        let token = self.read()?;
        let body = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_until_when_it_is_good_and_a_development_one_is_not_for_production() {
        let folder = std::env::temp_dir().join(format!("wangge-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let token = ServiceToken::new(folder.join("token"));
        assert!(token.claims().is_none(), "no file");
        let claims = serde_json::json!({
            "iss": ISSUER, "aud": "wangge", "sub": "reporting", "exp": 1_800_000_000, "nbf": 0, "roles": ["service"],
        });
        let body = URL_SAFE_NO_PAD.encode(claims.to_string());
        std::fs::write(&token.0, format!("head.{body}.signature\n")).expect("a file");
        assert_eq!(token.claims().expect("claims").exp, 1_800_000_000);
        assert!(token.mistake(Environment::Production).is_some());
        assert!(token.mistake(Environment::Development).is_none());
        std::fs::write(&token.0, "no token").expect("a file");
        assert!(token.claims().is_none() && token.mistake(Environment::Production).is_none());
        std::fs::remove_dir_all(&folder).expect("a folder");
    }
}
