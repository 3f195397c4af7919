//! Tries rows of officials: a row that names no registration, or a visit that is
//! recorded already, is refused as a load would refuse it, and nothing is written.
//! A trial knows what it has let pass before, since that is not in the database.
//! Areas and units may still come, so they are taken as given.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx};

use super::{Import, compared_registration, compared_visit, foreign_area, is_recorded_near};
use crate::{
    App,
    domain::{
        check_in_visit::{self, CheckInVisit, NewCheckInVisit, SPACING},
        import::{Outcome, Record, Row},
        registration::{self, Registration, RegistrationId},
    },
    store,
};

/// What a trial has let pass.
#[derive(Debug, Default)]
pub(super) struct Tried {
    registrations: HashMap<RegistrationId, Registration>,
    visits: HashMap<RegistrationId, Vec<DateTime<Utc>>>,
}

impl Tried {
    /// Whether a visit that has passed is the same visit.
    fn holds(&self, visit: &CheckInVisit) -> bool {
        let times = self.visits.get(&visit.registration_id);
        let mut times = times.into_iter().flatten();
        times.any(|time| (*time - visit.visit_time).abs() < SPACING)
    }

    fn learn(&mut self, visit: &CheckInVisit) {
        let times = self.visits.entry(visit.registration_id).or_default();
        times.push(visit.visit_time);
    }
}

/// Says of each row whether it would be loaded.
pub(super) async fn attempt(
    app: &App,
    import: &mut Import,
    rows: &[Row],
) -> Result<Vec<(i64, Outcome)>, Refusal> {
    let mut connection = app
        .database
        .calls
        .acquire()
        .await
        .map_err(StoreError::from)?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let outcome = match &row.content {
            Ok(Record::Registration(new)) => registration(&mut connection, import, new).await?,
            Ok(Record::CheckInVisit(new)) => visit(&mut connection, import, new).await?,
            Ok(Record::Plain(_)) => Outcome::Valid,
            Err(refusal) => Outcome::Refused(refusal.clone()),
        };
        let refused = matches!(outcome, Outcome::Refused(_));
        outcomes.push((row.number, if refused { outcome } else { Outcome::Valid }));
    }
    Ok(outcomes)
}

async fn registration(
    tx: &mut Tx,
    import: &mut Import,
    new: &Registration,
) -> Result<Outcome, StoreError> {
    if !import.scope.covers(&new.area_code) {
        return Ok(Outcome::Refused(foreign_area()));
    }
    let all = RecordScope::everything();
    let kept = store::registration::load_registration(tx, &all, new.id).await?;
    let tried = &mut import.tried.registrations;
    if let Some(kept) = kept.as_ref().or_else(|| tried.get(&new.id)) {
        return Ok(compared_registration(new, kept));
    }
    tried.insert(new.id, new.clone());
    Ok(Outcome::Valid)
}

async fn visit(
    tx: &mut Tx,
    import: &mut Import,
    new: &NewCheckInVisit,
) -> Result<Outcome, StoreError> {
    let all = RecordScope::everything();
    let id = new.registration_id;
    let kept = store::registration::load_registration(&mut *tx, &all, id).await?;
    let found = kept
        .as_ref()
        .or_else(|| import.tried.registrations.get(&id));
    let Some(found) = found.filter(|found| import.scope.covers(&found.area_code)) else {
        let unknown = Refusal::unknown_reference("registration_id", registration::KIND);
        return Ok(Outcome::Refused(unknown));
    };
    let same = store::check_in_visit::load_check_in_visit(&mut *tx, &all, new.id).await?;
    if let Some(same) = same {
        return Ok(compared_visit(new, &same));
    }
    let states = match check_in_visit::record_past(new, found) {
        Ok(states) => states,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let last = states.last();
    if last.counts() {
        if import.tried.holds(last) || is_recorded_near(tx, last).await? {
            return Ok(Outcome::Refused(check_in_visit::visited_already()));
        }
        import.tried.learn(last);
    }
    Ok(Outcome::Valid)
}
