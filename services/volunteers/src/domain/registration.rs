//! Registrations of officials with communities: the days on which one is in effect, and
//! how it ends.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, Dated, End, EventSummary, Metadata, Record, Reference, metadata};

use super::area;

/// An official's registration with a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Fields common to all records; the area is the community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the registered official, in the organization service; not verified.
    pub person_id: Uuid,
    /// Id of the official's home unit, in the organization service.
    pub home_unit_id: Uuid,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}

impl Record for Registration {
    const KIND: &'static str = "registration";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::id("home_unit_id", "unit", self.home_unit_id),
            // Officials register with communities: no other area is one.
            Reference::area(&self.metadata).of(area::COMMUNITIES, ""),
        ]
    }

    fn conflict_error(&self) -> Refusal {
        let why = "the official is registered with this community on some of these days";
        Refusal::guard(Guard::RegisteredAlready, Self::KIND, why)
    }

    fn is_kept_as(&self, stored: &Self) -> bool {
        // Only the end of a registration can change, so a later revision means that it was
        // ended or corrected after the import.
        let ended_since = stored.metadata.revision > 1;
        self.person_id == stored.person_id
            && self.home_unit_id == stored.home_unit_id
            && self.metadata.area_code == stored.metadata.area_code
            && self.start_date == stored.start_date
            && (self.end_date == stored.end_date || ended_since)
    }

    // Not dated: a registration remains in effect after its home unit has ended.
    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: Some(self.person_id),
            start_date: Some(self.start_date),
            end_date: self.end_date,
            ..EventSummary::default()
        }
    }
}

impl Dated for Registration {
    fn start_date(&self) -> NaiveDate {
        self.start_date
    }

    fn end_date(&self) -> Option<NaiveDate> {
        self.end_date
    }

    fn set_end_date(&mut self, day: Option<NaiveDate>) {
        self.end_date = day;
    }

    fn end(&mut self, end: &End) -> Result<(), Refusal> {
        // Other records can end earlier than planned. Any change of a registration's end is
        // a correction and needs a reason.
        if self.end_date.is_some() && matches!(end, End::On(_)) {
            return Err(Refusal::state_conflict(Self::KIND, "ended", "end"));
        }
        self.end_date = end.decide(Self::KIND, self.start_date, self.end_date)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wangge_kernel::refusal::Reason;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn registration() -> Registration {
        Registration {
            metadata: Metadata::new(Uuid::now_v7(), chrono::DateTime::UNIX_EPOCH),
            person_id: Uuid::now_v7(),
            home_unit_id: Uuid::now_v7(),
            start_date: day("2022-03-01"),
            end_date: None,
        }
    }

    #[test]
    fn it_is_known_by_its_row_after_it_has_ended() {
        let registration = registration();
        let mut ended = registration.clone();
        ended.end(&End::On(day("2022-03-02"))).unwrap();
        assert!(!registration.is_kept_as(&ended), "another row states this");
        ended.metadata.revision += 1;
        assert!(registration.is_kept_as(&ended));
        assert!(!ended.is_kept_as(&registration));
    }

    #[test]
    fn it_ends_once_and_after_its_start() {
        let mut registration = registration();
        let early = registration.end(&End::On(day("2022-03-01"))).unwrap_err();
        assert_eq!(early.fields[0].field, "end_date");
        registration.end(&End::On(day("2022-04-01"))).unwrap();
        for again in ["2022-05-01", "2022-03-15"] {
            let refusal = registration.end(&End::On(day(again))).unwrap_err();
            assert_eq!(refusal.reason, Reason::StateConflict);
        }
    }
}
