//! Registrations: validation of new ones, the days on which they hold, and their end.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;
use wangge_api::refusal::{FieldViolation, Reason, Refusal};
use wangge_kernel::{
    limit::{DEFAULT_ZONE, day_start},
    typed_id,
};
use wangge_records::{Days, End};

use crate::domain::area::Area;

/// Name of a registration in refusals.
pub const KIND: &str = "registration";
/// Guard: the days overlap another registration of the official with the community.
pub const REGISTERED_ALREADY: &str = "registered_already";

typed_id!(
    /// Id of a registration.
    RegistrationId
);
typed_id!(
    /// Id of a person in the organization service; nothing else about them is known here.
    PersonId
);
typed_id!(
    /// Id of a unit of the organization service.
    UnitId
);

/// An official's registration with a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// Id, generated unless the caller chose it.
    pub id: RegistrationId,
    /// Id of the official, not verified here.
    pub person_id: PersonId,
    /// Id of the official's home unit.
    pub home_unit_id: UnitId,
    /// Code of the community; never changes.
    pub area_code: String,
    /// First day on which it holds.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// Revision, incremented by each change.
    pub revision: i64,
}

/// A registration as requested by a caller, possibly incomplete.
#[derive(Debug, Clone, Default)]
pub struct RegistrationDraft {
    /// Id chosen by the caller, if any.
    pub id: Option<Uuid>,
    /// Id of the official; required.
    pub person_id: Option<Uuid>,
    /// Id of the official's home unit; required.
    pub home_unit_id: Option<Uuid>,
    /// Code of the community; empty if omitted.
    pub area_code: String,
    /// First day on which it holds; required.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds, if known.
    pub end_date: Option<NaiveDate>,
}

/// Validates a new registration. `path` is its prefix in field violations.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that is missing or invalid.
pub fn create(draft: RegistrationDraft, path: &str) -> Result<Registration, Refusal> {
    let violations = violations(&draft, path);
    let id = draft
        .id
        .map_or_else(RegistrationId::generate, RegistrationId);
    match (draft.person_id, draft.home_unit_id, draft.start_date) {
        (Some(person_id), Some(home_unit_id), Some(start_date)) if violations.is_empty() => {
            Ok(Registration {
                id,
                person_id: PersonId(person_id),
                home_unit_id: UnitId(home_unit_id),
                area_code: draft.area_code,
                start_date,
                end_date: draft.end_date,
                revision: 1,
            })
        }
        _ => Err(Refusal::fields(violations)),
    }
}

/// Validates an imported registration, whose id is set by the sender.
///
/// # Errors
/// Those of [`create`].
pub fn load(draft: RegistrationDraft) -> Result<Registration, Refusal> {
    match draft.id {
        Some(_) => create(draft, ""),
        None => {
            // With the other violations, so that one response names everything that is missing.
            let mut missing = vec![FieldViolation::new("id", "required", "is required")];
            missing.extend(violations(&draft, ""));
            Err(Refusal::fields(missing))
        }
    }
}

fn violations(draft: &RegistrationDraft, path: &str) -> Vec<FieldViolation> {
    let missing = [
        ("person_id", draft.person_id.is_none()),
        ("home_unit_id", draft.home_unit_id.is_none()),
        ("area_code", draft.area_code.is_empty()),
        ("start_date", draft.start_date.is_none()),
    ];
    let mut violations: Vec<_> = missing
        .into_iter()
        .filter(|(_, is_missing)| *is_missing)
        .map(|(field, _)| FieldViolation::new(format!("{path}{field}"), "required", "is required"))
        .collect();
    if let (Some(start), Some(end)) = (draft.start_date, draft.end_date)
        && end <= start
    {
        violations.push(end_too_early(format!("{path}end_date")));
    }
    violations
}

fn end_too_early(field: String) -> FieldViolation {
    FieldViolation::new(field, "date.after_start", "must be after the start date")
}

/// Checks the references of a registration: `area`, if it is known and in scope, and the
/// days of the home unit, if it is known; both must hold on the registration's first day.
/// `path` is the registration's prefix in field violations.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, naming each field; `GUARD_FAILED` (`area_not_current`,
/// `unit_not_current`).
pub fn check_references(
    new: &Registration,
    area: Option<&Area>,
    unit: Option<Days>,
    path: &str,
) -> Result<(), Refusal> {
    let unknown = [
        ("home_unit_id", "unit", unit.is_some()),
        (
            "area_code",
            "community",
            area.is_some_and(Area::is_community),
        ),
    ];
    let violations: Vec<_> = unknown
        .into_iter()
        .filter(|(_, _, is_known)| !is_known)
        .map(|(field, kind, _)| {
            let text = format!("there is no such {kind}");
            FieldViolation::new(format!("{path}{field}"), "reference", text)
        })
        .collect();
    // Only the first day counts: the registration isn't refused for what may end later.
    if violations.is_empty() {
        if let Some(area) = area {
            area.days().demand("area", "area_code", new.start_date)?;
        }
        // Units replicated before their days were part of the feed have none, which restricts
        // nothing.
        let unit = unit.unwrap_or_default();
        return unit.demand("unit", "home_unit_id", new.start_date);
    }
    Err(Refusal {
        reason: Reason::ReferenceUnknown,
        ..Refusal::fields(violations)
    })
}

/// Returns the refusal of days that overlap another registration's.
pub fn registered_already() -> Refusal {
    Refusal::guard(
        REGISTERED_ALREADY,
        KIND,
        "the official is registered with this community on some of these days",
    )
}

impl Registration {
    /// Returns true if it holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.start_date <= day && self.end_date.is_none_or(|end| day < end)
    }

    /// Ends the registration on a day, or corrects its end.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it already has an end and no correction is requested; those of
    /// [`End::decide`].
    pub fn end(self, end: &End) -> Result<Self, Refusal> {
        if self.end_date.is_some() && matches!(end, End::On(_)) {
            return Err(Refusal::state_conflict(KIND, "ENDED", "end"));
        }
        let end_date = end.decide(KIND, self.start_date, self.end_date)?;
        Ok(Self {
            end_date,
            revision: self.revision + 1,
            ..self
        })
    }

    /// Returns the first instant at which it holds.
    pub fn start_time(&self) -> DateTime<Utc> {
        day_start(self.start_date, DEFAULT_ZONE)
    }

    /// Returns true if `kept` is this imported record, unchanged or ended since: importing it
    /// again has no effect.
    pub fn is_kept_as(&self, kept: &Self) -> bool {
        // An end changes the revision only; the other fields never change.
        let ended_since = kept.revision > 1;
        self.id == kept.id
            && self.person_id == kept.person_id
            && self.home_unit_id == kept.home_unit_id
            && self.area_code == kept.area_code
            && self.start_date == kept.start_date
            && (self.end_date == kept.end_date || ended_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn draft() -> RegistrationDraft {
        RegistrationDraft {
            person_id: Some(Uuid::now_v7()),
            home_unit_id: Some(Uuid::now_v7()),
            area_code: "320402003005".into(),
            start_date: Some(day("2022-03-01")),
            ..RegistrationDraft::default()
        }
    }

    #[test]
    fn every_missing_field_is_named() {
        let refusal = load(RegistrationDraft::default()).unwrap_err();
        let fields: Vec<_> = refusal.fields.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            fields,
            ["id", "person_id", "home_unit_id", "area_code", "start_date"]
        );
    }

    #[test]
    fn it_holds_from_its_first_day_up_to_its_end() {
        let registration = create(draft(), "").unwrap();
        assert!(!registration.holds_on(day("2022-02-28")));
        assert!(registration.holds_on(day("2022-03-01")));
        let ended = registration
            .clone()
            .end(&End::On(day("2022-03-02")))
            .unwrap();
        assert!(ended.holds_on(day("2022-03-01")));
        assert!(!ended.holds_on(day("2022-03-02")));
        assert_eq!(ended.revision, 2);
        assert!(registration.is_kept_as(&ended));
        assert!(!ended.is_kept_as(&registration));
    }

    #[test]
    fn it_ends_once_and_after_its_start() {
        let registration = create(draft(), "").unwrap();
        let early = registration
            .clone()
            .end(&End::On(day("2022-03-01")))
            .unwrap_err();
        assert_eq!(early.fields[0].field, "end_date");
        let ended = registration.end(&End::On(day("2022-04-01"))).unwrap();
        assert_eq!(
            ended.end(&End::On(day("2022-05-01"))).unwrap_err().reason,
            Reason::StateConflict
        );
    }
}
