//! Memberships of co-governance, "1+2+X": the role of each unit or resident in a
//! community.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, dated, metadata};

use super::{area, unit::UnitKind};

coded_enum! {
    /// A role in "1+2+X". The numbers are those of the contract.
    MembershipRole {
        /// The 1: the general branch.
        GeneralBranch = 1 => "general_branch",
        /// One of the 2: the property management committee.
        PropertyCommittee = 2 => "property_committee",
        /// One of the 2: the property company.
        PropertyCompany = 3 => "property_company",
        /// One of the X: a unit.
        CoBuildingUnit = 4 => "co_building_unit",
        /// One of the X: a resident.
        Resident = 5 => "resident",
    }
}

/// A role in the co-governance of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Fields of every record; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The role of the member.
    pub role: MembershipRole,
    /// The unit that is the member; `None` for a resident.
    pub unit_id: Option<Uuid>,
    /// The resident who is the member; `None` for a unit.
    pub resident_id: Option<Uuid>,
    /// First day of the membership.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(Membership);

impl Membership {
    /// Returns the reference to the unit, restricted to the kinds that the role allows: the
    /// 1 and the 2 require a unit of one kind each, the X allow any kind.
    fn unit(&self, id: Uuid) -> Reference {
        let unit = Reference::id("unit_id", "unit", id);
        match self.role {
            MembershipRole::GeneralBranch => unit.of(
                const { &[UnitKind::CommunityGeneralBranch.code()] },
                "must be a general branch",
            ),
            MembershipRole::PropertyCommittee => unit.of(
                const { &[UnitKind::Committee.code()] },
                "must be a committee",
            ),
            MembershipRole::PropertyCompany => {
                unit.of(const { &[UnitKind::Company.code()] }, "must be a company")
            }
            MembershipRole::CoBuildingUnit | MembershipRole::Resident => unit,
        }
    }
}

impl Record for Membership {
    const KIND: &'static str = "membership";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        if self.role == MembershipRole::Resident {
            checks.required(self.resident_id.is_some(), "resident_id");
            let why = "must be empty if the member is a resident";
            checks.forbidden(self.unit_id.is_none(), "unit_id", why);
        } else {
            checks.required(self.unit_id.is_some(), "unit_id");
            let why = "must be empty if the member is a unit";
            checks.forbidden(self.resident_id.is_none(), "resident_id", why);
        }
    }

    fn references(&self) -> Vec<Reference> {
        let area = Reference::area(&self.metadata).of(area::COMMUNITY, "must be a community");
        let unit = self.unit_id.map(|id| self.unit(id));
        let resident = self
            .resident_id
            .map(|id| Reference::id("resident_id", "resident", id));
        [area].into_iter().chain(unit).chain(resident).collect()
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::MemberAlready,
            Self::KIND,
            "the unit or resident is already a member on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: self.unit_id.or(self.resident_id),
            code: self.role.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
