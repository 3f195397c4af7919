//! Tokens signed with a key that lives as long as the test process.

use std::{
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;
use wangge_api::policy::Role;
use wangge_auth::{
    Verifier,
    claims::{Claims, role_name},
    issuer::{AUDIENCE, ISSUER, Issuer},
};

/// Returns the issuer of this process's tokens.
///
/// # Panics
/// Panics if no key can be generated.
pub fn issuer() -> &'static Issuer {
    static ISSUER_OF_TESTS: OnceLock<Issuer> = OnceLock::new();
    ISSUER_OF_TESTS.get_or_init(|| Issuer::generate().expect("a key"))
}

/// Returns a verifier that accepts this process's tokens.
///
/// # Panics
/// Panics if the key set is invalid.
pub fn verifier() -> Arc<Verifier> {
    let verifier = Verifier::from_jwks(issuer().jwks(), vec![ISSUER.into()], AUDIENCE.into());
    Arc::new(verifier.expect("a key set"))
}

/// Returns a token for a caller with roles, an area (empty: everywhere) and a unit.
pub fn token(roles: &[Role], area: Option<&str>, unit: Option<Uuid>) -> String {
    issued(roles, area, unit, 3600)
}

/// Returns a token that expired a minute ago.
pub fn expired_token(roles: &[Role], area: Option<&str>) -> String {
    issued(roles, area, None, -60)
}

fn issued(roles: &[Role], area: Option<&str>, unit: Option<Uuid>, lifetime: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let names: Vec<String> = roles.iter().copied().map(role_name).collect();
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: format!("test-{}", names.join("-")),
        exp: now.saturating_add_signed(lifetime),
        nbf: now - 3600,
        roles: names,
        area: area.map(str::to_owned),
        unit: unit.map(|unit| unit.to_string()),
    };
    issuer().token(&claims).expect("a token")
}
