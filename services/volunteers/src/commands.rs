//! Write use cases, one a file: load, decide, save, append, return.

pub(crate) mod create_check_in_visit;
pub(crate) mod create_registration;
pub(crate) mod end_registration;
pub(crate) mod expire_claims;
pub(crate) mod ground;
pub(crate) mod import_records;
pub(crate) mod void_check_in_visit;

use wangge_auth::RecordScope;
use wangge_pg::request::RequestKey;

/// Who writes: how the call is known again, and what the caller reaches.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    /// Key of the request.
    pub(crate) key: RequestKey,
    /// What the caller reaches.
    pub(crate) scope: RecordScope,
}
