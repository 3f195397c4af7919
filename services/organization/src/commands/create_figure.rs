//! Creates a published figure. Figures are only created by import.

use wangge_pg::{Tx, transaction::Failure};

use super::references::References;
use crate::{
    domain::figure::PublishedFigure,
    events::{self, Origin},
    store::figure as store,
};

/// Checks that the area exists.
///
/// # Errors
/// `REFERENCE_UNKNOWN`.
pub async fn check(
    tx: &mut Tx,
    references: &mut References,
    figure: &PublishedFigure,
) -> Result<(), Failure> {
    references
        .area(tx, &figure.area_code, "published_figure.area_code")
        .await?;
    Ok(())
}

/// Inserts a figure and appends its event.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(
    tx: &mut Tx,
    references: &References,
    figure: &PublishedFigure,
    origin: Origin,
) -> Result<(), Failure> {
    store::insert_figure(tx, references.scope(), figure).await?;
    wangge_outbox::append(tx, &events::figure_changed(figure, origin)).await
}
