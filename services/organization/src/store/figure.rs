//! SQL statements of published figures.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx, transaction::Failure};

use super::write_in;
use crate::domain::figure::{FigureBound, FigureId, FigurePeriod, PublishedFigure};

/// Returns the figure with an id.
///
/// # Errors
/// Any database error.
pub async fn load_figure(
    tx: &mut Tx,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<PublishedFigure>, StoreError> {
    Ok(sqlx::query_as!(
        PublishedFigure,
        r#"select id as "id: FigureId", area_code, figure_key, value,
                  bound as "bound: FigureBound", period as "period: FigurePeriod", as_of_date,
                  revision
           from published_figure where id = $1 and area_code >= $2 and area_code < $3"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns the field whose value another figure, in scope or not, has already.
///
/// # Errors
/// Any database error.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    figure: &PublishedFigure,
) -> Result<Option<&'static str>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select id = $1 as "id!" from published_figure
           where id = $1 or area_code = $2 and figure_key = $3 order by 1 desc limit 1"#,
        figure.id.0,
        figure.area_code,
        figure.figure_key,
    )
    .fetch_optional(tx)
    .await?
    .map(|id| {
        if id {
            "published_figure.id"
        } else {
            "published_figure.figure_key"
        }
    }))
}

/// Inserts a figure.
///
/// # Errors
/// `RECORD_EXISTS` if its id or key is in use; any database error.
pub async fn insert_figure(
    tx: &mut Tx,
    scope: &RecordScope,
    figure: &PublishedFigure,
) -> Result<(), Failure> {
    write_in(scope, &figure.area_code)?;
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into published_figure (id, area_code, figure_key, value, bound, period, \
         as_of_date, revision) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        figure.id.0,
        figure.area_code,
        figure.figure_key,
        figure.value,
        figure.bound.code(),
        figure.period.code(),
        figure.as_of_date,
        figure.revision,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        let field = taken_field(tx, scope, figure)
            .await?
            .unwrap_or("published_figure.figure_key");
        return Err(Refusal::exists("published figure", field).into());
    }
    Ok(())
}
