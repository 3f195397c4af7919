//! Addresses in the form in which they are compared.

/// Folds full-width characters, drops spaces and punctuation between parts,
/// and lowers letters, so that `富强新村　１２幢` and `富强新村12幢` are one.
pub fn normalize(text: &str) -> String {
    text.chars()
        .map(fold)
        .filter(|letter| {
            !letter.is_whitespace() && !matches!(letter, ',' | '.' | '、' | '。' | '·')
        })
        .flat_map(char::to_lowercase)
        .collect()
}

fn fold(letter: char) -> char {
    match letter {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_address_are_one() {
        assert_eq!(normalize("富强新村　１２幢，３单元"), "富强新村12幢3单元");
        assert_eq!(normalize(" 富强新村 12幢 A座"), "富强新村12幢a座");
    }
}
