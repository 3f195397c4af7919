//! Pure domain rules: validation of records and their allowed changes. Nothing
//! here reads a clock, a database or a protobuf message.

pub mod address;
pub mod appointment;
pub mod area;
pub mod building;
pub mod estate;
pub mod figure;
pub mod household;
pub mod membership;
pub mod need_tag;
pub mod person;
pub mod resident;
pub mod resident_role;
pub mod seat;
pub mod unit;

/// Defines an enum whose discriminants are the contract's numbers, which are also
/// the stored values.
macro_rules! coded {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$value_doc:meta])* $value:ident = $code:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ::serde::Serialize)]
        #[repr(i16)]
        pub enum $name { $($(#[$value_doc])* $value = $code),* }

        impl $name {
            /// Every value of the enum.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// Returns the contract's number of the value.
            pub fn code(self) -> i16 {
                self as i16
            }

            /// Returns the value with a number of the contract, or `None` for a number
            /// that the contract doesn't define, including 0.
            pub fn from_code(code: i32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$value),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use coded;
