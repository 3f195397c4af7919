//! Where the token of a call comes from.

use std::{fmt, sync::Arc};

use http::HeaderValue;

/// Gives the token for each call, so that it can change while connected.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl TokenSource {
    /// No token.
    pub fn none() -> Self {
        Self(Arc::new(|| None))
    }

    /// Always this one.
    pub fn fixed(token: impl Into<String>) -> Self {
        let token = token.into();
        Self(Arc::new(move || Some(token.clone())))
    }

    /// Whatever `source` gives at the moment of the call.
    pub fn from_fn(source: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", (self.0)()?)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}
