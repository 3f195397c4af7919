//! Issues tokens: the development key of a local run, and a service's own
//! tokens for calling the others. An operator's identity provider takes its
//! place in production.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::{claims::Claims, keys::KeyError};

/// Issuer that development tokens name.
pub const ISSUER: &str = "wangge-development";
/// Audience that tokens name.
pub const AUDIENCE: &str = "wangge";

/// A key that signs tokens.
pub struct Issuer {
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
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Unusable)?;
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
        Self::from_pkcs8(document.as_ref())
    }

    /// The key kept in `folder`, made there on first use, readable to its
    /// owner alone. The key set that verifies it lies beside it.
    ///
    /// # Errors
    /// When the folder can't be written or the file is no key.
    pub fn load_or_generate(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join("development-key.der");
        if path.exists() {
            return Self::from_pkcs8(&fs::read(&path)?);
        }
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Unusable)?;
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
        let issuer = Self::from_pkcs8(document.as_ref())?;
        fs::write(folder.join("development-jwks.json"), &issuer.jwks)?;
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?
            .write_all(document.as_ref())?;
        Ok(issuer)
    }

    fn from_pkcs8(document: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| KeyError::Unusable)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        let key_id = public.chars().take(12).collect::<String>();
        let jwks = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": key_id, "x": public,
        }]});
        let seed = pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
        Ok(Self {
            key: EncodingKey::from_ed_der(seed.as_ref()),
            key_id,
            jwks: jwks.to_string(),
        })
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
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}
