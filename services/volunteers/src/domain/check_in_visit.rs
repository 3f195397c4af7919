//! Check-in visits: validation of new ones, the rule that ties them to a registration, and
//! voiding.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;
use wangge_api::refusal::{FieldViolation, Refusal};
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
/// Guard: the registration does not hold on the day of the visit.
pub const REGISTRATION_NOT_CURRENT: &str = "registration_not_current";
/// Guard: a visit under the registration is recorded for the same time.
pub const VISITED_ALREADY: &str = "visited_already";
/// Minimum time between two visits under one registration: an earlier one is the same
/// visit, entered twice. Two visits on one day are two.
pub const SPACING: TimeDelta = TimeDelta::minutes(10);

typed_id!(
    /// Id of a check-in visit.
    CheckInVisitId
);

/// One visit of one registered official.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckInVisit {
    /// Id, generated unless the caller chose it.
    pub id: CheckInVisitId,
    /// The registration under which the official came.
    pub registration_id: RegistrationId,
    /// The official, as on the registration.
    pub person_id: PersonId,
    /// Code of the community, as on the registration.
    pub area_code: String,
    /// Time at which the official came.
    pub visit_time: DateTime<Utc>,
    /// Description of what was handled; personal data.
    pub handled: String,
    /// State; only `Recorded` counts.
    pub state: CheckInVisitState,
    /// Time and reason of the voiding, if it was voided.
    pub voiding: Option<Voiding>,
    /// True if it was imported with a past time.
    pub imported: bool,
    /// Revision: 1 when recorded, 2 once voided.
    pub revision: i64,
}

/// Time and reason of a voiding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voiding {
    /// Time of the voiding, never before the visit.
    pub time: DateTime<Utc>,
    /// Reason in text; required, personal data.
    pub reason: String,
}

/// A visit as requested by a caller, possibly incomplete.
#[derive(Debug, Clone, Default)]
pub struct CheckInVisitDraft {
    /// Id chosen by the caller, if any.
    pub id: Option<Uuid>,
    /// Id of the registration; required.
    pub registration_id: Option<Uuid>,
    /// True if the caller set a time, which is refused: the server sets it.
    pub names_time: bool,
    /// Description of what was handled; empty if omitted.
    pub handled: String,
}

/// A validated visit whose registration has not been checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckInVisit {
    /// Id, generated unless the caller chose it.
    pub id: CheckInVisitId,
    /// Id of the registration that it names.
    pub registration_id: RegistrationId,
    /// Time at which the official came.
    pub visit_time: DateTime<Utc>,
    /// Description of what was handled.
    pub handled: String,
    /// Time and reason of the voiding, for an imported visit.
    pub voiding: Option<Voiding>,
    /// True if it was imported with a past time.
    pub imported: bool,
}

/// Validates a visit that takes place now. `path` is its prefix in field violations.
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
        // The server's time, so that visits can't be backdated; past ones can only be imported.
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
    FieldViolation::new(field, "time.not_in_future", "must not lie in the future")
}

/// Returns the refusal of a visit that is already recorded.
pub fn visited_already() -> Refusal {
    let why = "a visit under this registration is recorded within ten minutes of it";
    Refusal::guard(VISITED_ALREADY, KIND, why)
}

/// Checks that a registration ends after the last visit that is recorded under it.
///
/// # Errors
/// `GUARD_FAILED` if a visit is recorded on the day of the end or later.
pub fn demand_none_later(last: Option<DateTime<Utc>>, end_date: NaiveDate) -> Result<(), Refusal> {
    // `end_date` is the first day on which the registration no longer holds, so a visit on
    // that day already conflicts.
    let last = last.map(|time| day_of(time, DEFAULT_ZONE));
    match last.filter(|day| *day >= end_date) {
        Some(day) => {
            let why = format!("a visit is recorded under it on {day}: void it, or end later");
            Err(Refusal::guard("visits_recorded", registration::KIND, why))
        }
        None => Ok(()),
    }
}

/// Records a visit under its registration.
///
/// # Errors
/// `GUARD_FAILED` if the registration does not hold on the day of the visit.
pub fn record(new: &NewCheckInVisit, registration: &Registration) -> Result<CheckInVisit, Refusal> {
    // The day in the community's time zone: a visit early in the morning is the day before
    // in UTC.
    let day = day_of(new.visit_time, DEFAULT_ZONE);
    if !registration.holds_on(day) {
        let text = format!("the registration does not hold on {day}");
        return Err(Refusal::guard(REGISTRATION_NOT_CURRENT, KIND, text));
    }
    Ok(CheckInVisit {
        // The official and the area are copied, since a visit's scope is checked by its own row;
        // the registration never changes them.
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

/// Records a past visit: as it was recorded, then as it was voided, if it was. Each state
/// has a revision of its own, so that the events have no gap.
///
/// # Errors
/// Those of [`record`].
pub fn record_past(new: &NewCheckInVisit, registration: &Registration) -> Result<Past, Refusal> {
    let recorded = record(new, registration)?;
    let voided = match &new.voiding {
        Some(voiding) => Some(recorded.clone().void(voiding.clone(), "void_reason")?),
        None => None,
    };
    Ok(Past { recorded, voided })
}

/// The successive states of a past visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    recorded: CheckInVisit,
    voided: Option<CheckInVisit>,
}

impl Past {
    /// Iterates over the states, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CheckInVisit> {
        std::iter::once(&self.recorded).chain(&self.voided)
    }

    /// Returns the current state.
    pub fn last(&self) -> &CheckInVisit {
        self.voided.as_ref().unwrap_or(&self.recorded)
    }
}

impl CheckInVisit {
    /// Returns true if it counts as one person-time: it isn't voided.
    pub fn counts(&self) -> bool {
        self.voiding.is_none()
    }

    /// Voids the visit. `path` is the reason's field within the request.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it is already voided; `FIELD_INVALID` if the reason is blank or
    /// can't be stored.
    pub fn void(self, voiding: Voiding, path: &str) -> Result<Self, Refusal> {
        let state = next(self.state, CheckInVisitAction::Void)?;
        if let Some(violation) = text::violation(&voiding.reason, path.to_owned()) {
            return Err(Refusal::fields(vec![violation]));
        }
        // If the clock was set back, the voiding must still not precede the visit.
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
    /// Returns true if `kept` is this imported record, unchanged or voided since: importing
    /// it again has no effect.
    pub fn is_kept_as(&self, kept: &CheckInVisit) -> bool {
        // The row of the file is older than the voiding by a call: it must not be refused as a
        // different record with the same id.
        let voided_since = self.voiding.is_none() && kept.revision > 1;
        self.id == kept.id
            && self.registration_id == kept.registration_id
            && self.visit_time == kept.visit_time
            && self.handled == kept.handled
            && (self.voiding == kept.voiding || voided_since)
    }
}
