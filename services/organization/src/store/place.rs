//! What the index of places is made of, and whether it has changed.

use chrono::NaiveDate;
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

/// An area, with its boundary if that is known.
#[derive(Debug, Clone)]
pub struct PlaceRow {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether it is a grid.
    pub is_grid: bool,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer does.
    pub end_date: Option<NaiveDate>,
    /// Boundary as GeoJSON.
    pub boundary_geojson: Option<String>,
}

/// An entry of the address book.
#[derive(Debug, Clone)]
pub struct AddressRow {
    /// The words in the form in which they are compared.
    pub normalized_text: String,
    /// Code of the area.
    pub area_code: String,
}

/// How far the feed has come, and whether places changed on the way.
#[derive(Debug, Clone, Copy)]
pub struct PlacesSince {
    /// Last position of the feed.
    pub position: i64,
    /// Whether an area or an address has changed.
    pub changed: bool,
}

/// Looks whether an area or an address has changed behind a position of the
/// feed. A feed that is shorter than that is another one: all has changed.
///
/// # Errors
/// What the database says.
pub async fn load_places_since(pool: &PgPool, position: i64) -> Result<PlacesSince, StoreError> {
    Ok(sqlx::query_as!(
        PlacesSince,
        r#"select last_position as "position", last_position < $1 or exists (
               select from outbox
               where outbox.position > $1 and outbox.position <= last_position
                 and (exists (select from area where area.id = outbox.record_id)
                      or exists (select from address where address.id = outbox.record_id))
           ) as "changed!"
           from feed"#,
        position,
    )
    .fetch_one(pool)
    .await?)
}

/// All areas, also those that have ended.
///
/// # Errors
/// What the database says.
pub async fn list_areas(pool: &PgPool, scope: &RecordScope) -> Result<Vec<PlaceRow>, StoreError> {
    Ok(sqlx::query_as!(
        PlaceRow,
        r#"select code, name, kind = 4 as "is_grid!", start_date, end_date, boundary_geojson
           from area where code >= $1 and code < $2"#,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(pool)
    .await?)
}

/// The whole address book.
///
/// # Errors
/// What the database says.
pub async fn list_addresses(
    pool: &PgPool,
    scope: &RecordScope,
) -> Result<Vec<AddressRow>, StoreError> {
    Ok(sqlx::query_as!(
        AddressRow,
        "select normalized_text, area_code from address where area_code >= $1 and area_code < $2",
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(pool)
    .await?)
}
