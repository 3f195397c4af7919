//! Organization units: the Party levels, and units outside the Party tree.

use chrono::NaiveDate;
use serde::Serialize;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_record::{Checks, Days};

use super::coded;

typed_id!(
    /// Id of a unit.
    UnitId
);

coded! {
    /// Kind of a unit. The numbers are those of the contract; 1 to 5 are the Party levels.
    UnitKind {
        /// Street working committee: level 1.
        StreetWorkingCommittee = 1,
        /// General branch of a community: level 2.
        CommunityGeneralBranch = 2,
        /// Branch of a grid: level 3.
        GridBranch = 3,
        /// Party group of a building: level 4.
        BuildingPartyGroup = 4,
        /// Party-member centre household: level 5.
        CentreHousehold = 5,
        /// Committee, such as a property management committee.
        Committee = 10,
        /// Department that receives dispatch orders.
        Department = 11,
        /// Company, such as a property company.
        Company = 12,
        /// Social organisation that takes part in co-governance.
        SocialOrganisation = 13,
    }
}

impl UnitKind {
    /// Returns the level in the Party tree, or `None` for a unit outside it.
    fn party_level(self) -> Option<i16> {
        Some(self.code()).filter(|code| (1..=5).contains(code))
    }
}

/// A unit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Unit {
    /// Id, unique across all areas.
    pub id: UnitId,
    /// Code, never reused for another unit.
    pub code: String,
    /// Kind of the unit.
    pub kind: UnitKind,
    /// Name that people know it by.
    pub name: String,
    /// Id of the parent; `None` for a root.
    pub parent_id: Option<UnitId>,
    /// Code of the area that the unit belongs to.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
    /// Revision, counted from 1.
    pub revision: i64,
}

/// A unit as requested, before validation.
#[derive(Debug, Clone)]
pub struct UnitDraft {
    /// Id, generated if the request has none.
    pub id: UnitId,
    /// Code that no other unit has.
    pub code: String,
    /// Kind of the unit.
    pub kind: Option<UnitKind>,
    /// Name that people know it by.
    pub name: String,
    /// Id of the parent; `None` for a root.
    pub parent_id: Option<UnitId>,
    /// Code of the area.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// Changes to a unit; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default)]
pub struct UnitChange {
    /// New name; it must not be empty.
    pub name: Option<String>,
    /// New end date, or `Some(None)` to remove it.
    pub end_date: Option<Option<NaiveDate>>,
}

impl UnitDraft {
    /// Validates the draft and returns the unit.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self) -> Result<Unit, Refusal> {
        let mut checks = Checks::of("unit");
        checks.required(!self.code.is_empty(), "code");
        checks.required(self.kind.is_some(), "kind");
        checks.text(&self.name, "name");
        checks.required(!self.area_code.is_empty(), "area_code");
        checks.required(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        let top = self.kind == Some(UnitKind::StreetWorkingCommittee);
        checks.rule(
            !(top && self.parent_id.is_some()),
            "parent_id",
            "unit.level",
            "a street working committee has no parent",
        );
        let (Some(kind), Some(start_date), true) = (self.kind, self.start_date, checks.is_ok())
        else {
            return Err(checks.refusal());
        };
        Ok(Unit {
            id: self.id,
            code: self.code,
            kind,
            name: self.name,
            parent_id: self.parent_id,
            area_code: self.area_code,
            start_date,
            end_date: self.end_date,
            revision: 1,
        })
    }
}

impl Unit {
    /// Returns the days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// Checks that a Party unit's parent is of the level directly above.
    ///
    /// # Errors
    /// `FIELD_INVALID` if it is not.
    pub fn check_parent(&self, parent: UnitKind) -> Result<(), Refusal> {
        // Units outside the Party tree have no level and may have any parent.
        let fits = self
            .kind
            .party_level()
            .is_none_or(|level| parent.party_level() == Some(level - 1));
        let mut checks = Checks::of("unit");
        checks.rule(
            fits,
            "parent_id",
            "unit.level",
            "must be a unit of the level above",
        );
        checks.finish()
    }

    /// Returns the unit's next revision, with a change applied.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a value that the unit must not have.
    pub fn change(mut self, change: UnitChange) -> Result<Self, Refusal> {
        if let Some(name) = change.name {
            self.name = name;
        }
        if let Some(end_date) = change.end_date {
            self.end_date = end_date;
        }
        let mut checks = Checks::of("unit");
        checks.text(&self.name, "name");
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.finish()?;
        self.revision += 1;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_unit_hangs_under_the_level_above() {
        let kinds = || (1..=13).filter_map(UnitKind::from_code);
        for kind in kinds() {
            let unit = Unit {
                id: UnitId::generate(),
                code: "X".into(),
                kind,
                name: "x".into(),
                parent_id: None,
                area_code: "320402".into(),
                start_date: NaiveDate::MIN,
                end_date: None,
                revision: 1,
            };
            for parent in kinds() {
                let allowed = kind.code() >= 10 || parent.code() + 1 == kind.code();
                assert_eq!(
                    unit.check_parent(parent).is_ok(),
                    allowed,
                    "{kind:?} under {parent:?}"
                );
            }
        }
    }
}
