//! Maps database errors to refusals. The database's own messages never reach a
//! caller.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgDatabaseError;
use wangge_api::refusal::{self, Guard, Reason, Refusal};

use crate::{measures, pool};

/// The retry delay for calls that failed because the database was unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Maps a named constraint to the request field that it guards.
#[derive(Debug)]
pub struct Constraint {
    /// Name of the constraint in the schema.
    pub name: &'static str,
    /// Kind of the record that the constraint is about, as refusals name it.
    pub kind: &'static str,
    /// Path of the field within the request.
    pub field: &'static str,
    /// The rule that the constraint enforces.
    pub rule: Rule,
}

/// The rule that a constraint enforces.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// No other record may have the same value.
    Unique,
    /// The referenced record must exist.
    Reference,
    /// A domain rule, identified by its guard.
    Guard(Guard),
}

/// A database error; cheap to clone, since all calls of a batch may share one.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Arc<sqlx::Error>);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            measures::timed_out(measures::POOLS);
        }
        // Here and not in the pool, since this conversion sees the error wherever
        // the statement ran.
        if is_outdated(&error) {
            pool::outdate();
        }
        Self(Arc::new(error))
    }
}

impl StoreError {
    /// Returns the error for a lane that wasn't free in time.
    pub(crate) fn no_lane(lanes: &'static str) -> Self {
        measures::timed_out(lanes);
        Self(Arc::new(sqlx::Error::PoolTimedOut))
    }

    /// Returns the name of the violated constraint, if the error is a violation.
    pub fn constraint(&self) -> Option<&str> {
        self.0.as_database_error()?.constraint()
    }

    /// Returns true if another record conflicts with this one: a unique or an
    /// exclusion constraint is violated.
    pub fn is_of_another(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| ["23505", "23P01"].contains(&code.as_ref()))
    }

    /// Returns true if the database can't be reached, temporarily rejects
    /// connections, or its schema has changed under a connection, which won't be
    /// reused.
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
                // Connection exceptions, insufficient resources (too many
                // connections), operator intervention (shutdown, crash), a database
                // that was dropped, and writes to a standby.
                ["08", "53", "57P"]
                    .iter()
                    .any(|class| code.starts_with(class))
                    || code == "3D000"
                    || code == "25006"
                    // Cancelled, by a timeout or because the caller was gone.
                    || code == "57014"
            }),
            _ => false,
        }
    }

    /// Returns a description of the fault if the row to be written caused the
    /// error, so that a retry would fail again. It names the SQLSTATE and schema
    /// objects, never values of the row.
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
        // Cardinality, data, integrity, check option, program limits (such as a row
        // that is too large), and errors raised by triggers or functions of the
        // schema.
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

    /// Returns true if two transactions conflicted.
    pub fn is_conflict(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            // Serialisation failure, deadlock, lock timeout.
            .is_some_and(|code| ["40001", "40P01", "55P03"].contains(&code.as_ref()))
    }

    /// Returns true if a text has a character that PostgreSQL can't store. The
    /// contracts limit a text's length and format; this catches the rest.
    fn is_unkeepable_text(&self) -> bool {
        self.0
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code == "22021" || code == "22P05")
    }

    /// Converts the error to the refusal that the caller receives.
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
            let what = "a text contains a character that can't be stored, such as NUL";
            return Refusal::field("", refusal::Rule::StringCharacters, what);
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
                Rule::Guard(guard) => Refusal::guard(
                    *guard,
                    kind,
                    format!("{field} conflicts with another record"),
                ),
            },
            None => Refusal::internal(&self),
        }
    }
}

/// Returns true if the connection's cached plans are older than the schema: a
/// prepared statement would return other columns than before. The same statement
/// succeeds on a new connection.
pub(crate) fn is_outdated(error: &sqlx::Error) -> bool {
    // `0A000` is also raised for unsupported features; only the name of the C
    // function identifies a stale plan, since messages are translated.
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
