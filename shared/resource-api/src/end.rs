//! Ends as requests ask for them.

use wangge_api::{date, refusal::Refusal, types::v1::Date};
use wangge_resource::End;

/// What a request asks: a correction if it gives a reason.
///
/// # Errors
/// `FIELD_INVALID` on `end_date` and `correction_reason`.
pub fn read_end(day: Option<&Date>, reason: String) -> Result<End, Refusal> {
    if reason.is_empty() {
        return Ok(End::On(date::required(day, "end_date")?));
    }
    if reason.trim().is_empty() {
        let why = "must not be blank: give a reason or omit it";
        return Err(Refusal::field("correction_reason", "string.blank", why));
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
