//! The place up to which a feed was applied, and whether its owner still has it.
//! Its token is stored twice: the part that releases before 0.2.0 know, by which
//! they can go on after a rollback, and whole, with the mark of its event. What
//! is whole holds only while it begins with the other: such a release moves that
//! alone.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wangge_api::{events::v1::Event, refusal::Refusal};
use wangge_pg::{StoreError, Tx, transaction::Failure};

/// The place in a feed.
#[derive(Debug)]
pub(super) struct Place {
    /// Token of the last event or checkpoint that was applied; empty at the
    /// beginning.
    pub(super) token: String,
    /// The owner's history no longer has it.
    pub(super) broken: bool,
}

/// The place up to which the feed of a service was applied.
pub(super) async fn read(pool: &PgPool, service: &str) -> Result<Place, StoreError> {
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
        // The operator has moved the place: it is read from there.
        sqlx::query("delete from broken_feed where service = $1 and token <> $2")
            .bind(service)
            .bind(&token)
            .execute(pool)
            .await?;
    }
    Ok(Place { token, broken })
}

/// Keeps that the owner of a feed no longer has the place with a token.
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

/// Locks the place and checks that it is still where some events begin: another
/// replica may have applied them.
pub(super) async fn claim(tx: &mut Tx, service: &str, before: &str) -> Result<(), Failure> {
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
    if stored == before {
        Ok(())
    } else {
        Err(Refusal::concurrent_change("feed position").into())
    }
}

/// Moves the place behind some events.
pub(super) async fn move_on(
    tx: &mut Tx,
    service: &str,
    after: &str,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
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

/// When the last of some events was recorded.
fn recorded_time(events: &[Event]) -> Option<DateTime<Utc>> {
    let time = events.last()?.recorded_time?;
    DateTime::from_timestamp(time.seconds, time.nanos.try_into().ok()?)
}
