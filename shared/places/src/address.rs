//! Normalises addresses for comparison, and decides where an entry may end within a
//! longer address.

use crate::{
    letters::fold,
    numerals::{is_numeral, to_digits},
};

/// Separators without a meaning of their own.
const SEPARATORS: &str = ",.、。·;:";
/// Last characters of road and lane names: a number after them is that of a door,
/// not of a building.
const ROADS: &str = "路街道巷弄里线桥组队段同";
/// Characters that make "number + 号" part of a name: 二号村, 7号线.
const NAMED_BY_NUMBER: &str = "村线路街桥巷弄井矿港站码院";

/// Normalises an address for comparison. The operation is idempotent.
///
/// Full-width, traditional and upper-case characters are folded. Spaces and
/// punctuation are removed, except that one comma remains between two digits (1、2幢
/// is not 12幢). Numerals that count something become digits. 栋, 号楼 and, unless it
/// can be a door on a road, 号 become 幢. So `富強新村　十七号楼` and `富强新村17幢` are equal.
pub fn normalize(text: &str) -> String {
    one_word_for_a_building(&to_digits(&joined(text)))
        .into_iter()
        .collect()
}

/// Returns true if an entry may end directly before the following characters: not
/// inside a number, and not inside a name that starts with a number.
pub(crate) fn may_end(entry: &[char], rest: &[char]) -> bool {
    let (Some(last), Some(next)) = (entry.last(), rest.first()) else {
        return true;
    };
    // Otherwise an entry 富强新村1 would match 富强新村12幢.
    let inside_number = last.is_ascii_alphanumeric()
        && (next.is_ascii_alphanumeric() || *next == ',')
        || is_numeral(*last) && is_numeral(*next);
    let inside_name = *last == '号' && NAMED_BY_NUMBER.contains(*next);
    !inside_number && !inside_name
}

fn joined(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = Vec::new();
    let mut parted = false;
    // Lower-casing may map one character to several.
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

/// Returns true if the 号 after `before` denotes a building: it follows a number
/// that isn't on a road or lane, and is followed by neither a building nor a name.
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
    // With another building after it, as in 大院17号3幢, the number is that of the
    // compound.
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
