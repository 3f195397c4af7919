//! The deadline of the current call. A server sets it for each incoming call;
//! outgoing calls are limited to the time that is left.

use std::time::Duration;

pub use wangge_api::call::{left, within};

/// Formats a timeout as a `grpc-timeout` header.
pub fn header(limit: Duration) -> String {
    // The protocol allows at most eight digits.
    let micros = limit.as_micros();
    if micros < 100_000_000 {
        format!("{micros}u")
    } else {
        format!("{}m", limit.as_millis().min(99_999_999))
    }
}

/// Parses a `grpc-timeout` header; `None` if it is malformed.
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
