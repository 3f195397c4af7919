//! What the database says, as a refusal. Text of the database never reaches a
//! caller.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgDatabaseError;
use wangge_api::refusal::{Reason, Refusal};

use crate::{measures, pool};

/// After which time a call that met no database may be repeated.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Which field a named constraint guards.
#[derive(Debug)]
pub struct Constraint {
    /// Name of the constraint in the schema.
    pub name: &'static str,
    /// What the record is.
    pub kind: &'static str,
    /// Path of the field within the request.
    pub field: &'static str,
    /// What the constraint guards.
    pub rule: Rule,
}

/// What a constraint guards.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// No other record has the same.
    Unique,
    /// The record named exists.
    Reference,
    /// A guard of the domain, by its stable name.
    Guard(&'static str),
}

/// An error of the database. Several calls can have one and the same.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Arc<sqlx::Error>);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            measures::timed_out(measures::POOLS);
        }
        if is_outdated(&error) {
            pool::outdate();
        }
        Self(Arc::new(error))
    }
}

impl StoreError {
    /// No lane came free in time.
    pub(crate) fn no_lane(lanes: &'static str) -> Self {
        measures::timed_out(lanes);
        Self(Arc::new(sqlx::Error::PoolTimedOut))
    }

    /// Name of the constraint that was violated, if that is the error.
    pub fn constraint(&self) -> Option<&str> {
        self.0.as_database_error()?.constraint()
    }

    /// Another record has what only one can have: a unique or an exclusion
    /// constraint is violated.
    pub fn is_of_another(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| ["23505", "23P01"].contains(&code.as_ref()))
    }

    /// The database can't be reached, won't let us in for now, or has changed
    /// under a connection that will not be used again.
    pub fn is_unavailable(&self) -> bool {
        match &*self.0 {
            error if is_outdated(error) => true,
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                // Connection exceptions, too many connections, operator
                // intervention (shutdown, crash), a database being dropped.
                ["08", "53", "57P"]
                    .iter()
                    .any(|class| code.starts_with(class))
                    || code == "3D000"
                    || code == "25006"
                    // Cancelled, by a time limit or because nobody waited.
                    || code == "57014"
            }),
            _ => false,
        }
    }

    /// What is wrong with the row that was to be written, if the fault lies in
    /// that and not in the moment: the same row fails again whenever it is
    /// written. Names the SQLSTATE and parts of the schema, nothing of the row.
    pub fn row_fault(&self) -> Option<String> {
        let error = match &*self.0 {
            sqlx::Error::Database(error) => error,
            sqlx::Error::RowNotFound => return Some("a row is missing".to_owned()),
            sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
                return Some("a value could not be converted".to_owned());
            }
            _ => return None,
        };
        let code = error.code()?;
        // Cardinality, data, integrity, check option, program limits (a row too
        // large), raised by a rule of the schema.
        let about_row = ["21", "22", "23", "44", "54", "P0"];
        if !about_row.iter().any(|class| code.starts_with(class)) {
            return None;
        }
        let mut fault = format!("SQLSTATE {code}");
        let parts = [("constraint", error.constraint()), ("table", error.table())];
        for (part, name) in parts {
            if let Some(name) = name {
                fault.push_str(&format!(", {part} {name}"));
            }
        }
        Some(fault)
    }

    /// Two transactions stood in each other's way.
    pub fn is_conflict(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            // A lock that was not to be had in time is one of them.
            .is_some_and(|code| ["40001", "40P01", "55P03"].contains(&code.as_ref()))
    }

    /// A text has a character that the database can't keep. Contracts bound
    /// texts by length and shape; this catches what they leave.
    fn is_unkeepable_text(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code == "22021" || code == "22P05")
    }

    /// The refusal that the caller gets.
    pub fn refuse(self, constraints: &[Constraint]) -> Refusal {
        if self.is_unavailable() {
            tracing::warn!(error = %self, "database unavailable");
            return Refusal::unavailable(
                Reason::DatabaseUnavailable,
                "the database cannot be reached",
                RETRY_AFTER,
            );
        }
        if self.is_conflict() {
            return Refusal::concurrent_change("record");
        }
        if self.is_unkeepable_text() {
            let what = "a text has a character that can't be kept, such as NUL";
            return Refusal::field("", "string.characters", what);
        }
        let constraint = self.constraint().and_then(|name| {
            constraints
                .iter()
                .find(|constraint| constraint.name == name)
        });
        match constraint {
            Some(Constraint {
                kind, field, rule, ..
            }) => match rule {
                Rule::Unique => Refusal::exists(kind, field),
                Rule::Reference => Refusal::unknown_reference(field, kind),
                Rule::Guard(guard) => Refusal::guard(guard, kind, format!("{field} is taken")),
            },
            None => Refusal::internal(&self),
        }
    }
}

/// The connection is older than the schema: a statement that it has prepared
/// would return other columns than it did. The same statement succeeds on a new
/// connection.
pub(crate) fn is_outdated(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .is_some_and(|error| {
            error.code() == "0A000" && error.routine() == Some("RevalidateCachedQuery")
        })
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        error.refuse(&[])
    }
}
