//! Contracts with providers of purchased services.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A contract with a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderContract {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the providing unit, in the organization service.
    pub unit_id: Uuid,
    /// Id of the station where it provides, if at a station.
    pub station_id: Option<Uuid>,
    /// Subject of the contract: what is provided.
    pub subject: Text,
    /// Amount in fen, at least 1.
    pub amount_fen: i64,
    /// First day of the contract.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(ProviderContract);

impl Record for ProviderContract {
    const KIND: &'static str = "provider_contract";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.amount_fen >= 1,
            "amount_fen",
            "int64.gte",
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        let station = self
            .station_id
            .map(|id| Reference::id("station_id", "station", id));
        [
            Reference::area(&self.head).of(area::COMMUNITIES, "must be a community"),
            Reference::id("unit_id", "unit", self.unit_id),
        ]
        .into_iter()
        .chain(station)
        .collect()
    }

    fn told(&self) -> Told {
        Told {
            parent_id: self.station_id,
            subject_id: Some(self.unit_id),
            amount: self.amount_fen,
            ..Told::dated(self)
        }
    }
}
