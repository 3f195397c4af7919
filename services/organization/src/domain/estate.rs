//! Residential estates, as residents know them. Each is in a community.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::{area, unit::UnitKind};

/// A residential estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estate {
    /// Fields of every record; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name that residents use.
    pub name: Text,
    /// The property company that manages it.
    pub property_company_id: Option<Uuid>,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(Estate);

impl Record for Estate {
    const KIND: &'static str = "estate";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        let company = self.property_company_id.map(|id| {
            let company = Reference::id("property_company_id", "unit", id)
                .of(const { &[UnitKind::Company.code()] }, "must be a company");
            // The company of an estate changes over time: the one that a call names manages it
            // now, while an imported one may have managed it on any day of the past.
            if self.metadata.imported {
                company.on_any_day()
            } else {
                company.on(Some(day_of(self.metadata.changed_time, DEFAULT_ZONE)))
            }
        });
        let area = Reference::area(&self.metadata).of(area::COMMUNITY, "must be a community");
        [area].into_iter().chain(company).collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: self.property_company_id,
            ..EventSummary::of_dated(self)
        }
    }
}
