//! How rows of one kind are loaded: waited for, recognised, checked and written, in an open
//! transaction. It refuses to decide when that transaction is committed: see
//! [`rows`](crate::rows).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::{Arrival, append_all};
use wangge_pg::{StoreError, Tx, transaction::Failure};
use wangge_record::{Change, Key, Record, Reference, ResolvedReference};
use wangge_record_api::service::relative;
use wangge_record_store::{
    RecordContext, RecordTable, ReferenceResolver, ResolvedReferences, table::ImportFingerprint,
    write::find_conflict,
};

use crate::Outcome;

/// Waits until the feeds of other services have delivered what some records refer to,
/// or can no longer be expected to: rows are often imported right after those of
/// another service that they refer to. What a wait has timed out for isn't waited for
/// again.
///
/// # Errors
/// Returns the database's error.
pub async fn wait<H: RecordContext, R: Record>(
    context: &H,
    resolved: &mut ResolvedReferences<H::Resolver>,
    records: &[R],
) -> Result<(), Refusal> {
    let mut arrival = Arrival::new(context.database().background.clone());
    loop {
        let mut connection = context
            .database()
            .calls
            .acquire()
            .await
            .map_err(StoreError::from)?;
        let references = records.iter().flat_map(Record::references);
        resolved.resolve(&mut connection, references).await?;
        // Released before the delay: other calls need it, and the next round acquires
        // another one.
        drop(connection);
        if !resolved.waits_for(records.iter()) {
            return Ok(());
        }
        if !arrival.may_still_come().await? {
            resolved.give_up(records.iter());
            return Ok(());
        }
    }
}

/// Imports records of one kind in an open transaction, or validates them in a dry run.
/// Returns one outcome per record, in the same order.
///
/// # Errors
/// Returns the database's error; the transaction must then be rolled back.
pub async fn load<G: ReferenceResolver, R: RecordTable>(
    tx: &mut Tx,
    resolved: &mut ResolvedReferences<G>,
    records: Vec<R>,
    trial: bool,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    // References to other services' records can't be checked in a dry run: the same
    // data set may bring them. With a data set at hand, the resolver ignores this.
    resolved.assume_foreign(trial);
    let mut outcomes = Vec::with_capacity(records.len());
    for run in runs(records) {
        outcomes.extend(load_for_good(tx, resolved, run, now).await?);
    }
    for outcome in &mut outcomes {
        match outcome {
            Outcome::Refused(refusal) => *refusal = relative::<R>(refusal.clone()),
            // The ids and revisions of a dry run are rolled back.
            _ if trial => *outcome = Outcome::Valid,
            _ => {}
        }
    }
    Ok(outcomes)
}

/// Splits records where one refers to another of the same run, such as a unit to its
/// parent: that one has to be written before.
fn runs<R: Record>(records: Vec<R>) -> Vec<Vec<R>> {
    let mut runs = Vec::new();
    let mut run: Vec<R> = Vec::new();
    let mut ids = HashSet::new();
    for record in records {
        let names_one = |reference: &Reference| {
            let is_in_run = |key: &Key| matches!(key, Key::Id(id) if ids.contains(id));
            reference.kind == R::KIND && is_in_run(&reference.key)
        };
        if record.references().iter().any(names_one) {
            ids.clear();
            runs.push(std::mem::take(&mut run));
        }
        ids.insert(record.metadata().id);
        run.push(record);
    }
    runs.push(run);
    runs
}

async fn load_for_good<G: ReferenceResolver, R: RecordTable>(
    tx: &mut Tx,
    resolved: &mut ResolvedReferences<G>,
    given: Vec<R>,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    resolved
        .resolve(tx, given.iter().flat_map(Record::references))
        .await?;
    let mut there = fingerprints::<R>(tx, given.iter()).await?;
    let mut records: Vec<R> = Vec::new();
    let mut outcomes = Vec::with_capacity(given.len());
    for mut record in given {
        outcomes.push(match admit(tx, resolved, &there, &mut record).await? {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(Some(revision)) => Outcome::Unchanged(record.metadata().id, revision),
            Ok(None) => {
                let metadata = record.metadata();
                let (id, revision) = (metadata.id, metadata.revision);
                // A second row with this id in the same batch is compared with this
                // one.
                there.insert(id, fingerprint(&record));
                records.push(record);
                Outcome::Imported(id, revision)
            }
        });
    }
    if records.is_empty() {
        return Ok(outcomes);
    }
    // Applied by id, so that a repetition of a rejected row is rejected as well.
    let refused = keep(tx, resolved, records, now).await?;
    for outcome in &mut outcomes {
        if let Outcome::Imported(id, _) | Outcome::Unchanged(id, _) = outcome
            && let Some(other) = refused.get(id)
        {
            *outcome = other.clone();
        }
    }
    Ok(outcomes)
}

/// Resolves a record's references and compares it with the stored records. Returns
/// `None` if it is new, or the revision of the record that the same row created. The
/// refusals are those of [`ResolvedReferences::validate`], and `RECORD_EXISTS` if the id
/// belongs to a record with other content.
///
/// # Errors
/// Returns the database's error.
async fn admit<G: ReferenceResolver, R: RecordTable>(
    tx: &mut Tx,
    resolved: &ResolvedReferences<G>,
    there: &HashMap<Uuid, ImportFingerprint>,
    record: &mut R,
) -> Result<Result<Option<i64>, Refusal>, Failure> {
    // The scope is checked first: of a record outside of it, the caller must not learn
    // whether its id exists.
    if let Err(refusal) = resolved.validate(record) {
        return Ok(Err(refusal));
    }
    let metadata = record.metadata();
    let Some(earlier) = there.get(&metadata.id) else {
        return Ok(Ok(None));
    };
    Ok(if is_of_row(tx, earlier, record).await? {
        Ok(Some(earlier.revision))
    } else {
        Err(Refusal::exists(R::KIND, &format!("{}.id", R::KIND)))
    })
}

/// Returns true if a stored record is that of a row.
async fn is_of_row<R: RecordTable>(
    tx: &mut Tx,
    earlier: &ImportFingerprint,
    record: &R,
) -> Result<bool, StoreError> {
    let metadata = record.metadata();
    if earlier.digest == metadata.import_digest {
        return Ok(true);
    }
    let stored = R::load(tx, &RecordScope::everything(), metadata.id).await?;
    Ok(stored.is_some_and(|stored| record.is_kept_as(&stored)))
}

/// Inserts new records with their events. Returns the outcomes of those that were not
/// inserted.
async fn keep<G: ReferenceResolver, R: RecordTable>(
    tx: &mut Tx,
    resolved: &mut ResolvedReferences<G>,
    records: Vec<R>,
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Outcome>, Failure> {
    let mut outcomes: HashMap<Uuid, Outcome> = HashMap::new();
    for (id, refusal) in R::guard(tx, &records, Change::Create, now).await? {
        outcomes.insert(id, Outcome::Refused(refusal));
    }
    let (refused, records): (Vec<R>, Vec<R>) = records
        .into_iter()
        .partition(|record| outcomes.contains_key(&record.metadata().id));
    // A guard can wait for a lock. Its holder may have imported the same rows, and
    // occupied with them what the guard now finds missing: these rows are unchanged,
    // not refused.
    let there = fingerprints::<R>(tx, refused.iter()).await?;
    for record in &refused {
        let metadata = record.metadata();
        if let Some(earlier) = there.get(&metadata.id)
            && is_of_row(tx, earlier, record).await?
        {
            outcomes.insert(
                metadata.id,
                Outcome::Unchanged(metadata.id, earlier.revision),
            );
        }
    }
    let kept: HashSet<Uuid> = R::insert_if_absent(tx, &records)
        .await?
        .into_iter()
        .collect();
    let (kept, others): (Vec<R>, Vec<R>) = records
        .into_iter()
        .partition(|record| kept.contains(&record.metadata().id));
    let events = kept.iter();
    let events: Vec<_> = events
        .flat_map(|record| record.events(Change::Create, now))
        .collect();
    append_all(tx, &events).await?;
    for record in &kept {
        // Later rows can refer to these without a lookup; in a dry run that is undone
        // they couldn't be found.
        resolved.insert(R::KIND, record.metadata().id, ResolvedReference::of(record));
    }
    // A conflicting record was inserted since `there` was read: by a concurrent import
    // of the same rows, or by anyone else who took the same value.
    let there = fingerprints::<R>(tx, others.iter()).await?;
    for record in others {
        let metadata = record.metadata();
        let outcome = match there.get(&metadata.id) {
            Some(earlier) if is_of_row(tx, earlier, &record).await? => {
                Outcome::Unchanged(metadata.id, earlier.revision)
            }
            _ => Outcome::Refused(find_conflict(tx, &record).await?),
        };
        outcomes.insert(metadata.id, outcome);
    }
    Ok(outcomes)
}

async fn fingerprints<R: RecordTable>(
    tx: &mut Tx,
    records: impl Iterator<Item = &R>,
) -> Result<HashMap<Uuid, ImportFingerprint>, Failure> {
    let ids: Vec<Uuid> = records.map(|record| record.metadata().id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let fingerprints = R::fingerprints(tx, &ids).await?;
    Ok(fingerprints
        .into_iter()
        .map(|earlier| (earlier.id, earlier))
        .collect())
}

fn fingerprint<R: RecordTable>(record: &R) -> ImportFingerprint {
    let metadata = record.metadata();
    ImportFingerprint {
        id: metadata.id,
        digest: metadata.import_digest.clone(),
        revision: metadata.revision,
    }
}
