//! Contracts with the providers of purchased services (政府购买服务).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// A contract under which a unit provides services in a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderContract {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the provider, a unit in the organization service.
    pub unit_id: Uuid,
    /// Id of the station where the services are provided, if there is one.
    pub station_id: Option<Uuid>,
    /// Services that are provided, 1 to 200 characters.
    pub subject: Text,
    /// Amount in fen, 1 or more.
    pub amount_fen: i64,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(ProviderContract);

impl Record for ProviderContract {
    const KIND: &'static str = "provider_contract";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.amount_fen >= 1,
            "amount_fen",
            Rule::Int64Gte,
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        let station = self
            .station_id
            .map(|id| Reference::id("station_id", "station", id));
        [
            Reference::area(&self.metadata).of(area::COMMUNITIES, "must be a community"),
            Reference::id("unit_id", "unit", self.unit_id),
        ]
        .into_iter()
        .chain(station)
        .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.station_id,
            subject_id: Some(self.unit_id),
            amount: self.amount_fen,
            ..EventSummary::of_dated(self)
        }
    }
}
