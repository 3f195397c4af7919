//! Decides which of the traces that callers started are sampled: a configured ratio,
//! drawn with a secret key so that no caller can pick a trace id that is sampled.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::OnceLock,
};

use opentelemetry::trace::TraceId;

/// The sampling ratio, and a hash key that only this process knows.
static SHARE: OnceLock<(f64, RandomState)> = OnceLock::new();

/// Sets the ratio, from 0 to 1. Only the first call has an effect; it belongs to the
/// setup of the process.
pub(crate) fn set_share(share: f64) {
    let _ = SHARE.set((share, RandomState::new()));
}

/// Returns true if a trace that a caller started is sampled here. All calls of a trace
/// get the same decision. Without a configured exporter, nothing is sampled.
pub(crate) fn is_sampled(trace_id: TraceId) -> bool {
    SHARE
        .get()
        .is_some_and(|(share, key)| falls_within(key, *share, trace_id))
}

fn falls_within(key: &RandomState, share: f64, trace_id: TraceId) -> bool {
    // Not by the id itself, as `TraceIdRatioBased` does: the caller chooses the id.
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
