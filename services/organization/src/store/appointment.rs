//! The list order of appointments, and the guard of their posts: an exclusive post has one
//! holder a day, and nobody holds the same post twice. No constraint enforces it, since that
//! would need an extension for ranges of texts and ids.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, NoAction, Record as _};
use wangge_record_store::{Listing, listing::Sort};

use super::one_name::overlap;
use crate::domain::appointment::{Appointment, Post};

/// Order and filters of lists. An appointment isn't in effect beyond the end of its unit or
/// grid.
pub(super) const LISTING: Listing = Listing {
    is_ascending: true,
    sort: Some(Sort {
        column: "post",
        values: || Post::ALL.iter().map(|post| post.code()).collect(),
    }),
    is_dated: true,
    holds_while: Some(
        "coalesce(case when kept.unit_id is null \
             then (select end_date > $4 from area where code = kept.area_code) \
             else (select end_date > $4 from unit where id = kept.unit_id) end, true)",
    ),
    ..Listing::of("appointment")
};

/// Rejects appointments to a post that another person holds on one of their days, or the
/// same person.
pub(super) async fn guard(
    tx: &mut Tx,
    appointments: &[Appointment],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // An end only gives days up. A correction may take back days on which another person
    // holds the post by now.
    if change == Change::End {
        return Ok(Vec::new());
    }
    // Before the query, so that of two concurrent appointments one sees the other.
    queue::stand_in_line(tx, appointments.iter().map(Appointment::seat)).await?;
    let taken: HashSet<Uuid> = taken(tx, appointments).await?.into_iter().collect();
    let mut refused = Vec::new();
    let mut before: HashMap<_, Vec<&Appointment>> = HashMap::new();
    for one in appointments {
        let id = one.metadata.id;
        let others = before
            .entry((one.post, one.seat(), one.only_holder()))
            .or_default();
        // Appointments of one batch aren't stored yet, so the query can't have found them.
        if taken.contains(&id) || others.iter().any(|other| overlap(*other, one)) {
            refused.push((id, one.conflict_error()));
        } else {
            others.push(one);
        }
    }
    Ok(refused)
}

/// Returns the ids of the appointments whose posts are taken by stored ones.
async fn taken(tx: &mut Tx, appointments: &[Appointment]) -> Result<Vec<Uuid>, StoreError> {
    let of = |one: &Appointment| (one.metadata.id, one.metadata.area_code.clone());
    let (ids, areas): (Vec<_>, Vec<_>) = appointments.iter().map(of).unzip();
    let posts: Vec<i16> = appointments.iter().map(|one| one.post.code()).collect();
    let units: Vec<_> = appointments.iter().map(|one| one.unit_id).collect();
    let starts: Vec<_> = appointments.iter().map(|one| one.start_date).collect();
    let ends: Vec<_> = appointments.iter().map(|one| one.end_date).collect();
    let holders: Vec<_> = appointments.iter().map(Appointment::only_holder).collect();
    Ok(sqlx::query_scalar!(
        r#"select asked.id as "id!"
           from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::date[], $6::date[],
                       $7::uuid[])
               as asked (id, post, unit_id, area_code, start_date, end_date, only_holder)
           where exists (
               select from appointment other
               where other.post = asked.post and other.id <> asked.id
                 and case when asked.unit_id is null
                     then other.unit_id is null and other.area_code = asked.area_code
                     else other.unit_id = asked.unit_id end
                 and daterange(other.start_date, other.end_date)
                     && daterange(asked.start_date, asked.end_date)
                 and (asked.only_holder is null or other.person_id = asked.only_holder)
           )"#,
        &ids,
        &posts,
        &units as &[Option<Uuid>],
        &areas,
        &starts,
        &ends as &[Option<NaiveDate>],
        &holders as &[Option<Uuid>],
    )
    .fetch_all(tx)
    .await?)
}
