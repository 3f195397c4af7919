//! dataset.csv: the description of a folder. Unknown keys and values are refused, since
//! a misunderstanding here (format, encoding, time zone) would affect every other file.

use std::collections::BTreeMap;

use wangge_kernel::limit::DEFAULT_ZONE;

use super::{
    columns::Columns,
    files::nearest,
    notation,
    table::{Problems, Table},
    text::Encoding,
};

/// Name of the file.
pub(crate) const FILE: &str = "dataset.csv";
/// Version of the folder format that this tool reads.
const FORMAT: &str = "1";
/// The keys of the file; true if required.
const KEYS: [(&str, bool); 7] = [
    ("format", true),
    ("name", true),
    ("area_code", true),
    ("time_zone", true),
    ("as_of_date", true),
    ("source", false),
    ("encoding", false),
];

/// The values that the import uses.
#[derive(Debug, Default)]
pub(crate) struct Dataset {
    /// Area code of the community.
    pub(crate) area_code: String,
    /// Line of the area code.
    pub(crate) area_line: u64,
    /// Encoding of all files, if one is named.
    pub(crate) encoding: Option<Encoding>,
}

impl Dataset {
    /// Parses the file and adds its problems to `problems`.
    pub(crate) fn read(text: &str, problems: &Problems) -> Self {
        let table = Table::read(FILE, text, &Columns::of(&["key", "value"], &[]), problems);
        let mut values: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        let mut dataset = Self::default();
        for row in table.rows() {
            let (key, value) = (row.text("key"), row.text("value"));
            if !KEYS.iter().any(|(known, _)| *known == key) {
                let near = nearest(key, KEYS.into_iter().map(|(known, _)| known));
                let hint = near.map_or_else(String::new, |near| format!(": did you mean {near}?"));
                row.problem("key", &format!("{key} is not a key of the format{hint}"));
            } else if values.insert(key, (row.line, value)).is_some() {
                row.refuse("key", "RECORD_EXISTS", &format!("{key} appears twice"));
            } else if !value.is_empty() {
                dataset.take(row.line, key, value, &|why| {
                    row.problem("value", &format!("{key} {why}"));
                });
            }
        }
        // If the table can't be read, every required key would be reported as missing.
        if table.is_whole() {
            for (key, _) in KEYS.iter().filter(|(_, required)| *required) {
                // Line 0, the file as a whole, if the key is missing.
                let (line, value) = values.get(key).copied().unwrap_or_default();
                if value.is_empty() {
                    let why = format!("{key} is required");
                    problems.add(FILE, line, "value", "FIELD_INVALID", &why);
                }
            }
        }
        dataset
    }

    fn take(&mut self, line: u64, key: &str, value: &str, refuse: &dyn Fn(&str)) {
        match key {
            "format" if value != FORMAT => {
                refuse(&format!("is {value}, but this tool reads format {FORMAT}"));
            }
            "area_code" if !notation::is_area_code(value) => {
                refuse("is not a valid code: 6 to 32 digits")
            }
            "area_code" => {
                value.clone_into(&mut self.area_code);
                self.area_line = line;
            }
            // Figures count days in this zone only, so records near midnight in another
            // zone would be counted on the wrong day.
            "time_zone" if value != DEFAULT_ZONE.name() => {
                let zone = DEFAULT_ZONE.name();
                refuse(&format!(
                    "must be {zone}: other time zones are not supported"
                ));
            }
            "as_of_date" if notation::day(value).is_none() => {
                refuse("is not a valid date: YYYY-MM-DD")
            }
            "encoding" => {
                self.encoding = Encoding::named(value);
                if self.encoding.is_none() {
                    refuse("must be UTF-8 or GB 18030");
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "key,value\nformat,1\nname,临河\narea_code,990101001003\n\
        time_zone,Asia/Shanghai\nas_of_date,2024-11-30\nsource,invented\n";

    fn refused(text: &str) -> Vec<String> {
        let problems = Problems::default();
        Dataset::read(text, &problems);
        let problems = problems.into_inner();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_right_one_is_taken() {
        let problems = Problems::default();
        let dataset = Dataset::read(GOOD, &problems);
        assert_eq!(problems.into_inner(), []);
        assert_eq!(dataset.area_code, "990101001003");
        assert_eq!(refused(&format!("{GOOD}encoding,GB18030\n")), [""; 0]);
    }

    #[test]
    fn what_is_not_understood_is_refused_where_it_stands() {
        for (from, to, told) in [
            (
                "2024-11-30",
                "2024-02-30",
                "dataset.csv:6: value: as_of_date is not a valid date",
            ),
            (
                "2024-11-30",
                "2024-11-3",
                "dataset.csv:6: value: as_of_date is not a valid date",
            ),
            (
                "Asia/Shanghai",
                "Asia/Guiyuan",
                "dataset.csv:5: value: time_zone must be",
            ),
            (
                "Asia/Shanghai",
                "Asia/Urumqi",
                "dataset.csv:5: value: time_zone must be",
            ),
            (
                "Asia/Shanghai",
                "",
                "dataset.csv:5: value: time_zone is required",
            ),
            (
                "time_zone,Asia/Shanghai\n",
                "",
                "dataset.csv: value: time_zone is required",
            ),
            ("format,1", "format,2", "dataset.csv:2: value: format is 2"),
            (
                "area_code,990101001003",
                "area_code,9901x",
                "dataset.csv:4: value: area_code is not a valid code",
            ),
            (
                "source,",
                "sources,",
                "dataset.csv:7: key: sources is not a key of the format: did you mean source?",
            ),
            ("source,", "name,", "dataset.csv:7: key: name appears twice"),
            (
                "source,invented",
                "encoding,Big5",
                "dataset.csv:7: value: encoding must be",
            ),
        ] {
            let found = refused(&GOOD.replace(from, to));
            assert!(
                found.iter().any(|line| line.starts_with(told)),
                "{told}: {found:?}"
            );
        }
    }
}
