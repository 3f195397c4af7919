//! Statements that load the index of places and detect whether it is out of date.

use chrono::NaiveDate;
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

/// An area, with its boundary if that is known.
#[derive(Debug, Clone)]
pub struct PlaceRow {
    /// Code of the area.
    pub code: String,
    /// Name of the area.
    pub name: String,
    /// True if the area is a grid.
    pub is_grid: bool,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
    /// Boundary as GeoJSON in WGS 84.
    pub boundary_geojson: Option<String>,
}

/// An entry of the address book.
#[derive(Debug, Clone)]
pub struct AddressRow {
    /// The text in the normalized form that is compared.
    pub normalized_text: String,
    /// Code of the area.
    pub area_code: String,
}

/// The last position of the feed, and whether places have changed up to it.
#[derive(Debug, Clone, Copy)]
pub struct PlacesSince {
    /// Last position of the feed.
    pub position: i64,
    /// True if an area or an address has changed.
    pub changed: bool,
}

/// Checks whether an area or an address has changed after a position of the feed. A feed
/// that is shorter than that is another one, so that everything has changed.
///
/// # Errors
/// Any database error.
pub async fn load_places_since(pool: &PgPool, position: i64) -> Result<PlacesSince, StoreError> {
    // Every change of a place appends an event, so the feed is a complete change log. Events
    // without a position yet are found by the next check.
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

/// Returns all areas, including those that have ended.
///
/// # Errors
/// Any database error.
pub async fn list_areas(pool: &PgPool, scope: &RecordScope) -> Result<Vec<PlaceRow>, StoreError> {
    // A place can be looked up for a day on which an ended area still existed.
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

/// Returns the whole address book.
///
/// # Errors
/// Any database error.
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
