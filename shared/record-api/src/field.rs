//! Converts single fields between messages and records, by the types on both sides.
//! Violations name the field. It checks formats only: rules between fields are those of
//! the record.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::{date, types::v1::Date};

use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, Code, Note, Text};

/// A domain type that a field of a message can contain. `W` is the type of the field in
/// the message.
pub trait Field<W>: Sized {
    /// Reads the field's value. Returns `None` if it is invalid, after reporting a
    /// violation of `field` to `checks`.
    fn from_proto(wire: W, field: &str, checks: &mut Checks) -> Option<Self>;

    /// Converts the value for the message.
    fn into_proto(self) -> W;
}

impl Field<String> for Text {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        checks.text(&wire, field);
        Some(Self(wire))
    }

    fn into_proto(self) -> String {
        self.0
    }
}

impl Field<String> for Code {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        checks.required(!wire.is_empty(), field);
        Some(Self(wire))
    }

    fn into_proto(self) -> String {
        self.0
    }
}

impl Field<Vec<String>> for Vec<Text> {
    fn from_proto(wire: Vec<String>, field: &str, checks: &mut Checks) -> Option<Self> {
        wire.iter().for_each(|text| checks.text(text, field));
        Some(wire.into_iter().map(Text).collect())
    }

    fn into_proto(self) -> Vec<String> {
        self.into_iter().map(|text| text.0).collect()
    }
}

impl Field<Vec<String>> for Vec<Uuid> {
    fn from_proto(wire: Vec<String>, field: &str, checks: &mut Checks) -> Option<Self> {
        let ids: Option<Self> = wire.iter().map(|id| Uuid::parse_str(id).ok()).collect();
        checks.rule(ids.is_some(), field, Rule::StringUuid, "must be UUIDs");
        ids
    }

    fn into_proto(self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl Field<String> for Note {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        checks.no_nul(&wire, field);
        Some(Self(wire))
    }

    fn into_proto(self) -> String {
        self.0
    }
}

impl Field<String> for Option<Note> {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        let note = Note::from_proto(wire, field, checks)?;
        Some(Some(note).filter(|note| !note.0.is_empty()))
    }

    fn into_proto(self) -> String {
        self.map(|note| note.0).unwrap_or_default()
    }
}

impl Field<String> for Uuid {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        checks.required(!wire.is_empty(), field);
        Option::<Self>::from_proto(wire, field, checks).flatten()
    }

    fn into_proto(self) -> String {
        self.to_string()
    }
}

impl Field<String> for Option<Uuid> {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        let id = Uuid::parse_str(&wire).ok();
        let sound = wire.is_empty() || id.is_some();
        checks.rule(sound, field, Rule::StringUuid, "must be a UUID");
        sound.then_some(id)
    }

    fn into_proto(self) -> String {
        self.map(|id| id.to_string()).unwrap_or_default()
    }
}

impl Field<Option<Date>> for NaiveDate {
    fn from_proto(wire: Option<Date>, field: &str, checks: &mut Checks) -> Option<Self> {
        checks.required(wire.is_some(), field);
        Option::<Self>::from_proto(wire, field, checks).flatten()
    }

    fn into_proto(self) -> Option<Date> {
        Some(date::to_wire(self))
    }
}

impl Field<Option<Date>> for Option<NaiveDate> {
    fn from_proto(wire: Option<Date>, field: &str, checks: &mut Checks) -> Option<Self> {
        let day = date::optional(wire.as_ref(), field);
        checks.rule(
            day.is_ok(),
            field,
            Rule::Date,
            "is not a valid calendar date",
        );
        day.ok()
    }

    fn into_proto(self) -> Option<Date> {
        self.map(date::to_wire)
    }
}

impl Field<Option<prost_types::Timestamp>> for DateTime<Utc> {
    fn from_proto(
        wire: Option<prost_types::Timestamp>,
        field: &str,
        checks: &mut Checks,
    ) -> Option<Self> {
        checks.required(wire.is_some(), field);
        Option::<Self>::from_proto(wire, field, checks).flatten()
    }

    fn into_proto(self) -> Option<prost_types::Timestamp> {
        Some(date::timestamp(self))
    }
}

impl Field<Option<prost_types::Timestamp>> for Option<DateTime<Utc>> {
    fn from_proto(
        wire: Option<prost_types::Timestamp>,
        field: &str,
        checks: &mut Checks,
    ) -> Option<Self> {
        let time = wire
            .as_ref()
            .map(|time| date::moment(time, field))
            .transpose();
        checks.rule(time.is_ok(), field, Rule::Timestamp, "is not a valid time");
        time.ok()
    }

    fn into_proto(self) -> Option<prost_types::Timestamp> {
        self.map(date::timestamp)
    }
}

/// Implements [`Field`] for types that are the same in messages and records.
macro_rules! as_they_are {
    ($($type:ty),+) => { $(
        impl Field<$type> for $type {
            fn from_proto(wire: $type, _: &str, _: &mut Checks) -> Option<Self> {
                Some(wire)
            }

            fn into_proto(self) -> $type {
                self
            }
        }
    )+ };
}
as_they_are!(bool, i32, i64);

/// Implements [`Field`](crate::field::Field) for enums defined by `coded_enum!`. The
/// number 0 is rejected as a missing value. Example: `proto_enum!(MembershipRole,
/// SeatKind);`.
#[macro_export]
macro_rules! proto_enum {
    ($($name:ty),+ $(,)?) => { $(
        impl $crate::field::Field<i32> for $name {
            fn from_proto(wire: i32, field: &str, checks: &mut ::wangge_record::Checks) -> ::std::option::Option<Self> {
                let value = Self::from_code(wire);
                checks.required(wire != 0, field);
                checks.rule(wire == 0 || value.is_some(), field, ::wangge_kernel::refusal::Rule::EnumDefinedOnly, "is not a value of the enum");
                value
            }

            fn into_proto(self) -> i32 {
                self.code().into()
            }
        }
    )+ };
}
