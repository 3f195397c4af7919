//! Checks on texts that apply to every request in addition to the contract's rules.
//! Rejects texts that can't be stored, and texts without a visible character, so
//! that "required" guarantees something readable.

use crate::refusal::{FieldViolation, Rule};

/// An invalid text: the path of its field and the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    path: String,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Nul,
    Invisible,
}

/// A message whose texts can be checked. Implementations are generated.
pub trait Texts {
    /// Returns the faults of all texts in the message, nested messages included.
    fn faults(&self) -> Vec<Fault>;
}

impl From<Fault> for FieldViolation {
    fn from(fault: Fault) -> Self {
        let (rule, what) = match fault.problem {
            Problem::Nul => (Rule::StringNul, "must not contain the character NUL"),
            Problem::Invisible => (Rule::StringVisible, "must contain a visible character"),
        };
        Self::new(fault.path, rule, what)
    }
}

pub(crate) fn look_at(text: &str, name: &str, found: &mut Vec<Fault>) {
    found.extend(problem(text).map(|problem| Fault {
        path: name.to_owned(),
        problem,
    }));
}

pub(crate) fn look_at_all(texts: &[String], name: &str, found: &mut Vec<Fault>) {
    for (place, text) in texts.iter().enumerate() {
        found.extend(problem(text).map(|problem| Fault {
            path: format!("{name}[{place}]"),
            problem,
        }));
    }
}

pub(crate) fn look_into(inner: Vec<Fault>, name: &str, found: &mut Vec<Fault>) {
    found.extend(inner.into_iter().map(|fault| Fault {
        path: format!("{name}.{}", fault.path),
        ..fault
    }));
}

pub(crate) fn look_into_all<M: Texts>(messages: &[M], name: &str, found: &mut Vec<Fault>) {
    for (place, message) in messages.iter().enumerate() {
        let inner = message.faults();
        // The path is formatted only if there is a fault: imports check many rows.
        if !inner.is_empty() {
            look_into(inner, &format!("{name}[{place}]"), found);
        }
    }
}

/// Returns the problem of a text, if any. A text of only white space counts as
/// missing; the rule "required" decides about that.
fn problem(text: &str) -> Option<Problem> {
    if text.contains('\0') {
        Some(Problem::Nul)
    } else if !text.trim().is_empty() && !text.chars().any(is_visible) {
        Some(Problem::Invisible)
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
    use crate::{
        codec::check,
        tickets::v1::{CreateTicketRequest, Ticket},
        volunteers::v1::AgencyCase,
    };

    fn refused(title: &str) -> Option<(String, String)> {
        let ticket = Ticket {
            title: title.to_owned(),
            ..Ticket::default()
        };
        let request = CreateTicketRequest {
            request_id: "0190163d-8694-739b-aea5-966c26f8ad91".to_owned(),
            ticket: Some(ticket),
        };
        let refusal = check(&request).err()?;
        let field = refusal.fields.into_iter().next()?;
        Some((field.field, field.rule))
    }

    #[test]
    fn a_text_that_cannot_be_kept_or_seen_is_refused_by_its_field() {
        let invisible = [
            "\u{200b}\u{200b}",
            " \u{feff} ",
            "\u{3164}",
            "\u{2060}\u{200d}",
        ];
        for title in invisible {
            let told = Some(("ticket.title".to_owned(), "STRING_VISIBLE".to_owned()));
            assert_eq!(refused(title), told, "{title:?}");
        }
        let told = Some(("ticket.title".to_owned(), "STRING_NUL".to_owned()));
        assert_eq!(refused("午间\0噪声"), told);
        for title in ["午间噪声", "", "  ", "👨\u{200d}👩\u{200d}👧", "a\u{200b}"] {
            assert_eq!(refused(title), None, "{title:?}");
        }
    }

    #[test]
    fn lists_name_the_place_of_the_text() {
        let case = AgencyCase {
            papers: ["户口本", "\u{200b}"].map(str::to_owned).to_vec(),
            ..AgencyCase::default()
        };
        let fields = check(&case).expect_err("nothing to be seen").fields;
        assert!(
            fields.iter().any(|field| field.field == "papers[1]"),
            "{fields:?}"
        );
    }
}
