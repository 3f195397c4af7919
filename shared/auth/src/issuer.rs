//! Issues tokens: by the development key of a local run, which production does
//! not take, or by the key of an installation, which stands beside an operator's
//! identity provider for the services' own calls.

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

/// Issuer that development tokens name.
pub const ISSUER: &str = "wangge-development";
/// Issuer that the tokens of an installation's own key name.
pub const INSTALLATION: &str = "wangge";
/// With which the ids of keys for development begin.
pub const DEVELOPMENT: &str = "development-";
/// Audience that tokens name.
pub const AUDIENCE: &str = "wangge";

/// A key that signs tokens.
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
    /// A new key that nobody else has.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Self::from_pkcs8(ISSUER, new_key()?.as_ref())
    }

    /// The key kept in `folder`, made there on first use, readable to its
    /// owner alone. The key set that verifies it lies beside it.
    ///
    /// # Errors
    /// When the folder can't be written or the file is no key.
    pub fn load_or_generate(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join("development-key.der");
        let key_set = folder.join("development-jwks.json");
        if path.exists() {
            let issuer = Self::load(ISSUER, &path)?;
            fs::write(key_set, &issuer.jwks)?;
            return Ok(issuer);
        }
        let issuer = Self::make(ISSUER, &path)?;
        fs::write(key_set, &issuer.jwks)?;
        Ok(issuer)
    }

    /// The key in a file, of the issuer with a name.
    ///
    /// # Errors
    /// When the file can't be read or is no key.
    pub fn load(name: &str, path: &Path) -> Result<Self, KeyError> {
        Self::from_pkcs8(name, &fs::read(path)?)
    }

    /// A new key, kept in a file that is not there yet, readable to its owner
    /// alone.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn make(name: &str, path: &Path) -> Result<Self, KeyError> {
        let document = new_key()?;
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

    /// The name that its tokens name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key set that verifies this key's tokens.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// A signed token.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn token(&self, claims: &Claims) -> Result<String, KeyError> {
        self.sign(claims)
    }

    /// A token of any content.
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
