//! Reads the end of a record from a request. It doesn't decide whether the end is
//! possible: see [`End::decide`].

use wangge_api::{
    date,
    refusal::{Refusal, Rule},
    types::v1::Date,
};
use wangge_record::End;

/// Reads a requested end: a correction if there is a reason, else a first end, or an
/// earlier one. A correction without a day removes the end.
///
/// # Errors
/// Returns `FIELD_INVALID` on `end_date` or `correction_reason`.
pub fn read_end(day: Option<&Date>, reason: String) -> Result<End, Refusal> {
    if reason.is_empty() {
        return Ok(End::On(date::required(day, "end_date")?));
    }
    // Not treated as left out: the caller wanted a correction, and an end would be
    // something else.
    if reason.trim().is_empty() {
        let why = "must not be blank: give a reason or omit it";
        return Err(Refusal::field(
            "correction_reason",
            Rule::StringVisible,
            why,
        ));
    }
    let day = date::optional(day, "end_date")?;
    Ok(End::Corrected { day, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something() {
        assert!(read_end(None, String::new()).is_err());
        assert!(read_end(None, "　 ".into()).is_err());
        assert!(read_end(None, "误录".into()).is_ok());
    }
}
