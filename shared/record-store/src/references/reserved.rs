//! What a dry run that is undone batch by batch has accepted so far. The database can't
//! detect conflicts among these records, since they are not in it.

use chrono::NaiveDate;
use wangge_kernel::refusal::Refusal;
use wangge_record::Record;

use super::ResolvedReferences;

/// A period: its first day, and the first day after it.
pub(super) type Term = (NaiveDate, Option<NaiveDate>);

fn overlap(one: Term, other: Term) -> bool {
    one.1.is_none_or(|end| other.0 < end) && other.1.is_none_or(|end| one.0 < end)
}

impl<G> ResolvedReferences<G> {
    /// Accepts a record of a dry run that is undone at once, unless it conflicts with
    /// one that was accepted before: the database can't detect that, as neither is in
    /// it.
    ///
    /// # Errors
    /// Returns `RECORD_EXISTS`, or the refusal of [`Record::conflict_error`].
    pub fn reserve<R: Record>(&mut self, record: &R) -> Result<(), Refusal> {
        // The same row twice is no conflict: an import would return it as unchanged.
        let metadata = record.metadata();
        if let Some(digest) = self.reserved.get(&metadata.id) {
            return if *digest == metadata.import_digest {
                Ok(())
            } else {
                Err(Refusal::exists(R::KIND, &format!("{}.id", R::KIND)))
            };
        }
        let summary = record.event_summary();
        if let (Some(key), Some(start)) = (record.exclusive(), summary.start_date) {
            let term = (start, summary.end_date);
            let terms = self.terms.entry((R::KIND, key)).or_default();
            if terms.iter().any(|other| overlap(*other, term)) {
                return Err(record.conflict_error());
            }
            terms.push(term);
        }
        self.reserved
            .insert(metadata.id, metadata.import_digest.clone());
        Ok(())
    }
}
