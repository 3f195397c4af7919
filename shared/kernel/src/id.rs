//! Ids that can't be mistaken for one another.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Makes a type for the ids of one kind of record.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub ::uuid::Uuid);

        impl $name {
            /// A new id, later than every earlier one.
            pub fn generate() -> Self {
                Self(::uuid::Uuid::now_v7())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::convert::From<::uuid::Uuid> for $name {
            fn from(id: ::uuid::Uuid) -> Self {
                Self(id)
            }
        }
    };
}

/// An id that the same key always gives: how an importer makes a load
/// repeatable. It is a UUIDv7 whose time is `time`, so that imported records
/// sort among the others by when they happened.
pub fn derived(time: DateTime<Utc>, key: &str) -> Uuid {
    let hash = Sha256::digest(key.as_bytes());
    let mut random = [0_u8; 10];
    random.copy_from_slice(&hash[..10]);
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_stable_and_sorts_by_time() {
        let early = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
        let late = DateTime::from_timestamp(1_600_000_001, 0).unwrap();
        assert_eq!(derived(early, "a"), derived(early, "a"));
        assert_ne!(derived(early, "a"), derived(early, "b"));
        assert!(derived(early, "z") < derived(late, "a"));
        assert_eq!(derived(early, "a").get_version_num(), 7);
    }
}
