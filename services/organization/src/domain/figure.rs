//! Figures as a community published them; kept as they were said, not judged.

use chrono::NaiveDate;
use wangge_api::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_resource::Checks;

use super::coded;

typed_id!(
    /// Id of a published figure.
    FigureId
);

coded! {
    /// How a published number is meant. The numbers are the contract's.
    FigureBound {
        /// The number itself.
        Exact = 1,
        /// At least the number.
        AtLeast = 2,
    }
}

coded! {
    /// The period that a figure covers. The numbers are the contract's.
    FigurePeriod {
        /// What holds on the as-of date.
        AsOf = 1,
        /// From 1 January of that year.
        YearToDate = 2,
        /// The 12 months that end on that date.
        PerYear = 3,
        /// Since the venue or service opened.
        SinceOpening = 4,
        /// Since records began.
        SinceRecordsBegan = 5,
    }
}

/// A published figure as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublishedFigure {
    /// Id.
    pub id: FigureId,
    /// Code of the area that published it.
    pub area_code: String,
    /// Key in reporting's definitions.
    pub figure_key: String,
    /// The number published.
    pub value: i64,
    /// Exact or a lower bound.
    pub bound: FigureBound,
    /// The period covered.
    pub period: FigurePeriod,
    /// The day on which it was true.
    pub as_of_date: NaiveDate,
    /// Revision, from 1.
    pub revision: i64,
}

/// A published figure as somebody sends it.
#[derive(Debug, Clone)]
pub struct FigureDraft {
    /// Id.
    pub id: FigureId,
    /// Code of the area.
    pub area_code: String,
    /// Key.
    pub figure_key: String,
    /// The number.
    pub value: i64,
    /// Exact or a lower bound.
    pub bound: Option<FigureBound>,
    /// The period.
    pub period: Option<FigurePeriod>,
    /// The day.
    pub as_of_date: Option<NaiveDate>,
}

impl FigureDraft {
    /// The figure, if it is whole and right in itself.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<PublishedFigure, Refusal> {
        let mut checks = Checks::of("published_figure");
        checks.given(!self.area_code.is_empty(), "area_code");
        checks.given(!self.figure_key.is_empty(), "figure_key");
        checks.rule(
            self.value >= 0,
            "value",
            "int64.gte",
            "must not be negative",
        );
        checks.given(self.bound.is_some(), "bound");
        checks.given(self.period.is_some(), "period");
        checks.given(self.as_of_date.is_some(), "as_of_date");
        let (Some(bound), Some(period), Some(as_of_date), true) =
            (self.bound, self.period, self.as_of_date, checks.hold())
        else {
            return Err(checks.refusal());
        };
        Ok(PublishedFigure {
            id: self.id,
            area_code: self.area_code,
            figure_key: self.figure_key,
            value: self.value,
            bound,
            period,
            as_of_date,
            revision: 1,
        })
    }
}
