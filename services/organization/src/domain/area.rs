//! Areas: their codes, their place in the tree, and their allowed changes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Refusal, Rule};
use wangge_kernel::{area_code, coded_enum};
use wangge_places::boundary;
use wangge_record::{Checks, Days, ResolvedReference};

coded_enum! {
    /// Kind of an area, in the order of the tree. The numbers are those of the contract.
    AreaKind {
        /// District: the root of a tree.
        District = 1 => "district",
        /// Street: a part of a district.
        Street = 2 => "street",
        /// Community: a part of a street.
        Community = 3 => "community",
        /// Grid: a part of a community.
        Grid = 4 => "grid",
    }
}

/// Of the kinds of areas, communities only.
pub const COMMUNITY: &[i16] = &[AreaKind::Community.code()];
/// Of the kinds of areas, grids only.
pub const GRID: &[i16] = &[AreaKind::Grid.code()];

/// An area as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Id, unique across all areas.
    pub id: Uuid,
    /// Code; it begins with the parent's.
    pub code: String,
    /// Kind of the area.
    pub kind: AreaKind,
    /// Name that people know it by.
    pub name: String,
    /// Code of the parent; `None` for a district.
    pub parent_code: Option<String>,
    /// Boundary as GeoJSON in WGS 84, if known.
    pub boundary_geojson: Option<String>,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
    /// When it was created.
    pub created_time: DateTime<Utc>,
    /// When it last changed.
    pub changed_time: DateTime<Utc>,
    /// Revision, counted from 1.
    pub revision: i64,
}

/// An area as requested, before validation.
#[derive(Debug, Clone)]
pub struct AreaDraft {
    /// Id, generated if the request has none.
    pub id: Uuid,
    /// Code; it must begin with the parent's.
    pub code: String,
    /// Kind of the area.
    pub kind: Option<AreaKind>,
    /// Name that people know it by.
    pub name: String,
    /// Code of the parent.
    pub parent_code: Option<String>,
    /// Boundary as GeoJSON in WGS 84.
    pub boundary_geojson: Option<String>,
    /// First day on which it exists.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// Changes to an area; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default)]
pub struct AreaChange {
    /// New name; it must not be empty.
    pub name: Option<String>,
    /// New boundary, or `Some(None)` to remove it.
    pub boundary_geojson: Option<Option<String>>,
    /// New end date, or `Some(None)` to remove it.
    pub end_date: Option<Option<NaiveDate>>,
}

impl AreaDraft {
    /// Validates the draft and returns the area, created at `now`.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self, now: DateTime<Utc>) -> Result<Area, Refusal> {
        let mut checks = Checks::of("area");
        checks.required(!self.code.is_empty(), "code");
        checks.required(self.kind.is_some(), "kind");
        checks.text(&self.name, "name");
        checks.required(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        check_boundary(&mut checks, self.boundary_geojson.as_deref());
        // Without a code its rules could only repeat that it is missing.
        if let Some(kind) = self.kind.filter(|_| !self.code.is_empty()) {
            check_code(&mut checks, kind, &self.code, self.parent_code.as_deref());
        }
        let (Some(kind), Some(start_date), true) = (self.kind, self.start_date, checks.is_ok())
        else {
            return Err(checks.refusal());
        };
        Ok(Area {
            id: self.id,
            code: self.code,
            kind,
            name: self.name,
            parent_code: self.parent_code,
            boundary_geojson: self.boundary_geojson,
            start_date,
            end_date: self.end_date,
            created_time: now,
            changed_time: now,
            revision: 1,
        })
    }
}

impl AreaChange {
    /// Validates the new boundary by itself, without reference to an area.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming each fault of the boundary.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut checks = Checks::of("area");
        let boundary = self.boundary_geojson.as_ref().and_then(Option::as_deref);
        check_boundary(&mut checks, boundary);
        checks.finish()
    }
}

impl Area {
    /// Returns the days on which it exists.
    fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// Returns the area as the target of references.
    pub fn resolved(&self) -> ResolvedReference {
        ResolvedReference {
            kind: self.kind.code(),
            days: self.days(),
            ..ResolvedReference::plain(self.code.clone())
        }
    }

    /// Returns the area's next revision, with a change applied at `now`. The caller has validated the
    /// change with [`AreaChange::check`].
    ///
    /// # Errors
    /// `FIELD_INVALID` for a value that the area must not have.
    pub fn change(mut self, change: AreaChange, now: DateTime<Utc>) -> Result<Self, Refusal> {
        if let Some(name) = change.name {
            self.name = name;
        }
        if let Some(boundary) = change.boundary_geojson {
            self.boundary_geojson = boundary;
        }
        if let Some(end_date) = change.end_date {
            self.end_date = end_date;
        }
        let mut checks = Checks::of("area");
        checks.text(&self.name, "name");
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.finish()?;
        self.changed_time = now.max(self.changed_time);
        self.revision += 1;
        Ok(self)
    }

    /// Checks that the parent is of the kind directly above, and exists on the area's first
    /// day.
    ///
    /// # Errors
    /// `FIELD_INVALID`, or `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`), if it doesn't.
    pub fn check_parent(&self, parent: &ResolvedReference) -> Result<(), Refusal> {
        let mut checks = Checks::of("area");
        checks.rule(
            parent.kind + 1 == self.kind.code(),
            "kind",
            Rule::AreaTree,
            "must be the kind one level below the parent's",
        );
        checks.finish()?;
        parent.days.require("area", "parent_code", self.start_date)
    }

    /// Returns the refusal of a code that begins with another area's code, or the other way
    /// round, though neither area contains the other: callers whose scope is the shorter code
    /// would reach both. `other` is the other code, if the caller may know it.
    pub fn code_clashes(other: Option<&str>) -> Refusal {
        let other = other.unwrap_or("an area outside of the caller's scope");
        Refusal::field(
            "area.code",
            Rule::AreaCodeApart,
            format!(
                "conflicts with {other}: a code may begin with another area's code only if its \
                 area is inside that area"
            ),
        )
    }

    /// Returns the refusal of a boundary that isn't within that of the nearest area around
    /// it that has one.
    pub fn outside(around: &str) -> Refusal {
        Refusal::field(
            "area.boundary_geojson",
            Rule::AreaBoundaryInParent,
            format!(
                "must be within the boundary of {around}, with a tolerance of \
                 {BOUNDARY_TOLERANCE} metres"
            ),
        )
    }

    /// Returns the refusal of a boundary that doesn't contain that of an area inside.
    pub fn leaves_out(inside: &str) -> Refusal {
        Refusal::field(
            "area.boundary_geojson",
            Rule::AreaBoundaryAroundChildren,
            format!(
                "must contain the boundary of {inside}, with a tolerance of {BOUNDARY_TOLERANCE} \
                 metres"
            ),
        )
    }
}

/// Distance in metres by which an area's boundary may exceed that of the area around it,
/// to allow for rounding and inaccurate drawing.
pub const BOUNDARY_TOLERANCE: f64 = 5.0;

fn check_code(checks: &mut Checks, kind: AreaKind, code: &str, parent: Option<&str>) {
    if kind == AreaKind::District {
        // A district's code is that of GB/T 2260, so that codes of districts can't clash.
        let whole = area_code::is_code(code) && code.len() == area_code::DISTRICT_LENGTH;
        checks.rule(
            whole,
            "code",
            Rule::AreaDistrictCode,
            "a district's code has 6 digits",
        );
        checks.rule(
            parent.is_none(),
            "parent_code",
            Rule::AreaRoot,
            "a district has no parent",
        );
        return;
    }
    checks.required(parent.is_some(), "parent_code");
    // Scopes are ranges of codes: an area is in scope of another if its code begins with
    // that area's, so this rule is what authorisation relies on.
    let inside = parent.is_none_or(|parent| code.starts_with(parent) && code.len() > parent.len());
    checks.rule(
        area_code::is_code(code) && inside,
        "code",
        Rule::AreaCodeInParent,
        "must consist of digits, begin with the parent's code and be longer",
    );
}

fn check_boundary(checks: &mut Checks, boundary: Option<&str>) {
    for fault in boundary
        .and_then(|text| boundary::check(text).err())
        .into_iter()
        .flatten()
    {
        checks.rule(false, "boundary_geojson", fault.rule(), &fault.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn draft() -> AreaDraft {
        AreaDraft {
            id: Uuid::now_v7(),
            code: "320402003".into(),
            kind: Some(AreaKind::Street),
            name: "街道".into(),
            parent_code: Some("320402".into()),
            boundary_geojson: None,
            start_date: NaiveDate::from_ymd_opt(2020, 1, 1),
            end_date: None,
        }
    }

    fn wrong(draft: AreaDraft) -> Vec<String> {
        let refusal = draft.check(now()).expect_err("refused");
        refusal
            .fields
            .into_iter()
            .map(|violation| violation.field)
            .collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let nothing = AreaDraft {
            code: String::new(),
            kind: None,
            name: " ".into(),
            start_date: None,
            ..draft()
        };
        assert_eq!(
            wrong(nothing),
            ["area.code", "area.kind", "area.name", "area.start_date"]
        );
        let bad = AreaDraft {
            boundary_geojson: Some("x".into()),
            end_date: draft().start_date,
            ..draft()
        };
        assert_eq!(wrong(bad), ["area.end_date", "area.boundary_geojson"]);
    }

    #[test]
    fn a_code_lies_in_its_parents() {
        assert!(draft().check(now()).is_ok());
        assert_eq!(
            wrong(AreaDraft {
                code: "320402".into(),
                ..draft()
            }),
            ["area.code"]
        );
        assert_eq!(
            wrong(AreaDraft {
                code: "320403001".into(),
                ..draft()
            }),
            ["area.code"]
        );
        assert_eq!(
            wrong(AreaDraft {
                parent_code: None,
                ..draft()
            }),
            ["area.parent_code"]
        );
        let district = AreaDraft {
            kind: Some(AreaKind::District),
            ..draft()
        };
        assert_eq!(wrong(district), ["area.code", "area.parent_code"]);
    }

    #[test]
    fn kinds_follow_one_another() {
        let street = draft().check(now()).expect("street");
        let parent = |kind: AreaKind| ResolvedReference {
            kind: kind.code(),
            ..ResolvedReference::plain("320402".to_owned())
        };
        assert!(street.check_parent(&parent(AreaKind::District)).is_ok());
        assert!(street.check_parent(&parent(AreaKind::Street)).is_err());
        assert!(street.check_parent(&parent(AreaKind::Grid)).is_err());
    }
}
