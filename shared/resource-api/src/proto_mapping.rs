//! The mapping between a kind of record and its message. It refuses partial records:
//! reading a message returns a valid record, or a refusal with all violations.

use chrono::{DateTime, Utc};
use wangge_api::{date::timestamp, refusal::Refusal, types::v1::Step as WireStep};
use wangge_kernel::clock::happened;
use wangge_resource::{Checks, Course, Head, Note, Record, States, Step, lifecycle};

use crate::field::Field as _;

/// A kind of record that has a message. Implemented by
/// [`proto_mapping!`](crate::proto_mapping!).
pub trait Wire: Record {
    /// The generated type of the message.
    type Message: prost::Message + Default + Clone;

    /// Reads a record from a message. The metadata is `head`, except that the area is
    /// that of the message. Returns `None` if a field is invalid; the violations are in
    /// `checks`.
    fn read(message: Self::Message, head: Head, checks: &mut Checks) -> Option<Self>;

    /// Converts the record to its message.
    fn tell(self) -> Self::Message;

    /// Copies the fields that the mask names from a message, and validates the result.
    /// After an error the record may be partly changed and must be dropped.
    ///
    /// # Errors
    /// Returns `STATE_CONFLICT` if the record is in a final state; `FIELD_INVALID` for
    /// paths that can't be changed and for invalid values.
    fn merge(&mut self, message: Self::Message, paths: &[String]) -> Result<(), Refusal>;

    /// Returns the id in a message; empty if there is none.
    fn id(message: &Self::Message) -> &str;

    /// Returns the etag in a message; empty if there is none.
    fn etag(message: &Self::Message) -> &str;

    /// Returns the area code in a message; empty if there is none.
    fn area_code(message: &Self::Message) -> &str;
}

/// Reads a record from a message and validates it. The times of `head` must be the
/// current time.
///
/// # Errors
/// Returns `FIELD_INVALID`, naming every invalid field.
pub fn read<R: Wire>(message: R::Message, head: Head) -> Result<R, Refusal> {
    let mut checks = Checks::of(R::KIND).at(head.changed_time);
    let given = !R::area_code(&message).is_empty();
    let now = head.changed_time;
    let mut record = R::read(message, head, &mut checks);
    // Remembered from the message, since there is no record to ask if a field was
    // invalid.
    checks.given(given || !R::HAS_OWN_AREA, "area_code");
    if let Some(record) = &mut record {
        not_in_future(record, now, &mut checks);
        record.check(&mut checks);
    }
    match record {
        Some(record) if checks.hold() => Ok(record),
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
                "time.not_in_future",
                "must not be in the future",
            ),
        }
    }
}

/// Creates the refusal for a path of an update mask that is unknown or immutable.
pub fn not_changeable(path: &str) -> Refusal {
    Refusal::field(
        "update_mask",
        "field_mask",
        format!("{path} is unknown or can't be changed"),
    )
}

/// Reads the history of a record with states. A call can't set one: the record comes
/// into being now, in its initial state. An import states it in the row. The times of
/// `head` must be the current time; they are replaced by those of the history.
pub fn past<S: States>(
    head: Head,
    created: Option<prost_types::Timestamp>,
    steps: Vec<WireStep>,
    checks: &mut Checks,
) -> Option<(Head, Course<S>)> {
    let now = head.changed_time;
    if !head.imported {
        let why = "is allowed in imports only: otherwise the server sets it";
        checks.left_out(created.is_none(), "created_time", why);
        checks.left_out(steps.is_empty(), "steps", why);
        return Some((head, Course::default()));
    }
    let created_time = DateTime::read(created, "created_time", checks)?;
    checks.rule(
        created_time <= now,
        "created_time",
        "time.not_in_future",
        "must not be in the future",
    );
    // States and actors are not read: the state follows from the action, and a row
    // can't state who was signed in.
    let mut taken = Vec::with_capacity(steps.len());
    for (at, step) in steps.into_iter().enumerate() {
        let field = format!("steps[{at}].step_time");
        taken.push(Step {
            step_time: DateTime::read(step.step_time, &field, checks)?,
            action: step.action,
            state: String::new(),
            actor: Note::default(),
            reason: Note(step.reason),
            person_id: None,
        });
    }
    let course = Course::replay(created_time, now, taken, checks);
    let changed_time = course
        .steps()
        .last()
        .map_or(created_time, |step| step.step_time);
    let head = Head {
        created_time,
        changed_time,
        ..head
    };
    Some((head, course))
}

/// Converts the steps of a record for its message.
pub fn steps<S: States>(course: &Course<S>) -> Vec<WireStep> {
    let told = |step: &Step| WireStep {
        action: step.action.clone(),
        state: step.state.clone(),
        step_time: Some(timestamp(step.step_time)),
        actor: step.actor.0.clone(),
        reason: step.reason.0.clone(),
        person_id: step.person_id.map(|id| id.to_string()).unwrap_or_default(),
    };
    course.steps().iter().map(told).collect()
}

/// Converts the time at which a record came into being for its message.
pub fn created_time(head: &Head) -> Option<prost_types::Timestamp> {
    Some(timestamp(head.created_time))
}

/// Requires that a record is not in a final state.
///
/// # Errors
/// Returns `STATE_CONFLICT` if it is.
pub fn still_open<S: States>(course: &Course<S>, kind: &str) -> Result<(), Refusal> {
    if lifecycle::is_final(course.state()) {
        return Err(Refusal::state_conflict(
            kind,
            course.state().name(),
            "update",
        ));
    }
    Ok(())
}

/// Generates the mapping between a kind of record and its message, as its
/// implementation of [`Wire`](crate::Wire): the type of the message, the fields that
/// are read from it, and in `change` those of them that an update can change, if any.
/// Fields have the same name in both. The record must have a field `head`, and the
/// message `id`, `revision`, `etag` and `area_code`.
///
/// Add `states` for a record with a field `course`; the message must also have `state`,
/// `steps` and `created_time`. The state is never read, since it follows from the
/// steps.
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
            |message, head, checks| {
                let (head, course) = $crate::proto_mapping::past(head, message.created_time, message.steps, checks)?;
            } [head, course],
            |record, head| {
                let state = i32::from(record.course.state().code());
                let steps = $crate::proto_mapping::steps(&record.course);
                let created_time = $crate::proto_mapping::created_time(&head);
            } [state, steps, created_time],
            |record| { $crate::proto_mapping::still_open(&record.course, <Self as ::wangge_resource::Record>::KIND)?; });
    };
    ($record:ident = $message:path { $($field:ident),* $(,)? } change { $($change:ident),* $(,)? }) => {
        $crate::proto_mapping!(@ $record, $message, [$($field),*], [$($change),*],
            |message, head, checks| {} [head],
            |record, head| {} [],
            |record| {});
    };
    (@ $record:ident, $message:path, [$($field:ident),*], [$($change:ident),*],
        |$given:ident, $head:ident, $checks:ident| { $($past:tt)* } [$($own:ident),*],
        |$told:ident, $of:ident| { $($telling:tt)* } [$($more:ident),*],
        |$merged:ident| { $($before:tt)* }
    ) => {
        impl $crate::Wire for $record {
            type Message = $message;

            fn read(
                $given: $message,
                $head: ::wangge_resource::Head,
                $checks: &mut ::wangge_resource::Checks,
            ) -> ::std::option::Option<Self> {
                // Every field is read before any `?`, so that all violations are
                // reported at once.
                let $head = ::wangge_resource::Head { area_code: $given.area_code, ..$head };
                $(let $field = $crate::field::Field::read($given.$field, stringify!($field), $checks);)*
                $($past)*
                Some(Self { $($own,)* $($field: $field?,)* })
            }

            fn tell(self) -> $message {
                // First, since the fields are moved out of the record below.
                let etag = ::wangge_resource::Record::tag(&self);
                let $told = self;
                let $of = $told.head;
                $($telling)*
                $(let $field = $crate::field::Field::tell($told.$field);)*
                type Message = $message;
                Message {
                    id: $of.id.to_string(),
                    revision: $of.revision,
                    etag,
                    area_code: $of.area_code,
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
                let mut checks = ::wangge_resource::Checks::of(<Self as ::wangge_resource::Record>::KIND);
                for path in paths {
                    match path.as_str() {
                        $(stringify!($change) => {
                            let wire = message.$change.clone();
                            let value = $crate::field::Field::read(wire, stringify!($change), &mut checks);
                            if let Some(value) = value { self.$change = value; }
                        })*
                        other => return Err($crate::proto_mapping::not_changeable(other)),
                    }
                }
                ::wangge_resource::Record::check(self, &mut checks);
                checks.done()
            }

            fn id(message: &$message) -> &str { &message.id }
            fn etag(message: &$message) -> &str { &message.etag }
            fn area_code(message: &$message) -> &str { &message.area_code }
        }
    };
}
