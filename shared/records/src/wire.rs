//! A kind of record as a message of the contract.

use wangge_api::refusal::Refusal;

use crate::{Checks, Head, Record};

/// A kind of record that has a message. [`wire!`](crate::wire!) writes it.
pub trait Wire: Record {
    /// The message.
    type Message: prost::Message + Default + Clone;

    /// The record that a message describes, with a head that is its own except
    /// for the area.
    fn read(message: Self::Message, head: Head, checks: &mut Checks) -> Option<Self>;

    /// The message that describes the record.
    fn tell(self) -> Self::Message;

    /// Takes the masked fields of a message over.
    ///
    /// # Errors
    /// `FIELD_INVALID` for paths that can't be changed and values that break a
    /// rule.
    fn merge(&mut self, message: Self::Message, paths: &[String]) -> Result<(), Refusal>;

    /// The id that a message names.
    fn id(message: &Self::Message) -> &str;

    /// The version tag that a message names.
    fn etag(message: &Self::Message) -> &str;

    /// The area that a message names.
    fn area_code(message: &Self::Message) -> &str;
}

/// A whole and sound record from a message.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that is wrong.
pub fn read<R: Wire>(message: R::Message, head: Head) -> Result<R, Refusal> {
    let mut checks = Checks::of(R::KIND);
    let given = !R::area_code(&message).is_empty();
    let record = R::read(message, head, &mut checks);
    checks.given(given || !R::HAS_OWN_AREA, "area_code");
    if let Some(record) = &record {
        record.check(&mut checks);
    }
    match record {
        Some(record) if checks.hold() => Ok(record),
        _ => Err(checks.refusal()),
    }
}

/// What an update can't do.
pub fn not_changeable(path: &str) -> Refusal {
    Refusal::field(
        "update_mask",
        "field_mask",
        format!("{path} is unknown or can't be changed"),
    )
}

/// Writes how a kind of record stands in its message: the fields that are read
/// from it, and those of them that an update can change. Fields of both must
/// have the same names.
#[macro_export]
macro_rules! wire {
    ($record:ident = $message:path { $($field:ident),+ $(,)? } change { $($change:ident),* $(,)? }) => {
        impl $crate::Wire for $record {
            type Message = $message;

            fn read(
                message: $message,
                head: $crate::Head,
                checks: &mut $crate::Checks,
            ) -> ::std::option::Option<Self> {
                let head = $crate::Head { area_code: message.area_code, ..head };
                $(let $field = $crate::field::Field::read(message.$field, stringify!($field), checks);)+
                Some(Self { head, $($field: $field?,)+ })
            }

            fn tell(self) -> $message {
                let head = self.head;
                $(let $field = $crate::field::Field::tell(self.$field);)+
                type Message = $message;
                Message {
                    id: head.id.to_string(),
                    area_code: head.area_code,
                    revision: head.revision,
                    etag: $crate::etag::etag(head.revision),
                    $($field,)+
                }
            }

            fn merge(
                &mut self,
                message: $message,
                paths: &[::std::string::String],
            ) -> ::std::result::Result<(), $crate::macros::wangge_api::refusal::Refusal> {
                let mut checks = $crate::Checks::of(<Self as $crate::Record>::KIND);
                for path in paths {
                    match path.as_str() {
                        $(stringify!($change) => {
                            let wire = message.$change.clone();
                            let value = $crate::field::Field::read(wire, stringify!($change), &mut checks);
                            if let Some(value) = value { self.$change = value; }
                        })*
                        other => return Err($crate::wire::not_changeable(other)),
                    }
                }
                $crate::Record::check(self, &mut checks);
                checks.done()
            }

            fn id(message: &$message) -> &str { &message.id }
            fn etag(message: &$message) -> &str { &message.etag }
            fn area_code(message: &$message) -> &str { &message.area_code }
        }
    };
}
