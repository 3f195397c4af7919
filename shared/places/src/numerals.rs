//! Chinese numerals that count a building, a door or a floor. Numerals in names
//! (一万路, 新二村) are left unchanged.

/// Characters that such a numeral directly precedes.
const COUNTED: &str = "幢栋号弄座楼室层单";
/// Maximum number of characters of a numeral; addresses have no more digits.
const MAX_CHARS: usize = 7;

/// Replaces each numeral that counts something with Arabic digits.
pub(crate) fn to_digits(letters: &[char]) -> Vec<char> {
    let mut written = Vec::with_capacity(letters.len());
    let mut rest = letters;
    while let Some(first) = rest.first() {
        let length = rest
            .iter()
            .take_while(|letter| is_numeral(**letter))
            .count();
        let (numeral, behind) = rest.split_at(length);
        let counts = behind.first().is_some_and(|next| COUNTED.contains(*next))
            // 单 counts only in 单元.
            && (behind.first() != Some(&'单') || behind.get(1) == Some(&'元'))
            // A numeral directly after a digit or 第, 万, 亿 is part of a larger
            // number or an ordinal.
            && !written.last().is_some_and(|last: &char| {
                last.is_ascii_alphanumeric() || "第万亿".contains(*last)
            });
        match value(numeral).filter(|_| counts) {
            Some(value) => written.extend(value.to_string().chars()),
            None if length > 0 => written.extend(numeral),
            None => {
                written.push(*first);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
        }
        rest = behind;
    }
    written
}

/// Returns true if a character can be part of a numeral.
pub(crate) fn is_numeral(letter: char) -> bool {
    digit(letter).is_some() || unit(letter).is_some()
}

fn digit(letter: char) -> Option<u32> {
    let digits = "零一二三四五六七八九";
    match letter {
        '〇' => Some(0),
        '两' => Some(2),
        _ => (0..)
            .zip(digits.chars())
            .find(|(_, known)| *known == letter)
            .map(|(value, _)| value),
    }
}

fn unit(letter: char) -> Option<u32> {
    match letter {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1000),
        _ => None,
    }
}

/// Returns the value of a numeral; `None` if it is malformed or may be a name (八一,
/// 五四).
fn value(numeral: &[char]) -> Option<u32> {
    if numeral.is_empty() || numeral.len() > MAX_CHARS {
        return None;
    }
    if numeral.iter().any(|letter| unit(*letter).is_some()) {
        return counted(numeral);
    }
    let digits: Vec<u32> = numeral.iter().filter_map(|letter| digit(*letter)).collect();
    // Digits without units are read one by one, as in 三〇二. Two digits without a
    // zero are usually a name.
    let spelt = digits.first() != Some(&0) && (digits.len() != 2 || digits.contains(&0));
    spelt.then(|| digits.iter().fold(0, |value, digit| value * 10 + digit))
}

/// Returns the value of a numeral with tens, hundreds or thousands; `None` if the
/// units don't descend.
fn counted(numeral: &[char]) -> Option<u32> {
    let (mut total, mut pending, mut least) = (0, None, 10_000);
    for letter in numeral {
        match (digit(*letter), unit(*letter)) {
            // A zero only marks skipped places, as in 一百零二.
            (Some(0), _) if pending.is_none() => {}
            (Some(value), _) if pending.is_none() => pending = Some(value),
            (None, Some(unit)) if unit < least => {
                // 十七 is 17: a leading ten needs no multiplier.
                let leads = total == 0 && unit == 10;
                total += pending.take().or(leads.then_some(1))? * unit;
                least = unit;
            }
            _ => return None,
        }
    }
    Some(total + pending.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        to_digits(&text.chars().collect::<Vec<_>>())
            .into_iter()
            .collect()
    }

    #[test]
    fn what_is_counted_is_written_in_digits_and_names_stay() {
        for (given, expected) in [
            ("富强新村十七幢", "富强新村17幢"),
            ("二十幢", "20幢"),
            ("一百零二号", "102号"),
            ("一百二十三室", "123室"),
            ("三〇二室", "302室"),
            ("两单元", "2单元"),
            ("二号村2号楼", "2号村2号楼"),
            ("一万路10号", "一万路10号"),
            ("八一楼", "八一楼"),
            ("十十幢", "十十幢"),
            ("新二村七幢", "新二村7幢"),
            ("三万二号", "三万二号"),
        ] {
            assert_eq!(written(given), expected, "{given}");
        }
    }
}
