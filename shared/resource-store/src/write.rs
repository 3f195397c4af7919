//! Entering a record and changing one: each in one transaction with its event
//! and its request id.

use chrono::{DateTime, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::{
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_outbox::{Hint, append};
use wangge_pg::{
    Constraint, Database, Tx, request, request::RequestKey, transact, transaction::Failure,
};

use wangge_resource::{
    Dated, End, Stateful,
    end::CORRECT_END,
    etag,
    lifecycle::{Taken, next},
};

use crate::{Ground, Kept, Known, correction, event::record_changed, table::CREATE};

/// A service that keeps records.
pub trait Host: Clone + Send + Sync + 'static {
    /// How it finds what its records name.
    type Ground: Ground;

    /// Its ground, as one caller reaches it.
    fn ground(&self, scope: RecordScope) -> Self::Ground;

    /// Its database.
    fn database(&self) -> &Database;

    /// Its clock.
    fn clock(&self) -> &Clock;

    /// What is told of each commit.
    fn hint(&self) -> &Hint;

    /// The constraints that a call can violate.
    fn constraints(&self) -> &'static [Constraint];
}

/// What a write brings besides its content.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which records the caller reaches.
    pub scope: RecordScope,
    /// By which a repetition is known.
    pub key: RequestKey,
}

/// Enters a record, or answers the one that the same request entered before.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `RECORD_EXISTS`, `REQUEST_ID_REUSED`,
/// and what [`Record::taken`](wangge_resource::Record::taken) refuses.
pub async fn create<H: Host, R: Kept>(host: &H, call: Call, record: R) -> Result<R, Refusal> {
    let now = host.clock().now();
    let mut known = Known::new(host.ground(call.scope.clone()));
    let created = transact(&host.database().calls, host.constraints(), move |tx| {
        async move {
            let (id, revision) = (record.head().id, record.head().revision);
            if let Some(earlier) = request::claim(tx, &call.key, id, revision, now).await? {
                let earlier = R::lock(tx, &call.scope, earlier).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found(R::KIND, ""))?);
            }
            let mut record = record;
            known.look(tx, record.references().into_iter()).await?;
            known.place(&mut record)?;
            let guarded = R::guard(tx, std::slice::from_ref(&record), CREATE, now).await?;
            if let Some((_, refusal)) = guarded.into_iter().next() {
                return Err(refusal.into());
            }
            if R::insert_free(tx, std::slice::from_ref(&record))
                .await?
                .is_empty()
            {
                return Err(in_the_way(tx, &record).await?.into());
            }
            append(tx, &record_changed(&record, now)).await?;
            Ok(record)
        }
        .boxed()
    })
    .await?;
    host.hint().committed();
    Ok(created)
}

/// Why a record was not kept.
pub async fn in_the_way<R: Kept>(
    tx: &mut Tx,
    record: &R,
) -> Result<Refusal, wangge_pg::StoreError> {
    let same = R::trace(tx, &[record.head().id]).await?;
    Ok(if same.is_empty() {
        record.taken()
    } else {
        Refusal::exists(R::KIND, &format!("{}.id", R::KIND))
    })
}

/// Changes a record as `decide` says, or answers what the same request has made
/// of it. `action` is what is done, as [`Kept::guard`] knows it.
///
/// # Errors
/// `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `REQUEST_ID_REUSED`, `REFERENCE_UNKNOWN`
/// for what it names from now on, `GUARD_FAILED` if that is in no state in which
/// it can be named or does not hold on the day that counts, and what `decide` and
/// the guard refuse.
pub async fn change<H: Host, R: Kept>(
    host: &H,
    call: Call,
    id: Uuid,
    tag: String,
    action: &'static str,
    decide: impl FnOnce(&mut R, DateTime<Utc>) -> Result<(), Refusal> + Send + 'static,
) -> Result<R, Refusal> {
    change_in(host, call, (id, tag), action, move |record, now, _| {
        async move { Ok(decide(record, now)?) }.boxed()
    })
    .await
}

/// Ends a record on a day, or corrects its end, for which everything that it names
/// must hold until the new one. Others may have come since that have what only one
/// record can have.
///
/// # Errors
/// Those of [`change`] and of [`Dated::end`], and what [`Record::taken`](wangge_resource::Record::taken)
/// refuses.
pub async fn end<H: Host, R: Kept + Dated>(
    host: &H,
    call: Call,
    id: Uuid,
    tag: String,
    end: End,
) -> Result<R, Refusal> {
    let key = call.key.clone();
    let action = end.action();
    change_in(
        host,
        call,
        (id, tag),
        action,
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

/// Changes a record as `decide` does in the transaction of the change.
async fn change_in<H: Host, R: Kept>(
    host: &H,
    call: Call,
    (id, tag): (Uuid, String),
    action: &'static str,
    decide: impl for<'t> FnOnce(
        &'t mut R,
        DateTime<Utc>,
        &'t mut Tx,
    ) -> BoxFuture<'t, Result<(), Failure>>
    + Send
    + 'static,
) -> Result<R, Refusal> {
    let now = host.clock().now();
    let mut known = Known::new(host.ground(call.scope.clone()));
    let changed = transact(&host.database().calls, host.constraints(), move |tx| {
        async move {
            let mut record = R::lock(tx, &call.scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found(R::KIND, id))?;
            let revision = record.head().revision + 1;
            if request::claim(tx, &call.key, id, revision, now)
                .await?
                .is_some()
            {
                return Ok(record);
            }
            etag::check(&tag, R::KIND, record.head().revision, &record)?;
            let before = record.references();
            decide(&mut record, now, tx).await?;
            // What it has named before may have moved out of the caller's reach.
            let (stays, named): (Vec<_>, Vec<_>) = record
                .references()
                .into_iter()
                .partition(|reference| before.contains(reference));
            let goes_on = if action == CORRECT_END {
                stays
            } else {
                Vec::new()
            };
            known
                .look(tx, named.iter().chain(&goes_on).cloned())
                .await?;
            let (told, today) = (record.told(), day_of(now, DEFAULT_ZONE));
            for reference in &named {
                known.demand(R::KIND, reference)?;
                known.demand_state(reference)?;
            }
            for reference in named.iter().chain(&goes_on) {
                known.demand_days(reference, &told, today)?;
            }
            keep(tx, &mut record, action, (now, now)).await?;
            Ok(record)
        }
        .boxed()
    })
    .await?;
    host.hint().committed();
    Ok(changed)
}

/// Does what the clock asks for: changes a record as `decide` says, which answers
/// when that was due; unless there is nothing to do any more.
///
/// # Errors
/// What `decide` and the guard refuse, and what the database says.
pub async fn change_as_due<H: Host, R: Kept>(
    host: &H,
    id: Uuid,
    action: &'static str,
    decide: impl FnOnce(&mut R, DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal>
    + Send
    + 'static,
) -> Result<(), Refusal> {
    let now = host.clock().now();
    let pool = &host.database().background;
    transact(pool, host.constraints(), move |tx| {
        async move {
            let record = R::lock(tx, &RecordScope::everything(), id).await?;
            if let Some(mut record) = record
                && let Some(due) = decide(&mut record, now)?
            {
                keep(tx, &mut record, action, (due, now)).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    host.hint().committed();
    Ok(())
}

/// Keeps what a locked record has become, at a time in the world and now, and
/// tells of it.
async fn keep<R: Kept>(
    tx: &mut Tx,
    record: &mut R,
    action: &'static str,
    (time, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Failure> {
    let head = record.head_mut();
    head.revision += 1;
    head.changed_time = time.max(head.changed_time);
    let guarded = R::guard(tx, std::slice::from_ref(record), action, now).await?;
    if let Some((_, refusal)) = guarded.into_iter().next() {
        return Err(refusal.into());
    }
    match record.update(tx).await {
        Err(error) if action == CORRECT_END && error.is_of_another() => {
            return Err(record.taken().into());
        }
        updated => updated?,
    }
    append(tx, &record_changed(record, now)).await?;
    R::follow(tx, record, action, now).await
}

/// Has a record take the step that another one has taken, for the same reason and
/// by the same actor, in the transaction of that one. A record that is gone or
/// can't take the step any more is left as it is.
///
/// # Errors
/// What the guard refuses, and what the database says.
pub async fn take_along<R: Kept + Stateful>(
    tx: &mut Tx,
    id: Uuid,
    step: Taken,
) -> Result<(), Failure> {
    let Some(mut record) = R::lock(tx, &RecordScope::everything(), id).await? else {
        return Ok(());
    };
    let (action, now) = (step.action, step.time);
    if next(record.course().state(), action).is_none() {
        return Ok(());
    }
    record.take(step, |_, _| {})?;
    Box::pin(keep(tx, &mut record, action, (now, now))).await
}
