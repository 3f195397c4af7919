//! Statements on the replica of organization's units. Officials come from all areas, so
//! units are looked up without the caller's scope.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};
use wangge_record::{Days, ResolvedReference};

/// Stores a unit as of a revision, unless a later revision is already stored.
pub(crate) async fn upsert_unit(
    tx: &mut Tx,
    unit_id: Uuid,
    kind: i16,
    area_code: &str,
    days: Days,
    revision: i64,
) -> Result<(), StoreError> {
    // The revision is compared by the statement itself, so that duplicate and late events
    // change nothing.
    sqlx::query!(
        "insert into unit_replica as known (unit_id, kind, area_code, start_date, end_date, revision)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint unit_replica_pkey do update
         set kind = excluded.kind, area_code = excluded.area_code, start_date = excluded.start_date,
             end_date = excluded.end_date, revision = excluded.revision
         where known.revision < excluded.revision",
        unit_id,
        kind,
        area_code,
        days.start_date,
        days.end_date,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Returns the units with these ids, with their kinds and days.
pub(crate) async fn find_units(
    tx: &mut Tx,
    unit_ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select unit_id, area_code, kind, start_date, end_date from unit_replica where unit_id = any($1)",
        unit_ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let found = ResolvedReference {
                kind: row.kind,
                days: Days {
                    // Null in rows that were copied before the replica had these columns.
                    // Unknown days reject no reference.
                    start_date: row.start_date,
                    end_date: row.end_date,
                },
                ..ResolvedReference::plain(row.area_code)
            };
            (row.unit_id, found)
        })
        .collect())
}
