//! Finds overlapping work: a person's duties, and a person's patrols, can't overlap
//! within a community. Records of other communities are ignored: they neither conflict
//! nor become visible through a conflict. This module rejects nothing itself; it
//! returns the conflicting records.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_kernel::area_code::{around, is_within, upper_bound};
use wangge_pg::{StoreError, Tx, queue};

use crate::domain::{area::COMMUNITY, duty_shift::DutyShiftState};

/// Kinds of work that are checked for overlaps, each separately.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Planned duty shifts.
    Duty,
    /// Patrols, which have no states.
    Patrol,
}

/// A period in which a person is busy, at most 24 hours long.
#[derive(Debug, Clone)]
pub(super) struct Busy {
    /// Id of the record.
    pub(super) id: Uuid,
    /// Code of its area: a community or a grid.
    pub(super) area_code: String,
    /// Id of the person.
    pub(super) person_id: Uuid,
    pub(super) start_time: DateTime<Utc>,
    pub(super) end_time: DateTime<Utc>,
}

/// Returns the ids of those that overlap with another record of the person in the same
/// community, either a stored one or an earlier one in `asked`. Locks the people until
/// the end of the transaction.
///
/// # Errors
/// Returns any database error.
pub(super) async fn overlapping(
    tx: &mut Tx,
    work: Work,
    asked: &[Busy],
) -> Result<HashSet<Uuid>, StoreError> {
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    // Locked before the lookup: a concurrent transaction for the same person could
    // otherwise pass the same check before either has committed.
    queue::stand_in_line(tx, asked.iter().map(|busy| busy.person_id)).await?;
    let communities = communities(tx, asked).await?;
    let mut found: HashSet<Uuid> = there(tx, work, asked, &communities)
        .await?
        .into_iter()
        .collect();
    let mut before: HashMap<(Uuid, &str), Vec<&Busy>> = HashMap::new();
    for (busy, community) in asked.iter().zip(&communities) {
        let others = before
            .entry((busy.person_id, community.as_str()))
            .or_default();
        // Only accepted records block later ones in the batch: one that conflicts with a
        // stored record won't be written.
        if others
            .iter()
            .any(|other| other.start_time < busy.end_time && busy.start_time < other.end_time)
        {
            found.insert(busy.id);
        } else if !found.contains(&busy.id) {
            others.push(busy);
        }
    }
    Ok(found)
}

/// Returns the community of each; its own area, if no community is known.
async fn communities(tx: &mut Tx, asked: &[Busy]) -> Result<Vec<String>, StoreError> {
    let codes: BTreeSet<String> = asked
        .iter()
        .flat_map(|busy| {
            around(&busy.area_code)
                .into_iter()
                .chain([busy.area_code.clone()])
        })
        .collect();
    let codes: Vec<String> = codes.into_iter().collect();
    let known = sqlx::query_scalar!(
        "select code from area_copy where code = any($1) and kind = $2",
        &codes,
        COMMUNITY,
    )
    .fetch_all(tx)
    .await?;
    Ok(asked
        .iter()
        .map(|busy| {
            let of = known.iter().filter(|code| is_within(&busy.area_code, code));
            let longest = of.max_by_key(|code| code.len());
            longest.unwrap_or(&busy.area_code).clone()
        })
        .collect())
}

/// Returns the ids of those that overlap with stored records.
async fn there(
    tx: &mut Tx,
    work: Work,
    asked: &[Busy],
    communities: &[String],
) -> Result<Vec<Uuid>, StoreError> {
    let ids: Vec<Uuid> = asked.iter().map(|busy| busy.id).collect();
    let people: Vec<Uuid> = asked.iter().map(|busy| busy.person_id).collect();
    let starts: Vec<DateTime<Utc>> = asked.iter().map(|busy| busy.start_time).collect();
    let ends: Vec<DateTime<Utc>> = asked.iter().map(|busy| busy.end_time).collect();
    let until: Vec<String> = communities.iter().map(|code| upper_bound(code)).collect();
    // No record is longer than 24 hours, so the last condition bounds the range of the
    // index on `(person_id, end_time)`.
    let found = match work {
        Work::Duty => {
            sqlx::query_scalar!(
                "select asked.id as \"id!\" from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], \
                     $5::timestamptz[], $6::timestamptz[]) \
                     as asked (id, person_id, area_from, area_until, start_time, end_time) \
                 where exists (select from duty_shift other \
                     where other.person_id = asked.person_id and other.id <> asked.id and other.state = $7 \
                     and other.area_code >= asked.area_from and other.area_code < asked.area_until \
                     and other.end_time > asked.start_time and other.start_time < asked.end_time \
                     and other.end_time < asked.end_time + interval '24 hours')",
                &ids,
                &people,
                communities,
                &until,
                &starts,
                &ends,
                DutyShiftState::Planned.code(),
            )
            .fetch_all(tx)
            .await?
        }
        Work::Patrol => {
            sqlx::query_scalar!(
                "select asked.id as \"id!\" from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], \
                     $5::timestamptz[], $6::timestamptz[]) \
                     as asked (id, person_id, area_from, area_until, start_time, end_time) \
                 where exists (select from patrol other \
                     where other.person_id = asked.person_id and other.id <> asked.id \
                     and other.area_code >= asked.area_from and other.area_code < asked.area_until \
                     and other.end_time > asked.start_time and other.start_time < asked.end_time \
                     and other.end_time < asked.end_time + interval '24 hours')",
                &ids,
                &people,
                communities,
                &until,
                &starts,
                &ends,
            )
            .fetch_all(tx)
            .await?
        }
    };
    Ok(found)
}
