//! Read queries on the figures that communities have published.

use chrono::NaiveDate;
use sqlx::PgExecutor;
use wangge_pg::StoreError;

use crate::store::published::PublishedFigure;

/// Returns what an area has published up to a day, or on any day: the latest of each figure and
/// period.
pub(crate) async fn list_published(
    executor: impl PgExecutor<'_>,
    area_code: &str,
    by: Option<NaiveDate>,
) -> Result<Vec<PublishedFigure>, StoreError> {
    // Ids break the tie between figures of one day, so that the result is deterministic.
    Ok(sqlx::query_as!(
        PublishedFigure,
        "select distinct on (figure_key, period) id, area_code, figure_key, value, bound, period, \
             as_of_date, revision \
         from published_figure \
         where area_code = $1 and ($2::date is null or as_of_date <= $2) \
         order by figure_key, period, as_of_date desc, id desc",
        area_code,
        by
    )
    .fetch_all(executor)
    .await?)
}
