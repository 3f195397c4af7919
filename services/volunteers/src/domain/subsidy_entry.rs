//! The subsidy ledger of stations. An entry is never changed: a mistake is corrected by an
//! entry of the opposite amount.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told};

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsidyEntry {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the subsidised station.
    pub station_id: Uuid,
    /// Amount in fen, not 0; negative for a repayment or a correction.
    pub amount_fen: i64,
    /// Day on which it was paid.
    pub entry_date: NaiveDate,
    /// Purpose of the subsidy.
    pub purpose: Text,
}

impl Record for SubsidyEntry {
    const KIND: &'static str = "subsidy_entry";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.entry_date, "entry_date");
        checks.rule(
            self.amount_fen != 0,
            "amount_fen",
            "int64.not_in",
            "must not be 0",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.station_id),
            amount: self.amount_fen,
            start_date: Some(self.entry_date),
            ..Told::default()
        }
    }
}
