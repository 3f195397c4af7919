//! Ids that are derived from keys. Other ids are chosen by their senders, or random.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Derives an id from a key, always the same one, so that an import can be
/// repeated. It is a UUIDv7 with the timestamp `time`, so imported records sort
/// among others by the time they happened.
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
