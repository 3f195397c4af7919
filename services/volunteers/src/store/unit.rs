//! Statements on the copy of organization's units. Officials come from
//! everywhere, so units are looked up without regard to a caller's area.

use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};
use wangge_records::Found;

/// Which of these units are known.
pub(crate) async fn list_known_units(
    executor: impl PgExecutor<'_>,
    unit_ids: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select unit_id from unit_replica where unit_id = any($1)",
        unit_ids,
    )
    .fetch_all(executor)
    .await?)
}

/// Keeps a unit as it stands from a revision on, unless a later one is known.
pub(crate) async fn upsert_unit(
    tx: &mut Tx,
    unit_id: Uuid,
    kind: i16,
    area_code: &str,
    revision: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into unit_replica as known (unit_id, kind, area_code, revision)
         values ($1, $2, $3, $4)
         on conflict on constraint unit_replica_pkey do update
         set kind = excluded.kind, area_code = excluded.area_code, revision = excluded.revision
         where known.revision < excluded.revision",
        unit_id,
        kind,
        area_code,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Units by id, with their kinds.
pub(crate) async fn find_units(
    executor: impl PgExecutor<'_>,
    unit_ids: &[Uuid],
) -> Result<Vec<(Uuid, Found)>, StoreError> {
    let found = sqlx::query!(
        "select unit_id, area_code, kind from unit_replica where unit_id = any($1)",
        unit_ids,
    )
    .fetch_all(executor)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let found = Found {
                kind: row.kind,
                ..Found::plain(row.area_code)
            };
            (row.unit_id, found)
        })
        .collect())
}
