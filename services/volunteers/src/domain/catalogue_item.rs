//! The catalogue of the services that stations offer.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

coded_enum! {
    /// Kinds of prices, numbered as in the contract.
    PriceKind {
        /// Free of charge (无偿).
        Free = 1 => "free",
        /// At cost price (低偿).
        AtCost = 2 => "at_cost",
        /// At a regular price (有偿).
        Priced = 3 => "priced",
    }
}

/// A service that a station offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueItem {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Kind of the item's price.
    pub price_kind: PriceKind,
    /// Price in fen; 0 if and only if the item is free.
    pub price_fen: i64,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(CatalogueItem);

impl Record for CatalogueItem {
    const KIND: &'static str = "catalogue_item";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.price_fen >= 0,
            "price_fen",
            Rule::Int64Gte,
            "must be 0 or more",
        );
        let free = self.price_kind == PriceKind::Free;
        let why = "must be 0 if the item is free, and only then";
        checks.rule(
            free == (self.price_fen == 0),
            "price_fen",
            Rule::CatalogueItemPrice,
            why,
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported by `store::doubles`. No constraint enforces it, since duplicates from
        // before the rule remain valid.
        Refusal::guard(
            Guard::NameTaken,
            Self::KIND,
            "the station already offers an item of this name on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            code: self.price_kind.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
