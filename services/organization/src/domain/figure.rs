//! Figures as a community published them. They are stored as published, not verified.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Refusal, Rule};
use wangge_record::{Checks, Code, EventSummary, Metadata, Record, Reference, metadata};

coded_enum! {
    /// How to read a published number. The numbers are those of the contract.
    FigureBound {
        /// Exactly the published number.
        Exact = 1 => "exact",
        /// At least the published number.
        AtLeast = 2 => "at_least",
    }
}

coded_enum! {
    /// The period that a figure covers. The numbers are those of the contract.
    FigurePeriod {
        /// State on the as-of date.
        AsOf = 1 => "as_of",
        /// From 1 January of the as-of date's year.
        YearToDate = 2 => "year_to_date",
        /// The 12 months that end on the as-of date.
        PerYear = 3 => "per_year",
        /// Since the venue or service opened.
        SinceOpening = 4 => "since_opening",
        /// Since the first records.
        SinceRecordsBegan = 5 => "since_records_began",
    }
}

/// A published figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFigure {
    /// Fields of every record; the area is the one that published it.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Key of the figure in reporting's definitions.
    pub figure_key: Code,
    /// The number published.
    pub value: i64,
    /// Whether the number is exact or a lower bound.
    pub bound: FigureBound,
    /// The period that it covers.
    pub period: FigurePeriod,
    /// The day that the number is true for.
    pub as_of_date: NaiveDate,
}

impl Record for PublishedFigure {
    const KIND: &'static str = "published_figure";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.rule(
            self.value >= 0,
            "value",
            Rule::Int64Gte,
            "must not be negative",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).on_any_day()]
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::exists(Self::KIND, "published_figure.figure_key")
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::default()
    }
}
