//! The subsidy ledger of stations. Entries are never changed: a mistake is corrected by
//! an entry with the opposite amount.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

/// An entry of a station's subsidy ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsidyEntry {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Amount in fen; negative for repayments and corrections, never 0.
    pub amount_fen: i64,
    /// Day on which the amount was paid.
    pub entry_date: NaiveDate,
    /// Purpose of the payment, 1 to 200 characters.
    pub purpose: Text,
}

impl Record for SubsidyEntry {
    const KIND: &'static str = "subsidy_entry";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.entry_date, "entry_date");
        checks.rule(
            self.amount_fen != 0,
            "amount_fen",
            Rule::Int64NotIn,
            "must not be 0",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            amount: self.amount_fen,
            start_date: Some(self.entry_date),
            ..EventSummary::default()
        }
    }
}
