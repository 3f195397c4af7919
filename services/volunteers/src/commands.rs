//! Write use cases, one per file: load, decide, save, append the event, return.

pub(crate) mod create_check_in_visit;
pub(crate) mod create_registration;
pub(crate) mod end_registration;
pub(crate) mod expire_claims;
pub(crate) mod ground;
pub(crate) mod import_records;
pub(crate) mod void_check_in_visit;

use wangge_auth::RecordScope;
use wangge_pg::request::RequestKey;

/// The context of a write: its idempotency key and the caller's scope.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) key: RequestKey,
    pub(crate) scope: RecordScope,
}
