//! The stored position in another service's feed, and its state. The token is
//! stored twice: the prefix that releases before 0.2.0 understand, so that they can
//! continue after a rollback, and the full token with the mark of its event. The
//! full token is valid only while it starts with the prefix: an older release
//! updates only the prefix.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wangge_api::{events::v1::Event, refusal::Refusal};
use wangge_pg::{StoreError, Tx, transaction::Failure};

/// The stored position in a feed.
#[derive(Debug)]
pub(super) struct Place {
    /// Token of the last applied event or checkpoint; empty at the beginning.
    pub(super) token: String,
    /// True if the owner's history no longer has this position.
    pub(super) broken: bool,
}

/// Reads the position up to which the feed of a service has been applied.
pub(super) async fn read(pool: &PgPool, service: &str) -> Result<Place, StoreError> {
    // 32 is `position::SHORT`. A full token that doesn't match was left by a
    // rollback.
    let stored: Option<String> = sqlx::query_scalar(
        "select case when left(marked_token, 32) = token then marked_token else token end \
             from feed_position where service = $1",
    )
    .bind(service)
    .fetch_optional(pool)
    .await?;
    let token = stored.unwrap_or_default();
    let refused: Option<String> =
        sqlx::query_scalar("select token from broken_feed where service = $1")
            .bind(service)
            .fetch_optional(pool)
            .await?;
    let broken = refused.as_ref() == Some(&token);
    if refused.is_some() && !broken {
        // The operator has reset the position, so the feed is no longer broken.
        // `token <> $2`: doesn't delete what another replica has stored for this
        // token since.
        sqlx::query("delete from broken_feed where service = $1 and token <> $2")
            .bind(service)
            .bind(&token)
            .execute(pool)
            .await?;
    }
    Ok(Place { token, broken })
}

/// Stores that the owner of a feed no longer has the position of a token.
pub(super) async fn keep_broken(
    pool: &PgPool,
    service: &str,
    token: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into broken_feed (service, token, reason) values ($1, $2, $3) \
         on conflict on constraint broken_feed_pkey do update set \
         token = excluded.token, reason = excluded.reason, noticed_time = excluded.noticed_time",
    )
    .bind(service)
    .bind(token)
    .bind(reason)
    .execute(pool)
    .await?;
    Ok(())
}

/// Locks the position and checks that it is still where the events begin: another
/// replica may have applied them.
pub(super) async fn claim(tx: &mut Tx, service: &str, before: &str) -> Result<(), Failure> {
    // Inserted first: `for update` can't lock a row that doesn't exist yet.
    sqlx::query(
        "insert into feed_position (service, token) values ($1, '') \
         on conflict on constraint feed_position_pkey do nothing",
    )
    .bind(service)
    .execute(&mut *tx)
    .await?;
    let stored: String = sqlx::query_scalar(
        "select case when left(marked_token, 32) = token then marked_token else token end \
             from feed_position where service = $1 for update",
    )
    .bind(service)
    .fetch_one(tx)
    .await?;
    // Effects and position commit together, so this check is what makes each event
    // take effect once; leadership only saves work.
    if stored == before {
        Ok(())
    } else {
        Err(Refusal::concurrent_change("feed position").into())
    }
}

/// Moves the position past some events.
pub(super) async fn move_on(
    tx: &mut Tx,
    service: &str,
    after: &str,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    // A message without events leaves `told_until` as it is.
    sqlx::query(
        "update feed_position set token = left($2, 32), marked_token = $2, applied_time = $3, \
         told_until = coalesce($4, told_until) where service = $1",
    )
    .bind(service)
    .bind(after)
    .bind(now)
    .bind(recorded_time(events))
    .execute(tx)
    .await?;
    Ok(())
}

/// Returns the time at which the last event was recorded.
fn recorded_time(events: &[Event]) -> Option<DateTime<Utc>> {
    let time = events.last()?.recorded_time?;
    DateTime::from_timestamp(time.seconds, time.nanos.try_into().ok()?)
}
