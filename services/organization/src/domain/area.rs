//! Areas: their codes, their place in the tree and what may change about them.

use chrono::NaiveDate;
use serde::Serialize;
use wangge_api::refusal::Refusal;
use wangge_kernel::{area_code, typed_id};
use wangge_places::boundary;
use wangge_resource::{Checks, Days};

use super::coded;

typed_id!(
    /// Id of an area.
    AreaId
);

coded! {
    /// What an area is, in the order of the tree. The numbers are the
    /// contract's.
    AreaKind {
        /// District: the root of a tree.
        District = 1,
        /// Street.
        Street = 2,
        /// Community.
        Community = 3,
        /// Grid.
        Grid = 4,
    }
}

/// An area as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Area {
    /// Id.
    pub id: AreaId,
    /// Code; it begins with the parent's.
    pub code: String,
    /// What the area is.
    pub kind: AreaKind,
    /// Name.
    pub name: String,
    /// Code of the parent; none for a district.
    pub parent_code: Option<String>,
    /// Boundary as GeoJSON in WGS 84, if known.
    pub boundary_geojson: Option<String>,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
    /// Revision, from 1.
    pub revision: i64,
}

/// An area as somebody asks for it.
#[derive(Debug, Clone)]
pub struct AreaDraft {
    /// Id.
    pub id: AreaId,
    /// Code.
    pub code: String,
    /// What the area is.
    pub kind: Option<AreaKind>,
    /// Name.
    pub name: String,
    /// Code of the parent.
    pub parent_code: Option<String>,
    /// Boundary.
    pub boundary_geojson: Option<String>,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// What is to be changed about an area; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct AreaChange {
    /// New name.
    pub name: Option<String>,
    /// New boundary, or that it is not known.
    pub boundary_geojson: Option<Option<String>>,
    /// New end date, or that there is none.
    pub end_date: Option<Option<NaiveDate>>,
}

impl AreaDraft {
    /// The area, if it is whole and right in itself.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<Area, Refusal> {
        let mut checks = Checks::of("area");
        checks.given(!self.code.is_empty(), "code");
        checks.given(self.kind.is_some(), "kind");
        checks.text(&self.name, "name");
        checks.given(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        check_boundary(&mut checks, self.boundary_geojson.as_deref());
        if let Some(kind) = self.kind.filter(|_| !self.code.is_empty()) {
            check_code(&mut checks, kind, &self.code, self.parent_code.as_deref());
        }
        let (Some(kind), Some(start_date), true) = (self.kind, self.start_date, checks.hold())
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
            revision: 1,
        })
    }
}

impl AreaChange {
    /// Demands that the new boundary is one, whichever area it is for.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming each of its faults.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut checks = Checks::of("area");
        let boundary = self.boundary_geojson.as_ref().and_then(Option::as_deref);
        check_boundary(&mut checks, boundary);
        checks.done()
    }
}

impl Area {
    /// The days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// The area's next revision, with a change made that is right in itself.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a value that the area can't have.
    pub fn change(mut self, change: AreaChange) -> Result<Self, Refusal> {
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
        checks.done()?;
        self.revision += 1;
        Ok(self)
    }

    /// Code of the area within which the same words of the address book name one
    /// area: the community of a grid, and any other area itself.
    pub fn home(&self) -> &str {
        let parent = self.parent_code.as_deref();
        parent
            .filter(|_| self.kind == AreaKind::Grid)
            .unwrap_or(&self.code)
    }

    /// Demands that the parent is of the kind right above.
    ///
    /// # Errors
    /// `FIELD_INVALID` if it is not.
    pub fn check_parent(&self, parent: AreaKind) -> Result<(), Refusal> {
        let mut checks = Checks::of("area");
        checks.rule(
            parent.code() + 1 == self.kind.code(),
            "kind",
            "area.tree",
            "must come right after the parent's kind",
        );
        checks.done()
    }

    /// The refusal of a code that begins with another area's, or with which
    /// another area's begins, though neither lies in the other: everybody of the
    /// one with the shorter code would see the other. `other` is that code, if
    /// the caller may know it.
    pub fn code_clashes(other: Option<&str>) -> Refusal {
        let other = other.unwrap_or("an area out of sight");
        Refusal::field(
            "area.code",
            "area.code_apart",
            format!(
                "clashes with {other}: of two codes one may begin with the other only where its \
                 area lies in the other's"
            ),
        )
    }

    /// The refusal of a boundary that doesn't lie within that of the area
    /// around it which has one.
    pub fn outside(around: &str) -> Refusal {
        Refusal::field(
            "area.boundary_geojson",
            "area.boundary_in_parent",
            format!(
                "must lie within the boundary of {around}, but for {BOUNDARY_TOLERANCE} metres"
            ),
        )
    }

    /// The refusal of a boundary that doesn't hold that of an area in it.
    pub fn leaves_out(inside: &str) -> Refusal {
        Refusal::field(
            "area.boundary_geojson",
            "area.boundary_around_children",
            format!("must hold the boundary of {inside}, but for {BOUNDARY_TOLERANCE} metres"),
        )
    }
}

/// How far the boundary of an area may reach beyond that of the area around it,
/// in metres: what rounding and drawing leave.
pub const BOUNDARY_TOLERANCE: f64 = 5.0;

fn check_code(checks: &mut Checks, kind: AreaKind, code: &str, parent: Option<&str>) {
    if kind == AreaKind::District {
        let whole = area_code::is_code(code) && code.len() == area_code::DISTRICT_LENGTH;
        checks.rule(
            whole,
            "code",
            "area.district_code",
            "a district's code has 6 digits",
        );
        checks.rule(
            parent.is_none(),
            "parent_code",
            "area.root",
            "a district has no parent",
        );
        return;
    }
    checks.given(parent.is_some(), "parent_code");
    let inside = parent.is_none_or(|parent| code.starts_with(parent) && code.len() > parent.len());
    checks.rule(
        area_code::is_code(code) && inside,
        "code",
        "area.code_in_parent",
        "must be digits, begin with the parent's code and be longer",
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

    fn draft() -> AreaDraft {
        AreaDraft {
            id: AreaId::generate(),
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
        let refusal = draft.check().expect_err("refused");
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
        assert!(draft().check().is_ok());
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
        let street = draft().check().expect("street");
        assert!(street.check_parent(AreaKind::District).is_ok());
        assert!(street.check_parent(AreaKind::Street).is_err());
        assert!(street.check_parent(AreaKind::Grid).is_err());
    }
}
