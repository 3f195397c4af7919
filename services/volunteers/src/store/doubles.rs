//! Guards against duplicates: a station has at most one catalogue item and one functional
//! area with a given name at a time, and a need is matched with a resource once. Writers
//! of such records in one area are serialised, including whole imports. Duplicates from
//! before this rule remain valid, which is why no constraint enforces it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Dated, NoAction, Record};

use crate::domain::{
    catalogue_item::CatalogueItem, functional_area::FunctionalArea, need_match::NeedMatch,
};

/// Rejects items whose name the station already offers on one of their days.
pub(crate) async fn of_catalogue_items(
    tx: &mut Tx,
    items: &[CatalogueItem],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    of_names(tx, items, change, |item| {
        (item.station_id, item.name.0.as_str())
    })
    .await
}

/// Rejects functional areas whose name the station already has on one of their days.
pub(crate) async fn of_functional_areas(
    tx: &mut Tx,
    areas: &[FunctionalArea],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    of_names(tx, areas, change, |area| {
        (area.station_id, area.name.0.as_str())
    })
    .await
}

/// Rejects a second match of a need with the same resource.
pub(crate) async fn of_matches(
    tx: &mut Tx,
    matches: &[NeedMatch],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if change != Change::Create {
        return Ok(Vec::new());
    }
    queue::stand_in_line(tx, areas(matches)).await?;
    let ids: Vec<Uuid> = matches.iter().map(|one| one.metadata.id).collect();
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
    // `before` holds the pairs of this batch, whose rows are not inserted yet: of two
    // duplicates in one import, the first is accepted.
    let mut before = HashSet::new();
    let doubles = matches.iter().filter(|one| {
        there.contains(&one.metadata.id) || !before.insert((one.need_id, one.resource_id))
    });
    Ok(doubles
        .map(|one| (one.metadata.id, one.conflict_error()))
        .collect())
}

/// Returns the refusals of records with the name of another record at the same station on
/// one of its days: one that is stored, or an earlier one of the batch. `of` returns the
/// station and the name.
async fn of_names<R: Dated>(
    tx: &mut Tx,
    records: &[R],
    change: Change<NoAction>,
    of: impl Fn(&R) -> (Uuid, &str),
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // Ending a record earlier can't create an overlap.
    if change == Change::End {
        return Ok(Vec::new());
    }
    queue::stand_in_line(tx, areas(records)).await?;
    let ids: Vec<Uuid> = records.iter().map(|record| record.metadata().id).collect();
    let (stations, names): (Vec<Uuid>, Vec<String>) = records
        .iter()
        .map(|record| (of(record).0, of(record).1.to_owned()))
        .unzip();
    let starts: Vec<NaiveDate> = records.iter().map(Dated::start_date).collect();
    let ends: Vec<Option<NaiveDate>> = records.iter().map(Dated::end_date).collect();
    // A stored record whose name does not change is not checked: it may be a duplicate
    // from before the rule, and must still be updatable. `$6` selects the table, because
    // a checked statement can't have a table name as a parameter.
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
    let mut before: HashMap<(Uuid, &str), Vec<&R>> = HashMap::new();
    let mut refused = Vec::new();
    for record in records {
        let others = before.entry(of(record)).or_default();
        if there.contains(&record.metadata().id)
            || others.iter().any(|other| overlap(*other, record))
        {
            refused.push((record.metadata().id, record.conflict_error()));
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
    let codes = records
        .iter()
        .map(|record| record.metadata().area_code.clone());
    codes.collect()
}
