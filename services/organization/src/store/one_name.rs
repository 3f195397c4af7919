//! One name for one thing at a time: a building in its estate, a household behind
//! its door. Guards rather than constraints, since what was entered before they
//! were asked may stand twice; such a pair stays until one of it is renamed or
//! ended.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx};
use wangge_resource::{Dated, end::END};

use crate::domain::{building::Building, household::Household};

/// Names that are asked for, a column for each part.
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
            asked.ids.push(record.head().id);
            asked.parents.push(parent);
            asked.names.push(name.to_owned());
            asked.starts.push(record.start_date());
            asked.ends.push(record.end_date());
        }
        asked
    }

    /// Has everybody else who asks for names in the same places wait until the
    /// transaction ends; always in the same order.
    async fn lock(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let keys: BTreeSet<i64> = self.parents.iter().map(lock_key).collect();
        let keys: Vec<i64> = keys.into_iter().collect();
        sqlx::query!(
            "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key",
            &keys
        )
        .fetch_all(tx)
        .await?;
        Ok(())
    }
}

fn lock_key(parent: &Uuid) -> i64 {
    let (high, low) = parent.as_u64_pair();
    (high ^ low).cast_signed()
}

/// Whether there is a day on which both hold.
fn overlap<R: Dated>(one: &R, other: &R) -> bool {
    let begins_in = |one: &R, other: &R| one.end_date().is_none_or(|end| other.start_date() < end);
    begins_in(one, other) && begins_in(other, one)
}

/// Refuses those that have the name of one that is there, or of one before them.
fn refuse<R: Dated>(
    records: &[R],
    named: &HashSet<Uuid>,
    name: impl Fn(&R) -> (Uuid, &str),
) -> Vec<(Uuid, Refusal)> {
    let mut refused = Vec::new();
    let mut before: HashMap<(Uuid, &str), Vec<&R>> = HashMap::new();
    for record in records {
        let others = before.entry(name(record)).or_default();
        if named.contains(&record.head().id) || others.iter().any(|other| overlap(*other, record)) {
            refused.push((record.head().id, record.taken()));
        } else {
            others.push(record);
        }
    }
    refused
}

/// An estate has one building of a name on a day.
pub(crate) async fn of_buildings(
    tx: &mut Tx,
    buildings: &[Building],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action == END {
        return Ok(Vec::new());
    }
    let asked = Asked::of(buildings, Building::place);
    asked.lock(tx).await?;
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

/// Behind a door of a building lives one household on a day.
pub(crate) async fn of_households(
    tx: &mut Tx,
    households: &[Household],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action == END {
        return Ok(Vec::new());
    }
    let asked = Asked::of(households, Household::place);
    asked.lock(tx).await?;
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
