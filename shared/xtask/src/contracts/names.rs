//! Case and number of names: what the rules on names compare.

/// Returns a name in snake case: `NeedMatch` becomes `need_match`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Returns a name in camel case that begins with a capital: `need_match` becomes `NeedMatch`.
pub(crate) fn camel(name: &str) -> String {
    name.split(['_', '-', '.']).map(capitalised).collect()
}

/// Returns a word with its first letter capitalised.
pub(crate) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Returns the words of a name in camel case: `GetTicket` has `Get` and `Ticket`.
pub(crate) fn words(name: &str) -> Vec<String> {
    snake(name).split('_').map(capitalised).collect()
}

/// Returns true if a name is lower-case words, joined by single underscores, that begin
/// with a letter.
pub(crate) fn is_snake(name: &str) -> bool {
    name.split('_').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// Returns true if a name is in camel case and begins with a capital, without acronyms in
/// capitals.
pub(crate) fn is_camel(name: &str) -> bool {
    let mut after_capital = false;
    let regular = name.chars().all(|c| {
        let is_capital = c.is_ascii_uppercase();
        let is_acronym = is_capital && after_capital;
        after_capital = is_capital;
        c.is_ascii_alphanumeric() && !is_acronym
    });
    regular && name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Plurals that the rules of English don't form.
const IRREGULAR: &[(&str, &str)] = &[("person", "people"), ("child", "children")];

/// Returns the plural of a name in snake or camel case: `category`, `categories`.
pub(crate) fn plural(name: &str) -> String {
    for (one, many) in IRREGULAR {
        for (one, many) in [(*one, *many), (&*capitalised(one), &*capitalised(many))] {
            if let Some(before) = name.strip_suffix(one) {
                return format!("{before}{many}");
            }
        }
    }
    let after_consonant = |stem: &str| !stem.ends_with(['a', 'e', 'i', 'o', 'u']);
    match name.strip_suffix('y') {
        Some(stem) if after_consonant(stem) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x', 'z']) || name.ends_with("ch") || name.ends_with("sh") => {
            format!("{name}es")
        }
        _ => format!("{name}s"),
    }
}

/// Returns true if the last word of a name in snake case is a plural.
pub(crate) fn is_plural(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or_default();
    let irregular = IRREGULAR.iter().any(|(_, many)| last == *many);
    irregular || (last.ends_with('s') && !last.ends_with("ss"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_case() {
        assert_eq!(snake("NeedMatch"), "need_match");
        assert_eq!(camel("need_match"), "NeedMatch");
        assert_eq!(words("GetTicket"), ["Get", "Ticket"]);
        assert!(is_snake("area_code") && is_snake("a1"));
        for name in ["areaCode", "_area", "area__code", "area_1", "area_"] {
            assert!(!is_snake(name), "{name}");
        }
        assert!(is_camel("NeedMatch") && !is_camel("needMatch") && !is_camel("HTTPServer"));
    }

    #[test]
    fn plurals_are_formed_and_recognised() {
        for (one, many) in [
            ("wish", "wishes"),
            ("duty", "duties"),
            ("ClosedDay", "ClosedDays"),
            ("person", "people"),
            ("Person", "People"),
            ("match", "matches"),
            ("resource", "resources"),
        ] {
            assert_eq!(plural(one), many);
            assert!(is_plural(&super::snake(many)), "{many}");
        }
        assert!(!is_plural("history") && !is_plural("address"));
    }
}
