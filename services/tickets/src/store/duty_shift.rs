//! Guard and gaps of the duty roster.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_kernel::area_code::around;
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use super::one_at_a_time::{Busy, Work, overlapping};
use crate::domain::duty_shift::{DutyKind, DutyShift, DutyShiftAction, DutyShiftState};

/// Rejects overlapping duties of one person in a community.
pub(crate) async fn guard(
    tx: &mut Tx,
    shifts: &[DutyShift],
    change: Change<DutyShiftAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if !matches!(
        change,
        Change::Create | Change::Act(DutyShiftAction::HandOver)
    ) {
        return Ok(Vec::new());
    }
    let asked: Vec<Busy> = shifts
        .iter()
        // An import may contain cancelled shifts, on which nobody was on duty.
        .filter(|shift| shift.lifecycle.state() == DutyShiftState::Planned)
        .map(|shift| Busy {
            id: shift.metadata.id,
            area_code: shift.metadata.area_code.clone(),
            person_id: shift.person_id,
            start_time: shift.start_time,
            end_time: shift.end_time,
        })
        .collect();
    let found = overlapping(tx, Work::Duty, &asked).await?;
    let refused = |id| {
        let why = "the person has another duty shift in the community at that time";
        (
            id,
            Refusal::guard(Guard::OnDutyAlready, DutyShift::KIND, why),
        )
    };
    Ok(found.into_iter().map(refused).collect())
}

/// A period in which nobody is on duty.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) start_time: DateTime<Utc>,
    pub(crate) end_time: DateTime<Utc>,
}

/// Returns the periods between two times in which nobody is on duty, neither for the
/// area itself nor for one around it.
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
