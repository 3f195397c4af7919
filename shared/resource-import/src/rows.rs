//! Loading records with a past: many at a time, each answered for itself.

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

use wangge_resource::{Found, Head, Record};
use wangge_resource_api::{Wire, proto_mapping, service::relative};
use wangge_resource_store::{
    Ground, Host, Kept, Known,
    event::record_changed,
    table::{CREATE, Trace},
    write::in_the_way,
};

/// What became of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was made, in this revision.
    Imported(Uuid, i64),
    /// The record was there already, in this revision.
    Unchanged(Uuid, i64),
    /// Every check passed and nothing was to be loaded.
    Valid,
    /// The row was refused.
    Refused(Refusal),
}

/// Digest of a row, by which it is known again.
pub fn digest(message: &impl Message) -> String {
    let digest = Sha256::digest(message.encode_to_vec());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A record as a row brings it.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that is wrong.
pub fn draft<R: Wire>(message: R::Message, now: DateTime<Utc>) -> Result<R, Refusal>
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
    let head = Head {
        imported: true,
        import_digest: Some(digest),
        ..Head::new(id, now)
    };
    let mut record: R = proto_mapping::read(message, head).map_err(relative::<R>)?;
    let told = record.told();
    // What has states says itself when it came to be.
    if let (Some(start), true) = (told.start_date, told.states.is_empty()) {
        let began = day_start(start, DEFAULT_ZONE);
        let head = record.head_mut();
        (head.created_time, head.changed_time) = (began, began);
    }
    Ok(record)
}

/// Plain records as the rows of one service bring them. [`import_rows!`](crate::import_rows!)
/// writes it.
pub trait Rows: Clone + Send + Sync + 'static {
    /// Whether both are of one kind.
    fn is_like(&self, other: &Self) -> bool;

    /// Waits until what records of one kind name of other services has come
    /// here, for a while.
    fn wait<H: Host>(
        host: &H,
        known: &mut Known<H::Ground>,
        rows: &[Self],
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Loads records of one kind in an open transaction, or only tries to.
    fn load<G: Ground>(
        tx: &mut Tx,
        known: &mut Known<G>,
        rows: Vec<Self>,
        trial: bool,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<Outcome>, Failure>> + Send;
}

/// How often rows are tried that others stand in the way of.
const TRIES: u32 = 3;

/// Loads records of one kind in a transaction of their own, or only tries to;
/// answers an outcome for each, in their order.
///
/// # Errors
/// What the database says; then none was loaded.
pub async fn commit<H, R>(
    host: &H,
    known: &mut Known<H::Ground>,
    records: Vec<R>,
    trial: bool,
) -> Result<Vec<Outcome>, Refusal>
where
    H: Host,
    H::Ground: Clone,
    R: Rows,
{
    if !trial {
        R::wait(host, known, &records).await?;
    }
    let attempts = trial.then(|| known.trial());
    let mut tries = 1;
    loop {
        let learnt = known.clone();
        let (records, now) = (records.clone(), host.clock().now());
        let (database, constraints) = (host.database(), host.constraints());
        let loaded = match &attempts {
            // What rows take from one another is checked over the whole load.
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
            Err(refusal) if refusal.reason == Reason::ConcurrentChange && tries < TRIES => {
                tries += 1;
            }
            Err(refusal) => return Err(refusal),
            Ok((learnt, outcomes)) => {
                *known = learnt;
                host.hint().committed();
                return Ok(outcomes);
            }
        }
    }
}

/// Loads records of one kind, and returns what was learnt.
async fn load_batch<G: Ground, R: Rows>(
    tx: &mut Tx,
    mut known: Known<G>,
    records: Vec<R>,
    trial: bool,
    now: DateTime<Utc>,
) -> Result<(Known<G>, Vec<Outcome>), Failure> {
    let outcomes = R::load(tx, &mut known, records, trial, now).await?;
    Ok((known, outcomes))
}

/// Makes an enum of the kinds of plain records that a service loads, and has
/// those of one kind that stand together loaded together.
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

            async fn wait<H: ::wangge_resource_store::Host>(
                host: &H,
                known: &mut ::wangge_resource_store::Known<H::Ground>,
                rows: &[Self],
            ) -> ::std::result::Result<(), ::wangge_kernel::refusal::Refusal> {
                match rows.first() {
                    $(Some(Self::$kind(_)) => {
                        let of = |row: &Self| match row {
                            Self::$kind(record) => Some(record.clone()),
                            _ => None,
                        };
                        let records: ::std::vec::Vec<$kind> = rows.iter().filter_map(of).collect();
                        $crate::rows::wait(host, known, &records).await
                    })+
                    None => Ok(()),
                }
            }

            async fn load<G: ::wangge_resource_store::Ground>(
                tx: &mut ::wangge_pg::Tx,
                known: &mut ::wangge_resource_store::Known<G>,
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
                        $crate::rows::load(tx, known, records, trial, now).await
                    })+
                    None => Ok(::std::vec::Vec::new()),
                }
            }
        }
    };
}

/// Waits until everything of other services that some records name has come
/// here, for as long as it may still come: a load there is followed by this one
/// at once. What has been waited for in vain is not waited for again.
///
/// # Errors
/// What the database says.
pub async fn wait<H: Host, R: Record>(
    host: &H,
    known: &mut Known<H::Ground>,
    records: &[R],
) -> Result<(), Refusal> {
    let mut arrival = Arrival::new(host.database().background.clone());
    loop {
        let mut connection = host
            .database()
            .calls
            .acquire()
            .await
            .map_err(StoreError::from)?;
        let references = records.iter().flat_map(Record::references);
        known.look(&mut connection, references).await?;
        drop(connection);
        if !known.waits_for(records.iter()) {
            return Ok(());
        }
        if !arrival.may_still_come().await? {
            known.give_up(records.iter());
            return Ok(());
        }
    }
}

/// Loads records of one kind in an open transaction, or only tries to; answers
/// an outcome for each, in their order.
///
/// # Errors
/// What the database says.
pub async fn load<G: Ground, R: Kept>(
    tx: &mut Tx,
    known: &mut Known<G>,
    records: Vec<R>,
    trial: bool,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    known.trust(trial);
    let is_undone = trial && !known.is_on_trial();
    if is_undone {
        sqlx::query("savepoint trial").execute(&mut *tx).await?;
    }
    let tried = if is_undone {
        records.clone()
    } else {
        Vec::new()
    };
    let mut outcomes = load_for_good(tx, known, records, now).await?;
    for (record, outcome) in tried.iter().zip(&mut outcomes) {
        if let Outcome::Imported(..) = outcome
            && let Err(refusal) = known.pass(record)
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

async fn load_for_good<G: Ground, R: Kept>(
    tx: &mut Tx,
    known: &mut Known<G>,
    given: Vec<R>,
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, Failure> {
    known
        .look(tx, given.iter().flat_map(Record::references))
        .await?;
    let mut there = traces::<R>(tx, given.iter()).await?;
    let mut records: Vec<R> = Vec::new();
    let mut outcomes = Vec::with_capacity(given.len());
    for mut record in given {
        outcomes.push(match admit(known, &there, &mut record) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(Some(revision)) => Outcome::Unchanged(record.head().id, revision),
            Ok(None) => {
                let head = record.head();
                let (id, revision) = (head.id, head.revision);
                there.insert(id, trace(&record));
                records.push(record);
                Outcome::Imported(id, revision)
            }
        });
    }
    if records.is_empty() {
        return Ok(outcomes);
    }
    let refused = keep(tx, known, records, now).await?;
    for outcome in &mut outcomes {
        if let Outcome::Imported(id, _) | Outcome::Unchanged(id, _) = outcome
            && let Some(other) = refused.get(id)
        {
            *outcome = other.clone();
        }
    }
    Ok(outcomes)
}

/// Lets a record in: `None` if it is new, its revision if it is there.
fn admit<G: Ground, R: Kept>(
    known: &Known<G>,
    there: &HashMap<Uuid, Trace>,
    record: &mut R,
) -> Result<Option<i64>, Refusal> {
    // Nothing is said of a record before it is known to be within reach.
    known.place(record)?;
    let head = record.head();
    match there.get(&head.id) {
        Some(trace) if trace.digest == head.import_digest => Ok(Some(trace.revision)),
        Some(_) => Err(Refusal::exists(R::KIND, &format!("{}.id", R::KIND))),
        None => Ok(None),
    }
}

/// Keeps new records and tells of them; answers what became of the others.
async fn keep<G: Ground, R: Kept>(
    tx: &mut Tx,
    known: &mut Known<G>,
    records: Vec<R>,
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Outcome>, Failure> {
    let mut outcomes: HashMap<Uuid, Outcome> = HashMap::new();
    for (id, refusal) in R::guard(tx, &records, CREATE, now).await? {
        outcomes.insert(id, Outcome::Refused(refusal));
    }
    let (refused, records): (Vec<R>, Vec<R>) = records
        .into_iter()
        .partition(|record| outcomes.contains_key(&record.head().id));
    // A guard waits for others that take from the same store: one of them may have
    // loaded the same rows meanwhile, and taken for them what is missing now.
    let there = traces::<R>(tx, refused.iter()).await?;
    for record in &refused {
        let head = record.head();
        if let Some(trace) = there.get(&head.id)
            && trace.digest == head.import_digest
        {
            outcomes.insert(head.id, Outcome::Unchanged(head.id, trace.revision));
        }
    }
    let kept: std::collections::HashSet<Uuid> =
        R::insert_free(tx, &records).await?.into_iter().collect();
    let (kept, others): (Vec<R>, Vec<R>) = records
        .into_iter()
        .partition(|record| kept.contains(&record.head().id));
    let events: Vec<_> = kept
        .iter()
        .map(|record| record_changed(record, now))
        .collect();
    append_all(tx, &events).await?;
    for record in &kept {
        known.learn(R::KIND, record.head().id, Found::of(record));
    }
    // Somebody has loaded the same rows since we looked, or holds what only one
    // can hold.
    let there = traces::<R>(tx, others.iter()).await?;
    for record in others {
        let head = record.head();
        let outcome = match there.get(&head.id) {
            Some(trace) if trace.digest == head.import_digest => {
                Outcome::Unchanged(head.id, trace.revision)
            }
            _ => Outcome::Refused(in_the_way(tx, &record).await?),
        };
        outcomes.insert(head.id, outcome);
    }
    Ok(outcomes)
}

async fn traces<R: Kept>(
    tx: &mut Tx,
    records: impl Iterator<Item = &R>,
) -> Result<HashMap<Uuid, Trace>, Failure> {
    let ids: Vec<Uuid> = records.map(|record| record.head().id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let traces = R::trace(tx, &ids).await?;
    Ok(traces.into_iter().map(|trace| (trace.id, trace)).collect())
}

fn trace<R: Kept>(record: &R) -> Trace {
    let head = record.head();
    Trace {
        id: head.id,
        digest: head.import_digest.clone(),
        revision: head.revision,
    }
}
