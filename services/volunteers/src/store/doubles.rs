//! Guards against duplicate entries: a catalogue item or functional area with the name of
//! another one at its station at the same time, and a second match of one need with one
//! resource. Entries of such records are serialised per area, whole imports included.
//! Duplicates from before this rule are left as they are.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx};
use wangge_records::{Dated, Record, kept::CREATE};

use crate::{
    domain::{
        catalogue_item::CatalogueItem, functional_area::FunctionalArea, need_match::NeedMatch,
    },
    store::queue,
};

/// Rejects catalogue items whose name is taken at their station on one of their days.
pub(crate) async fn of_catalogue_items(
    tx: &mut Tx,
    items: &[CatalogueItem],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    of_names(tx, items, action, |item| {
        (item.station_id, item.name.0.as_str())
    })
    .await
}

/// Rejects functional areas whose name is taken at their station on one of their days.
pub(crate) async fn of_functional_areas(
    tx: &mut Tx,
    areas: &[FunctionalArea],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    of_names(tx, areas, action, |area| {
        (area.station_id, area.name.0.as_str())
    })
    .await
}

/// Rejects matches of a need with a resource that it was matched with before.
pub(crate) async fn of_matches(
    tx: &mut Tx,
    matches: &[NeedMatch],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action != CREATE {
        return Ok(Vec::new());
    }
    // By area, since a lock per need would be too many for an import. A unique index can't be
    // added: older duplicates violate it.
    queue::stand_in_line_of_areas(tx, areas(matches)).await?;
    let ids: Vec<Uuid> = matches.iter().map(|one| one.head.id).collect();
    let needs: Vec<Uuid> = matches.iter().map(|one| one.need_id).collect();
    let resources: Vec<Uuid> = matches.iter().map(|one| one.resource_id).collect();
    let there = sqlx::query_scalar!(
        "select asked.id as \"id!\" \
         from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (id, need_id, resource_id) \
         where exists (select from need_match other where other.need_id = asked.need_id \
             and other.resource_id = asked.resource_id and other.id <> asked.id)",
        &ids,
        &needs,
        &resources,
    )
    .fetch_all(tx)
    .await?;
    let there: HashSet<Uuid> = there.into_iter().collect();
    // Rows of the same batch aren't in the database yet.
    let mut before = HashSet::new();
    let doubles = matches.iter().filter(|one| {
        there.contains(&one.head.id) || !before.insert((one.need_id, one.resource_id))
    });
    Ok(doubles.map(|one| (one.head.id, one.taken())).collect())
}

/// Returns the records whose name is taken at their station on one of their days, by an
/// existing record or an earlier one of the batch. `of` returns the station and the name.
async fn of_names<R: Dated>(
    tx: &mut Tx,
    records: &[R],
    action: &'static str,
    of: impl Fn(&R) -> (Uuid, &str),
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // An end only shortens the days.
    if action == "end" {
        return Ok(Vec::new());
    }
    queue::stand_in_line_of_areas(tx, areas(records)).await?;
    let ids: Vec<Uuid> = records.iter().map(|record| record.head().id).collect();
    let (stations, names): (Vec<Uuid>, Vec<String>) = records
        .iter()
        .map(|record| (of(record).0, of(record).1.to_owned()))
        .unzip();
    let starts: Vec<NaiveDate> = records.iter().map(Dated::start_date).collect();
    let ends: Vec<Option<NaiveDate>> = records.iter().map(Dated::end_date).collect();
    // A record that doesn't change its name is skipped: it may be older than this rule. A
    // range without an end is unbounded.
    let there = sqlx::query_scalar!(
        "with there as (select id, station_id, name, start_date, end_date from catalogue_item \
                 where $6 = 'catalogue_item' and station_id = any($2) \
             union all select id, station_id, name, start_date, end_date from functional_area \
                 where $6 = 'functional_area' and station_id = any($2)) \
         select asked.id as \"id!\" \
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::date[]) \
             as asked (id, station_id, name, start_date, end_date) \
         where exists (select from there other where other.station_id = asked.station_id \
             and other.name = asked.name and other.id <> asked.id \
             and daterange(other.start_date, other.end_date) && daterange(asked.start_date, asked.end_date)) \
         and not exists (select from there where there.id = asked.id and there.name = asked.name)",
        &ids,
        &stations,
        &names,
        &starts,
        &ends as &[Option<NaiveDate>],
        R::KIND,
    )
    .fetch_all(tx)
    .await?;
    let there: HashSet<Uuid> = there.into_iter().collect();
    // Rows of the same batch aren't in the database yet.
    let mut before: HashMap<(Uuid, &str), Vec<&R>> = HashMap::new();
    let mut refused = Vec::new();
    for record in records {
        let others = before.entry(of(record)).or_default();
        if there.contains(&record.head().id) || others.iter().any(|other| overlap(*other, record)) {
            refused.push((record.head().id, record.taken()));
        } else {
            others.push(record);
        }
    }
    Ok(refused)
}

fn overlap<R: Dated>(one: &R, other: &R) -> bool {
    let begins_in = |later: &R, earlier: &R| {
        let end = earlier.end_date();
        end.is_none_or(|end| later.start_date() < end)
    };
    begins_in(one, other) && begins_in(other, one)
}

fn areas<R: Record>(records: &[R]) -> Vec<String> {
    let codes = records.iter().map(|record| record.head().area_code.clone());
    codes.collect()
}
