//! Collects the violations of a record's rules, so that a caller gets all of them in
//! one response. It knows no kind of record: each kind states its own rules in
//! [`Record::check`](crate::Record::check). It never looks at other records.

use chrono::{DateTime, NaiveDate, Utc};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{FieldViolation, Refusal, Rule};

/// Violations found so far in one record.
#[derive(Debug)]
pub struct Checks {
    record: &'static str,
    now: Option<DateTime<Utc>>,
    violations: Vec<FieldViolation>,
}

impl Checks {
    /// Creates the checks of a record. `record` is the field of the request that holds
    /// it, and becomes the first part of each violation's path, as in `wish.title`.
    pub fn of(record: &'static str) -> Self {
        Self {
            record,
            now: None,
            violations: Vec::new(),
        }
    }

    /// Sets the current time, which rules about the past need. Without it they are
    /// skipped.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self {
            now: Some(now),
            ..self
        }
    }

    /// Requires that a day is not in the future, in the time zone of the community.
    /// Skipped unless the current time has been set with [`Checks::at`].
    pub fn day_has_come(&mut self, day: NaiveDate, field: &str) {
        let holds = self.now.is_none_or(|now| day <= day_of(now, DEFAULT_ZONE));
        let why = "must not be in the future";
        self.rule(holds, field, Rule::DateNotInFuture, why);
    }

    /// Requires that a rule holds for a field. `description` is shown to the caller after the field's path.
    pub fn rule(&mut self, holds: bool, field: &str, rule: Rule, description: &str) {
        if !holds {
            let path = format!("{}.{field}", self.record);
            self.violations
                .push(FieldViolation::new(path, rule, description));
        }
    }

    /// Requires that a field is set in some states and left out in all others. `when`
    /// is true if the record is in one of them; `state` is the name of the record's
    /// current state.
    pub fn required_if(&mut self, when: bool, given: bool, field: &str, state: &str) {
        if when {
            self.required(given, field);
        } else {
            let why = format!("must not be set in state {state}");
            self.forbidden(!given, field, &why);
        }
    }

    /// Requires that a field is set.
    pub fn required(&mut self, given: bool, field: &str) {
        self.rule(given, field, Rule::Required, "is required");
    }

    /// Requires that a field is left out; `why` is the violation's description.
    pub fn forbidden(&mut self, left_out: bool, field: &str, why: &str) {
        self.rule(left_out, field, Rule::LeftOut, why);
    }

    /// Requires that a text is not blank, and that it can be stored.
    pub fn text(&mut self, text: &str, field: &str) {
        self.required(!text.trim().is_empty(), field);
        self.no_nul(text, field);
    }

    /// Requires that a text can be stored: PostgreSQL's text type has no NUL.
    pub fn no_nul(&mut self, text: &str, field: &str) {
        self.rule(
            !text.contains('\0'),
            field,
            Rule::StringNul,
            "must not contain the character NUL",
        );
    }

    /// Requires that the end is after the start, if both are set. The violation is
    /// reported on `end_date`.
    pub fn ends_after<T: PartialOrd>(&mut self, start: Option<T>, end: Option<T>) {
        let ordered = match (start, end) {
            (Some(start), Some(end)) => end > start,
            _ => true,
        };
        self.rule(
            ordered,
            "end_date",
            Rule::DateOrder,
            "must be after start_date",
        );
    }

    /// Returns true if no rule has been violated so far.
    pub fn is_ok(&self) -> bool {
        self.violations.is_empty()
    }

    /// Returns the refusal that names every violated rule.
    pub fn refusal(self) -> Refusal {
        Refusal::fields(self.violations)
    }

    /// Finishes the checks.
    ///
    /// # Errors
    /// Returns `FIELD_INVALID`, naming every invalid field.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.is_ok() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }
}
