//! Imports records with their history, in batches of one kind. Each row has its own
//! outcome: an invalid row doesn't prevent the others. It refuses to overwrite: a row
//! whose id exists with other content is rejected, so an import is idempotent and can
//! be retried.
//!
//! A dry run executes the same code, so that it applies the same rules, in one
//! transaction that is rolled back: later rows see earlier ones. It is more lenient in one
//! point: without a data set, missing records of other services are assumed to exist, since
//! they may be imported before the rows.

use std::future::Future;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use wangge_api::{
    codec::{self, Rules, Validate},
    refusal::{Reason, Refusal},
};
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_pg::{Tx, transact, transaction::Failure};

use wangge_record::{Metadata, Record};
use wangge_record_api::{
    ProtoMapping, proto_mapping,
    service::{self, relative},
};
use wangge_record_store::{RecordContext, ReferenceResolver, ResolvedReferences};

use crate::Outcome;

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
    R::Message: Validate + Rules,
{
    let id = R::id(&message).to_owned();
    draft_by(message, &id, now, proto_mapping::from_proto)
}

/// Reads the record in a row whose message isn't that of calls, like [`draft`]. `id` is
/// the one in the message, and `read` reads all else.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming every invalid field.
pub fn draft_by<R: Record, M: Message + Validate + Rules>(
    message: M,
    id: &str,
    now: DateTime<Utc>,
    read: impl FnOnce(M, Metadata) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    codec::check(&message)?;
    // A missing id is reported together with what else is wrong with the row.
    let (id, mut violations) = match service::id(id, "id") {
        Ok(id) => (id, Vec::new()),
        Err(missing) => (Uuid::nil(), missing.fields),
    };
    let metadata = Metadata {
        imported: true,
        import_digest: Some(digest(&message)),
        ..Metadata::new(id, now)
    };
    let mut record = match read(message, metadata).map_err(relative::<R>) {
        Ok(record) if violations.is_empty() => record,
        read => {
            violations.extend(read.err().into_iter().flat_map(|refusal| refusal.fields));
            return Err(Refusal::fields(violations));
        }
    };
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

/// Imports rows, or validates them in a dry run: neighbours of one kind in one
/// transaction. Returns one outcome per row, in the same order.
///
/// # Errors
/// Returns the database's error. Earlier batches may have been committed; when they are
/// sent again, their rows are unchanged.
pub async fn load_rows<H, R>(
    context: &H,
    resolved: &mut ResolvedReferences<H::Resolver>,
    rows: &[Result<R, Refusal>],
    trial: bool,
) -> Result<Vec<Outcome>, Refusal>
where
    H: RecordContext,
    H::Resolver: Clone,
    R: Rows,
{
    let mut outcomes = Vec::with_capacity(rows.len());
    // Neighbours only, never sorted by kind: a row may refer to any earlier row.
    let is_like = |one: &Result<R, Refusal>, other: &Result<R, Refusal>| match (one, other) {
        (Ok(one), Ok(other)) => one.is_like(other),
        _ => false,
    };
    for batch in rows.chunk_by(is_like) {
        match batch {
            [Err(refusal)] => outcomes.push(Outcome::Refused(refusal.clone())),
            _ => {
                let records = batch.iter().flatten().cloned().collect();
                outcomes.extend(commit(context, resolved, records, trial).await?);
            }
        }
    }
    Ok(outcomes)
}

/// Maximum number of attempts for a batch that conflicts with concurrent transactions.
const MAX_ATTEMPTS: u32 = 3;

/// Imports records of one kind in a transaction of their own, or validates them in a
/// dry run. Returns one outcome per record, in the same order.
///
/// # Errors
/// Returns the database's error; then nothing of the batch was written.
async fn commit<H, R>(
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
                if !trial {
                    context.notifier().notify();
                }
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
/// name. After `from` comes the type of the rows, the generated `oneof` of the messages,
/// with a variant of the same name for each kind:
///
/// ```ignore
/// import_rows! {
///     /// A record that the import handles by its kind.
///     Plain from Record { Registration, Wish }
///     and { CheckInVisit by read_visit }
///     besides { Area }
/// }
/// ```
///
/// It has a function `read`, which reads the record in a row as [`draft`](crate::rows::draft)
/// does. After `and` come kinds whose rows have other messages, with the functions that read
/// them; after `besides` the variants that are no kinds of this enum, which callers must not
/// pass to `read`. A variant that is named nowhere is a build error.
///
/// Its constant `KINDS` has the names of the kinds, which are those of their events. It also
/// has a test that the columns of each table are the fields of its records.
///
/// A batch holds records of one kind: callers split the rows where
/// [`Rows::is_like`](crate::rows::Rows::is_like) returns false. Records of another kind
/// than the first one would be dropped.
#[macro_export]
macro_rules! import_rows {
    ($(#[$doc:meta])* $name:ident from $row:ident { $($kind:ident),+ $(,)? }
        $(and { $($other:ident by $read:ident),+ })?
        $(besides { $($rest:ident),+ })?) => {
        $crate::import_rows! { @ $(#[$doc])* $name { $($kind,)+ $($($other,)+)? } }

        impl $name {
            /// Reads the record in a row.
            ///
            /// # Errors
            /// Returns `FIELD_INVALID`, naming every invalid field.
            pub fn read(
                row: $row,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<Self, ::wangge_kernel::refusal::Refusal> {
                match row {
                    $($row::$kind(message) => {
                        $crate::rows::draft::<$kind>(message, now).map(Self::from)
                    })+
                    $($($row::$other(message) => $read(message, now).map(Self::from),)+)?
                    $($($row::$rest(_) => Err(::wangge_kernel::refusal::Refusal::internal(
                        &concat!("a row of ", stringify!($rest), " has a reader of its own"),
                    )),)+)?
                }
            }
        }
    };
    (@ $(#[$doc:meta])* $name:ident { $($kind:ident,)+ }) => {
        $(#[$doc])*
        #[allow(missing_docs)]
        #[derive(Debug, Clone)]
        pub enum $name { $($kind(::std::boxed::Box<$kind>)),+ }

        $(impl ::std::convert::From<$kind> for $name {
            fn from(record: $kind) -> Self {
                Self::$kind(::std::boxed::Box::new(record))
            }
        })+

        impl $name {
            /// The names of the kinds.
            pub const KINDS: &'static [&'static str] =
                &[$(<$kind as ::wangge_record::Record>::KIND),+];
        }

        #[cfg(test)]
        mod columns {
            use super::*;

            /// A field without its column would be lost; a column without its field would be
            /// written as NULL.
            #[test]
            fn are_the_fields_of_every_kind() {
                $(::wangge_testkit::assert_columns_are_fields::<$kind>(
                    <$kind as ::wangge_record_store::RecordTable>::COLUMNS,
                );)+
            }
        }

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
                            Self::$kind(record) => Some((**record).clone()),
                            _ => None,
                        };
                        let records: ::std::vec::Vec<$kind> = rows.iter().filter_map(of).collect();
                        $crate::load::wait(context, resolved, &records).await
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
                ::std::vec::Vec<$crate::Outcome>,
                ::wangge_pg::transaction::Failure,
            > {
                match rows.first() {
                    $(Some(Self::$kind(_)) => {
                        let of = |row: Self| match row {
                            Self::$kind(record) => Some(*record),
                            _ => None,
                        };
                        let records: ::std::vec::Vec<$kind> = rows.into_iter().filter_map(of).collect();
                        $crate::load::load(tx, resolved, records, trial, now).await
                    })+
                    None => Ok(::std::vec::Vec::new()),
                }
            }
        }
    };
}
