//! Addresses in the form in which they are compared, and where the words of an
//! entry may end within a longer address.

use crate::{
    letters::fold,
    numerals::{is_numeral, to_digits},
};

/// Letters that stand between parts and mean nothing.
const SEPARATORS: &str = ",.、。·;:";
/// What names a road or a lane: a number behind it is a door's, not a
/// building's.
const ROADS: &str = "路街道巷弄里线桥组队段同";
/// What makes a name of a number with 号 before it: 二号村, 7号线.
const NAMED_BY_NUMBER: &str = "村线路街桥巷弄井矿港站码院";

/// The form in which addresses are compared; of that form itself it is the
/// same.
///
/// Full-width, traditional and capital letters are folded; spaces and
/// punctuation go, except that between two digits one comma stays (1、2幢 is
/// not 12幢); numerals that count something become digits; 栋, 号楼 and, where
/// no road's door can be meant, 号 become 幢. So `富強新村　十七号楼` and
/// `富强新村17幢` are one.
pub fn normalize(text: &str) -> String {
    one_word_for_a_building(&to_digits(&joined(text)))
        .into_iter()
        .collect()
}

/// Whether the words of an entry may end right before the letters that follow:
/// not inside a number, and not inside a name that begins with a number.
pub(crate) fn may_end(entry: &[char], rest: &[char]) -> bool {
    let (Some(last), Some(next)) = (entry.last(), rest.first()) else {
        return true;
    };
    let inside_number = last.is_ascii_alphanumeric()
        && (next.is_ascii_alphanumeric() || *next == ',')
        || is_numeral(*last) && is_numeral(*next);
    let inside_name = *last == '号' && NAMED_BY_NUMBER.contains(*next);
    !inside_number && !inside_name
}

fn joined(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = Vec::new();
    let mut parted = false;
    for letter in text.chars().map(fold).flat_map(char::to_lowercase) {
        if letter.is_whitespace() || SEPARATORS.contains(letter) {
            parted = true;
            continue;
        }
        let between_digits =
            letter.is_ascii_digit() && letters.last().is_some_and(char::is_ascii_digit);
        if parted && between_digits {
            letters.push(',');
        }
        parted = false;
        letters.push(letter);
    }
    letters
}

fn one_word_for_a_building(letters: &[char]) -> Vec<char> {
    let mut written: Vec<char> = Vec::with_capacity(letters.len());
    let mut rest = letters;
    while let Some((letter, behind)) = rest.split_first() {
        rest = behind;
        let numbered = written.last().is_some_and(char::is_ascii_alphanumeric);
        match letter {
            '栋' if numbered => written.push('幢'),
            '号' | '#' if numbered && behind.first() == Some(&'楼') => {
                written.push('幢');
                rest = behind.get(1..).unwrap_or_default();
            }
            '号' | '#' if is_building(&written, behind) => written.push('幢'),
            other => written.push(*other),
        }
    }
    written
}

/// Whether the 号 behind these letters is a building's: behind a number, of no
/// road or lane, and with nothing behind it that is a building or a name.
fn is_building(before: &[char], behind: &[char]) -> bool {
    let digits = before
        .iter()
        .rev()
        .take_while(|letter| letter.is_ascii_digit())
        .count();
    let name = before.get(..before.len() - digits).unwrap_or_default();
    let named = name
        .last()
        .is_some_and(|last| !last.is_ascii() && !ROADS.contains(*last));
    let ends = behind
        .first()
        .is_none_or(|next| next.is_ascii_digit() || "单门甲乙丙丁东西".contains(*next));
    let holds_building = behind.iter().any(|letter| "幢栋楼弄号".contains(*letter));
    digits > 0 && named && ends && !holds_building
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_of_one_address_are_one() {
        for given in [
            "富强新村17幢3单元",
            " 富强新村 １７幢，3单元",
            "富强新村17栋3单元",
            "富强新村17号楼3单元",
            "富强新村17#楼3单元",
            "富强新村17号3单元",
            "富強新村十七幢三單元",
        ] {
            assert_eq!(normalize(given), "富强新村17幢3单元", "{given}");
        }
        assert_eq!(normalize(" 富强新村 12幢 A座"), "富强新村12幢a座");
    }

    #[test]
    fn what_is_not_the_same_stays_apart() {
        for (one, other) in [
            ("一万路10号", "一万路10幢"),
            ("人民路112弄3号", "人民路112弄3幢"),
            ("富强新村1、2幢", "富强新村12幢"),
            ("富强新村1 2幢", "富强新村12幢"),
            ("二号村2号楼", "二村2号楼"),
            ("八一楼", "81楼"),
            ("大院17号3幢", "大院17幢3幢"),
        ] {
            assert_ne!(normalize(one), normalize(other), "{one} {other}");
        }
        assert_eq!(normalize("二号村2号楼"), "2号村2幢");
    }

    fn number(value: u32) -> String {
        let digits: Vec<char> = "零一二三四五六七八九".chars().collect();
        let of = |value: u32| digits[usize::try_from(value).unwrap()].to_string();
        match value {
            0..=9 => of(value),
            10 => "十".into(),
            11..=19 => format!("十{}", of(value % 10)),
            _ if value.is_multiple_of(10) => format!("{}十", of(value / 10)),
            _ => format!("{}十{}", of(value / 10), of(value % 10)),
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(text in "[富强新村路一二十百万0-9A-Z 、，＃#号楼栋幢弄座單元室號樓-]{0,24}") {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
        }

        #[test]
        fn one_building_has_one_form_and_two_have_two(one in 1u32..100, other in 1u32..100) {
            for word in ["幢", "栋", "号楼", "号", "號樓", "棟"] {
                let plain = normalize(&format!("富强新村{one}幢"));
                prop_assert_eq!(&normalize(&format!("富强新村{one}{word}")), &plain);
                prop_assert_eq!(&normalize(&format!("富強新村{}{word}", number(one))), &plain);
                let apart = normalize(&format!("富强新村{}{word}", number(other)));
                prop_assert_eq!(apart == plain, one == other);
                let apart: Vec<char> = apart.chars().collect();
                let begins = apart.starts_with(&plain.chars().collect::<Vec<_>>());
                prop_assert_eq!(begins, one == other);
            }
        }
    }
}
