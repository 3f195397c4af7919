//! Domain enums that are stored and sent as numbers. The numbers are those of the
//! contracts, so one table of codes is valid everywhere.

/// Defines an enum whose variants have the contract's number and a lower-case name
/// for texts and files.
#[macro_export]
macro_rules! coded_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal => $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(into = "i16", try_from = "i16")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All values, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the value's number in the contract and in the database.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Returns the value with a number; `None` for 0 and for unknown
            /// numbers.
            pub fn from_code(code: impl TryInto<i16>) -> Option<Self> {
                match code.try_into().ok()? { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// Returns the value's name, for refusals and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Returns the value with a name; `None` for an unknown name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl ::std::convert::From<$name> for i16 {
            fn from(value: $name) -> i16 { value.code() }
        }

        impl ::std::convert::TryFrom<i16> for $name {
            type Error = ::std::string::String;
            fn try_from(code: i16) -> ::std::result::Result<Self, Self::Error> {
                Self::from_code(code).ok_or_else(|| format!("{} has no code {code}", stringify!($name)))
            }
        }
    };
}
