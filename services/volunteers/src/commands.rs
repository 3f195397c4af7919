//! The write use cases, one per file. Each runs in one transaction: load the record,
//! decide, save it, append its event, return it.

pub(crate) mod context;
pub(crate) mod create_check_in_visit;
pub(crate) mod create_registration;
pub(crate) mod end_registration;
pub(crate) mod expire_claims;
pub(crate) mod import_records;
pub(crate) mod void_check_in_visit;

use wangge_auth::RecordScope;
use wangge_pg::request::RequestKey;

/// The caller of a write: the key that identifies retries, and the caller's scope.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    /// Key that identifies a retry of the request.
    pub(crate) key: RequestKey,
    /// Scope of the records that the caller may access.
    pub(crate) scope: RecordScope,
}
