//! What a token says.

use serde::{Deserialize, Deserializer, Serialize};
use wangge_api::policy::Role;

/// Claims of a token. Issuer, audience, expiry and not-before are required.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom: the platform. Of several audiences, the first; the token is
    /// checked against all of them.
    #[serde(deserialize_with = "first_audience")]
    pub aud: String,
    /// Who calls: an id, never a name.
    pub sub: String,
    /// Seconds since 1970 from which it is no longer accepted.
    pub exp: u64,
    /// Seconds since 1970 before which it is not accepted yet.
    pub nbf: u64,
    /// Roles, in lower case: `grid_worker`.
    pub roles: Vec<String>,
    /// Code of the caller's area; empty for the whole platform. A token
    /// without it sees no area.
    pub area: Option<String>,
    /// Id of the caller's unit, for callers who hold orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Reads an audience, which RFC 7519 lets be one text or a list of them.
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

/// A role as tokens name it.
pub fn role_name(role: Role) -> String {
    role.as_str_name()
        .trim_start_matches("ROLE_")
        .to_lowercase()
}

/// The role that a token names; none for an unknown one, which gives no right.
pub fn role(name: &str) -> Option<Role> {
    Role::from_str_name(&format!("ROLE_{}", name.to_uppercase()))
        .filter(|role| *role != Role::Unspecified)
}

/// Every role that a token can name.
pub fn roles() -> impl Iterator<Item = Role> {
    (1..).map_while(|number| Role::try_from(number).ok())
}
