//! Figures as a community published them. They are stored as published, not verified.

use chrono::NaiveDate;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_record::Checks;

use super::coded;

typed_id!(
    /// Id of a published figure.
    FigureId
);

coded! {
    /// How to read a published number. The numbers are those of the contract.
    FigureBound {
        /// Exactly the published number.
        Exact = 1,
        /// At least the published number.
        AtLeast = 2,
    }
}

coded! {
    /// The period that a figure covers. The numbers are those of the contract.
    FigurePeriod {
        /// State on the as-of date.
        AsOf = 1,
        /// From 1 January of the as-of date's year.
        YearToDate = 2,
        /// The 12 months that end on the as-of date.
        PerYear = 3,
        /// Since the venue or service opened.
        SinceOpening = 4,
        /// Since the first records.
        SinceRecordsBegan = 5,
    }
}

/// A published figure as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublishedFigure {
    /// Id, unique across all areas.
    pub id: FigureId,
    /// Code of the area that published it.
    pub area_code: String,
    /// Key of the figure in reporting's definitions.
    pub figure_key: String,
    /// The number published.
    pub value: i64,
    /// Whether the number is exact or a lower bound.
    pub bound: FigureBound,
    /// The period that it covers.
    pub period: FigurePeriod,
    /// The day that the number is true for.
    pub as_of_date: NaiveDate,
    /// Revision, counted from 1.
    pub revision: i64,
}

/// A published figure as imported, before validation.
#[derive(Debug, Clone)]
pub struct FigureDraft {
    /// Id, as the row names it.
    pub id: FigureId,
    /// Code of the area.
    pub area_code: String,
    /// Key of the figure in reporting's definitions.
    pub figure_key: String,
    /// The number; it must not be negative.
    pub value: i64,
    /// Whether the number is exact or a lower bound.
    pub bound: Option<FigureBound>,
    /// The period that it covers.
    pub period: Option<FigurePeriod>,
    /// The day that the number is true for.
    pub as_of_date: Option<NaiveDate>,
}

impl FigureDraft {
    /// Validates the draft and returns the figure.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self) -> Result<PublishedFigure, Refusal> {
        let mut checks = Checks::of("published_figure");
        checks.required(!self.area_code.is_empty(), "area_code");
        checks.required(!self.figure_key.is_empty(), "figure_key");
        checks.rule(
            self.value >= 0,
            "value",
            "int64.gte",
            "must not be negative",
        );
        checks.required(self.bound.is_some(), "bound");
        checks.required(self.period.is_some(), "period");
        checks.required(self.as_of_date.is_some(), "as_of_date");
        let (Some(bound), Some(period), Some(as_of_date), true) =
            (self.bound, self.period, self.as_of_date, checks.is_ok())
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
