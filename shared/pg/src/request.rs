//! Request ids: a write repeated with the same id and content has one effect.
//!
//! The row is written in the transaction of the effect. It names the record
//! that the first call made or changed and keeps nothing else of it.

use chrono::{DateTime, Duration, Utc};
use prost::Message;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::Refusal;

use crate::{
    error::StoreError,
    leadership::in_time,
    transaction::{Failure, Tx},
};

/// How long a request id is remembered.
pub const REMEMBERED: Duration = Duration::hours(48);
/// Requests forgotten by one statement.
pub const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// Who asks for what, so that a repetition is known again.
#[derive(Debug, Clone)]
pub struct RequestKey {
    /// The caller's key: callers can't collide with one another.
    pub caller: String,
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// Digest of the method and the decoded message.
    pub fingerprint: Vec<u8>,
}

impl RequestKey {
    /// The key of a request.
    ///
    /// # Errors
    /// `FIELD_INVALID` if the id is not a UUID.
    pub fn of<M: Message>(
        caller: &str,
        method: &str,
        asked: &str,
        message: &M,
    ) -> Result<Self, Refusal> {
        let request_id = Uuid::parse_str(asked)
            .map_err(|_| Refusal::field("request_id", "string.uuid", "must be a UUID"))?;
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update(folded(message.encode_to_vec(), asked));
        Ok(Self {
            caller: caller.to_owned(),
            request_id,
            fingerprint: hash.finalize().to_vec(),
        })
    }

    /// Returns the subject of the caller's token, which histories name. Keys of callers
    /// of other issuers than the first have the issuer's name before it.
    pub fn subject(&self) -> &str {
        self.caller.rsplit('\n').next().unwrap_or_default()
    }

    /// The record of the first call, if `fingerprint` shows that this call
    /// repeats it.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED` if the first call had other content.
    pub fn same(&self, fingerprint: &[u8], record_id: Uuid) -> Result<Uuid, Refusal> {
        if fingerprint == self.fingerprint {
            Ok(record_id)
        } else {
            Err(Refusal::request_id_reused())
        }
    }
}

/// Returns an encoded message with its request id in lower case, as ids are
/// compared: an id repeated in capitals is the same id.
fn folded(mut encoded: Vec<u8>, request_id: &str) -> Vec<u8> {
    if request_id.bytes().any(|letter| letter.is_ascii_uppercase()) {
        let id = request_id.as_bytes();
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

/// Takes the request's effect on itself. Of calls with one key at the same
/// time the others wait here until the first has committed or given up.
/// Answers the record of an earlier call whose effect stands. The database puts
/// its own time in the place of `now`, so that clocks of replicas don't count.
///
/// # Errors
/// `REQUEST_ID_REUSED`, and what the database says.
pub async fn claim(
    tx: &mut Tx,
    key: &RequestKey,
    record_id: Uuid,
    revision: i64,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Failure> {
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
    let (fingerprint, earlier): (Vec<u8>, Uuid) = sqlx::query_as(
        "select fingerprint, record_id from request where caller = $1 and request_id = $2",
    )
    .bind(&key.caller)
    .bind(key.request_id)
    .fetch_one(tx)
    .await?;
    Ok(Some(key.same(&fingerprint, earlier)?))
}

/// Forgets some of the requests that are older than [`REMEMBERED`], by the clock
/// of the database, which also stamps them; returns how many.
///
/// # Errors
/// What the database says, or that it said nothing in time.
pub async fn forget_old(pool: &PgPool) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "delete from request where ctid = any (array( \
             select ctid from request where recorded_time < now() - $1::bigint * interval '1 s' \
             order by recorded_time limit $2 for update skip locked))",
    )
    .bind(REMEMBERED.num_seconds())
    .bind(FORGOTTEN_AT_ONCE)
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
