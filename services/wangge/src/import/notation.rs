//! The notation of values: keys, dates, times and numbers. Each value has exactly one
//! notation, and anything else is rejected rather than guessed.

use chrono::{DateTime, FixedOffset, NaiveDate};

/// Problem description for an invalid key.
pub(super) const KEY: &str = "must be 1 to 64 characters of A-Z a-z 0-9 . -";
/// Problem description for an invalid date.
pub(super) const DAY: &str = "is not a valid date: YYYY-MM-DD";
/// Problem description for an invalid time.
pub(super) const TIME: &str =
    "is not a valid time: RFC 3339 with offset, e.g. 2022-07-28T23:50:00+08:00";
/// Problem description for an invalid number.
pub(super) const NUMBER: &str = "is not a valid number";

/// Returns true if a text is a valid key or unit code.
pub(super) fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Returns true if a text is a valid area code.
pub(super) fn is_area_code(text: &str) -> bool {
    (6..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses a date, `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    // Chrono alone would also accept `2024-3-1`, a sign and leading spaces.
    is_like(text, "0000-00-00")
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
}

/// Parses a time: RFC 3339 with offset. Leap seconds are rejected: the platform's
/// clocks don't have them.
pub(super) fn time(text: &str) -> Option<DateTime<FixedOffset>> {
    // The pattern is checked first, since chrono also accepts a space for the `T`.
    let begins = text.get(..19)?;
    let has_leap = begins.ends_with("60");
    (is_like(begins, "0000-00-00T00:00:00") && !has_leap)
        .then(|| DateTime::parse_from_rfc3339(text).ok())
        .flatten()
}

/// Parses a number: digits with a leading `-` if it is negative, and a decimal point if
/// `N` is a floating-point type.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    // `FromStr` of floats also accepts `NaN`, `inf`, `1e3`, `+5`, `.5` and `5.`.
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_framed = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    (is_plain && is_framed(digits.bytes().next()) && is_framed(digits.bytes().last()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Returns true if a text matches a pattern in which `0` means any digit.
fn is_like(text: &str, pattern: &str) -> bool {
    let is_alike = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte == wanted,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(is_alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert!(day("2024-02-29").is_some());
        for wrong in [
            "2024-3-1",
            "2023-02-29",
            "2024/03/01",
            "+2024-03-01",
            "20240301",
            " 2024-03-01",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_has_an_offset() {
        assert!(time("2022-07-28T23:50:00+08:00").is_some());
        assert!(time("2022-07-28T23:50:00.5Z").is_some());
        for wrong in [
            "2022-07-28 23:50:00+08:00",
            "2022-07-28T23:50:00",
            "2022-07-28T24:00:00+08:00",
            "2022-07-28T23:59:60+08:00",
            "2022-07-28T23:50+08:00",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_is_made_of_digits() {
        assert_eq!(number::<i64>("-25"), Some(-25));
        assert_eq!(number::<f64>("119.97"), Some(119.97));
        for wrong in [
            "+5", "1e3", "NaN", "inf", " 5", "5 ", "1,000", ".5", "5.", "-", "",
        ] {
            assert_eq!(number::<f64>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn keys_have_their_letters() {
        assert!(is_key("LH-GENERAL-BRANCH.1"));
        for wrong in ["", "张甲一", "a_b", "a b", &"x".repeat(65)] {
            assert!(!is_key(wrong), "{wrong}");
        }
    }
}
