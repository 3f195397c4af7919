//! People who hold posts. Only a name and an area are stored of them.

use serde::{Deserialize, Serialize};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Fields of every record; the area is the one whose scope the person belongs to.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name: personal data.
    pub name: Text,
}

impl Record for Person {
    const KIND: &'static str = "person";

    metadata!();

    fn check(&self, _checks: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).on_any_day()]
    }

    // Empty: people aren't published.
    fn event_summary(&self) -> EventSummary {
        EventSummary::default()
    }
}
