//! The names of the format's files. A data file with another name is refused, with the
//! most similar valid name, since its rows would be lost silently.

use std::path::Path;

use super::{dataset, format};

/// Name of the file with the boundaries of areas.
pub(super) const BOUNDARIES: &str = "boundaries.geojson";
/// Name of the file with the actions on tickets.
pub(super) const ACTIONS: &str = "ticket_actions.csv";
/// Prefix of files with the expected results of an import; they are not imported.
const EXPECTED: &str = "expected_";

/// Returns the names of all files of the format: those with records, and those that
/// complete others.
fn names() -> impl Iterator<Item = &'static str> {
    let others = [dataset::FILE, BOUNDARIES, ACTIONS];
    let files = format::files().iter().map(|file| file.name());
    others.into_iter().chain(files)
}

/// Returns the file of the format with exactly this name.
pub(super) fn known(name: &str) -> Option<&'static str> {
    names().find(|known| *known == name)
}

/// Returns the reason why a file with an unknown name is refused; `None` if it isn't
/// data and can be ignored.
pub(super) fn misnamed(name: &str) -> Option<String> {
    // Hidden files, and the lock files of an open spreadsheet (`~$tickets.xlsx`).
    if name.starts_with(['.', '~']) || name.starts_with(EXPECTED) {
        return None;
    }
    let path = Path::new(name);
    let stem = |name: &str| {
        let (stem, _) = name.rsplit_once('.').unwrap_or((name, ""));
        stem.to_ascii_lowercase()
    };
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    // The right name with a wrong extension or case: a table that was saved as a
    // spreadsheet. Other extensions, e.g. of notes beside a table, are ignored.
    if let Some(same) = names().find(|known| stem(known) == stem(name)) {
        let is_table = [
            "csv", "txt", "tsv", "xls", "xlsx", "ods", "et", "geojson", "json", "",
        ];
        let is_table = is_table.iter().any(|known| extension == **known);
        return is_table.then(|| format!("is not a file of the format: did you mean {same}?"));
    }
    let is_data = extension == "csv" || extension == "geojson";
    is_data.then(|| match nearest(name, names()) {
        Some(near) => format!("is not a file of the format: did you mean {near}?"),
        None => "is not a file of the format".to_owned(),
    })
}

/// Returns the most similar of several names; `None` if none has a Jaro-Winkler
/// similarity above 0.8.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    names
        .map(|known| (strsim::jaro_winkler(known, &name), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_refused_with_the_nearest_right_one() {
        for (name, right) in [
            ("ticket_action.csv", "ticket_actions.csv"),
            ("Tickets.csv", "tickets.csv"),
            ("tickets.xlsx", "tickets.csv"),
            ("boundaries.json", "boundaries.geojson"),
            ("boundary.geojson", "boundaries.geojson"),
            ("people.CSV", "people.csv"),
            ("checkin_visits.csv", "check_in_visits.csv"),
        ] {
            let why = misnamed(name).expect(name);
            assert!(why.contains(right), "{name}: {why}");
        }
        assert!(misnamed("budget.csv").is_some());
    }

    #[test]
    fn what_is_no_data_is_left_alone() {
        for name in [
            "README.md",
            "generate.py",
            ".DS_Store",
            "~$tickets.xlsx",
            "expected_figures.csv",
        ] {
            assert_eq!(misnamed(name), None, "{name}");
        }
        assert_eq!(known("tickets.csv"), Some("tickets.csv"));
    }
}
