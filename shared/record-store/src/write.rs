//! Creates and changes records: each write in one transaction with its event and its
//! request id. It refuses to write a record that no guard has seen, and to decide what
//! a change is: that is up to the record's own functions, which are passed in.
//!
//! A write takes its locks in a fixed order: the record that it changes, then its
//! request id, then the targets of its references, then what its guard locks, and last
//! the records that follow it.

use chrono::{DateTime, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::{
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_outbox::{CommitNotifier, append_all};
use wangge_pg::{
    Constraint, Database, Tx, request, request::RequestKey, transact, transaction::Failure,
};

use wangge_record::{
    Change, Dated, End, Stateful, etag,
    lifecycle::{ActionOf, NewTransition},
    states::next,
};

use crate::{RecordTable, ReferenceResolver, ResolvedReferences, correction};

/// A service that stores records: its database, its clock and its lookup of references.
pub trait RecordContext: Clone + Send + Sync + 'static {
    /// The service's lookup of references.
    type Resolver: ReferenceResolver;

    /// Returns the lookup of references for a caller with this scope.
    fn resolver(&self, scope: RecordScope) -> Self::Resolver;

    /// Returns the database that holds the records.
    fn database(&self) -> &Database;

    /// Returns the source of the current time.
    fn clock(&self) -> &Clock;

    /// Returns the notifier of the sequencer, which is called after each commit.
    fn notifier(&self) -> &CommitNotifier;

    /// Returns the constraints that a request can violate, with the fields that they
    /// are about.
    fn constraints(&self) -> &'static [Constraint];
}

/// The context of a write: who makes it, and how a retry is recognised.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The records that the caller can reach.
    pub scope: RecordScope,
    /// The request id and the caller, for idempotency.
    pub key: RequestKey,
}

/// Creates a record. A retry returns the record that the first call created, in its
/// current version.
///
/// # Errors
/// Returns `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED`, `RECORD_EXISTS`,
/// `REQUEST_ID_REUSED`, or the refusal of
/// [`Record::conflict_error`](wangge_record::Record::conflict_error).
pub async fn create<H: RecordContext, R: RecordTable>(
    context: &H,
    call: CallContext,
    record: R,
) -> Result<R, Refusal> {
    let now = context.clock().now();
    let mut resolved = ResolvedReferences::new(context.resolver(call.scope.clone()));
    let created = transact(
        &context.database().calls,
        context.constraints(),
        move |tx| {
            async move {
                let (id, revision) = (record.metadata().id, record.metadata().revision);
                // Before references and guards are checked: a retry must return the created
                // record even if it would be rejected now.
                if let Some(earlier) = request::claim(tx, &call.key, id, revision, now).await? {
                    let earlier = R::lock(tx, &call.scope, earlier).await?;
                    return Ok(earlier.ok_or_else(|| Refusal::not_found(R::KIND, ""))?);
                }
                let mut record = record;
                resolved
                    .resolve(tx, record.references().into_iter())
                    .await?;
                resolved.validate(&mut record)?;
                // Before the insert: a guard that counts records must not count this one.
                let guarded =
                    R::guard(tx, std::slice::from_ref(&record), Change::Create, now).await?;
                if let Some((_, refusal)) = guarded.into_iter().next() {
                    return Err(refusal.into());
                }
                if R::insert_if_absent(tx, std::slice::from_ref(&record))
                    .await?
                    .is_empty()
                {
                    return Err(find_conflict(tx, &record).await?.into());
                }
                append_all(tx, &record.events(Change::Create, now)).await?;
                Ok(record)
            }
            .boxed()
        },
    )
    .await?;
    context.notifier().notify();
    Ok(created)
}

/// Returns the reason why a record wasn't inserted: its id is taken, or another value
/// that only one record can have.
///
/// # Errors
/// Returns the database's error.
pub async fn find_conflict<R: RecordTable>(
    tx: &mut Tx,
    record: &R,
) -> Result<Refusal, wangge_pg::StoreError> {
    // Read after the insert was skipped: it has waited for the conflicting transaction
    // to commit, so a new statement sees its row.
    let same = R::fingerprints(tx, &[record.metadata().id]).await?;
    Ok(if same.is_empty() {
        record.conflict_error()
    } else {
        Refusal::exists(R::KIND, &format!("{}.id", R::KIND))
    })
}

/// Changes a record with `decide`, under optimistic locking with `tag`. A retry returns
/// the record in its current version. `change` is what
/// [`RecordTable::guard`] gets.
///
/// # Errors
/// Returns `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `REQUEST_ID_REUSED`; for references
/// that the change adds, `REFERENCE_UNKNOWN`, and `GUARD_FAILED` if their targets are
/// in the wrong state or not in effect; and the errors of `decide` and of the guard.
pub async fn change<H: RecordContext, R: RecordTable>(
    context: &H,
    call: CallContext,
    id: Uuid,
    tag: String,
    change: Change<R::Action>,
    decide: impl FnOnce(&mut R, DateTime<Utc>) -> Result<(), Refusal> + Send + 'static,
) -> Result<R, Refusal> {
    change_in(context, call, (id, tag), change, move |record, now, _| {
        async move { Ok(decide(record, now)?) }.boxed()
    })
    .await
}

/// Ends a record on a day, or corrects its end. After a correction, the targets of its
/// references must be in effect until the new end.
///
/// # Errors
/// Returns the errors of [`change`] and of [`Dated::end`]; and the refusal of
/// [`Record::conflict_error`](wangge_record::Record::conflict_error) if a corrected end overlaps
/// another record that has since taken a value that only one can have.
pub async fn end<H: RecordContext, R: RecordTable + Dated>(
    context: &H,
    call: CallContext,
    id: Uuid,
    tag: String,
    end: End,
) -> Result<R, Refusal> {
    let key = call.key.clone();
    let change = end.change();
    change_in(
        context,
        call,
        (id, tag),
        change,
        move |record: &mut R, now, tx| {
            async move {
                let before = record.end_date();
                record.end(&end)?;
                Ok(correction::keep(&end, tx, (R::KIND, id), before, &key, now).await?)
            }
            .boxed()
        },
    )
    .await
}

/// Changes a record with a `decide` that can use the transaction of the change.
async fn change_in<H: RecordContext, R: RecordTable>(
    context: &H,
    call: CallContext,
    (id, tag): (Uuid, String),
    change: Change<R::Action>,
    decide: impl for<'t> FnOnce(
        &'t mut R,
        DateTime<Utc>,
        &'t mut Tx,
    ) -> BoxFuture<'t, Result<(), Failure>>
    + Send
    + 'static,
) -> Result<R, Refusal> {
    let now = context.clock().now();
    let mut resolved = ResolvedReferences::new(context.resolver(call.scope.clone()));
    let changed = transact(
        &context.database().calls,
        context.constraints(),
        move |tx| {
            async move {
                let mut record = R::lock(tx, &call.scope, id)
                    .await?
                    .ok_or_else(|| Refusal::not_found(R::KIND, id))?;
                // Stored with the request id. It is known only under the lock, so the
                // record is locked before the id is claimed.
                let revision = record.metadata().revision + 1;
                if request::claim(tx, &call.key, id, revision, now)
                    .await?
                    .is_some()
                {
                    return Ok(record);
                }
                // After the claim: the etag of a retry is out of date because of the first
                // call.
                etag::check(&tag, R::KIND, record.metadata().revision, &record)?;
                let before = record.clone();
                decide(&mut record, now, tx).await?;
                check_references(tx, &mut resolved, (&before, &record), change, now).await?;
                keep(tx, &mut record, change, (now, now)).await?;
                Ok(record)
            }
            .boxed()
        },
    )
    .await?;
    context.notifier().notify();
    Ok(changed)
}

/// Checks the references of a changed record, as far as the change affects them.
async fn check_references<G: ReferenceResolver, R: RecordTable>(
    tx: &mut Tx,
    resolved: &mut ResolvedReferences<G>,
    (before, after): (&R, &R),
    change: Change<R::Action>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    // Only added references are checked. The caller may no longer reach the targets of the
    // others, and must still be able to change the record.
    let earlier = before.references();
    let (stays, named): (Vec<_>, Vec<_>) = after
        .references()
        .into_iter()
        .partition(|reference| earlier.contains(reference));
    // A later end can extend the record beyond the days of targets that it has named all
    // along. An end by a call of its own only shortens it.
    let summary = after.event_summary();
    let extends = change != Change::End && summary.end_date != before.event_summary().end_date;
    let goes_on = if extends { stays } else { Vec::new() };
    resolved
        .resolve(tx, named.iter().chain(&goes_on).cloned())
        .await?;
    let today = day_of(now, DEFAULT_ZONE);
    for reference in &named {
        resolved.require(R::KIND, reference)?;
        resolved.require_state(reference)?;
    }
    for reference in named.iter().chain(&goes_on) {
        resolved.require_days(reference, &summary, today)?;
    }
    Ok(())
}

/// Makes a change that is due by time and not requested by a caller, such as the expiry
/// of a claim. `decide` returns the time at which it was due, or `None` if there is no
/// longer anything to do. A record that doesn't exist is no error.
///
/// # Errors
/// Returns the errors of `decide` and of the guard, or the database's.
pub async fn change_as_due<H: RecordContext, R: RecordTable>(
    context: &H,
    id: Uuid,
    change: Change<R::Action>,
    decide: impl FnOnce(&mut R, DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal>
    + Send
    + 'static,
) -> Result<(), Refusal> {
    let now = context.clock().now();
    // Scheduled work must not take connections from calls.
    let pool = &context.database().background;
    transact(pool, context.constraints(), move |tx| {
        async move {
            let record = R::lock(tx, &RecordScope::everything(), id).await?;
            if let Some(mut record) = record
                && let Some(due) = decide(&mut record, now)?
            {
                keep(tx, &mut record, change, (due, now)).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    context.notifier().notify();
    Ok(())
}

/// Writes a changed record that is locked, with its event. `time` is the time of the
/// change in the record's history, `now` that of the transaction.
async fn keep<R: RecordTable>(
    tx: &mut Tx,
    record: &mut R,
    change: Change<R::Action>,
    (time, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Failure> {
    let metadata = record.metadata_mut();
    metadata.revision += 1;
    // A due time can be before the last change; the time of change never goes back.
    metadata.changed_time = time.max(metadata.changed_time);
    // Before the update, on the changed record: the table still has the previous
    // version.
    let guarded = R::guard(tx, std::slice::from_ref(record), change, now).await?;
    if let Some((_, refusal)) = guarded.into_iter().next() {
        return Err(refusal.into());
    }
    match record.update(tx).await {
        // Only a corrected end can extend the period for which a record occupies an
        // exclusive value. In other actions a violation is mapped by the service's
        // constraints.
        Err(error) if change == Change::CorrectEnd && error.is_of_another() => {
            return Err(record.conflict_error().into());
        }
        updated => updated?,
    }
    append_all(tx, &record.events(change, now)).await?;
    R::follow(tx, record, change, now).await
}

/// Takes a step of a record as a consequence of another record's step, in the same
/// transaction. A record that doesn't exist, or for which the action isn't legal, is
/// left as it is.
///
/// Callers that take steps of several records must do so in a fixed order, such as that
/// of their ids: otherwise two transactions can deadlock.
///
/// # Errors
/// Returns the errors of the guard, or the database's.
pub async fn take_along<R: RecordTable<Action = ActionOf<R>> + Stateful>(
    tx: &mut Tx,
    id: Uuid,
    step: NewTransition<ActionOf<R>>,
) -> Result<(), Failure> {
    let Some(mut record) = R::lock(tx, &RecordScope::everything(), id).await? else {
        return Ok(());
    };
    let (action, now) = (step.action, step.time);
    if next(record.lifecycle().state(), action).is_none() {
        return Ok(());
    }
    record.take(step, |_, _| {})?;
    // Boxed, since it is recursive: the record's own `follow` can take steps of others.
    Box::pin(keep(tx, &mut record, Change::Act(action), (now, now))).await
}
