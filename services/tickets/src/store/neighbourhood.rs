//! Counts conditions that need attention, for gauges.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use wangge_pg::StoreError;

use crate::domain::{duty_shift::DutyKind, ticket_state::TicketState};

/// Counts of conditions that need attention.
#[derive(Debug)]
pub(crate) struct Amiss {
    /// Chat groups without anybody on duty.
    pub(crate) duty_gaps: i64,
    /// Open tickets that are not in a grid yet.
    pub(crate) unrouted_tickets: i64,
    /// Messages without a public reply within the time limit.
    pub(crate) late_replies: i64,
}

/// Counts the conditions at `now`, on the day `today`. Replies to messages sent before
/// `due` are overdue.
pub(crate) async fn count(
    pool: &PgPool,
    now: DateTime<Utc>,
    today: NaiveDate,
    due: DateTime<Utc>,
) -> Result<Amiss, StoreError> {
    let ended = TicketState::ALL.iter().filter(|state| state.is_final());
    let ended: Vec<i16> = ended.map(|state| state.code()).collect();
    // Materialized: the roster is read once and not for every chat group.
    Ok(sqlx::query_as!(
        Amiss,
        "with on_duty as materialized (select distinct area_code from duty_shift \
             where kind = $2 and state = 1 and tstzrange(start_time, end_time) @> $3::timestamptz) \
         select (select count(*) from chat_group where start_date <= $1 \
                 and (end_date is null or end_date > $1) \
                 and not exists (select from on_duty \
                     where starts_with(chat_group.area_code, on_duty.area_code))) as \"duty_gaps!\", \
             (select count(*) from ticket where not routed and state <> all($4)) \
                 as \"unrouted_tickets!\", \
             (select count(*) from group_message where state in (1, 2) and sent_time < $5) \
                 as \"late_replies!\"",
        today,
        DutyKind::ChatGroup.code(),
        now,
        &ended,
        due,
    )
    .fetch_one(pool)
    .await?)
}
