//! Idempotency of writes: a write that is retried with the same request id and
//! content takes effect once.
//!
//! The row is written in the transaction of the effect. It stores the id of the
//! record that the first call created or changed, and nothing else of its content.

use chrono::{DateTime, Duration, Utc};
use prost::Message;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::{Refusal, Rule};

use crate::{
    error::StoreError,
    leadership::in_time,
    transaction::{Failure, Tx},
};

/// Retention of request ids; a retry after that takes effect again.
pub const RETENTION: Duration = Duration::hours(48);
/// Maximum number of request ids deleted by one statement.
pub const PURGE_BATCH: i64 = 10_000;

/// Identifies a request, so that a retry is recognised.
#[derive(Debug, Clone)]
pub struct RequestKey {
    /// The caller's key; part of the primary key, so that callers can't collide.
    pub caller: String,
    /// The request id, chosen by the caller.
    pub request_id: Uuid,
    /// Digest of the method and the decoded message; distinguishes a retry from a
    /// reused id.
    pub fingerprint: Vec<u8>,
}

impl RequestKey {
    /// Creates the key of a request.
    ///
    /// # Errors
    /// Returns `FIELD_INVALID` if the id is not a UUID.
    pub fn of<M: Message>(
        caller: &str,
        method: &str,
        asked: &str,
        message: &M,
    ) -> Result<Self, Refusal> {
        let request_id = Uuid::parse_str(asked)
            .map_err(|_| Refusal::field("request_id", Rule::StringUuid, "must be a UUID"))?;
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update(folded(message.encode_to_vec(), asked));
        Ok(Self {
            caller: caller.to_owned(),
            request_id,
            fingerprint: hash.finalize().to_vec(),
        })
    }

    /// Returns the subject of the caller's token, for histories. The key of a
    /// caller of another issuer than the first is prefixed with the issuer's name.
    pub fn subject(&self) -> &str {
        self.caller.rsplit('\n').next().unwrap_or_default()
    }

    /// Returns the record of the first call, if `fingerprint` shows that this call
    /// is a retry of it.
    ///
    /// # Errors
    /// Returns `REQUEST_ID_REUSED` if the first call had other content.
    pub fn same(&self, fingerprint: &[u8], record_id: Uuid) -> Result<Uuid, Refusal> {
        if fingerprint == self.fingerprint {
            Ok(record_id)
        } else {
            Err(Refusal::request_id_reused())
        }
    }
}

/// Returns an encoded message with its request id in lower case: ids are compared
/// as UUIDs, so an upper-case retry is the same request.
fn folded(mut encoded: Vec<u8>, request_id: &str) -> Vec<u8> {
    if request_id.bytes().any(|letter| letter.is_ascii_uppercase()) {
        let id = request_id.as_bytes();
        // Replaced in the encoded bytes, so that no message type has to be known;
        // the length is unchanged, so length prefixes stay valid.
        let mut place = 0;
        while place + id.len() <= encoded.len() {
            if encoded[place..].starts_with(id) {
                encoded[place..place + id.len()].make_ascii_lowercase();
                place += id.len();
            } else {
                place += 1;
            }
        }
    }
    encoded
}

/// Claims a request id for this transaction, or returns the record of an earlier
/// call that took effect. Concurrent calls with the same key wait here until the
/// first has committed or rolled back. A trigger replaces `now` with the database's
/// time, so the clocks of replicas don't matter.
///
/// # Errors
/// Returns `REQUEST_ID_REUSED`, or the database's error.
pub async fn claim(
    tx: &mut Tx,
    key: &RequestKey,
    record_id: Uuid,
    revision: i64,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Failure> {
    // `on conflict do nothing` waits for a concurrent transaction that has inserted
    // the same key, and inserts if that one rolls back.
    let claimed = sqlx::query(
        "insert into request (caller, request_id, fingerprint, record_id, revision, recorded_time) \
         values ($1, $2, $3, $4, $5, $6) on conflict on constraint request_pkey do nothing",
    )
    .bind(&key.caller)
    .bind(key.request_id)
    .bind(&key.fingerprint)
    .bind(record_id)
    .bind(revision)
    .bind(now)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if claimed == 1 {
        return Ok(None);
    }
    // A statement of its own: under read committed it has a newer snapshot, so it
    // sees the row whose commit the insert has just waited for.
    let (fingerprint, earlier): (Vec<u8>, Uuid) = sqlx::query_as(
        "select fingerprint, record_id from request where caller = $1 and request_id = $2",
    )
    .bind(&key.caller)
    .bind(key.request_id)
    .fetch_one(tx)
    .await?;
    Ok(Some(key.same(&fingerprint, earlier)?))
}

/// Deletes a batch of requests that are older than [`RETENTION`] and returns how
/// many. Age is measured by the database's clock, which also stamps them.
///
/// # Errors
/// Returns the database's error, or a timeout.
pub async fn forget_old(pool: &PgPool) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "delete from request where ctid = any (array( \
             select ctid from request where recorded_time < now() - $1::bigint * interval '1 s' \
             order by recorded_time limit $2 for update skip locked))",
    )
    .bind(RETENTION.num_seconds())
    .bind(PURGE_BATCH)
    .execute(pool);
    Ok(in_time(forgotten).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use wangge_api::tickets::v1::AcceptOrderRequest;

    use super::*;

    #[test]
    fn a_request_id_in_capitals_is_the_same_request() {
        let key = |request_id: String, id: &str| {
            let message = AcceptOrderRequest {
                request_id: request_id.clone(),
                ticket_id: id.to_owned(),
                ..AcceptOrderRequest::default()
            };
            RequestKey::of("clerk-1", "AcceptOrder", &request_id, &message).unwrap()
        };
        let id = Uuid::now_v7();
        let lower = key(id.to_string(), "A");
        let upper = key(id.to_string().to_uppercase(), "A");
        assert_eq!(
            (lower.request_id, &lower.fingerprint),
            (upper.request_id, &upper.fingerprint)
        );
        assert_ne!(lower.fingerprint, key(id.to_string(), "a").fingerprint);
    }
}
