//! Projected figures that communities have published.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A figure as a community published it.
#[derive(Debug, Clone)]
pub struct PublishedFigure {
    /// Id of the published figure.
    pub id: Uuid,
    /// Code of the area that published it.
    pub area_code: String,
    /// Key of the figure's definition.
    pub figure_key: String,
    /// The published number.
    pub value: i64,
    /// Contract number of the bound: exact or at least.
    pub bound: i16,
    /// Contract number of the period.
    pub period: i16,
    /// The day that the number is true for.
    pub as_of_date: NaiveDate,
    /// Revision of the record.
    pub revision: i64,
}

/// Inserts a published figure, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_published_figure(
    tx: &mut Tx,
    figure: &PublishedFigure,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into published_figure (id, area_code, figure_key, value, bound, period, as_of_date, \
         revision) values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict on constraint published_figure_pkey do update set value = excluded.value, \
         bound = excluded.bound, period = excluded.period, as_of_date = excluded.as_of_date, \
         revision = excluded.revision",
        figure.id,
        figure.area_code,
        figure.figure_key,
        figure.value,
        figure.bound,
        figure.period,
        figure.as_of_date,
        figure.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
