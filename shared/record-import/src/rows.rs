//! Imports records with their history, in batches of one kind. Each row has its own
//! outcome: an invalid row doesn't prevent the others. It refuses to overwrite: a row
//! whose id exists with other content is rejected, so an import is idempotent and can
//! be retried.
//!
//! A dry run executes the same code and is rolled back, so that it applies the same
//! rules. It is more lenient in one point: without a data set, missing records of other
//! services are assumed to exist, since they may be imported before the rows. There are
//! two ways. With [`commit`], all batches of a dry run share one transaction, in which
//! later rows see earlier ones. With [`load`] in a transaction of the caller, each
//! batch is undone at once by a savepoint; conflicts between batches are then detected
//! in memory, by [`ResolvedReferences::pass`].

use std::{collections::HashMap, future::Future};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use wangge_api::{
    codec::{self, Texts, Validate},
    refusal::{Reason, Refusal},
};
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_outbox::{Arrival, append_all};
use wangge_pg::{StoreError, Tx, transact, transaction::Failure};

use wangge_record::{Change, Metadata, Record, ResolvedReference};
use wangge_record_api::{ProtoMapping, proto_mapping, service::relative};
use wangge_record_store::{
    RecordContext, RecordTable, ReferenceResolver, ResolvedReferences, event::record_changed,
    table::ImportFingerprint, write::find_conflict,
};

/// The outcome of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was created, with this id and revision.
    Imported(Uuid, i64),
    /// The same row was imported before: the record with this id exists, in this
    /// revision.
    Unchanged(Uuid, i64),
    /// The row passed all checks of a dry run.
    Valid,
    /// The row was rejected; nothing of it was written.
    Refused(Refusal),
}

/// Returns the fingerprint of a row, to recognise it when it is sent again: the SHA-256
/// of the encoded message, in hexadecimal.
pub fn digest(message: &impl Message) -> String {
    let digest = Sha256::digest(message.encode_to_vec());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the record in a row. The id is required: it is what makes the import of a row
/// idempotent.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming every invalid field.
pub fn draft<R: ProtoMapping>(message: R::Message, now: DateTime<Utc>) -> Result<R, Refusal>
where
    R::Message: Validate + Texts,
{
    codec::check(&message)?;
    let id = R::id(&message);
    if id.is_empty() {
        return Err(Refusal::field("id", "required", "is required"));
    }
    let id =
        Uuid::parse_str(id).map_err(|_| Refusal::field("id", "string.uuid", "must be a UUID"))?;
    let digest = digest(&message);
    let metadata = Metadata {
        imported: true,
        import_digest: Some(digest),
        ..Metadata::new(id, now)
    };
    let mut record: R = proto_mapping::from_proto(message, metadata).map_err(relative::<R>)?;
    let summary = record.event_summary();
    // A record without states came into being on its first day. One with states has a
    // `created_time` in the row.
    if let (Some(start), true) = (summary.start_date, summary.states.is_empty()) {
        let began = day_start(start, DEFAULT_ZONE);
        let metadata = record.metadata_mut();
        (metadata.created_time, metadata.changed_time) = (began, began);
    }
    Ok(record)
}

/// A record of any of the kinds that a service imports. Implemented by
/// [`import_rows!`](crate::import_rows!).
pub trait Rows: Clone + Send + Sync + 'static {
    /// Returns true if both records are of the same kind, and can be in one batch.
    fn is_like(&self, other: &Self) -> bool;

    /// Waits until the feeds have delivered what some records of one kind refer to, as
    /// [`wait`] does.
    ///
    /// # Errors
    /// Returns the database's error.
    fn wait<H: RecordContext>(
        context: &H,
        resolved: &mut ResolvedReferences<H::Resolver>,
        rows: &[Self],
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Imports records of one kind in an open transaction, or validates them in a dry
    /// run, as [`load`] does.
    ///
    /// # Errors
    /// Returns the database's error.
    fn load<G: ReferenceResolver>(
        tx: &mut Tx,
        resolved: &mut ResolvedReferences<G>,
        rows: Vec<Self>,
        trial: bool,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<Outcome>, Failure>> + Send;
}

/// Maximum number of attempts for a batch that conflicts with concurrent transactions.
const MAX_ATTEMPTS: u32 = 3;

/// Imports records of one kind in a transaction of their own, or validates them in a
/// dry run. Returns one outcome per record, in the same order.
///
/// # Errors
/// Returns the database's error; then nothing of the batch was written.
pub async fn commit<H, R>(
    context: &H,
    resolved: &mut ResolvedReferences<H::Resolver>,
    records: Vec<R>,
    trial: bool,
) -> Result<Vec<Outcome>, Refusal>
where
    H: RecordContext,
    H::Resolver: Clone,
    R: Rows,
{
    if !trial {
        // Before the transaction begins, so that none is open while waiting.
        R::wait(context, resolved, &records).await?;
    }
    let attempts = trial.then(|| resolved.trial());
    let mut tries = 1;
    loop {
        // A copy for each attempt: a rollback must also undo what was cached.
        let learnt = resolved.clone();
        let (records, now) = (records.clone(), context.clock().now());
        let (database, constraints) = (context.database(), context.constraints());
        let loaded = match &attempts {
            // One transaction for the whole dry run, so that a guard counts the rows of
            // earlier batches, too.
            Some(attempts) => {
                attempts
                    .attempt(&database.calls, constraints, move |tx| {
                        load_batch(tx, learnt, records, trial, now).boxed()
                    })
                    .await
            }
            None => {
                transact(&database.calls, constraints, move |tx| {
                    load_batch(tx, learnt, records, trial, now).boxed()
                })
                .await
            }
        };
        match loaded {
            Err(refusal) if refusal.reason == Reason::ConcurrentChange && tries < MAX_ATTEMPTS => {
                tries += 1;
            }
            Err(refusal) => return Err(refusal),
            Ok((learnt, outcomes)) => {
                // Also in a dry run: its records remain visible to its next batches.
                *resolved = learnt;
                context.notifier().notify();
                return Ok(outcomes);
            }
        }
    }
}

/// Imports records of one kind, and returns the resolver with what it has cached.
/// `resolved` is moved in and out: it must be dropped if the transaction fails, since it
/// could contain records that were rolled back.
async fn load_batch<G: ReferenceResolver, R: Rows>(
    tx: &mut Tx,
    mut resolved: ResolvedReferences<G>,
    records: Vec<R>,
    trial: bool,
    now: DateTime<Utc>,
) -> Result<(ResolvedReferences<G>, Vec<Outcome>), Failure> {
    let outcomes = R::load(tx, &mut resolved, records, trial, now).await?;
    Ok((resolved, outcomes))
}

/// Defines an enum of the kinds of records that a service imports, which implements
/// [`Rows`](crate::rows::Rows). Each kind is a type in scope, and a variant of the same
/// name; variants can have doc comments.
///
/// ```ignore
/// import_rows! {
///     /// A record that the import handles by its kind.
///     Plain {
///         /// An estate of a community.
///         Estate,
///         /// A building of an estate.
///         Building,
///     }
/// }
/// ```
///
/// A batch holds records of one kind: callers split the rows where
/// [`Rows::is_like`](crate::rows::Rows::is_like) returns false. Records of another kind
/// than the first one would be dropped.
#[macro_export]
macro_rules! import_rows {
    ($(#[$doc:meta])* $name:ident { $($(#[$kind_doc:meta])* $kind:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub enum $name { $($(#[$kind_doc])* $kind($kind)),+ }

        $(impl ::std::convert::From<$kind> for $name {
            fn from(record: $kind) -> Self {
                Self::$kind(record)
            }
        })+

        impl $crate::rows::Rows for $name {
            fn is_like(&self, other: &Self) -> bool {
                ::std::mem::discriminant(self) == ::std::mem::discriminant(other)
            }

            async fn wait<H: ::wangge_record_store::RecordContext>(
                context: &H,
                resolved: &mut ::wangge_record_store::ResolvedReferences<H::Resolver>,
                rows: &[Self],
            ) -> ::std::result::Result<(), ::wangge_kernel::refusal::Refusal> {
                match rows.first() {
                    $(Some(Self::$kind(_)) => {
                        let of = |row: &Self| match row {
                            Self::$kind(record) => Some(record.clone()),
                            _ => None,
                        };
                        let records: ::std::vec::Vec<$kind> = rows.iter().filter_map(of).collect();
                        $crate::rows::wait(context, resolved, &records).await
                    })+
                    None => Ok(()),
                }
            }

            async fn load<G: ::wangge_record_store::ReferenceResolver>(
                tx: &mut ::wangge_pg::Tx,
                resolved: &mut ::wangge_record_store::ResolvedReferences<G>,
                rows: ::std::vec::Vec<Self>,
                trial: bool,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<
                ::std::vec::Vec<$crate::rows::Outcome>,
                ::wangge_pg::transaction::Failure,
            > {
                match rows.first() {
                    $(Some(Self::$kind(_)) => {
                        let of = |row: Self| match row {
                            Self::$kind(record) => Some(record),
                            _ => None,
                        };
                        let records: ::std::vec::Vec<$kind> = rows.into_iter().filter_map(of).collect();
                        $crate::rows::load(tx, resolved, records, trial, now).await
                    })+
                    None => Ok(::std::vec::Vec::new()),
                }
            }
        }
    };
}

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
    // Without a shared transaction the batch is undone here. The caller's transaction
    // also contains other rows, so a savepoint confines the rollback to this batch.
    let is_undone = trial && !resolved.is_on_trial();
    if is_undone {
        sqlx::query("savepoint trial").execute(&mut *tx).await?;
    }
    // Copied only if needed, to compare with earlier batches below.
    let tried = if is_undone {
        records.clone()
    } else {
        Vec::new()
    };
    let mut outcomes = load_for_good(tx, resolved, records, now).await?;
    for (record, outcome) in tried.iter().zip(&mut outcomes) {
        if let Outcome::Imported(..) = outcome
            && let Err(refusal) = resolved.reserve(record)
        {
            *outcome = Outcome::Refused(refusal);
        }
    }
    for outcome in &mut outcomes {
        if let Outcome::Refused(refusal) = outcome {
            *refusal = relative::<R>(refusal.clone());
        }
    }
    if !trial {
        return Ok(outcomes);
    }
    if is_undone {
        sqlx::query("rollback to savepoint trial")
            .execute(&mut *tx)
            .await?;
    }
    Ok(outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Refused(refusal) => Outcome::Refused(refusal),
            _ => Outcome::Valid,
        })
        .collect())
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
        outcomes.push(match admit(resolved, &there, &mut record) {
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
/// `None` if it is new, or the revision of the record that the same row created.
///
/// # Errors
/// Returns the errors of [`ResolvedReferences::place`], or `RECORD_EXISTS` if the id belongs to a
/// record with other content.
fn admit<G: ReferenceResolver, R: RecordTable>(
    resolved: &ResolvedReferences<G>,
    there: &HashMap<Uuid, ImportFingerprint>,
    record: &mut R,
) -> Result<Option<i64>, Refusal> {
    // The scope is checked first: of a record outside of it, the caller must not learn
    // whether its id exists.
    resolved.validate(record)?;
    let metadata = record.metadata();
    match there.get(&metadata.id) {
        Some(earlier) if earlier.digest == metadata.import_digest => Ok(Some(earlier.revision)),
        Some(_) => Err(Refusal::exists(R::KIND, &format!("{}.id", R::KIND))),
        None => Ok(None),
    }
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
            && earlier.digest == metadata.import_digest
        {
            outcomes.insert(
                metadata.id,
                Outcome::Unchanged(metadata.id, earlier.revision),
            );
        }
    }
    let kept: std::collections::HashSet<Uuid> = R::insert_if_absent(tx, &records)
        .await?
        .into_iter()
        .collect();
    let (kept, others): (Vec<R>, Vec<R>) = records
        .into_iter()
        .partition(|record| kept.contains(&record.metadata().id));
    let events: Vec<_> = kept
        .iter()
        .map(|record| record_changed(record, now))
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
            Some(earlier) if earlier.digest == metadata.import_digest => {
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
