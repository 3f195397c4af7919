//! Who calls, and whether they may: tokens, the caller they name, the policy
//! of each method, and the scope in which the caller sees records. Deny by
//! default. It decides nothing about any single record.

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
