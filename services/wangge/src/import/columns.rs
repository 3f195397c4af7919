//! The columns of a file. Maps the contract's fields and guards, which services name in
//! violations, to columns: an author of files knows neither.

use std::sync::Arc;

/// The columns that each guard depends on. A guard of several files lists the columns of
/// all of them; those that a file doesn't have are ignored.
const GUARDS: &[&str] = &[
    "assignment_open: steps",
    "benefits_already: project_key, resident_key",
    "beyond_limit: due_date, created_time",
    "booked_already: recurring_session_key, session_date, resident_key",
    "claimed_already: project_key, unit_code, volunteer_key",
    "deliberation_reviewed: deliberation_key, steps",
    "door_taken: building_key, room, start_date, end_date",
    "held_already: service_post_key, volunteer_key, start_date, end_date",
    "item_not_current: livelihood_item_key, created_time",
    "match_of_other_need: need_match_key, need_key",
    "matched_already: need_key, resource_key",
    "meeting_not_held: meeting_key, inconclusive_meeting_keys",
    "member_already: team_key, volunteer_key, unit_code, resident_key, start_date, end_date",
    "name_taken: estate_key, station_key, name, start_date, end_date",
    "nothing_assigned: steps",
    "not_authorised: is_authorised, steps",
    "not_a_raiser: reviewer_key",
    "not_begun: steps",
    "not_on_duty: person_key, steps",
    "on_duty_already: station_key, person_key, duty_date, start_time, end_time",
    "party_missing: meeting_key, inconclusive_meeting_keys",
    "position_taken: position, start_date, end_date",
    "post_taken: post, unit_code, area_code, start_date, end_date",
    "project_full: project_key, created_time, steps",
    "registered_already: person_key, area_code, start_date, end_date",
    "registration_not_current: registration_key, visit_time",
    "role_held_already: resident_key, kind, start_date, end_date",
    "seated_already: person_key, start_date, end_date",
    "service_event_state: service_event_key",
    "session_full: recurring_session_key, session_date",
    "session_not_held: recurring_session_key, session_date",
    "session_over: session_date",
    "shift_overlaps: volunteer_key, start_time, end_time",
    "station_closed: session_date",
    "tagged_already: resident_key, kind, start_date, end_date",
    "visited_already: registration_key, visit_time",
];

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

    /// Returns the column or columns of a field or guard, and the description with the
    /// fields' names replaced by the columns' names.
    pub(crate) fn name(&self, field: &str, description: &str) -> (String, String) {
        let column = if field.is_empty() {
            self.guarded(description)
        } else {
            self.column(field).map(str::to_owned)
        };
        // A field without a column, or an unknown guard, is reported at the row's key.
        let column = column.or_else(|| self.names.first().cloned());
        (column.unwrap_or_default(), self.reword(description))
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

    /// Returns the columns of a guard's description, which has the format `guard: why` or
    /// `guard: field: why`.
    fn guarded(&self, description: &str) -> Option<String> {
        let (guard, why) = description.split_once(": ")?;
        let named = why
            .split_once(": ")
            .and_then(|(field, _)| self.column(field));
        if let Some(column) = named {
            return Some(column.to_owned());
        }
        let mut guards = GUARDS.iter().filter_map(|known| known.split_once(": "));
        let (_, columns) = guards.find(|(known, _)| *known == guard)?;
        let here = |column: &&str| self.names.iter().any(|name| name == *column);
        let columns: Vec<&str> = columns.split(", ").filter(here).collect();
        (!columns.is_empty()).then(|| columns.join(", "))
    }

    /// Replaces the names of fields in a description by those of their columns.
    fn reword(&self, description: &str) -> String {
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
        let column = |field: &str| columns.name(field, "").0;
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
        assert_eq!(columns.name("steps[12].action", "").0, "steps");
    }

    #[test]
    fn guards_name_the_columns_that_they_look_at() {
        let columns = Columns::of(
            &["key", "resident_key", "kind", "start_date", "end_date"],
            &[("resident_id", "resident_key")],
        );
        let (column, _) = columns.name("", "tagged_already: the resident has one");
        assert_eq!(column, "resident_key, kind, start_date, end_date");
        let (column, why) = columns.name("", "resident_not_current: resident_id: it ended");
        assert_eq!(column, "resident_key");
        assert_eq!(why, "resident_not_current: resident_key: it ended");
        assert_eq!(columns.name("", "new_guard: why").0, "key");
    }
}
