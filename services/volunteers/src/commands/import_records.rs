//! Imports rows with a past. Consecutive rows of one kind share a transaction. A bad row
//! is rejected before anything of it is written, so that the rest of its batch commits.

mod plain;
mod references;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Trial, Tx, transact, transaction::Failure};
use wangge_records::{Claims, Host as _, Known};

use self::references::{Names, References};
use super::ground::Copies;
use crate::{
    App,
    domain::{
        check_in_visit::{self, CheckInVisit, CheckInVisitId, NewCheckInVisit},
        import::{Outcome, Record, Row, Version, compared},
        registration::{self, Registration, RegistrationId},
    },
    error::CONSTRAINTS,
    events::{Occurrence, check_in_visit_changed, registration_changed},
    store,
};

/// Maximum number of attempts for a batch that conflicts with concurrent transactions.
const TRIES: u32 = 3;

/// An import in progress.
#[derive(Debug)]
pub(crate) struct Import {
    scope: RecordScope,
    validate_only: bool,
    /// The areas and units that a dry run's data set claims to contain. Without claims,
    /// unknown areas and units are accepted in a dry run.
    claims: Option<Arc<Claims>>,
    /// References whose wait has timed out.
    given_up: Names,
    /// Resolved references of plain records.
    known: Known<Copies>,
}

impl Import {
    /// Creates an import, or a dry run, for an importer with `scope`.
    pub(crate) fn new(
        app: &App,
        scope: RecordScope,
        validate_only: bool,
        claims: Option<Claims>,
    ) -> Self {
        let mut known = Known::new(app.ground(scope.clone()));
        let claims = claims.map(Arc::new);
        // Plain records and registrations must resolve against the same claims.
        if let Some(claims) = &claims {
            known.claim(claims.clone());
        }
        Self {
            known,
            scope,
            validate_only,
            claims,
            given_up: Names::default(),
        }
    }
}

fn foreign_area() -> Refusal {
    Refusal::unknown_reference("area_code", "community")
}

/// Imports rows, or validates them in a dry run; returns the outcome of each, in order.
pub(crate) async fn import_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Row>,
) -> Result<Vec<(i64, Outcome)>, Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    // Kinds are not sorted: later rows may name earlier ones, so their order is preserved.
    for chunk in rows.chunk_by(plain::go_together) {
        match chunk.first().map(|row| &row.content) {
            Some(Ok(Record::Plain(_))) => {
                let numbers = chunk.iter().map(|row| row.number);
                outcomes.extend(numbers.zip(plain::load(app, import, chunk).await?));
            }
            _ => outcomes.extend(load_officials(app, import, chunk.to_vec()).await?),
        }
    }
    Ok(outcomes)
}

/// Imports registrations and visits. A dry run writes them to a transaction that is never
/// committed, in which the rows of earlier batches are visible.
async fn load_officials(
    app: &App,
    import: &mut Import,
    rows: Vec<Row>,
) -> Result<Vec<(i64, Outcome)>, Refusal> {
    let wanted = Names::of(&rows, &import.scope);
    let (database, scope) = (&app.database, &import.scope);
    // A dry run doesn't wait: what the data set claims may only be imported into
    // organization later.
    let references = if import.validate_only {
        references::claimed(database, scope, &wanted, import.claims.as_deref()).await?
    } else {
        references::wait(database, scope, wanted, &mut import.given_up).await?
    };
    let trial = import.validate_only.then(|| import.known.trial());
    let batch = Arc::new(Batch {
        is_trial: import.validate_only,
        scope: import.scope.clone(),
        references,
        rows,
        now: app.clock.now(),
    });
    let mut outcomes = commit(app, trial.as_ref(), &batch).await?;
    // Nothing is stored in a dry run, so ids and revisions of outcomes have no meaning.
    if trial.is_some() {
        let loaded = outcomes
            .iter_mut()
            .filter(|outcome| !matches!(outcome, Outcome::Refused(_)));
        loaded.for_each(|outcome| *outcome = Outcome::Valid);
    } else {
        app.hint.committed();
    }
    Ok(batch
        .rows
        .iter()
        .map(|row| row.number)
        .zip(outcomes)
        .collect())
}

/// Rows that are committed together, with everything that decides about them.
struct Batch {
    is_trial: bool,
    scope: RecordScope,
    references: References,
    rows: Vec<Row>,
    now: DateTime<Utc>,
}

async fn commit(
    app: &App,
    trial: Option<&Trial>,
    batch: &Arc<Batch>,
) -> Result<Vec<Outcome>, Refusal> {
    let pool = &app.database.calls;
    let mut tries = 1;
    loop {
        let part = batch.clone();
        let committed = match trial {
            Some(trial) => {
                trial
                    .attempt(pool, CONSTRAINTS, move |tx| {
                        async move { load_rows(tx, &part).await }.boxed()
                    })
                    .await
            }
            None => {
                transact(pool, CONSTRAINTS, move |tx| {
                    async move { load_rows(tx, &part).await }.boxed()
                })
                .await
            }
        };
        // The whole batch is retried: its transaction was rolled back, so every row has to be
        // decided again against what the other transaction has committed.
        match committed {
            Err(refusal) if refusal.reason == Reason::ConcurrentChange && tries < TRIES => {
                tries += 1;
            }
            done => return done,
        }
    }
}

async fn load_rows(tx: &mut Tx, batch: &Batch) -> Result<Vec<Outcome>, Failure> {
    let mut kept = Kept::load(tx, batch).await?;
    let mut outcomes = Vec::with_capacity(batch.rows.len());
    for row in &batch.rows {
        outcomes.push(match &row.content {
            Ok(Record::Registration(new)) => kept.import_registration(tx, batch, new).await?,
            Ok(Record::CheckInVisit(new)) => kept.import_check_in_visit(tx, batch, new).await?,
            Err(refusal) => Outcome::Refused(refusal.clone()),
            // Imported in batches of their own kind.
            Ok(Record::Plain(_)) => continue,
        });
    }
    Ok(outcomes)
}

/// Existing records that rows of a batch name or repeat. Ids are global, so these are
/// read regardless of the importer's scope, which is checked before anything about one
/// is returned.
struct Kept {
    registrations: HashMap<RegistrationId, Registration>,
    visits: HashMap<CheckInVisitId, CheckInVisit>,
}

impl Kept {
    async fn load(tx: &mut Tx, batch: &Batch) -> Result<Self, Failure> {
        let (mut registration_ids, mut visit_ids) = (Vec::new(), Vec::new());
        let mut visited = Vec::new();
        for row in &batch.rows {
            match &row.content {
                Ok(Record::Registration(new)) => registration_ids.push(new.id.0),
                Ok(Record::CheckInVisit(new)) => {
                    registration_ids.push(new.registration_id.0);
                    visited.push(new.registration_id.0);
                    visit_ids.push(new.id.0);
                }
                Ok(Record::Plain(_)) | Err(_) => {}
            }
        }
        let all = RecordScope::everything();
        // Imports of the same rows are serialised, so that each sees what the one before has
        // committed. A dry run commits nothing, and lasts long enough to block live visits:
        // it doesn't take these locks.
        if !batch.is_trial {
            store::queue::stand_in_line(tx, &visited).await?;
        }
        let registrations =
            store::registration::list_registrations_for_share(tx, &all, &registration_ids).await?;
        let visits =
            store::check_in_visit::list_check_in_visits_by_id(tx, &all, &visit_ids).await?;
        Ok(Self {
            registrations: registrations
                .into_iter()
                .map(|kept| (kept.id, kept))
                .collect(),
            visits: visits.into_iter().map(|kept| (kept.id, kept)).collect(),
        })
    }

    async fn import_registration(
        &mut self,
        tx: &mut Tx,
        batch: &Batch,
        new: &Registration,
    ) -> Result<Outcome, Failure> {
        // First of all: outside its scope, an importer must not learn which ids are in use.
        if !batch.scope.covers(&new.area_code) {
            return Ok(Outcome::Refused(foreign_area()));
        }
        if let Some(kept) = self.registrations.get(&new.id) {
            return Ok(compared_registration(new, kept));
        }
        if let Err(refusal) = batch.references.check(new) {
            return Ok(Outcome::Refused(refusal));
        }
        if !store::registration::insert_registration_if_free(tx, new).await? {
            // Either the id or the days were taken; `on conflict` doesn't report which.
            let all = RecordScope::everything();
            let Some(kept) = store::registration::load_registration(tx, &all, new.id).await? else {
                return Ok(Outcome::Refused(registration::registered_already()));
            };
            let outcome = compared_registration(new, &kept);
            // A concurrent import has committed it: visits of this batch may name it.
            self.registrations.insert(kept.id, kept);
            return Ok(outcome);
        }
        let when = Occurrence::past(new.start_time(), batch.now);
        wangge_outbox::append(tx, &registration_changed(new, when)).await?;
        // Rows of this batch may name it or repeat it.
        self.registrations.insert(new.id, new.clone());
        Ok(Outcome::Imported(Version {
            record_id: new.id.0,
            revision: new.revision,
        }))
    }

    async fn import_check_in_visit(
        &mut self,
        tx: &mut Tx,
        batch: &Batch,
        new: &NewCheckInVisit,
    ) -> Result<Outcome, Failure> {
        // Outside the scope reads the same as missing, so that ids can't be probed.
        let registration = self.registrations.get(&new.registration_id);
        let Some(registration) = registration.filter(|r| batch.scope.covers(&r.area_code)) else {
            let unknown = Refusal::unknown_reference("registration_id", registration::KIND);
            return Ok(Outcome::Refused(unknown));
        };
        if let Some(kept) = self.visits.get(&new.id) {
            return Ok(compared_visit(new, kept));
        }
        let states = match check_in_visit::record_past(new, registration) {
            Ok(states) => states,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let last = states.last();
        // A voided visit doesn't count, so it may be near another one.
        if last.counts() && is_recorded_near(tx, last).await? {
            return Ok(Outcome::Refused(check_in_visit::visited_already()));
        }
        // Only the last state is stored; the earlier one is visible in the events alone.
        if !store::check_in_visit::insert_check_in_visit_if_free(tx, last).await? {
            let all = RecordScope::everything();
            let kept = store::check_in_visit::load_check_in_visit(tx, &all, new.id).await?;
            // Deleted before it was read: its writer must have rolled back. Retries the batch.
            let kept = kept.ok_or_else(|| Refusal::concurrent_change(check_in_visit::KIND))?;
            let outcome = compared_visit(new, &kept);
            self.visits.insert(kept.id, kept);
            return Ok(outcome);
        }
        // One event per state: consumers expect every revision of a record, without gaps.
        for visit in states.iter() {
            let occurred_time = visit.voiding.as_ref().map_or(visit.visit_time, |v| v.time);
            let when = Occurrence::past(occurred_time, batch.now);
            wangge_outbox::append(tx, &check_in_visit_changed(visit, when)).await?;
        }
        self.visits.insert(new.id, last.clone());
        Ok(Outcome::Imported(Version {
            record_id: last.id.0,
            revision: last.revision,
        }))
    }
}

async fn is_recorded_near(tx: &mut Tx, visit: &CheckInVisit) -> Result<bool, StoreError> {
    let (id, time) = (visit.registration_id.0, visit.visit_time);
    store::check_in_visit::is_recorded_near(tx, id, time, check_in_visit::SPACING).await
}

fn compared_registration(new: &Registration, kept: &Registration) -> Outcome {
    let version = Version {
        record_id: kept.id.0,
        revision: kept.revision,
    };
    compared(new.is_kept_as(kept), version, registration::KIND)
}

fn compared_visit(new: &NewCheckInVisit, kept: &CheckInVisit) -> Outcome {
    let version = Version {
        record_id: kept.id.0,
        revision: kept.revision,
    };
    compared(new.is_kept_as(kept), version, check_in_visit::KIND)
}
