//! Registrations of officials with communities: the required fields of a new one, the
//! days on which it is in effect, and how it ends.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;
use wangge_kernel::refusal::{FieldViolation, Reason, Refusal};
use wangge_kernel::{
    limit::{DEFAULT_ZONE, day_start},
    typed_id,
};
use wangge_record::{Days, End};

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
    /// Id of a person in the organization service. This service knows nothing else of
    /// persons.
    PersonId
);
typed_id!(
    /// Id of a unit in the organization service.
    UnitId
);

/// An official's registration with a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// Id of the registration.
    pub id: RegistrationId,
    /// Id of the registered official.
    pub person_id: PersonId,
    /// Id of the official's home unit.
    pub home_unit_id: UnitId,
    /// Code of the community.
    pub area_code: String,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
    /// Revision of the record, from 1.
    pub revision: i64,
}

/// A registration as requested by a caller; fields may be missing.
#[derive(Debug, Clone, Default)]
pub struct RegistrationDraft {
    /// Id, if the caller supplies one.
    pub id: Option<Uuid>,
    /// Id of the official, if supplied.
    pub person_id: Option<Uuid>,
    /// Id of the official's home unit, if supplied.
    pub home_unit_id: Option<Uuid>,
    /// Code of the community; empty if missing.
    pub area_code: String,
    /// First day on which it is to be in effect.
    pub start_date: Option<NaiveDate>,
    /// First day on which it is no longer in effect, if an end is known.
    pub end_date: Option<NaiveDate>,
}

/// Creates a registration. `path` is the prefix of its fields within the request.
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

/// Creates an imported registration. The sender must supply its id.
///
/// # Errors
/// As for [`create`].
pub fn load(draft: RegistrationDraft) -> Result<Registration, Refusal> {
    match draft.id {
        Some(_) => create(draft, ""),
        None => {
            // Without an id from the sender, a retried import could not recognise its own
            // rows.
            let mut missing = vec![FieldViolation::new("id", "required", "is required")];
            missing.extend(violations(&draft, ""));
            Err(Refusal::fields(missing))
        }
    }
}

fn violations(draft: &RegistrationDraft, path: &str) -> Vec<FieldViolation> {
    // All violations are collected, so that a caller can correct them in one go.
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
/// days of the home unit, if it is known. Both must be in effect on the registration's
/// first day. `path` is the prefix of its fields within the request.
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
    if violations.is_empty() {
        if let Some(area) = area {
            area.days().require("area", "area_code", new.start_date)?;
        }
        let unit = unit.unwrap_or_default();
        return unit.require("unit", "home_unit_id", new.start_date);
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
    /// Returns true if the registration is in effect on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.start_date <= day && self.end_date.is_none_or(|end| day < end)
    }

    /// Returns the registration, ended on a day or with its end corrected.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it already has an end and no correction is requested;
    /// otherwise as for [`End::decide`].
    pub fn end(self, end: &End) -> Result<Self, Refusal> {
        // Stricter than `End::decide`, which lets other records end earlier than planned:
        // any change of a registration's end is a correction and needs a reason.
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

    /// Returns the start of the registration's first day, in the community's time zone.
    pub fn start_time(&self) -> DateTime<Utc> {
        day_start(self.start_date, DEFAULT_ZONE)
    }

    /// Returns true if `kept` is the record of this imported row, unchanged or with
    /// another end since. Then importing the row again is idempotent.
    pub fn is_kept_as(&self, kept: &Self) -> bool {
        // Only the end of a registration can change, so a later revision means that it
        // was ended or corrected here after the import.
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
