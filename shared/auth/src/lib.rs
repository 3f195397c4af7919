//! Authentication and authorisation: tokens, the caller that a token identifies,
//! the policy of each method, and the scope of records that the caller can access.
//! Denies by default. It makes no decision about a single record.

pub mod caller;
pub mod claims;
pub mod issuer;
pub mod keys;
pub mod layer;
mod lease;
pub mod scope;

pub use caller::Caller;
pub use keys::Verifier;
pub use layer::PolicyLayer;
pub use scope::RecordScope;
