//! Statements on the replica of organization's areas.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx};

use crate::domain::area::Area;

/// Returns the areas with these codes that are known and in scope.
pub(crate) async fn list_areas(
    tx: &mut Tx,
    scope: &RecordScope,
    codes: &[String],
) -> Result<Vec<Area>, StoreError> {
    Ok(sqlx::query_as!(
        Area,
        "select code, kind, start_date, end_date from area_replica
         where code = any($1) and code >= $2 and code < $3",
        codes,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?)
}

/// Stores an area as of a revision, unless a later revision is already stored.
pub(crate) async fn upsert_area(
    tx: &mut Tx,
    area_id: Uuid,
    area: &Area,
    revision: i64,
) -> Result<(), StoreError> {
    // The revision is compared by the statement itself, so that duplicate and late events
    // change nothing, even if two consumers apply them at the same time.
    sqlx::query!(
        "insert into area_replica as known (area_id, code, kind, start_date, end_date, revision)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint area_replica_pkey do update
         set code = excluded.code, kind = excluded.kind, start_date = excluded.start_date,
             end_date = excluded.end_date, revision = excluded.revision
         where known.revision < excluded.revision",
        area_id,
        area.code,
        area.kind,
        area.start_date,
        area.end_date,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
