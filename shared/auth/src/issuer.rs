//! Issues tokens, either with the development key of a local run, which production
//! rejects, or with the key of an installation, which signs the services' own
//! tokens next to an operator's identity provider.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use aws_lc_rs::{
    pkcs8::Document,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;

use crate::{claims::Claims, keys::KeyError};

/// Issuer (`iss`) of development tokens.
pub const ISSUER: &str = "wangge-development";
/// Issuer (`iss`) of tokens that an installation's own key signs.
pub const INSTALLATION: &str = "wangge";
/// Prefix of the ids of development keys.
pub const DEVELOPMENT: &str = "development-";
/// Audience (`aud`) of the tokens.
pub const AUDIENCE: &str = "wangge";

/// A private key that signs tokens.
pub struct Issuer {
    name: String,
    key: EncodingKey,
    key_id: String,
    jwks: String,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issuer({})", self.key_id)
    }
}

impl Issuer {
    /// Generates a new development key, held in memory only.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Self::from_pkcs8(ISSUER, new_key()?.as_ref())
    }

    /// Loads the development key in `folder`, or generates it there on first use,
    /// readable only by its owner. The key set that verifies it is written next to
    /// it.
    ///
    /// # Errors
    /// Returns an error if the folder can't be written or the file isn't a key.
    pub fn load_or_generate(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join("development-key.der");
        let key_set = folder.join("development-jwks.json");
        if path.exists() {
            let issuer = Self::load(ISSUER, &path)?;
            // Rewritten on each start: the key set may be missing, or in the format
            // of an older release.
            fs::write(key_set, &issuer.jwks)?;
            return Ok(issuer);
        }
        let issuer = Self::make(ISSUER, &path)?;
        fs::write(key_set, &issuer.jwks)?;
        Ok(issuer)
    }

    /// Loads the key in a file, for the issuer `name`.
    ///
    /// # Errors
    /// Returns an error if the file can't be read or isn't a key.
    pub fn load(name: &str, path: &Path) -> Result<Self, KeyError> {
        Self::from_pkcs8(name, &fs::read(path)?)
    }

    /// Generates a key and stores it in a new file, readable only by its owner.
    ///
    /// # Errors
    /// Returns an error if the file exists or can't be written.
    pub fn make(name: &str, path: &Path) -> Result<Self, KeyError> {
        let document = new_key()?;
        // `create_new` and the mode in one call: the key is never overwritten, and
        // never readable to others even for a moment.
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?
            .write_all(document.as_ref())?;
        Self::from_pkcs8(name, document.as_ref())
    }

    fn from_pkcs8(name: &str, document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| KeyError::Unusable)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        // Production recognises a development key by this prefix and rejects the
        // whole key set.
        let kind = if name == ISSUER { DEVELOPMENT } else { "" };
        let key_id = format!("{kind}{}", public.chars().take(12).collect::<String>());
        let jwks = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": key_id, "x": public, "issuer": name,
        }]});
        let seed = pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
        Ok(Self {
            name: name.to_owned(),
            key: EncodingKey::from_ed_der(seed.as_ref()),
            key_id,
            jwks: jwks.to_string(),
        })
    }

    /// Returns the issuer's name, the `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key set (JWKS) that verifies this key's tokens.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Signs a token with the given claims.
    ///
    /// # Errors
    /// Returns an error if the key can't sign.
    pub fn token(&self, claims: &Claims) -> Result<String, KeyError> {
        self.sign(claims)
    }

    /// Signs arbitrary claims; tests use it for malformed ones.
    pub(crate) fn sign<C: Serialize>(&self, claims: &C) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}

fn new_key() -> Result<Document, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Unusable)?;
    pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)
}
