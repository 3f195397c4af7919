//! Pure rules: what a record must be, and what may become of it. Nothing here
//! reads a clock, a database or the wire.

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

/// Makes an enum with the contract's numbers, which are also what is stored.
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
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// The contract's number of the value.
            pub fn code(self) -> i16 {
                self as i16
            }

            /// The value with a number of the contract; none for one it does
            /// not name, 0 among them.
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
