//! Statements on the duty roster.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wangge_kernel::area_code::around;
use wangge_pg::StoreError;

use crate::domain::duty_shift::{DutyKind, DutyShiftState};

/// A time in which nobody is on duty.
#[derive(Debug)]
pub(crate) struct Gap {
    /// When it begins.
    pub(crate) start_time: DateTime<Utc>,
    /// When it ends.
    pub(crate) end_time: DateTime<Utc>,
}

/// The times between two moments in which nobody is on duty for an area: neither
/// for it nor for one around it.
pub(crate) async fn gaps(
    pool: &PgPool,
    area_code: &str,
    kind: DutyKind,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Gap>, StoreError> {
    Ok(sqlx::query_as!(
        Gap,
        "select lower(gap) as \"start_time!\", upper(gap) as \"end_time!\" from unnest( \
             tstzmultirange(tstzrange($3, $4)) - (select coalesce(range_agg(tstzrange(start_time, end_time)), '{}') \
                 from duty_shift where kind = $2 and state = $5 and area_code = any($1) \
                 and end_time > $3 and start_time < $4)) as gap \
         order by gap",
        &around(area_code),
        kind.code(),
        from,
        until,
        DutyShiftState::Planned.code(),
    )
    .fetch_all(pool)
    .await?)
}
