//! The columns of a file. Maps the contract's fields and guards, which services name in
//! violations, to columns: an author of files knows neither.

use std::sync::Arc;

use wangge_api::refusal::Guard;

/// Returns the columns that a guard depends on. A guard of several files has the columns of
/// all of them; those that a file doesn't have are ignored.
fn columns_of(guard: Guard) -> &'static [&'static str] {
    match guard {
        Guard::NameTaken => &[
            "estate_key",
            "station_key",
            "name",
            "start_date",
            "end_date",
        ],
        Guard::DoorTaken => &["building_key", "room", "start_date", "end_date"],
        Guard::PostTaken => &["post", "unit_code", "area_code", "start_date", "end_date"],
        Guard::PositionTaken => &["position", "start_date", "end_date"],
        Guard::MemberAlready => &[
            "team_key",
            "volunteer_key",
            "unit_code",
            "resident_key",
            "start_date",
            "end_date",
        ],
        Guard::SeatedAlready => &["person_key", "start_date", "end_date"],
        Guard::TaggedAlready => &["resident_key", "kind", "start_date", "end_date"],
        Guard::RoleHeldAlready => &["resident_key", "kind", "start_date", "end_date"],
        Guard::HeldAlready => &[
            "service_post_key",
            "volunteer_key",
            "start_date",
            "end_date",
        ],
        Guard::RegisteredAlready => &["person_key", "area_code", "start_date", "end_date"],
        Guard::Promised => &["closed_date", "station_key", "area_code"],
        Guard::VisitedAlready => &["registration_key", "visit_time"],
        Guard::MatchedAlready => &["need_key", "resource_key"],
        Guard::ClaimedAlready => &["project_key", "unit_code", "volunteer_key"],
        Guard::BenefitsAlready => &["project_key", "resident_key"],
        Guard::BookedAlready => &["recurring_session_key", "session_date", "resident_key"],
        Guard::OnDutyAlready => &[
            "station_key",
            "person_key",
            "duty_date",
            "start_time",
            "end_time",
        ],
        Guard::ShiftOverlaps => &["volunteer_key", "start_time", "end_time"],
        Guard::PatrolOverlaps => &["person_key", "start_time", "end_time"],
        Guard::ProjectFull => &["project_key", "created_time", "steps"],
        Guard::SessionFull => &["recurring_session_key", "session_date"],
        Guard::BeyondLimit => &["due_date", "created_time"],
        Guard::NotBegun => &["service_event_key", "served_time"],
        Guard::SessionOver => &["session_date"],
        Guard::SessionNotHeld => &["recurring_session_key", "session_date"],
        Guard::StationClosed => &["session_date"],
        Guard::AssignmentOpen => &["steps"],
        Guard::NothingAssigned => &["steps"],
        Guard::DeliberationReviewed => &["deliberation_key", "steps"],
        Guard::MeetingNotHeld => &["meeting_key", "inconclusive_meeting_keys"],
        Guard::PartyMissing => &["meeting_key", "inconclusive_meeting_keys"],
        Guard::MatchOfOtherNeed => &["need_match_key", "need_key"],
        Guard::NotOnDuty => &["person_key", "steps"],
        Guard::NotARaiser => &["reviewer_key"],
        Guard::NotAuthorised => &["is_authorised", "steps"],
        // The row names the field of a reference; an import fails none of the others.
        Guard::ReferenceNotCurrent
        | Guard::ReferenceState
        | Guard::TooManyOrders
        | Guard::ShiftOver
        | Guard::ClaimOver
        | Guard::VisitsRecorded
        | Guard::AssistingOpen
        | Guard::NotTheReporter
        | Guard::SameSubject
        | Guard::NoResponsibleUnit
        | Guard::UnitTwice
        | Guard::LeadOrder
        | Guard::ReturnedBefore
        | Guard::NotReportedOnPatrol => &[],
    }
}

/// The columns of a file.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    names: Vec<String>,
    /// Fields of the contract whose columns have a different name, each with the column.
    fields: Vec<(String, String)>,
}

impl Columns {
    /// Creates the columns of a file, the first of which identifies the row; and the
    /// fields of the contract whose columns have a different name.
    pub(crate) fn of(names: &[&str], fields: &[(&str, &str)]) -> Arc<Self> {
        let owned = |(field, column): &(&str, &str)| ((*field).to_owned(), (*column).to_owned());
        Arc::new(Self {
            names: names.iter().map(ToString::to_string).collect(),
            fields: fields.iter().map(owned).collect(),
        })
    }

    /// Returns the names of the columns, in the order of the format.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the column or columns of a field, or if it is empty of a guard.
    pub(crate) fn name(&self, field: &str, guard: Option<Guard>) -> String {
        let column = if field.is_empty() {
            guard.and_then(|guard| self.guarded(guard))
        } else {
            self.column(field).map(str::to_owned)
        };
        // What has no column is reported at the row's key.
        column
            .or_else(|| self.names.first().cloned())
            .unwrap_or_default()
    }

    /// Returns the column of a field: of the whole path, or else of its first segment.
    fn column(&self, field: &str) -> Option<&str> {
        let plain = without_numbers(field);
        let root = plain.split('.').next().unwrap_or_default();
        [plain.as_str(), root].into_iter().find_map(|name| {
            let mut fields = self.fields.iter();
            let renamed = fields.find(|(field, _)| field == name);
            let column = renamed.map_or(name, |(_, column)| column.as_str());
            self.names
                .iter()
                .find(|name| *name == column)
                .map(String::as_str)
        })
    }

    /// Returns the columns of a guard that the file has; `None` if it has none of them.
    fn guarded(&self, guard: Guard) -> Option<String> {
        let here = |column: &&&str| self.names.iter().any(|name| name == **column);
        let columns: Vec<&str> = columns_of(guard).iter().filter(here).copied().collect();
        (!columns.is_empty()).then(|| columns.join(", "))
    }

    /// Replaces the names of fields in a description by those of their columns.
    pub(crate) fn reword(&self, description: &str) -> String {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut said = String::new();
        let mut word = String::new();
        // The NUL ends the last word; it is removed again below.
        for letter in description.chars().chain(['\0']) {
            if is_part(letter) {
                word.push(letter);
                continue;
            }
            let mut fields = self.fields.iter();
            // Names without an underscore can be English words: `id`, `reason`, `actor`.
            let renamed = fields.find(|(field, _)| *field == word && word.contains('_'));
            said.push_str(renamed.map_or(word.as_str(), |(_, column)| column));
            said.push(letter);
            word.clear();
        }
        said.pop();
        said
    }
}

/// Removes the indices from a path: `steps[2].action` becomes `steps.action`.
fn without_numbers(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| {
        path + part.split_once(']').map_or("", |(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_columns_names() {
        let columns = Columns::of(
            &["key", "household_key", "name", "start_date", "limit_amount"],
            &[
                ("id", "key"),
                ("household_id", "household_key"),
                ("handling_limit.amount", "limit_amount"),
            ],
        );
        let column = |field: &str| columns.name(field, None);
        assert_eq!(column("id"), "key");
        assert_eq!(column("household_id"), "household_key");
        assert_eq!(column("handling_limit.amount"), "limit_amount");
        assert_eq!(column("start_date.year"), "start_date");
        assert_eq!(column("something_else"), "key");
    }

    #[test]
    fn entries_are_told_at_their_column() {
        assert_eq!(without_numbers("steps[12].action"), "steps.action");
        let columns = Columns::of(&["key", "steps"], &[]);
        assert_eq!(columns.name("steps[12].action", None), "steps");
    }

    #[test]
    fn guards_name_the_columns_that_they_look_at() {
        let columns = Columns::of(
            &["key", "resident_key", "kind", "start_date", "end_date"],
            &[("resident_id", "resident_key")],
        );
        let column = |field: &str, guard| columns.name(field, Some(guard));
        let tagged = column("", Guard::TaggedAlready);
        assert_eq!(tagged, "resident_key, kind, start_date, end_date");
        let gone = column("resident_id", Guard::ReferenceNotCurrent);
        assert_eq!(gone, "resident_key");
        let why = columns.reword("resident_id: it ended");
        assert_eq!(why, "resident_key: it ended");
        assert_eq!(column("", Guard::SessionFull), "key", "of another file");
    }
}
