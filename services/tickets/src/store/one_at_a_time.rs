//! Finds overlapping work of a person: duties must not overlap within a community, nor
//! must patrols. Records of other communities are ignored: a conflict with one would
//! disclose that it exists. This module rejects nothing itself; it returns conflicts.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_kernel::area_code::{around, is_within, upper_bound};
use wangge_pg::{StoreError, Tx};

use crate::domain::{area::COMMUNITY, duty_shift::DutyShiftState};

/// Kind of work that can overlap.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Planned shifts of duty.
    Duty,
    /// Patrols, which have no states.
    Patrol,
}

/// An interval of at most 24 hours in which a person is busy.
#[derive(Debug, Clone)]
pub(super) struct Busy {
    /// Id of the record.
    pub(super) id: Uuid,
    /// Area of the record: a community or a grid.
    pub(super) area_code: String,
    /// Id of the person.
    pub(super) person_id: Uuid,
    /// Start of the interval, inclusive.
    pub(super) start_time: DateTime<Utc>,
    /// End of the interval, exclusive.
    pub(super) end_time: DateTime<Utc>,
}

/// Returns the ids of those that overlap with another record of the person in the same
/// community, stored or earlier in `asked`. Locks the people until the transaction ends,
/// so that no concurrent call can check them.
///
/// # Errors
/// Returns an error if a statement fails.
pub(super) async fn overlapping(
    tx: &mut Tx,
    work: Work,
    asked: &[Busy],
) -> Result<HashSet<Uuid>, StoreError> {
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    // Without locks two concurrent transactions would each miss the other's uncommitted
    // record, and both would pass.
    wait_in_line(tx, asked).await?;
    let communities = communities(tx, asked).await?;
    let mut found: HashSet<Uuid> = there(tx, work, asked, &communities)
        .await?
        .into_iter()
        .collect();
    // Records of one batch aren't stored yet, so they are compared with one another.
    let mut before: HashMap<(Uuid, &str), Vec<&Busy>> = HashMap::new();
    for (busy, community) in asked.iter().zip(&communities) {
        let others = before
            .entry((busy.person_id, community.as_str()))
            .or_default();
        if others
            .iter()
            .any(|other| other.start_time < busy.end_time && busy.start_time < other.end_time)
        {
            found.insert(busy.id);
            // Only accepted records are compared with, so one conflict rejects one record.
        } else if !found.contains(&busy.id) {
            others.push(busy);
        }
    }
    Ok(found)
}

/// Acquires an advisory lock per person.
async fn wait_in_line(tx: &mut Tx, asked: &[Busy]) -> Result<(), StoreError> {
    // Sorted, so that concurrent transactions acquire the locks in the same order and
    // can't deadlock.
    let keys: BTreeSet<i64> = asked
        .iter()
        .map(|busy| {
            // The id is folded to 64 bits, the size of an advisory lock's key. A collision only
            // makes two people wait for each other.
            let (high, low) = busy.person_id.as_u64_pair();
            (high ^ low).cast_signed()
        })
        .collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    sqlx::query!(
        "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key",
        &keys
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}

/// Returns the community of each record; its own area if no community is known.
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
    // No record lasts longer than 24 hours: the upper bound on `end_time` limits how much of
    // the index is scanned.
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
