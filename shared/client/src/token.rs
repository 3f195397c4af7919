//! Sources of the token that is sent with a call.

use std::{fmt, sync::Arc};

use http::HeaderValue;

/// Provides the token for each call, so that it can be renewed on an open
/// connection.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl TokenSource {
    /// Creates a source for calls without a token.
    pub fn none() -> Self {
        Self(Arc::new(|| None))
    }

    /// Creates a source that always returns this token.
    pub fn fixed(token: impl Into<String>) -> Self {
        let token = token.into();
        Self(Arc::new(move || Some(token.clone())))
    }

    /// Creates a source that calls `source` for each call.
    pub fn from_fn(source: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", (self.0)()?)).ok()?;
        // Marked as sensitive: HTTP/2 then neither indexes nor prints it.
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}
