//! Which of the traces that callers begin are sampled: a share of them that the
//! operator sets, drawn so that nobody can choose a trace that is.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::OnceLock,
};

use opentelemetry::trace::TraceId;

/// The share of traces that are sampled, and a key that only this process knows.
static SHARE: OnceLock<(f64, RandomState)> = OnceLock::new();

/// Sets the share, from 0 to 1. The first call counts: it belongs to the set-up
/// of the process.
pub(crate) fn set_share(share: f64) {
    let _ = SHARE.set((share, RandomState::new()));
}

/// Whether a trace that a caller began is sampled here: for each call of one
/// trace the same. Nothing is sampled in a process that sends no traces.
pub(crate) fn is_sampled(trace_id: TraceId) -> bool {
    SHARE
        .get()
        .is_some_and(|(share, key)| falls_within(key, *share, trace_id))
}

fn falls_within(key: &RandomState, share: f64, trace_id: TraceId) -> bool {
    let drawn = key.hash_one(trace_id.to_bytes()) as f64 / u64::MAX as f64;
    drawn < share || share >= 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_decides_and_not_the_trace() {
        let key = RandomState::new();
        let sampled = |share: f64| {
            (0..10_000_u128)
                .filter(|id| falls_within(&key, share, TraceId::from(*id)))
                .count()
        };
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 10_000));
        assert!((500..1500).contains(&sampled(0.1)), "{}", sampled(0.1));
        let id = TraceId::from(7_u128);
        assert_eq!(
            falls_within(&key, 0.5, id),
            falls_within(&key, 0.5, id),
            "calls of one trace part"
        );
    }
}
