//! Organization units: the Party levels and the bodies beside them.

use chrono::NaiveDate;
use serde::Serialize;
use wangge_api::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_resource::{Checks, Days};

use super::coded;

typed_id!(
    /// Id of a unit.
    UnitId
);

coded! {
    /// What a unit is. The numbers are the contract's; 1 to 5 are the Party
    /// levels.
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
        /// Committee.
        Committee = 10,
        /// Department.
        Department = 11,
        /// Company.
        Company = 12,
        /// Social organisation.
        SocialOrganisation = 13,
    }
}

impl UnitKind {
    /// Level in the Party tree; none for a unit beside it.
    fn party_level(self) -> Option<i16> {
        Some(self.code()).filter(|code| (1..=5).contains(code))
    }
}

/// A unit as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Unit {
    /// Id.
    pub id: UnitId,
    /// Code.
    pub code: String,
    /// What the unit is.
    pub kind: UnitKind,
    /// Name.
    pub name: String,
    /// Id of the parent; none for a root.
    pub parent_id: Option<UnitId>,
    /// Code of the area that the unit belongs to.
    pub area_code: String,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
    /// Revision, from 1.
    pub revision: i64,
}

/// A unit as somebody asks for it.
#[derive(Debug, Clone)]
pub struct UnitDraft {
    /// Id.
    pub id: UnitId,
    /// Code.
    pub code: String,
    /// What the unit is.
    pub kind: Option<UnitKind>,
    /// Name.
    pub name: String,
    /// Id of the parent.
    pub parent_id: Option<UnitId>,
    /// Code of the area.
    pub area_code: String,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// What is to be changed about a unit; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UnitChange {
    /// New name.
    pub name: Option<String>,
    /// New end date, or that there is none.
    pub end_date: Option<Option<NaiveDate>>,
}

impl UnitDraft {
    /// The unit, if it is whole and right in itself.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<Unit, Refusal> {
        let mut checks = Checks::of("unit");
        checks.given(!self.code.is_empty(), "code");
        checks.given(self.kind.is_some(), "kind");
        checks.text(&self.name, "name");
        checks.given(!self.area_code.is_empty(), "area_code");
        checks.given(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        let top = self.kind == Some(UnitKind::StreetWorkingCommittee);
        checks.rule(
            !(top && self.parent_id.is_some()),
            "parent_id",
            "unit.level",
            "a street working committee has no parent",
        );
        let (Some(kind), Some(start_date), true) = (self.kind, self.start_date, checks.hold())
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
    /// The days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// Demands that a Party unit's parent is of the level above.
    ///
    /// # Errors
    /// `FIELD_INVALID` if it is not.
    pub fn check_parent(&self, parent: UnitKind) -> Result<(), Refusal> {
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
        checks.done()
    }

    /// The unit's next revision, with a change made.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a value that the unit can't have.
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
        checks.done()?;
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
