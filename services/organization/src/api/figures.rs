//! Conversion of published figures, which are only created by import.

use wangge_api::{date, organization::v1 as proto, refusal::Refusal};

use crate::domain::figure::{FigureBound, FigureDraft, FigureId, FigurePeriod};

/// Converts an imported figure to a draft.
pub(super) fn draft(figure: proto::PublishedFigure, id: FigureId) -> Result<FigureDraft, Refusal> {
    let as_of_date = date::optional(figure.as_of_date.as_ref(), "published_figure.as_of_date")?;
    Ok(FigureDraft {
        id,
        area_code: figure.area_code,
        figure_key: figure.figure_key,
        value: figure.value,
        bound: FigureBound::from_code(figure.bound),
        period: FigurePeriod::from_code(figure.period),
        as_of_date,
    })
}
