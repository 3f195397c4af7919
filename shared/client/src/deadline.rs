//! The deadline of the work at hand. A server sets it for each call it
//! answers; calls made on the way are given no more than what is left.

use std::time::Duration;

pub use wangge_api::call::{left, within};

/// The limit of a call as the header `grpc-timeout` says it.
pub fn header(limit: Duration) -> String {
    let micros = limit.as_micros();
    if micros < 100_000_000 {
        format!("{micros}u")
    } else {
        format!("{}m", limit.as_millis().min(99_999_999))
    }
}

/// The limit that a header `grpc-timeout` says; none if it says nothing that
/// the protocol knows.
pub fn parse(header: &str) -> Option<Duration> {
    let unit = header.chars().last()?;
    let amount: u64 = header.strip_suffix(unit)?.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(amount.saturating_mul(3600))),
        'M' => Some(Duration::from_secs(amount.saturating_mul(60))),
        'S' => Some(Duration::from_secs(amount)),
        'm' => Some(Duration::from_millis(amount)),
        'u' => Some(Duration::from_micros(amount)),
        'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_they_are_read() {
        for limit in [
            Duration::from_millis(1),
            Duration::from_secs(30),
            Duration::from_secs(7200),
        ] {
            assert_eq!(parse(&header(limit)), Some(limit));
        }
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        for nonsense in ["", "5", "m", "-1S", "5 S", "5秒"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
