//! Check-in visits: the required fields of a new visit, the registration that it can be
//! recorded under, and how it is voided.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;
use wangge_kernel::refusal::{FieldViolation, Refusal};
use wangge_kernel::{
    limit::{DEFAULT_ZONE, day_of},
    typed_id,
};

use crate::domain::{
    check_in_visit_state::{CheckInVisitAction, CheckInVisitState, next},
    registration::{self, PersonId, Registration, RegistrationId},
    text,
};

/// Name of a visit in refusals.
pub const KIND: &str = "check-in visit";
/// Guard: the registration is not in effect on the day of the visit.
pub const REGISTRATION_NOT_CURRENT: &str = "registration_not_current";
/// Guard: a visit under the registration is recorded for the same time.
pub const VISITED_ALREADY: &str = "visited_already";
/// Minimum time between two visits under one registration: a visit within less is a
/// duplicate entry of the same visit. Two visits on one day are counted as two.
pub const SPACING: TimeDelta = TimeDelta::minutes(10);

typed_id!(
    /// Id of a check-in visit.
    CheckInVisitId
);

/// One visit of one registered official.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckInVisit {
    /// Id of the visit.
    pub id: CheckInVisitId,
    /// Id of the registration that the visit is made under.
    pub registration_id: RegistrationId,
    /// The official, copied from the registration.
    pub person_id: PersonId,
    /// Code of the community, copied from the registration.
    pub area_code: String,
    /// Time at which the official visited.
    pub visit_time: DateTime<Utc>,
    /// Description of what was handled; personal.
    pub handled: String,
    /// Current state of the visit.
    pub state: CheckInVisitState,
    /// Time and reason of the voiding, if the visit was voided.
    pub voiding: Option<Voiding>,
    /// True if the visit was imported with its history.
    pub imported: bool,
    /// Revision of the record, from 1.
    pub revision: i64,
}

/// Time and reason of a visit's voiding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voiding {
    /// Time at which it was voided.
    pub time: DateTime<Utc>,
    /// Reason for the voiding; personal.
    pub reason: String,
}

/// A visit as requested by a caller; fields may be missing.
#[derive(Debug, Clone, Default)]
pub struct CheckInVisitDraft {
    /// Id, if the caller supplies one.
    pub id: Option<Uuid>,
    /// Id of the registration, if supplied.
    pub registration_id: Option<Uuid>,
    /// True if the caller has supplied a time. The time is output only.
    pub names_time: bool,
    /// Description of what was handled; empty if missing.
    pub handled: String,
}

/// A validated visit that has not yet been checked against its registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckInVisit {
    /// Id of the visit.
    pub id: CheckInVisitId,
    /// Id of the referenced registration.
    pub registration_id: RegistrationId,
    /// Time at which the official visited.
    pub visit_time: DateTime<Utc>,
    /// Description of what was handled.
    pub handled: String,
    /// Time and reason of the voiding; set for imported visits only.
    pub voiding: Option<Voiding>,
    /// True if the visit is imported with its history.
    pub imported: bool,
}

/// Creates a visit that takes place now. `path` is the prefix of its fields within the
/// request.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that is missing or invalid.
pub fn create(
    draft: CheckInVisitDraft,
    now: DateTime<Utc>,
    path: &str,
) -> Result<NewCheckInVisit, Refusal> {
    let mut violations = Vec::new();
    if draft.registration_id.is_none() {
        let field = format!("{path}registration_id");
        violations.push(FieldViolation::new(field, "required", "is required"));
    }
    if draft.names_time {
        let field = format!("{path}visit_time");
        let text = "is output only: a visit is recorded when it takes place";
        violations.push(FieldViolation::new(field, "output_only", text));
    }
    violations.extend(text::violation(&draft.handled, format!("{path}handled")));
    match draft.registration_id {
        Some(registration_id) if violations.is_empty() => Ok(NewCheckInVisit {
            id: draft
                .id
                .map_or_else(CheckInVisitId::generate, CheckInVisitId),
            registration_id: RegistrationId(registration_id),
            visit_time: now,
            handled: draft.handled,
            voiding: None,
            imported: false,
        }),
        _ => Err(Refusal::fields(violations)),
    }
}

/// Validates an imported visit, which must be in the past.
///
/// # Errors
/// `FIELD_INVALID`, naming every invalid field.
pub fn load(visit: NewCheckInVisit, now: DateTime<Utc>) -> Result<NewCheckInVisit, Refusal> {
    let mut violations = Vec::new();
    violations.extend(text::violation(&visit.handled, "handled".to_owned()));
    if visit.visit_time > now {
        violations.push(in_the_future("visit_time"));
    }
    if let Some(voiding) = &visit.voiding {
        violations.extend(text::violation(&voiding.reason, "void_reason".to_owned()));
        if voiding.time < visit.visit_time {
            let text = "must not be before the visit";
            violations.push(FieldViolation::new("voided_time", "time.after_visit", text));
        }
        if voiding.time > now {
            violations.push(in_the_future("voided_time"));
        }
    }
    if violations.is_empty() {
        Ok(visit)
    } else {
        Err(Refusal::fields(violations))
    }
}

fn in_the_future(field: &str) -> FieldViolation {
    FieldViolation::new(field, "time.not_in_future", "must not be in the future")
}

/// Returns the refusal of a duplicate visit.
pub fn visited_already() -> Refusal {
    let why = "another visit under this registration is recorded within ten minutes of it";
    Refusal::guard(VISITED_ALREADY, KIND, why)
}

/// Checks that a registration's new end is after the last visit recorded under it.
///
/// # Errors
/// `GUARD_FAILED` if a visit is recorded on the day of the end or later.
pub fn require_none_later(last: Option<DateTime<Utc>>, end_date: NaiveDate) -> Result<(), Refusal> {
    // Days are those of the community's time zone. A visit early in the morning there is
    // still on the previous day in UTC.
    let last = last.map(|time| day_of(time, DEFAULT_ZONE));
    match last.filter(|day| *day >= end_date) {
        Some(day) => {
            let why = format!(
                "a visit is recorded under it on {day}: void the visit, or choose a later end date"
            );
            Err(Refusal::guard("visits_recorded", registration::KIND, why))
        }
        None => Ok(()),
    }
}

/// Creates the record of a visit under its registration.
///
/// # Errors
/// `GUARD_FAILED` if the registration is not in effect on the day of the visit.
pub fn record(new: &NewCheckInVisit, registration: &Registration) -> Result<CheckInVisit, Refusal> {
    let day = day_of(new.visit_time, DEFAULT_ZONE);
    if !registration.holds_on(day) {
        let text = format!("the registration is not in effect on {day}");
        return Err(Refusal::guard(REGISTRATION_NOT_CURRENT, KIND, text));
    }
    // Copying is safe: a registration never changes its person or area, and a foreign key
    // over all three columns keeps the copies equal.
    Ok(CheckInVisit {
        id: new.id,
        registration_id: registration.id,
        person_id: registration.person_id,
        area_code: registration.area_code.clone(),
        visit_time: new.visit_time,
        handled: new.handled.clone(),
        state: CheckInVisitState::Recorded,
        voiding: None,
        imported: new.imported,
        revision: 1,
    })
}

/// Creates the revisions of an imported visit: first as it was recorded, then, if
/// applicable, as it was voided. Each state is a revision of its own, so that no revision
/// is missing.
///
/// # Errors
/// As for [`record`].
pub fn record_past(new: &NewCheckInVisit, registration: &Registration) -> Result<Past, Refusal> {
    let recorded = record(new, registration)?;
    let voided = match &new.voiding {
        Some(voiding) => Some(recorded.clone().void(voiding.clone(), "void_reason")?),
        None => None,
    };
    Ok(Past { recorded, voided })
}

/// The states of an imported visit, one per revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    recorded: CheckInVisit,
    voided: Option<CheckInVisit>,
}

impl Past {
    /// Returns the states, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CheckInVisit> {
        std::iter::once(&self.recorded).chain(&self.voided)
    }

    /// Returns the current state, which is the one to store.
    pub fn last(&self) -> &CheckInVisit {
        self.voided.as_ref().unwrap_or(&self.recorded)
    }
}

impl CheckInVisit {
    /// Returns true if the visit counts as one person-time: it is not voided.
    pub fn counts(&self) -> bool {
        self.voiding.is_none()
    }

    /// Returns the visit in state voided. `path` is the reason's field within the
    /// request.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it is already voided; `FIELD_INVALID` if the reason is blank.
    pub fn void(self, voiding: Voiding, path: &str) -> Result<Self, Refusal> {
        let state = next(self.state, CheckInVisitAction::Void)?;
        if let Some(violation) = text::violation(&voiding.reason, path.to_owned()) {
            return Err(Refusal::fields(vec![violation]));
        }
        // If the clock was set back, the voiding must still not precede the visit: the
        // table's constraint `check_in_visit_voided` would reject the row.
        let time = voiding.time.max(self.visit_time);
        Ok(Self {
            state,
            voiding: Some(Voiding { time, ..voiding }),
            revision: self.revision + 1,
            ..self
        })
    }
}

impl NewCheckInVisit {
    /// Returns true if `kept` is the record of this imported row, unchanged or voided
    /// since. Then importing the row again is idempotent.
    pub fn is_kept_as(&self, kept: &CheckInVisit) -> bool {
        // Voiding is the only change that a visit can undergo, so a later revision means
        // that it was voided here after the import.
        let voided_since = self.voiding.is_none() && kept.revision > 1;
        self.id == kept.id
            && self.registration_id == kept.registration_id
            && self.visit_time == kept.visit_time
            && self.handled == kept.handled
            && (self.voiding == kept.voiding || voided_since)
    }
}
