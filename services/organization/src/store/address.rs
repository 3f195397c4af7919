//! The guard of the address book: a text names one area only, within a community or within
//! an area above communities. No unique index can enforce it, since the community of a grid
//! is a column of another table.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, NoAction, Record as _};

use crate::domain::address::Address;

/// Rejects entries whose text is taken by a stored entry or by an earlier one of the batch.
pub(super) async fn guard(
    tx: &mut Tx,
    addresses: &[Address],
    _change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let texts = || addresses.iter().map(|one| &one.text.normalized_text);
    // Before the query, so that of two concurrent entries of a text one sees the other.
    queue::stand_in_line(tx, texts()).await?;
    let ids: Vec<Uuid> = addresses.iter().map(|one| one.metadata.id).collect();
    let areas = addresses.iter().map(|one| one.metadata.area_code.clone());
    // Not limited to the scope: a text that is taken outside of it is taken nevertheless.
    let places = sqlx::query!(
        r#"select asked.id as "id!", home.code as "home!", exists (
               select from address other join area on area.code = other.area_code
               where other.normalized_text = asked.words and other.id <> asked.id
                 and case area.kind when 4 then area.parent_code else area.code end = home.code
           ) as "is_taken!"
           from unnest($1::uuid[], $2::text[], $3::text[]) as asked (id, words, area_code)
           left join area on area.code = asked.area_code
           -- An area that a dry run has refused isn't in the table.
           cross join lateral (
               select coalesce(case area.kind when 4 then area.parent_code end, asked.area_code)
           ) home (code)"#,
        &ids,
        &texts().cloned().collect::<Vec<_>>(),
        &areas.collect::<Vec<_>>(),
    )
    .fetch_all(tx)
    .await?;
    let mut before = HashSet::new();
    let mut refused = Vec::new();
    for one in addresses {
        let place = places.iter().find(|place| place.id == one.metadata.id);
        let Some(place) = place else { continue };
        if place.is_taken || !before.insert((&place.home, &one.text.normalized_text)) {
            refused.push((one.metadata.id, one.conflict_error()));
        }
    }
    Ok(refused)
}
