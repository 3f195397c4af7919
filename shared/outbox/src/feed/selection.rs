//! What a reader of the feed asks for: where it begins, and which of the events behind
//! it are sent. It reads requests, and nothing from the database.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use wangge_api::{
    date::moment,
    events::v1::Event,
    refusal::{FieldViolation, Refusal, Rule},
};
use wangge_auth::RecordScope;

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Beginning {
    /// After a token, or with the first event if it is empty.
    After(String),
    /// After what is in the feed now.
    Now,
    /// With the first event recorded at a time or later.
    At(DateTime<Utc>),
}

impl Beginning {
    /// Reads the beginning from the fields of a request, of which the contract lets one
    /// be set at most.
    ///
    /// # Errors
    /// Returns `FIELD_INVALID` if the time is malformed.
    pub(super) fn read(
        after_token: &str,
        from_now: bool,
        start_time: Option<&Timestamp>,
    ) -> Result<Self, Refusal> {
        Ok(match start_time {
            Some(time) => Self::At(moment(time, "start_time")?),
            None if from_now => Self::Now,
            None => Self::After(after_token.to_owned()),
        })
    }
}

/// The events that a reader is sent. Its area, kinds and times are checked by the
/// statement that reads the feed.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The records that the caller may see and asks for.
    pub(super) scope: RecordScope,
    /// Kinds of records; `None` for all.
    pub(super) kinds: Option<Vec<String>>,
    /// Only events recorded at this time or later.
    pub(super) from: Option<DateTime<Utc>>,
    /// Only events recorded before this time.
    pub(super) until: Option<DateTime<Utc>>,
}

impl Selection {
    /// Selects the events of an area and of kinds, without a limit of time. `known` are
    /// the kinds that the feed has.
    ///
    /// # Errors
    /// Returns `FIELD_INVALID` for a kind that the feed doesn't have.
    pub(super) fn read(
        scope: &RecordScope,
        area_code: &str,
        kinds: &[String],
        known: &[&str],
    ) -> Result<Self, Refusal> {
        // A kind of a newer release is rejected as well. It can't be told from a misspelt
        // one, whose reader would wait for it without ever noticing.
        let unknown = kinds.iter().enumerate();
        let unknown = unknown.filter(|(_, kind)| !known.contains(&kind.as_str()));
        let faults: Vec<_> = unknown
            .map(|(place, _)| {
                let why = "is not a kind of record in this feed";
                FieldViolation::new(format!("kinds[{place}]"), Rule::FeedKind, why)
            })
            .collect();
        if !faults.is_empty() {
            return Err(Refusal::fields(faults));
        }
        Ok(Self {
            scope: scope.within(area_code),
            kinds: (!kinds.is_empty()).then(|| kinds.to_vec()),
            from: None,
            until: None,
        })
    }

    /// Returns true if an event that the statement has read is of a kind that is asked
    /// for: it doesn't know the kind of events from before kinds were stored. An event
    /// whose kind can't be determined is sent, since it may be one.
    pub(super) fn has_kind(&self, event: &Event) -> bool {
        let is_one = |kinds: &Vec<String>| event.kind.is_empty() || kinds.contains(&event.kind);
        self.kinds.as_ref().is_none_or(is_one)
    }
}
