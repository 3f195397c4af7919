//! Collects what is wrong with a record, so that all of it is told at once.

use wangge_api::refusal::{FieldViolation, Refusal};

/// Violations of one record's rules so far.
#[derive(Debug)]
pub(crate) struct Checks {
    record: &'static str,
    violations: Vec<FieldViolation>,
}

impl Checks {
    /// Checks of the record in the request's field `record`.
    pub(crate) fn of(record: &'static str) -> Self {
        Self {
            record,
            violations: Vec::new(),
        }
    }

    /// Demands that a rule holds for a field.
    pub(crate) fn rule(&mut self, holds: bool, field: &str, rule: &str, description: &str) {
        if !holds {
            let path = format!("{}.{field}", self.record);
            self.violations
                .push(FieldViolation::new(path, rule, description));
        }
    }

    /// Demands that a field is given.
    pub(crate) fn given(&mut self, given: bool, field: &str) {
        self.rule(given, field, "required", "is required");
    }

    /// Demands that a text says something, and can be kept: the database
    /// knows no NUL.
    pub(crate) fn text(&mut self, text: &str, field: &str) {
        self.given(!text.trim().is_empty(), field);
        self.rule(
            !text.contains('\0'),
            field,
            "string.nul",
            "must not hold a NUL",
        );
    }

    /// Demands that the end, if there is one, comes after the start.
    pub(crate) fn ends_after<T: PartialOrd>(&mut self, start: Option<T>, end: Option<T>) {
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
    pub(crate) fn hold(&self) -> bool {
        self.violations.is_empty()
    }

    /// The refusal that names every rule that has not held.
    pub(crate) fn refusal(self) -> Refusal {
        Refusal::fields(self.violations)
    }

    /// Nothing, or the refusal.
    pub(crate) fn done(self) -> Result<(), Refusal> {
        if self.hold() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }
}
