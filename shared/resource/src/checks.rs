//! Collects what is wrong with a record, so that all of it is told at once.

use chrono::{DateTime, NaiveDate, Utc};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{FieldViolation, Refusal};

/// Violations of one record's rules so far.
#[derive(Debug)]
pub struct Checks {
    record: &'static str,
    now: Option<DateTime<Utc>>,
    violations: Vec<FieldViolation>,
}

impl Checks {
    /// Checks of the record in the request's field `record`.
    pub fn of(record: &'static str) -> Self {
        Self {
            record,
            now: None,
            violations: Vec::new(),
        }
    }

    /// With the present, which what has happened can't lie behind.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self {
            now: Some(now),
            ..self
        }
    }

    /// Demands that a day on which something happened has come, in the time zone of
    /// the community, in calls as in loads. Asked only where the present is known.
    pub fn day_has_come(&mut self, day: NaiveDate, field: &str) {
        let holds = self.now.is_none_or(|now| day <= day_of(now, DEFAULT_ZONE));
        let why = "must not be in the future";
        self.rule(holds, field, "date.not_in_future", why);
    }

    /// Demands that a rule holds for a field.
    pub fn rule(&mut self, holds: bool, field: &str, rule: &str, description: &str) {
        if !holds {
            let path = format!("{}.{field}", self.record);
            self.violations
                .push(FieldViolation::new(path, rule, description));
        }
    }

    /// Demands that a field is given in some states and left out in others.
    pub fn given_when(&mut self, when: bool, given: bool, field: &str, state: &str) {
        if when {
            self.given(given, field);
        } else {
            let why = format!("must not be set in state {state}");
            self.left_out(!given, field, &why);
        }
    }

    /// Demands that a field is given.
    pub fn given(&mut self, given: bool, field: &str) {
        self.rule(given, field, "required", "is required");
    }

    /// Demands that a field is left out.
    pub fn left_out(&mut self, left_out: bool, field: &str, why: &str) {
        self.rule(left_out, field, "left_out", why);
    }

    /// Demands that a text says something, and can be kept.
    pub fn text(&mut self, text: &str, field: &str) {
        self.given(!text.trim().is_empty(), field);
        self.keepable(text, field);
    }

    /// Demands that a text can be kept: the database knows no NUL.
    pub fn keepable(&mut self, text: &str, field: &str) {
        self.rule(
            !text.contains('\0'),
            field,
            "string.nul",
            "must not contain the character NUL",
        );
    }

    /// Demands that the end, if there is one, comes after the start.
    pub fn ends_after<T: PartialOrd>(&mut self, start: Option<T>, end: Option<T>) {
        let ordered = match (start, end) {
            (Some(start), Some(end)) => end > start,
            _ => true,
        };
        self.rule(
            ordered,
            "end_date",
            "date.order",
            "must be after start_date",
        );
    }

    /// Whether every rule has held.
    pub fn hold(&self) -> bool {
        self.violations.is_empty()
    }

    /// The refusal that names every rule that has not held.
    pub fn refusal(self) -> Refusal {
        Refusal::fields(self.violations)
    }

    /// Nothing, or the refusal.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn done(self) -> Result<(), Refusal> {
        if self.hold() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }
}
