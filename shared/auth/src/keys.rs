//! Checks tokens against a key set that is read anew when its file changes.
//! A bad new file is reported and the old keys stay.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use uuid::Uuid;
use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_kernel::area_code;

use crate::{
    caller::Caller,
    claims::{self, Claims},
    issuer::DEVELOPMENT,
};

/// How often the file of the key set is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// By how much clocks may differ, in seconds.
const LEEWAY: u64 = 30;
/// Tokens that are remembered as checked.
const REMEMBERED: usize = 4096;

/// A key or key set can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("key file: {0}")]
    File(#[from] std::io::Error),
    /// It is no JSON Web Key Set.
    #[error("key set: {0}")]
    Json(#[from] serde_json::Error),
    /// A key of it can't be used.
    #[error("key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
    /// It was made for development.
    #[error("a key was made for development: production does not take it")]
    Development,
    /// No key can be made of it.
    #[error("the key is unusable")]
    Unusable,
}

/// Which keys of a key set are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Any.
    Any,
    /// None that was made for development: a set that has one is refused.
    NotForDevelopment,
}

/// Checks tokens.
#[derive(Debug)]
pub struct Verifier {
    file: Option<(PathBuf, Keys)>,
    issuers: Vec<String>,
    audience: String,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    keys: HashMap<String, (DecodingKey, Algorithm)>,
    read: Option<SystemTime>,
    looked: Instant,
    checked: HashMap<String, (Caller, u64, u64)>,
}

impl Verifier {
    /// Checks tokens against the key set in a file.
    ///
    /// # Errors
    /// When the file can't be read or holds no usable key.
    pub fn from_file(
        path: PathBuf,
        taken: Keys,
        issuers: Vec<String>,
        audience: String,
    ) -> Result<Self, KeyError> {
        let keys = read(&fs::read_to_string(&path)?, taken)?;
        let read = fs::metadata(&path)?.modified().ok();
        let file = Some((path, taken));
        Ok(Self::new(file, keys, read, issuers, audience))
    }

    /// Checks tokens against a key set that never changes.
    ///
    /// # Errors
    /// When it holds no usable key.
    pub fn from_jwks(jwks: &str, issuers: Vec<String>, audience: String) -> Result<Self, KeyError> {
        let keys = read(jwks, Keys::Any)?;
        Ok(Self::new(None, keys, None, issuers, audience))
    }

    fn new(
        file: Option<(PathBuf, Keys)>,
        keys: HashMap<String, (DecodingKey, Algorithm)>,
        read: Option<SystemTime>,
        issuers: Vec<String>,
        audience: String,
    ) -> Self {
        let state = State {
            keys,
            read,
            looked: Instant::now(),
            checked: HashMap::new(),
        };
        Self {
            file,
            issuers,
            audience,
            state: RwLock::new(state),
        }
    }

    /// The caller that a token names.
    ///
    /// # Errors
    /// `TOKEN_EXPIRED` or `TOKEN_INVALID`.
    pub fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        self.look_again();
        let now = now();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((caller, not_before, expiry)) = state.checked.get(token) {
            return in_time(*not_before, *expiry, now).map(|()| caller.clone());
        }
        let claims = self.decode(&state, token)?;
        drop(state);
        let caller = caller(&claims)?;
        self.remember(token, &caller, &claims);
        Ok(caller)
    }

    fn decode(&self, state: &State, token: &str) -> Result<Claims, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let key_id = header.kid.ok_or_else(invalid)?;
        let (key, algorithm) = state.keys.get(&key_id).ok_or_else(invalid)?;
        // The key says which algorithm counts, not the token.
        let mut rules = Validation::new(*algorithm);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        rules.set_issuer(&self.issuers);
        rules.set_audience(&[&self.audience]);
        rules.validate_nbf = true;
        rules.leeway = LEEWAY;
        jsonwebtoken::decode::<Claims>(token, key, &rules)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::ExpiredSignature => expired(),
                _ => invalid(),
            })
    }

    fn remember(&self, token: &str, caller: &Caller, claims: &Claims) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.checked.len() >= REMEMBERED {
            state.checked.clear();
        }
        state
            .checked
            .insert(token.to_owned(), (caller.clone(), claims.nbf, claims.exp));
    }

    fn look_again(&self) {
        let Some((path, taken)) = &self.file else {
            return;
        };
        let looked = self
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .looked;
        if looked.elapsed() < LOOK_AGAIN {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.looked = Instant::now();
        let modified = fs::metadata(path).and_then(|data| data.modified()).ok();
        if modified == state.read {
            return;
        }
        match fs::read_to_string(path)
            .map_err(KeyError::from)
            .and_then(|text| read(&text, *taken))
        {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "key set read anew");
                state.keys = keys;
                state.checked.clear();
            }
            Err(error) => tracing::error!(%error, "key set is bad: the old one stays"),
        }
        state.read = modified;
    }
}

/// Keys of a key set by their ids; keys of other uses and of algorithms that
/// are not allowed are left out.
fn read(jwks: &str, taken: Keys) -> Result<HashMap<String, (DecodingKey, Algorithm)>, KeyError> {
    let set: JwkSet = serde_json::from_str(jwks)?;
    let mut keys = HashMap::new();
    for jwk in &set.keys {
        let algorithm = match jwk
            .common
            .key_algorithm
            .map(|algorithm| algorithm.to_string())
        {
            Some(name) if name == "EdDSA" => Algorithm::EdDSA,
            Some(name) if name == "ES256" => Algorithm::ES256,
            Some(name) if name == "RS256" => Algorithm::RS256,
            _ => continue,
        };
        if let Some(key_id) = &jwk.common.key_id {
            if taken == Keys::NotForDevelopment && key_id.starts_with(DEVELOPMENT) {
                return Err(KeyError::Development);
            }
            keys.insert(key_id.clone(), (DecodingKey::from_jwk(jwk)?, algorithm));
        }
    }
    if keys.is_empty() {
        Err(KeyError::Unusable)
    } else {
        Ok(keys)
    }
}

fn caller(claims: &Claims) -> Result<Caller, Refusal> {
    let area_code = claims.area.clone();
    let digits = area_code.as_deref().unwrap_or_default();
    if claims.sub.is_empty() || !area_code::is_code(digits) {
        return Err(invalid());
    }
    let unit_id = match &claims.unit {
        Some(unit) => Some(Uuid::parse_str(unit).map_err(|_| invalid())?),
        None => None,
    };
    Ok(Caller {
        subject: claims.sub.clone(),
        roles: claims
            .roles
            .iter()
            .filter_map(|name| claims::role(name))
            .collect(),
        area_code,
        unit_id,
    })
}

fn in_time(not_before: u64, expiry: u64, now: u64) -> Result<(), Refusal> {
    if now > expiry + LEEWAY {
        Err(expired())
    } else if now + LEEWAY < not_before {
        Err(invalid())
    } else {
        Ok(())
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}

fn invalid() -> Refusal {
    Refusal::new(
        tonic::Code::Unauthenticated,
        Reason::TokenInvalid,
        "the token is not accepted",
    )
}

fn expired() -> Refusal {
    Refusal::new(
        tonic::Code::Unauthenticated,
        Reason::TokenExpired,
        "the token has expired: fetch a new one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::{AUDIENCE, ISSUER, Issuer};

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: "clerk-1".into(),
            exp: now() + 600,
            nbf: now() - 1,
            roles: vec!["dispatcher".into(), "unheard_of".into()],
            area: Some("320402".into()),
            unit: None,
        }
    }

    fn reason(verifier: &Verifier, token: &str) -> Reason {
        verifier.verify(token).unwrap_err().reason
    }

    #[test]
    fn every_claim_is_checked() {
        let issuer = Issuer::generate().unwrap();
        let verifier =
            Verifier::from_jwks(issuer.jwks(), vec![ISSUER.into()], AUDIENCE.into()).unwrap();
        let caller = verifier.verify(&issuer.token(&claims()).unwrap()).unwrap();
        assert_eq!(caller.roles, [wangge_api::policy::Role::Dispatcher]);
        // Remembered tokens are answered alike.
        assert!(verifier.verify(&issuer.token(&claims()).unwrap()).is_ok());

        let spoil = |change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            issuer.token(&claims).unwrap()
        };
        for token in [
            spoil(|c| c.iss = "somebody".into()),
            spoil(|c| c.aud = "another-platform".into()),
            spoil(|c| c.nbf += 600),
            spoil(|c| c.sub = String::new()),
            spoil(|c| c.area = Some("3204'--".into())),
            spoil(|c| c.unit = Some("no uuid".into())),
            Issuer::generate().unwrap().token(&claims()).unwrap(),
            "nonsense".into(),
            String::new(),
        ] {
            assert_eq!(reason(&verifier, &token), Reason::TokenInvalid, "{token}");
        }
        assert_eq!(
            reason(&verifier, &spoil(|c| c.exp = c.nbf - 600)),
            Reason::TokenExpired
        );
    }

    #[test]
    fn a_changed_file_is_read_anew_and_a_bad_one_is_not_taken() {
        let folder = std::env::temp_dir().join(format!("wangge-keys-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("jwks.json");
        let (old, new) = (Issuer::generate().unwrap(), Issuer::generate().unwrap());
        fs::write(&path, old.jwks()).unwrap();
        let verifier = Verifier::from_file(
            path.clone(),
            Keys::Any,
            vec![ISSUER.into()],
            AUDIENCE.into(),
        )
        .unwrap();
        let (old, new_token) = (old.token(&claims()).unwrap(), new.token(&claims()).unwrap());
        let later = |text: &str| {
            fs::write(&path, text).unwrap();
            let mut state = verifier.state.write().unwrap();
            state.read = None;
            state.looked -= LOOK_AGAIN;
        };
        assert!(verifier.verify(&old).is_ok());
        later("{ no key set");
        assert!(verifier.verify(&old).is_ok());
        later(new.jwks());
        assert!(verifier.verify(&new_token).is_ok());
        assert_eq!(reason(&verifier, &old), Reason::TokenInvalid);
        fs::remove_dir_all(folder).unwrap();
    }
}
