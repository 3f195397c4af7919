//! Checks of a request beside the generated validators: the contract's CEL expressions,
//! compiled by the build, and two rules for all texts. These reject texts that can't be
//! stored, and texts without a visible character, so that "required" guarantees
//! something readable.

use crate::refusal::{FieldViolation, Rule};

/// A violated rule: the path of the field, the rule, and what it requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    path: String,
    rule: &'static str,
    what: &'static str,
}

const NUL: (&str, &str) = (Rule::StringNul.name(), "must not contain the character NUL");
const INVISIBLE: (&str, &str) = (
    Rule::StringVisible.name(),
    "must contain a visible character",
);

/// A message that can be checked. Implementations are generated.
pub trait Rules {
    /// Returns the violated rules of the message, nested messages included.
    fn faults(&self) -> Vec<Fault>;
}

impl From<Fault> for FieldViolation {
    fn from(fault: Fault) -> Self {
        Self::of_contract(fault.path, fault.rule, fault.what)
    }
}

/// Adds a fault at `path` unless the condition of a rule is met.
pub(crate) fn require(
    is_met: bool,
    path: &str,
    rule: &'static str,
    what: &'static str,
    found: &mut Vec<Fault>,
) {
    if !is_met {
        let path = path.to_owned();
        found.push(Fault { path, rule, what });
    }
}

/// Returns the nanoseconds from one time to another, both as seconds and nanoseconds.
pub(crate) fn between(from: (i64, i32), to: (i64, i32)) -> i128 {
    let nanos =
        |(seconds, nanos): (i64, i32)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    nanos(to) - nanos(from)
}

pub(crate) fn look_at(text: &str, name: &str, found: &mut Vec<Fault>) {
    found.extend(problem(text).map(|(rule, what)| Fault {
        path: name.to_owned(),
        rule,
        what,
    }));
}

pub(crate) fn look_at_all(texts: &[String], name: &str, found: &mut Vec<Fault>) {
    for (place, text) in texts.iter().enumerate() {
        found.extend(problem(text).map(|(rule, what)| Fault {
            path: format!("{name}[{place}]"),
            rule,
            what,
        }));
    }
}

pub(crate) fn look_into(inner: Vec<Fault>, name: &str, found: &mut Vec<Fault>) {
    found.extend(inner.into_iter().map(|fault| Fault {
        path: match fault.path.as_str() {
            "" => name.to_owned(),
            path => format!("{name}.{path}"),
        },
        ..fault
    }));
}

pub(crate) fn look_into_all<M: Rules>(messages: &[M], name: &str, found: &mut Vec<Fault>) {
    for (place, message) in messages.iter().enumerate() {
        let inner = message.faults();
        // The path is formatted only if there is a fault: imports check many rows.
        if !inner.is_empty() {
            look_into(inner, &format!("{name}[{place}]"), found);
        }
    }
}

/// Returns the violated rule of a text and what it requires, if any.
fn problem(text: &str) -> Option<(&'static str, &'static str)> {
    if text.contains('\0') {
        Some(NUL)
    } else if !text.is_empty() && !text.chars().any(is_visible) {
        Some(INVISIBLE)
    } else {
        None
    }
}

/// Returns true if a character is visible. White space, control characters and
/// Unicode's default ignorable code points aren't: joiners, directional marks,
/// fillers, variation selectors, tags.
fn is_visible(letter: char) -> bool {
    let ignorable = matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !(ignorable || letter.is_whitespace() || letter.is_control())
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use crate::{
        codec::check,
        organization::v1::{CreateUnitRequest, Unit, UpdateUnitRequest},
        refusal::Refusal,
        tickets::v1::{CreateTicketRequest, DutyShift, Ticket},
        types::v1::Date,
        volunteers::v1::{AgencyCase, CreateShiftRequest, Shift},
    };

    const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    /// Returns the fields that are refused, each with the rule.
    fn faults(checked: Result<(), Refusal>) -> Vec<String> {
        let fields = checked.err().map(|refusal| refusal.fields);
        let fields = fields.into_iter().flatten();
        fields
            .map(|field| format!("{} {}", field.field, field.rule))
            .collect()
    }

    fn titled(title: &str) -> Vec<String> {
        let ticket = Ticket {
            source: 1,
            category_code: "0301".to_owned(),
            title: title.to_owned(),
            ..Ticket::default()
        };
        faults(check(&CreateTicketRequest {
            request_id: ID.to_owned(),
            ticket: Some(ticket),
        }))
    }

    #[test]
    fn a_text_that_cannot_be_kept_or_seen_is_refused_by_its_field() {
        let invisible = [
            "  ",
            "\u{200b}\u{200b}",
            " \u{feff} ",
            "\u{3164}",
            "\u{2060}\u{200d}",
        ];
        for title in invisible {
            assert_eq!(titled(title), ["ticket.title STRING_VISIBLE"], "{title:?}");
        }
        assert_eq!(titled("午间\0噪声"), ["ticket.title STRING_NUL"]);
        assert_eq!(titled(""), ["ticket.title REQUIRED"]);
        for title in ["午间噪声", "👨\u{200d}👩\u{200d}👧", "a\u{200b}"] {
            assert!(titled(title).is_empty(), "{title:?}");
        }
    }

    #[test]
    fn lists_name_the_place_of_the_text() {
        let case = AgencyCase {
            papers: ["户口本", "\u{200b}"].map(str::to_owned).to_vec(),
            ..AgencyCase::default()
        };
        assert_eq!(faults(check(&case)), ["papers[1] STRING_VISIBLE"]);
    }

    #[test]
    fn all_that_a_new_record_lacks_is_named_at_once() {
        let unit = Unit {
            kind: 1,
            parent_id: ID.to_owned(),
            ..Unit::default()
        };
        let found = faults(check(&CreateUnitRequest {
            request_id: String::new(),
            unit: Some(unit),
        }));
        let expected = [
            "request_id STRING_UUID_EMPTY",
            "unit.code REQUIRED",
            "unit.name REQUIRED",
            "unit.area_code REQUIRED",
            "unit.start_date REQUIRED",
            "unit.parent_id UNIT_LEVEL",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_masked_update_needs_only_what_it_names() {
        let update = |paths: &[&str]| {
            faults(check(&UpdateUnitRequest {
                request_id: ID.to_owned(),
                unit: Some(Unit {
                    id: ID.to_owned(),
                    ..Unit::default()
                }),
                update_mask: Some(FieldMask {
                    paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                }),
            }))
        };
        assert!(update(&["end_date"]).is_empty());
        assert_eq!(update(&["name"]), ["unit.name REQUIRED"]);
        assert_eq!(update(&[]), ["update_mask REQUIRED"]);
        assert_eq!(update(&["kind"]), ["update_mask FIELD_MASK_IN"]);
    }

    #[test]
    fn days_exist_and_ends_come_later() {
        let day = |year, month, day| Some(Date { year, month, day });
        let unit = |start_date, end_date| {
            faults(check(&Unit {
                start_date,
                end_date,
                ..Unit::default()
            }))
        };
        assert!(unit(day(2024, 2, 29), None).is_empty());
        assert!(unit(day(2024, 12, 31), day(2025, 1, 1)).is_empty());
        assert_eq!(unit(day(2100, 2, 29), None), ["start_date DATE"]);
        assert_eq!(unit(None, day(2022, 4, 31)), ["end_date DATE"]);
        let same = day(2024, 2, 29);
        assert_eq!(unit(same, same), ["end_date DATE_ORDER"]);
    }

    #[test]
    fn a_shift_lasts_at_most_a_day() {
        let shift = |nanos| {
            let at = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
            faults(check(&DutyShift {
                start_time: at(0, 0),
                end_time: at(86_400, nanos),
                ..DutyShift::default()
            }))
        };
        assert!(shift(0).is_empty());
        assert_eq!(shift(1), ["end_time TIME_ORDER"]);
    }

    #[test]
    fn exactly_one_of_several_is_counted() {
        let place = |service_event_id: &str, station_id: &str| {
            let shift = Shift {
                service_event_id: service_event_id.to_owned(),
                station_id: station_id.to_owned(),
                start_time: Some(prost_types::Timestamp::default()),
                end_time: Some(prost_types::Timestamp {
                    seconds: 60,
                    nanos: 0,
                }),
                ..Shift::default()
            };
            faults(check(&CreateShiftRequest {
                request_id: ID.to_owned(),
                shift: Some(shift),
            }))
        };
        let refused = ["shift.service_event_id MESSAGE_ONEOF"];
        assert!(place(ID, "").is_empty() && place("", ID).is_empty());
        assert_eq!(place("", ""), refused);
        assert_eq!(place(ID, ID), refused);
    }
}
