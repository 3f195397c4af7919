//! The mapping between a kind of record and its message. It refuses partial records:
//! reading a message returns a valid record, or a refusal with all violations.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::timestamp,
    refusal::{Refusal, Rule},
    types::v1::Step as ProtoStep,
};
use wangge_kernel::clock::happened;
use wangge_record::{Checks, Lifecycle, Metadata, Note, Record, States, Step, states};

use crate::field::Field as _;

/// A kind of record that has a message. Implemented by
/// [`proto_mapping!`](crate::proto_mapping!).
pub trait ProtoMapping: Record {
    /// The generated type of the message.
    type Message: prost::Message + Default + Clone;

    /// The fields that an update can change.
    const CHANGEABLE: &'static [&'static str];

    /// Reads a record from a message. The metadata is `metadata`, except that the area is
    /// that of the message. Returns `None` if a field is invalid; the violations are in
    /// `checks`.
    fn from_proto(message: Self::Message, metadata: Metadata, checks: &mut Checks) -> Option<Self>;

    /// Converts the record to its message.
    fn into_proto(self) -> Self::Message;

    /// Copies the fields that the mask names from a message, and validates the result.
    /// The paths must be among [`ProtoMapping::CHANGEABLE`]; others are ignored.
    /// After an error the record may be partly changed and must be dropped.
    ///
    /// # Errors
    /// Returns `STATE_CONFLICT` if the record is in a final state; `FIELD_INVALID` for
    /// invalid values.
    fn merge(&mut self, message: Self::Message, paths: &[String]) -> Result<(), Refusal>;

    /// Returns the id in a message; empty if there is none.
    fn id(message: &Self::Message) -> &str;

    /// Returns the etag in a message; empty if there is none.
    fn etag(message: &Self::Message) -> &str;

    /// Returns the area code in a message; empty if there is none.
    fn area_code(message: &Self::Message) -> &str;
}

/// Reads a record from a message and validates it. The times of `metadata` must be the
/// current time.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming every invalid field.
pub fn from_proto<R: ProtoMapping>(message: R::Message, metadata: Metadata) -> Result<R, Refusal> {
    read(metadata, |metadata, checks| {
        let given = !R::area_code(&message).is_empty();
        let record = R::from_proto(message, metadata, checks);
        // Remembered from the message, since there is no record to ask if a field was
        // invalid.
        checks.required(given || !R::HAS_OWN_AREA, "area_code");
        record
    })
}

/// Reads a record with `from`, which reports violations of fields, and validates it. The
/// times of `metadata` must be the current time.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming every invalid field.
pub fn read<R: Record>(
    metadata: Metadata,
    from: impl FnOnce(Metadata, &mut Checks) -> Option<R>,
) -> Result<R, Refusal> {
    let now = metadata.changed_time;
    let mut checks = Checks::of(R::KIND).at(now);
    let mut record = from(metadata, &mut checks);
    if let Some(record) = &mut record {
        not_in_future(record, now, &mut checks);
        record.check(&mut checks);
    }
    match record {
        Some(record) if checks.is_ok() => Ok(record),
        _ => Err(checks.refusal()),
    }
}

/// Rejects times of past events that are in the future, and clamps those that are so
/// only by clock skew.
fn not_in_future<R: Record>(record: &mut R, now: DateTime<Utc>, checks: &mut Checks) {
    for (field, time) in record.happened() {
        match happened(*time, now) {
            Some(at) => *time = at,
            None => checks.rule(
                false,
                field,
                Rule::TimeNotInFuture,
                "must not be in the future",
            ),
        }
    }
}

/// Reads the history of a record with states. A call can't set one: the record comes
/// into being now, in its initial state. An import states it in the row. The times of
/// `metadata` must be the current time; they are replaced by those of the history.
pub fn past<S: States>(
    metadata: Metadata,
    created: Option<prost_types::Timestamp>,
    steps: Vec<ProtoStep>,
    checks: &mut Checks,
) -> Option<(Metadata, Lifecycle<S>)> {
    let now = metadata.changed_time;
    if !metadata.imported {
        let why = "is allowed in imports only: otherwise the server sets it";
        checks.forbidden(created.is_none(), "create_time", why);
        checks.forbidden(steps.is_empty(), "steps", why);
        return Some((metadata, Lifecycle::default()));
    }
    let created_time = DateTime::from_proto(created, "create_time", checks)?;
    checks.rule(
        created_time <= now,
        "create_time",
        Rule::TimeNotInFuture,
        "must not be in the future",
    );
    // States and actors are not read: the state follows from the action, and a row
    // can't state who was signed in.
    let mut taken = Vec::with_capacity(steps.len());
    for (at, step) in steps.into_iter().enumerate() {
        let field = format!("steps[{at}].step_time");
        taken.push(Step {
            step_time: DateTime::from_proto(step.step_time, &field, checks)?,
            action: step.action,
            state: String::new(),
            actor: Note::default(),
            reason: Note(step.reason),
            person_id: None,
        });
    }
    let lifecycle = Lifecycle::replay(created_time, now, taken, checks);
    let changed_time = lifecycle
        .steps()
        .last()
        .map_or(created_time, |step| step.step_time);
    let metadata = Metadata {
        created_time,
        changed_time,
        ..metadata
    };
    Some((metadata, lifecycle))
}

/// Converts the steps of a record for its message.
pub fn steps<S: States>(lifecycle: &Lifecycle<S>) -> Vec<ProtoStep> {
    let told = |step: &Step| ProtoStep {
        action: step.action.clone(),
        state: step.state.clone(),
        step_time: Some(timestamp(step.step_time)),
        actor: step.actor.0.clone(),
        reason: step.reason.0.clone(),
        person_id: step.person_id.map(|id| id.to_string()).unwrap_or_default(),
    };
    lifecycle.steps().iter().map(told).collect()
}

/// Converts the times of a record for its message: when it came into being, and when it
/// last changed.
pub fn times(
    metadata: &Metadata,
) -> (
    Option<prost_types::Timestamp>,
    Option<prost_types::Timestamp>,
) {
    (
        Some(timestamp(metadata.created_time)),
        Some(timestamp(metadata.changed_time)),
    )
}

/// Requires that a record is not in a final state.
///
/// # Errors
/// Returns `STATE_CONFLICT` if it is.
pub fn still_open<S: States>(lifecycle: &Lifecycle<S>, kind: &str) -> Result<(), Refusal> {
    if states::is_final(lifecycle.state()) {
        return Err(Refusal::state_conflict(
            kind,
            lifecycle.state().name(),
            "update",
        ));
    }
    Ok(())
}

/// Generates the mapping between a kind of record and its message, as its
/// implementation of [`ProtoMapping`](crate::ProtoMapping): the type of the message, the fields that
/// are read from it, and in `change` those of them that an update can change, if any.
/// Fields have the same name in both. The record must have a field `metadata`, and the
/// message `id`, `revision`, `etag`, `area_code`, `create_time` and `update_time`.
///
/// Add `states` for a record with a field `lifecycle`; the message must also have `state` and
/// `steps`. The state is never read, since it follows from the steps.
///
/// ```ignore
/// proto_mapping! {
///     Need = proto::Need { title, kind, unit_id, resident_id, start_date, end_date }
///     change { title }
/// }
/// proto_mapping! {
///     ProjectClaim = proto::ProjectClaim { project_id, unit_id, volunteer_id }
///     change {  } states
/// }
/// ```
#[macro_export]
macro_rules! proto_mapping {
    ($record:ident = $message:path { $($field:ident),* $(,)? } change { $($change:ident),* $(,)? } states) => {
        $crate::proto_mapping!(@ $record, $message, [$($field),*], [$($change),*],
            |message, metadata, checks| {
                let (metadata, lifecycle) = $crate::proto_mapping::past(metadata, message.create_time, message.steps, checks)?;
            } [metadata, lifecycle],
            |record, metadata| {
                let state = i32::from(record.lifecycle.state().code());
                let steps = $crate::proto_mapping::steps(&record.lifecycle);
            } [state, steps],
            |record| { $crate::proto_mapping::still_open(&record.lifecycle, <Self as ::wangge_record::Record>::KIND)?; });
    };
    ($record:ident = $message:path { $($field:ident),* $(,)? } change { $($change:ident),* $(,)? }) => {
        $crate::proto_mapping!(@ $record, $message, [$($field),*], [$($change),*],
            |message, metadata, checks| {} [metadata],
            |record, metadata| {} [],
            |record| {});
    };
    (@ $record:ident, $message:path, [$($field:ident),*], [$($change:ident),*],
        |$given:ident, $metadata:ident, $checks:ident| { $($past:tt)* } [$($own:ident),*],
        |$told:ident, $of:ident| { $($telling:tt)* } [$($more:ident),*],
        |$merged:ident| { $($before:tt)* }
    ) => {
        impl $crate::ProtoMapping for $record {
            type Message = $message;

            const CHANGEABLE: &'static [&'static str] = &[$(stringify!($change)),*];

            fn from_proto(
                $given: $message,
                $metadata: ::wangge_record::Metadata,
                $checks: &mut ::wangge_record::Checks,
            ) -> ::std::option::Option<Self> {
                // Every field is read before any `?`, so that all violations are
                // reported at once.
                let $metadata = ::wangge_record::Metadata { area_code: $given.area_code, ..$metadata };
                $(let $field = $crate::field::Field::from_proto($given.$field, stringify!($field), $checks);)*
                $($past)*
                Some(Self { $($own,)* $($field: $field?,)* })
            }

            fn into_proto(self) -> $message {
                // First, since the fields are moved out of the record below.
                let etag = ::wangge_record::Record::tag(&self);
                let $told = self;
                let $of = $told.metadata;
                let (create_time, update_time) = $crate::proto_mapping::times(&$of);
                $($telling)*
                $(let $field = $crate::field::Field::into_proto($told.$field);)*
                type Message = $message;
                Message {
                    id: $of.id.to_string(),
                    revision: $of.revision,
                    etag,
                    area_code: $of.area_code,
                    create_time,
                    update_time,
                    $($more,)*
                    $($field,)*
                }
            }

            fn merge(
                &mut self,
                message: $message,
                paths: &[::std::string::String],
            ) -> ::std::result::Result<(), ::wangge_kernel::refusal::Refusal> {
                let $merged = &*self;
                $($before)*
                let mut checks = ::wangge_record::Checks::of(<Self as ::wangge_record::Record>::KIND);
                for path in paths {
                    match path.as_str() {
                        $(stringify!($change) => {
                            let wire = message.$change.clone();
                            let value = $crate::field::Field::from_proto(wire, stringify!($change), &mut checks);
                            if let Some(value) = value { self.$change = value; }
                        })*
                        _ => {}
                    }
                }
                ::wangge_record::Record::check(self, &mut checks);
                checks.finish()
            }

            fn id(message: &$message) -> &str { &message.id }
            fn etag(message: &$message) -> &str { &message.etag }
            fn area_code(message: &$message) -> &str { &message.area_code }
        }
    };
}
