//! Check-in visits: what a new one must have, under which registration it can
//! be recorded, and how it is voided.

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

/// What refusals call a visit.
pub const KIND: &str = "check-in visit";
/// Guard: the registration does not hold on the day of the visit.
pub const REGISTRATION_NOT_CURRENT: &str = "registration_not_current";
/// Guard: a visit under the registration is recorded for the same time.
pub const VISITED_ALREADY: &str = "visited_already";
/// Two visits under one registration begin at least this far apart: what comes
/// sooner is one visit that was entered twice. Two visits on one day are two.
pub const SPACING: TimeDelta = TimeDelta::minutes(10);

typed_id!(
    /// Id of a check-in visit.
    CheckInVisitId
);

/// One visit of one registered official.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckInVisit {
    /// Its id.
    pub id: CheckInVisitId,
    /// The registration under which the official came.
    pub registration_id: RegistrationId,
    /// The official, as on the registration.
    pub person_id: PersonId,
    /// Code of the community, as on the registration.
    pub area_code: String,
    /// When the official came.
    pub visit_time: DateTime<Utc>,
    /// What was handled.
    pub handled: String,
    /// Its state.
    pub state: CheckInVisitState,
    /// When and why it was voided, if it was.
    pub voiding: Option<Voiding>,
    /// Loaded with a past.
    pub imported: bool,
    /// Its revision.
    pub revision: i64,
}

/// When and why a visit was voided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voiding {
    /// When.
    pub time: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// What a caller asks to be recorded, with whatever was left out.
#[derive(Debug, Clone, Default)]
pub struct CheckInVisitDraft {
    /// Id, if the caller gives one.
    pub id: Option<Uuid>,
    /// The registration.
    pub registration_id: Option<Uuid>,
    /// The caller named a time, which is not the caller's to name.
    pub names_time: bool,
    /// What was handled; empty if left out.
    pub handled: String,
}

/// A visit whose registration has not been looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckInVisit {
    /// Its id.
    pub id: CheckInVisitId,
    /// The registration that it names.
    pub registration_id: RegistrationId,
    /// When the official came.
    pub visit_time: DateTime<Utc>,
    /// What was handled.
    pub handled: String,
    /// When and why it was voided, for a visit of a load.
    pub voiding: Option<Voiding>,
    /// Loaded with a past.
    pub imported: bool,
}

/// A visit that takes place now. `path` leads to it within the request.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that is missing or can't be.
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

/// Checks a visit of a load, which lies in the past.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that can't be.
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

/// The refusal of a visit that is recorded already.
pub fn visited_already() -> Refusal {
    let why = "a visit under this registration is recorded within ten minutes of it";
    Refusal::guard(VISITED_ALREADY, KIND, why)
}

/// Demands that a registration ends behind the last visit that is recorded under
/// it.
///
/// # Errors
/// `GUARD_FAILED` if a visit is recorded on the day of the end or later.
pub fn demand_none_later(last: Option<DateTime<Utc>>, end_date: NaiveDate) -> Result<(), Refusal> {
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
    let day = day_of(new.visit_time, DEFAULT_ZONE);
    if !registration.holds_on(day) {
        let text = format!("the registration does not hold on {day}");
        return Err(Refusal::guard(REGISTRATION_NOT_CURRENT, KIND, text));
    }
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

/// A visit of the past: as it was recorded, then as it was voided, if it was.
/// Each state is a revision of its own, so that no revision is left out.
///
/// # Errors
/// As [`record`].
pub fn record_past(new: &NewCheckInVisit, registration: &Registration) -> Result<Past, Refusal> {
    let recorded = record(new, registration)?;
    let voided = match &new.voiding {
        Some(voiding) => Some(recorded.clone().void(voiding.clone(), "void_reason")?),
        None => None,
    };
    Ok(Past { recorded, voided })
}

/// The states that a visit of the past has been in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    recorded: CheckInVisit,
    voided: Option<CheckInVisit>,
}

impl Past {
    /// The states, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &CheckInVisit> {
        std::iter::once(&self.recorded).chain(&self.voided)
    }

    /// The state that it is in now.
    pub fn last(&self) -> &CheckInVisit {
        self.voided.as_ref().unwrap_or(&self.recorded)
    }
}

impl CheckInVisit {
    /// Whether it counts as one person-time: it isn't voided.
    pub fn counts(&self) -> bool {
        self.voiding.is_none()
    }

    /// The visit, voided. `path` is the reason's field within the request.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it is voided already; `FIELD_INVALID` for a reason
    /// that says nothing.
    pub fn void(self, voiding: Voiding, path: &str) -> Result<Self, Refusal> {
        let state = next(self.state, CheckInVisitAction::Void)?;
        if let Some(violation) = text::violation(&voiding.reason, path.to_owned()) {
            return Err(Refusal::fields(vec![violation]));
        }
        // A clock that was set back must not make the end precede the beginning.
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
    /// Whether `kept` is this record of a load, as it was loaded or voided
    /// since: then sending it again changes nothing.
    pub fn is_kept_as(&self, kept: &CheckInVisit) -> bool {
        let voided_since = self.voiding.is_none() && kept.revision > 1;
        self.id == kept.id
            && self.registration_id == kept.registration_id
            && self.visit_time == kept.visit_time
            && self.handled == kept.handled
            && (self.voiding == kept.voiding || voided_since)
    }
}
