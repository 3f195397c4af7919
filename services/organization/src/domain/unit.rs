//! Organization units: the Party levels, and units outside the Party tree.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Refusal, Rule};
use wangge_record::{
    Checks, Code, EventSummary, Metadata, Record, Reference, Text, dated, metadata,
};

coded_enum! {
    /// Kind of a unit. The numbers are those of the contract; 1 to 5 are the Party levels.
    UnitKind {
        /// Street working committee: level 1.
        StreetWorkingCommittee = 1 => "street_working_committee",
        /// General branch of a community: level 2.
        CommunityGeneralBranch = 2 => "community_general_branch",
        /// Branch of a grid: level 3.
        GridBranch = 3 => "grid_branch",
        /// Party group of a building: level 4.
        BuildingPartyGroup = 4 => "building_party_group",
        /// Party-member centre household: level 5.
        CentreHousehold = 5 => "centre_household",
        /// Committee, such as a property management committee.
        Committee = 10 => "committee",
        /// Department that receives dispatch orders.
        Department = 11 => "department",
        /// Company, such as a property company.
        Company = 12 => "company",
        /// Social organisation that takes part in co-governance.
        SocialOrganisation = 13 => "social_organisation",
    }
}

impl UnitKind {
    /// Returns the kinds that a parent can have: that of the level above for a Party unit,
    /// none for the top level, and any for a unit outside the Party tree.
    fn of_parent(self) -> &'static [i16] {
        match self {
            Self::CommunityGeneralBranch => &[1],
            Self::GridBranch => &[2],
            Self::BuildingPartyGroup => &[3],
            Self::CentreHousehold => &[4],
            _ => &[],
        }
    }
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Fields of every record; the area is the one that the unit belongs to.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Code, never reused for another unit.
    pub code: Code,
    /// Kind of the unit.
    pub kind: UnitKind,
    /// Name that people know it by.
    pub name: Text,
    /// Id of the parent; `None` for a root.
    pub parent_id: Option<Uuid>,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(Unit);

impl Record for Unit {
    const KIND: &'static str = "unit";

    metadata!();

    fn kind_code(&self) -> i16 {
        self.kind.code()
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.kind != UnitKind::StreetWorkingCommittee || self.parent_id.is_none(),
            "parent_id",
            Rule::UnitLevel,
            "a street working committee has no parent",
        );
    }

    fn references(&self) -> Vec<Reference> {
        let parent = self.parent_id.map(|id| {
            let kinds = self.kind.of_parent();
            Reference::id("parent_id", "unit", id).of(kinds, "must be a unit of the level above")
        });
        [Reference::area(&self.metadata)]
            .into_iter()
            .chain(parent)
            .collect()
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::exists(Self::KIND, "unit.code")
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::of_dated(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_unit_hangs_under_the_level_above() {
        for kind in UnitKind::ALL {
            let above: Vec<i16> = match kind.code() {
                level @ 2..=5 => vec![level - 1],
                _ => Vec::new(),
            };
            assert_eq!(kind.of_parent(), above, "{kind:?}");
        }
    }
}
