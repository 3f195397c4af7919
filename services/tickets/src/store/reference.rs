//! Loads the reference data that routing uses.

use std::collections::HashMap;

use sqlx::PgPool;
use uuid::Uuid;
use wangge_pg::StoreError;

use super::{
    category::limit,
    copies::{AreaCopy, UnitCopy},
};
use crate::domain::category::{Category, Responsibility};

/// The reference data, as rows of the tables.
#[derive(Debug)]
pub struct ReferenceRows {
    /// Version of the data; the rows may be newer.
    pub version: i64,
    /// Names of areas by id, if the feed has sent them.
    pub area_names: HashMap<Uuid, String>,
    /// Areas from organization's feed.
    pub areas: Vec<AreaCopy>,
    /// Units from organization's feed.
    pub units: Vec<UnitCopy>,
    /// The address book: normalised text and area code.
    pub addresses: Vec<(String, String)>,
    /// Categories with their time limits.
    pub categories: Vec<Category>,
    /// Entries of the duty list.
    pub responsibilities: Vec<Responsibility>,
}

/// Returns the current version of the reference data.
///
/// # Errors
/// Returns any database error.
pub async fn load_version(pool: &PgPool) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!("select version from reference_version")
        .fetch_one(pool)
        .await?)
}

/// Loads all reference data.
///
/// # Errors
/// Returns any database error.
pub async fn load_reference(pool: &PgPool) -> Result<ReferenceRows, StoreError> {
    // Read before the rows, without a transaction: changes that are committed during
    // the load have a higher version and cause another load.
    let version = load_version(pool).await?;
    let categories =
        sqlx::query!("select id, code, name, limit_kind, limit_amount, revision from category")
            .fetch_all(pool)
            .await?;
    let addresses = sqlx::query!("select normalized_text, area_code from address_copy")
        .fetch_all(pool)
        .await?;
    // Names have a table of their own, because earlier releases select all columns of
    // `area_copy`. Areas received before it existed have no name until they change.
    let names = sqlx::query!("select area_id, name from area_copy_name")
        .fetch_all(pool)
        .await?;
    Ok(ReferenceRows {
        version,
        area_names: names
            .into_iter()
            .map(|row| (row.area_id, row.name))
            .collect(),
        areas: sqlx::query_as!(
            AreaCopy,
            "select id, code, kind, boundary_geojson, start_date, end_date, revision from area_copy"
        )
        .fetch_all(pool)
        .await?,
        units: sqlx::query_as!(
            UnitCopy,
            "select id, kind, area_code, start_date, end_date, revision from unit_copy"
        )
        .fetch_all(pool)
        .await?,
        addresses: addresses
            .into_iter()
            .map(|row| (row.normalized_text, row.area_code))
            .collect(),
        categories: categories
            .into_iter()
            .map(|row| Category {
                id: row.id,
                code: row.code,
                name: row.name,
                limit: limit(row.limit_kind, row.limit_amount),
                // Routing needs no times.
                created_time: None,
                changed_time: None,
                revision: row.revision,
            })
            .collect(),
        responsibilities: sqlx::query_as!(
            Responsibility,
            "select id, category_code, area_code, unit_id, null::timestamptz as created_time, \
             null::timestamptz as changed_time, revision from responsibility"
        )
        .fetch_all(pool)
        .await?,
    })
}
