//! Enums of the domain that are stored and sent as numbers: the numbers of the
//! contracts, so that one table of codes holds everywhere.

/// Makes an enum whose variants have a number, equal to the contract's, and a
/// name in lower case for people.
#[macro_export]
macro_rules! coded_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal => $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(into = "i16", try_from = "i16")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The value's number in the contract and in the database.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The value with a number; none for 0 and for unknown numbers.
            pub fn from_code(code: impl TryInto<i16>) -> Option<Self> {
                match code.try_into().ok()? { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// The value's name, e.g. in refusals and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value with a name.
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
