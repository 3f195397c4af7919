//! Unique names: of a building in its estate, of a household's door in its building. They
//! are enforced by guards instead of constraints, because duplicates that were entered
//! before these checks may exist. Such a pair remains until one of it is renamed or ended.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Dated, NoAction};

use crate::domain::{building::Building, household::Household};

/// Requested names, one column for each part.
#[derive(Default)]
struct Asked {
    ids: Vec<Uuid>,
    parents: Vec<Uuid>,
    names: Vec<String>,
    starts: Vec<NaiveDate>,
    ends: Vec<Option<NaiveDate>>,
}

impl Asked {
    fn of<R: Dated>(records: &[R], name: impl Fn(&R) -> (Uuid, &str)) -> Self {
        let mut asked = Self::default();
        for record in records {
            let (parent, name) = name(record);
            asked.ids.push(record.metadata().id);
            asked.parents.push(parent);
            asked.names.push(name.to_owned());
            asked.starts.push(record.start_date());
            asked.ends.push(record.end_date());
        }
        asked
    }
}

/// Returns true if there is a day on which both hold.
pub(super) fn overlap<R: Dated>(one: &R, other: &R) -> bool {
    let begins_in = |one: &R, other: &R| one.end_date().is_none_or(|end| other.start_date() < end);
    begins_in(one, other) && begins_in(other, one)
}

/// Rejects records whose name is taken by a stored record or by an earlier one of the
/// same call.
fn refuse<R: Dated>(
    records: &[R],
    named: &HashSet<Uuid>,
    name: impl Fn(&R) -> (Uuid, &str),
) -> Vec<(Uuid, Refusal)> {
    let mut refused = Vec::new();
    let mut before: HashMap<(Uuid, &str), Vec<&R>> = HashMap::new();
    for record in records {
        let others = before.entry(name(record)).or_default();
        // Records of one call aren't stored yet, so the query can't have found them.
        if named.contains(&record.metadata().id)
            || others.iter().any(|other| overlap(*other, record))
        {
            refused.push((record.metadata().id, record.conflict_error()));
        } else {
            others.push(record);
        }
    }
    refused
}

/// Rejects a building whose name another one of its estate has on the same day.
pub(crate) async fn of_buildings(
    tx: &mut Tx,
    buildings: &[Building],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // An end only frees a name.
    if change == Change::End {
        return Ok(Vec::new());
    }
    let asked = Asked::of(buildings, Building::place);
    // Read after the lock, so that names of concurrent transactions are either committed
    // and found here, or wait for this one.
    queue::stand_in_line(tx, &asked.parents).await?;
    let named = sqlx::query_scalar!(
        r#"select asked.id as "id!"
           from unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::date[])
               as asked (id, estate_id, name, start_date, end_date)
           where exists (
               select from building other
               where other.estate_id = asked.estate_id and other.name = asked.name
                 and other.id <> asked.id
                 and daterange(other.start_date, other.end_date)
                     && daterange(asked.start_date, asked.end_date)
           )"#,
        &asked.ids,
        &asked.parents,
        &asked.names,
        &asked.starts,
        &asked.ends as &[Option<NaiveDate>],
    )
    .fetch_all(tx)
    .await?;
    Ok(refuse(
        buildings,
        &named.into_iter().collect(),
        Building::place,
    ))
}

/// Rejects a household whose door another one of its building has on the same day.
pub(crate) async fn of_households(
    tx: &mut Tx,
    households: &[Household],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // An end only frees a door.
    if change == Change::End {
        return Ok(Vec::new());
    }
    let asked = Asked::of(households, Household::place);
    // Read after the lock, so that doors of concurrent transactions are either committed
    // and found here, or wait for this one.
    queue::stand_in_line(tx, &asked.parents).await?;
    let named = sqlx::query_scalar!(
        r#"select asked.id as "id!"
           from unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::date[])
               as asked (id, building_id, room, start_date, end_date)
           where exists (
               select from household other
               where other.building_id = asked.building_id and other.room = asked.room
                 and other.id <> asked.id
                 and daterange(other.start_date, other.end_date)
                     && daterange(asked.start_date, asked.end_date)
           )"#,
        &asked.ids,
        &asked.parents,
        &asked.names,
        &asked.starts,
        &asked.ends as &[Option<NaiveDate>],
    )
    .fetch_all(tx)
    .await?;
    Ok(refuse(
        households,
        &named.into_iter().collect(),
        Household::place,
    ))
}
