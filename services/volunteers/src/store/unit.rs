//! Statements on the replica of organization's units. Officials come from units of every
//! area, so lookups ignore the caller's scope.

use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};
use wangge_records::{Days, Found};

/// Stores a unit as of a revision, unless a newer revision is stored.
pub(crate) async fn upsert_unit(
    tx: &mut Tx,
    unit_id: Uuid,
    kind: i16,
    area_code: &str,
    days: Days,
    revision: i64,
) -> Result<(), StoreError> {
    // The revision guard makes duplicate and out-of-order events harmless.
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

/// Returns units by id, with their kinds and days.
pub(crate) async fn find_units(
    executor: impl PgExecutor<'_>,
    unit_ids: &[Uuid],
) -> Result<Vec<(Uuid, Found)>, StoreError> {
    let found = sqlx::query!(
        "select unit_id, area_code, kind, start_date, end_date from unit_replica where unit_id = any($1)",
        unit_ids,
    )
    .fetch_all(executor)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let found = Found {
                kind: row.kind,
                days: Days {
                    start_date: row.start_date,
                    end_date: row.end_date,
                },
                ..Found::plain(row.area_code)
            };
            (row.unit_id, found)
        })
        .collect())
}
