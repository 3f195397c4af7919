//! The list order of units, and their lookup as the targets of references. Both include
//! the units of the areas around the caller's scope.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::{StoreError, Tx};
use wangge_record::{Days, ResolvedReference};
use wangge_record_store::{
    Listing,
    listing::{Column, Sort},
};

use crate::domain::unit::UnitKind;

/// Order and filters of lists.
pub(super) const LISTING: Listing = Listing {
    order: &[Column {
        name: "code",
        sql_type: "text",
    }],
    is_ascending: true,
    sort: Some(Sort {
        column: "kind",
        values: || UnitKind::ALL.iter().map(|kind| kind.code()).collect(),
    }),
    is_shared: true,
    ..Listing::of("unit")
};

/// Returns the units among some ids, with their kinds and days: those in scope, and those of
/// the areas around it, which every caller in it may refer to. They are locked in share mode,
/// so that their days don't change before the referring record is committed.
///
/// # Errors
/// Any database error.
pub async fn find_units(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let around = scope.own_area().map(area_code::around).unwrap_or_default();
    let found = sqlx::query!(
        "select id, area_code, kind, start_date, end_date from unit
         where id = any($1) and (area_code >= $2 and area_code < $3 or area_code = any($4))
         for share",
        ids,
        scope.area_from(),
        scope.area_until(),
        &around,
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let found = ResolvedReference {
                kind: row.kind,
                days: Days {
                    start_date: Some(row.start_date),
                    end_date: row.end_date,
                },
                ..ResolvedReference::plain(row.area_code)
            };
            (row.id, found)
        })
        .collect())
}
