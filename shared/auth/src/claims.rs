//! The claims of a token.

use serde::{Deserialize, Deserializer, Serialize};
use wangge_api::policy::Role;

/// Claims of a token. Issuer, audience, subject, expiry and not-before are
/// required.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer of the token.
    pub iss: String,
    /// Audience: the platform. The first one if the token has several; verification
    /// checks all of them.
    #[serde(deserialize_with = "first_audience")]
    pub aud: String,
    /// Subject: an id of the caller, never a name.
    pub sub: String,
    /// Expiry, in seconds since 1970; the token is rejected after it.
    pub exp: u64,
    /// Not-before, in seconds since 1970; the token is rejected before it.
    pub nbf: u64,
    /// Roles in lower case, e.g. `grid_worker`.
    pub roles: Vec<String>,
    /// Code of the caller's area; empty for the whole platform. A token without
    /// this claim has access to no area.
    pub area: Option<String>,
    /// Id of the caller's unit, for callers that hold orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Deserialises an audience: a string or a list of strings (RFC 7519).
fn first_audience<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Audience::deserialize(from)? {
        Audience::One(audience) => audience,
        Audience::Several(audiences) => audiences.into_iter().next().unwrap_or_default(),
    })
}

/// Returns a role's name in tokens.
pub fn role_name(role: Role) -> String {
    role.as_str_name()
        .trim_start_matches("ROLE_")
        .to_lowercase()
}

/// Returns the role with a name; `None` for an unknown one, which grants nothing.
pub fn role(name: &str) -> Option<Role> {
    Role::from_str_name(&format!("ROLE_{}", name.to_uppercase()))
        .filter(|role| *role != Role::Unspecified)
}

/// Returns every role that a token can have.
pub fn roles() -> impl Iterator<Item = Role> {
    // Role numbers are contiguous and start at 1, after `UNSPECIFIED`.
    (1..).map_while(|number| Role::try_from(number).ok())
}
