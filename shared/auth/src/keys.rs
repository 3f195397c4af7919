//! Verifies tokens against a key set that is reloaded when its file changes. If the
//! new file is invalid, the error is logged and the old keys remain in use.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;
use uuid::Uuid;
use wangge_api::refusal::{Reason, Refusal};
use wangge_kernel::area_code;

use crate::{
    caller::Caller,
    claims::{self, Claims},
    issuer::DEVELOPMENT,
};

/// Interval at which the key set's file is checked for changes.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);
/// Clock skew that is tolerated in expiry and not-before, in seconds.
const LEEWAY: u64 = 30;
/// Capacity of the cache of verified tokens.
const CACHE_CAPACITY: usize = 4096;

/// An error for a key or key set that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file can't be read or written.
    #[error("key file: {0}")]
    File(#[from] std::io::Error),
    /// The text isn't a JSON Web Key Set.
    #[error("key set: {0}")]
    Json(#[from] serde_json::Error),
    /// A key of the set, or a signature, can't be used.
    #[error("key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
    /// The set has a development key, which production rejects.
    #[error("development keys are not accepted in production")]
    Development,
    /// The set has no usable key, the key file is invalid, or no key could be
    /// generated.
    #[error("the key is unusable")]
    Unusable,
}

/// Selects the keys of a key set that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Accepts development keys as well as others.
    Any,
    /// Rejects a set that contains a development key.
    NotForDevelopment,
}

/// A public key that verifies tokens.
#[derive(Debug)]
struct Key {
    key: DecodingKey,
    algorithm: Algorithm,
    /// The only issuer that may sign with this key; `None` if the set doesn't bind
    /// it to one.
    issuer: Option<String>,
}

/// Verifies tokens and caches the result.
#[derive(Debug)]
pub struct Verifier {
    file: Option<(PathBuf, Keys)>,
    issuers: Vec<String>,
    audience: String,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    keys: HashMap<String, Key>,
    /// Incremented with each reload, which invalidates results in progress.
    generation: u64,
    read: Option<SystemTime>,
    looked: Instant,
    checked: HashMap<String, (Caller, u64, u64)>,
}

impl Verifier {
    /// Creates a verifier with the key set in a file, which is reloaded on change.
    ///
    /// # Errors
    /// Returns an error if the file can't be read or contains no usable key.
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

    /// Creates a verifier with a fixed key set.
    ///
    /// # Errors
    /// Returns an error if it contains no usable key.
    pub fn from_jwks(jwks: &str, issuers: Vec<String>, audience: String) -> Result<Self, KeyError> {
        let keys = read(jwks, Keys::Any)?;
        Ok(Self::new(None, keys, None, issuers, audience))
    }

    fn new(
        file: Option<(PathBuf, Keys)>,
        keys: HashMap<String, Key>,
        read: Option<SystemTime>,
        issuers: Vec<String>,
        audience: String,
    ) -> Self {
        let state = State {
            keys,
            generation: 0,
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

    /// Verifies a token and returns the caller that it identifies.
    ///
    /// # Errors
    /// Returns `TOKEN_EXPIRED` or `TOKEN_INVALID`.
    pub fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        self.look_again();
        let now = now();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((caller, not_before, expiry)) = state.checked.get(token) {
            // A cache hit saves the signature check only: time has passed since.
            return in_time(*not_before, *expiry, now).map(|()| caller.clone());
        }
        let claims = self.decode(&state, token)?;
        let generation = state.generation;
        // Released here, since `remember` takes the write lock.
        drop(state);
        let caller = self.caller(&claims)?;
        self.remember(token, &caller, &claims, generation);
        Ok(caller)
    }

    fn decode(&self, state: &State, token: &str) -> Result<Claims, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let key_id = header.kid.ok_or_else(invalid)?;
        let found = state.keys.get(&key_id).ok_or_else(invalid)?;
        // The algorithm is that of the key: a token must not choose how it is
        // verified.
        let mut rules = Validation::new(found.algorithm);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        rules.set_issuer(&self.issuers);
        rules.set_audience(&[&self.audience]);
        rules.validate_nbf = true;
        rules.leeway = LEEWAY;
        let claims = jsonwebtoken::decode::<Claims>(token, &found.key, &rules)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::ExpiredSignature => expired(),
                _ => invalid(),
            })?;
        match &found.issuer {
            Some(issuer) if *issuer != claims.iss => Err(invalid()),
            _ => Ok(claims),
        }
    }

    fn caller(&self, claims: &Claims) -> Result<Caller, Refusal> {
        // Subjects of the first issuer are keys by themselves, as they were before
        // several issuers were supported, so that stored request ids still match.
        let key = if self.issuers.first() == Some(&claims.iss) {
            claims.sub.clone()
        } else {
            format!("{}\n{}", claims.iss, claims.sub)
        };
        caller(claims, key)
    }

    /// Caches a verified token, unless the keys were reloaded since `generation`:
    /// the token was then verified against keys that may be revoked.
    fn remember(&self, token: &str, caller: &Caller, claims: &Claims, generation: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation != generation {
            return;
        }
        if state.checked.len() >= CACHE_CAPACITY {
            // Cleared as a whole: refilling costs one verification per token in
            // use, and needs no bookkeeping on each hit.
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
        if looked.elapsed() < RELOAD_INTERVAL {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Set first, so that concurrent calls don't all check the file.
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
                tracing::info!(keys = keys.len(), "key set reloaded");
                state.keys = keys;
                state.generation += 1;
                // Tokens that were verified with a removed key must be verified
                // again.
                state.checked.clear();
            }
            Err(error) => tracing::error!(%error, "invalid key set: keeping the previous one"),
        }
        // Also after an error, so that a bad file is logged once and not every five
        // seconds.
        state.read = modified;
    }
}

/// A key set whose keys aren't parsed yet: one unusable key must not invalidate the
/// others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// Parses a key set and returns its usable keys by id. Skips keys for encryption,
/// with disallowed algorithms, without an id, or malformed.
fn read(jwks: &str, taken: Keys) -> Result<HashMap<String, Key>, KeyError> {
    let set: KeySet = serde_json::from_str(jwks)?;
    let mut keys = HashMap::new();
    for jwk in &set.keys {
        let Some(key_id) = jwk["kid"].as_str() else {
            continue;
        };
        if taken == Keys::NotForDevelopment && key_id.starts_with(DEVELOPMENT) {
            return Err(KeyError::Development);
        }
        match read_key(jwk) {
            Ok(Some(key)) => {
                keys.insert(key_id.to_owned(), key);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, key_id, "a key of the key set is unusable"),
        }
    }
    if keys.is_empty() {
        Err(KeyError::Unusable)
    } else {
        Ok(keys)
    }
}

/// Parses a key; `None` if it isn't meant for verifying our tokens.
fn read_key(jwk: &serde_json::Value) -> Result<Option<Key>, KeyError> {
    if jwk["use"].as_str().is_some_and(|use_| use_ != "sig") {
        return Ok(None);
    }
    // Many providers omit the algorithm if the key type implies it.
    let algorithm = match (
        jwk["alg"].as_str(),
        jwk["kty"].as_str(),
        jwk["crv"].as_str(),
    ) {
        (Some("EdDSA") | None, Some("OKP"), Some("Ed25519")) => Algorithm::EdDSA,
        (Some("ES256") | None, Some("EC"), Some("P-256")) => Algorithm::ES256,
        (Some("RS256") | None, Some("RSA"), _) => Algorithm::RS256,
        _ => return Ok(None),
    };
    let parsed: Jwk = serde_json::from_value(jwk.clone())?;
    // Multi-tenant providers publish an issuer template with a placeholder, which
    // binds the key to no issuer.
    let issuer = jwk["issuer"].as_str().filter(|name| !name.contains('{'));
    Ok(Some(Key {
        key: DecodingKey::from_jwk(&parsed)?,
        algorithm,
        issuer: issuer.map(str::to_owned),
    }))
}

fn caller(claims: &Claims, key: String) -> Result<Caller, Refusal> {
    let area_code = claims.area.clone();
    let digits = area_code.as_deref().unwrap_or_default();
    // Control characters are rejected, since a line feed separates issuer and
    // subject in the caller's key.
    let named = !claims.sub.is_empty() && !claims.sub.chars().any(char::is_control);
    if !named || !area_code::is_code(digits) {
        return Err(invalid());
    }
    let unit_id = match &claims.unit {
        Some(unit) => Some(Uuid::parse_str(unit).map_err(|_| invalid())?),
        None => None,
    };
    Ok(Caller {
        subject: claims.sub.clone(),
        key,
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
    Refusal::new(Reason::TokenInvalid, "the token is not accepted")
}

fn expired() -> Refusal {
    Refusal::new(
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
        // Cached tokens have the same result.
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

    fn verifier(jwks: &serde_json::Value, issuers: &[&str]) -> Result<Verifier, KeyError> {
        let issuers = issuers.iter().map(|name| (*name).to_owned()).collect();
        Verifier::from_jwks(&jwks.to_string(), issuers, AUDIENCE.into())
    }

    fn keys_of(issuer: &Issuer) -> Vec<serde_json::Value> {
        let set: KeySet = serde_json::from_str(issuer.jwks()).unwrap();
        set.keys
    }

    #[test]
    fn one_key_that_cannot_be_used_costs_no_other_and_a_missing_algorithm_is_inferred() {
        let issuer = Issuer::generate().unwrap();
        let mut key = keys_of(&issuer).remove(0);
        key.as_object_mut().unwrap().remove("alg");
        let mut secret = key.clone();
        secret["kid"] = "for-encryption".into();
        secret["use"] = "enc".into();
        let broken = serde_json::json!({
            "kty": "RSA", "use": "sig", "kid": "broken", "n": "%", "e": 3, "x5c": "no list",
        });
        let unknown = serde_json::json!({"kty": "quantum", "kid": "unknown"});
        let set = serde_json::json!({"keys": [broken, secret, unknown, {}, key]});
        let verifier = verifier(&set, &[ISSUER]).unwrap();
        assert_eq!(verifier.state.read().unwrap().keys.len(), 1);
        assert!(verifier.verify(&issuer.token(&claims()).unwrap()).is_ok());
        let none = serde_json::json!({"keys": [{"kty": "OKP", "kid": "broken", "crv": "Ed25519"}]});
        assert!(super::read(&none.to_string(), Keys::Any).is_err());
    }

    #[test]
    fn an_audience_may_be_a_list_that_names_the_platform() {
        #[derive(serde::Serialize)]
        struct Several {
            aud: Vec<&'static str>,
            #[serde(flatten)]
            others: serde_json::Value,
        }
        let issuer = Issuer::generate().unwrap();
        let set = serde_json::json!({"keys": keys_of(&issuer)});
        let verifier = verifier(&set, &[ISSUER]).unwrap();
        let token = |aud: Vec<&'static str>| {
            let mut others = serde_json::to_value(claims()).unwrap();
            others.as_object_mut().unwrap().remove("aud");
            issuer.sign(&Several { aud, others }).unwrap()
        };
        assert!(verifier.verify(&token(vec!["account", AUDIENCE])).is_ok());
        assert_eq!(
            reason(&verifier, &token(vec!["account"])),
            Reason::TokenInvalid
        );
        assert_eq!(reason(&verifier, &token(vec![])), Reason::TokenInvalid);
    }

    #[test]
    fn a_key_signs_for_its_own_issuer_and_callers_of_two_issuers_are_told_apart() {
        let folder = std::env::temp_dir().join(format!("wangge-issuers-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        let (ours, theirs) = (
            Issuer::generate().unwrap(),
            Issuer::make("theirs", &folder.join("key")).unwrap(),
        );
        fs::remove_dir_all(folder).unwrap();
        let keys = [keys_of(&ours), keys_of(&theirs)].concat();
        let set = serde_json::json!({"keys": keys});
        let verifier = verifier(&set, &[ISSUER, "theirs"]).unwrap();
        let theirs_claims = Claims {
            iss: "theirs".into(),
            ..claims()
        };
        let first = verifier.verify(&ours.token(&claims()).unwrap()).unwrap();
        let second = verifier
            .verify(&theirs.token(&theirs_claims).unwrap())
            .unwrap();
        assert_eq!(
            (first.key.as_str(), first.subject.as_str()),
            ("clerk-1", "clerk-1")
        );
        assert_eq!(second.subject, "clerk-1");
        assert_ne!(second.key, first.key);
        let forged = ours.token(&theirs_claims).unwrap();
        assert_eq!(reason(&verifier, &forged), Reason::TokenInvalid);
    }

    #[test]
    fn a_token_checked_under_old_keys_is_not_remembered_under_new_ones() {
        let issuer = Issuer::generate().unwrap();
        let set = serde_json::json!({"keys": keys_of(&issuer)});
        let verifier = verifier(&set, &[ISSUER]).unwrap();
        let caller = verifier.caller(&claims()).unwrap();
        verifier.state.write().unwrap().generation += 1;
        verifier.remember("token", &caller, &claims(), 0);
        assert!(verifier.state.read().unwrap().checked.is_empty());
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
            state.looked -= RELOAD_INTERVAL;
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
