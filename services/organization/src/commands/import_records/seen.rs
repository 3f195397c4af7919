//! Rows that a `validate_only` stream has accepted so far. Later rows are checked
//! against them as they would be against the database.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash},
};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::Refusal;

use crate::domain::{
    appointment::{Appointment, Post, Seat},
    person::PersonId,
};

/// First day, and first day on which the term no longer holds.
type Term = (NaiveDate, Option<NaiveDate>);

/// Accepted rows of one stream.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Hash of each record's content, by id.
    records: HashMap<Uuid, u64>,
    /// Codes, address texts and keys, each with the field that holds it.
    keys: HashSet<(&'static str, String)>,
    posts: HashMap<(Post, Seat, Option<PersonId>), Vec<Term>>,
}

impl Seen {
    /// Returns `None` if the id is new, otherwise whether the accepted record has the same
    /// content.
    pub(super) fn again(&self, id: Uuid, record: &impl Hash) -> Option<bool> {
        self.records.get(&id).map(|known| *known == hash_of(record))
    }

    /// Records an accepted row.
    pub(super) fn note(&mut self, id: Uuid, record: &impl Hash) {
        self.records.insert(id, hash_of(record));
    }

    /// Reserves a code, address text or key that must be unique.
    ///
    /// # Errors
    /// `RECORD_EXISTS` if an earlier row has it.
    pub(super) fn take(
        &mut self,
        kind: &str,
        field: &'static str,
        key: String,
    ) -> Result<(), Refusal> {
        if self.keys.insert((field, key)) {
            Ok(())
        } else {
            Err(Refusal::exists(kind, field))
        }
    }

    /// Reserves a post for the days of an appointment: against everyone if the post is
    /// exclusive, otherwise against the same person.
    ///
    /// # Errors
    /// `GUARD_FAILED` (`post_taken`) if an earlier row holds it on one of them.
    pub(super) fn take_post(&mut self, appointment: &Appointment) -> Result<(), Refusal> {
        let term = (appointment.start_date, appointment.end_date);
        let held = self
            .posts
            .entry((
                appointment.post,
                appointment.seat(),
                appointment.only_holder(),
            ))
            .or_default();
        if held.iter().any(|other| overlap(*other, term)) {
            return Err(Appointment::taken());
        }
        held.push(term);
        Ok(())
    }
}

fn overlap(a: Term, b: Term) -> bool {
    // End dates are exclusive: a term may start on the day that another one ends.
    a.1.is_none_or(|end| b.0 < end) && b.1.is_none_or(|end| a.0 < end)
}

fn hash_of(record: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_overlap_on_a_common_day() {
        let day = |day| NaiveDate::from_ymd_opt(2022, 1, day).expect("day");
        assert!(overlap((day(1), None), (day(5), None)));
        assert!(overlap((day(1), Some(day(3))), (day(2), None)));
        assert!(!overlap((day(1), Some(day(3))), (day(3), None)));
        assert!(!overlap((day(3), Some(day(4))), (day(1), Some(day(3)))));
    }
}
