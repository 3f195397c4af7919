//! Imports rows with past times. Adjacent rows of one kind share a transaction. A bad row
//! is rejected before any of it is written, so that the others can commit.

mod plain;
mod references;
pub(crate) mod rows;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Trial, Tx, queue, transact, transaction::Failure};
use wangge_record_store::{Claims, RecordContext as _, ResolvedReferences};

use self::{
    references::{Names, References},
    rows::{Outcome, Record, Row, Version, compared},
};
use super::context::Copies;
use crate::{
    App,
    domain::{
        check_in_visit::{self, CheckInVisit, CheckInVisitId, NewCheckInVisit},
        registration::{self, Registration, RegistrationId},
    },
    error::CONSTRAINTS,
    events::{Occurrence, check_in_visit_changed, registration_changed},
    store,
};

/// Maximum number of attempts for a batch that conflicts with concurrent changes.
const MAX_ATTEMPTS: u32 = 3;

/// The state of an import stream, shared by its batches.
#[derive(Debug)]
pub(crate) struct Import {
    scope: RecordScope,
    validate_only: bool,
    /// The areas and units that the data set of a dry run claims to contain. Without
    /// claims, a dry run accepts unknown areas and units.
    claims: Option<Arc<Claims>>,
    /// References whose wait has ended without a result; not waited for again.
    given_up: Names,
    /// Cached references of plain records.
    known: ResolvedReferences<Copies>,
}

impl Import {
    /// Starts an import, or a dry run, by an importer with `scope`.
    pub(crate) fn new(
        app: &App,
        scope: RecordScope,
        validate_only: bool,
        claims: Option<Claims>,
    ) -> Self {
        let mut known = ResolvedReferences::new(app.resolver(scope.clone()));
        let claims = claims.map(Arc::new);
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

/// Imports rows, or validates them in a dry run. Returns the outcome of each, in order.
pub(crate) async fn import_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Row>,
) -> Result<Vec<(i64, Outcome)>, Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    // Only adjacent rows are grouped: a later row may reference an earlier one, so the
    // order must be preserved.
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

/// Imports registrations and visits. A dry run does the same in a transaction that is
/// never committed, after the rows of its earlier batches.
async fn load_officials(
    app: &App,
    import: &mut Import,
    rows: Vec<Row>,
) -> Result<Vec<(i64, Outcome)>, Refusal> {
    let wanted = Names::of(&rows, &import.scope);
    let (database, scope) = (&app.database, &import.scope);
    let references = if import.validate_only {
        references::claimed(database, scope, &wanted, import.claims.as_deref()).await?
    } else {
        references::wait(database, scope, wanted, &mut import.given_up).await?
    };
    let trial = import.validate_only.then(|| import.known.trial());
    let batch = Arc::new(Batch {
        scope: import.scope.clone(),
        references,
        rows,
        now: app.clock.now(),
    });
    let mut outcomes = commit(app, trial.as_ref(), &batch).await?;
    if trial.is_some() {
        // The ids and revisions are rolled back, so a dry run must not return them.
        let loaded = outcomes
            .iter_mut()
            .filter(|outcome| !matches!(outcome, Outcome::Refused(_)));
        loaded.for_each(|outcome| *outcome = Outcome::Valid);
    } else {
        app.notifier.notify();
    }
    Ok(batch
        .rows
        .iter()
        .map(|row| row.number)
        .zip(outcomes)
        .collect())
}

/// Rows that are committed together, with the references and the time for their checks.
struct Batch {
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
        match committed {
            // The conflicting transaction has usually ended by now. Nothing of this one
            // was written, so that the batch can be run again from scratch.
            Err(refusal) if refusal.reason == Reason::ConcurrentChange && tries < MAX_ATTEMPTS => {
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
            // Plain rows are in chunks of their own.
            Ok(Record::Plain(_)) => continue,
        });
    }
    Ok(outcomes)
}

/// Stored records that rows of a batch reference or duplicate. Ids are unique across all
/// areas, so these are read without regard to the importer's scope. A result reveals of a
/// record outside the scope only that its id is in use.
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
        // Concurrent imports of the same rows are serialised, so that each sees what the
        // previous one has committed.
        queue::stand_in_line(tx, &visited).await?;
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
        // Reported like an area that doesn't exist, so that importers can't probe for areas.
        if !batch.scope.covers(&new.area_code) {
            return Ok(Outcome::Refused(foreign_area()));
        }
        if let Some(kept) = self.registrations.get(&new.id) {
            // Compared before the references: an import can be sent again after its areas
            // or units have ended.
            return Ok(compared_registration(new, kept));
        }
        if let Err(refusal) = batch.references.check(new) {
            return Ok(Outcome::Refused(refusal));
        }
        if !store::registration::insert_registration_if_free(tx, new).await? {
            let all = RecordScope::everything();
            let Some(kept) = store::registration::load_registration(tx, &all, new.id).await? else {
                return Ok(Outcome::Refused(registration::registered_already()));
            };
            let outcome = compared_registration(new, &kept);
            // Committed by a concurrent import after the load above: visits of this batch
            // may reference it.
            self.registrations.insert(kept.id, kept);
            return Ok(outcome);
        }
        let when = Occurrence::past(new.start_time(), batch.now);
        wangge_outbox::append(tx, &registration_changed(new, when)).await?;
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
        let registration = self.registrations.get(&new.registration_id);
        // A registration outside the scope is reported like one that doesn't exist.
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
        // Voided visits don't count, so they may be close to another one.
        if last.counts() && is_recorded_near(tx, last).await? {
            return Ok(Outcome::Refused(check_in_visit::visited_already()));
        }
        if !store::check_in_visit::insert_check_in_visit_if_free(tx, last).await? {
            let all = RecordScope::everything();
            let kept = store::check_in_visit::load_check_in_visit(tx, &all, new.id).await?;
            // It conflicted, but can't be read: the transaction that wrote it must have
            // rolled back. The batch is retried.
            let kept = kept.ok_or_else(|| Refusal::concurrent_change(check_in_visit::KIND))?;
            let outcome = compared_visit(new, &kept);
            self.visits.insert(kept.id, kept);
            return Ok(outcome);
        }
        // One event per revision, so that consumers see no gap in a voided visit.
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
