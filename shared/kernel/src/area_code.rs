//! Area codes. A child's code starts with its parent's, so containment is decided
//! by the codes alone.

/// Length of a district's code (GB/T 2260).
pub const DISTRICT_LENGTH: usize = 6;

/// Returns true if a text has the format of a code: at most 32 digits. The empty
/// code is valid.
pub fn is_code(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true if `code` is `area` itself or inside it. The empty area is the
/// whole platform.
pub fn is_within(code: &str, area: &str) -> bool {
    code.starts_with(area)
}

/// Returns the code of the district that a code belongs to; empty if it is too
/// short.
pub fn district(code: &str) -> &str {
    code.get(..DISTRICT_LENGTH).unwrap_or_default()
}

/// Returns the exclusive upper bound of the codes inside `area`, so that
/// containment is a range that an index supports: `area <= code <
/// upper_bound(area)`. Codes consist of digits, and `:` sorts directly after `9`.
pub fn upper_bound(area: &str) -> String {
    format!("{area}:")
}

/// Returns every prefix of `code`, shortest first, itself included: the codes that
/// its ancestors can have. Some of them name no area.
pub fn around(code: &str) -> Vec<String> {
    let ends = 1..=code.len();
    ends.filter_map(|end| code.get(..end).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_is_the_range_up_to_the_upper_bound() {
        for (code, area) in [
            ("320402003005001", "320402"),
            ("320402", "320402"),
            ("320403", "320402"),
            ("320402", "320402003"),
            ("110101", ""),
        ] {
            let bound = upper_bound(area);
            let in_range = code >= area && code < bound.as_str();
            assert_eq!(is_within(code, area), in_range, "{code} in {area}");
        }
    }

    #[test]
    fn a_code_is_within_each_code_around_it() {
        let codes = around("320402");
        assert!(codes.iter().all(|area| is_within("320402", area)));
        assert_eq!(codes.last().map(String::as_str), Some("320402"));
        assert_eq!(codes.len(), 6);
    }
}
