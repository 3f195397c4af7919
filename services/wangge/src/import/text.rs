//! Decodes files: UTF-8, with or without byte order mark, or GB 18030, in which Chinese
//! spreadsheet programs save. The encoding is stated in dataset.csv or detected.

use encoding_rs::GB18030;

/// Encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Gb18030,
}

/// The text of a file, and whether its encoding was detected rather than stated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) guessed: bool,
}

/// The reason why bytes can't be decoded, and the line of the fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: u64,
    pub(crate) why: &'static str,
}

const MARK: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    /// Returns the encoding with a name, as used in dataset.csv.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // Punctuation and case are ignored: `UTF-8`, `utf8`, `GB 18030`, `gb18030`.
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        match letters.collect::<String>().to_ascii_lowercase().as_str() {
            "utf8" => Some(Self::Utf8),
            // GBK and GB 2312 are subsets of GB 18030.
            "gb18030" | "gbk" | "gb2312" => Some(Self::Gb18030),
            _ => None,
        }
    }
}

/// Decodes bytes as text.
///
/// # Errors
/// Returns an error if the bytes aren't valid in any supported encoding.
pub(crate) fn read(bytes: &[u8], named: Option<Encoding>) -> Result<Text, Unreadable> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let why = "is UTF-16: save it as UTF-8 or GB 18030";
        return Err(Unreadable { line: 0, why });
    }
    // A byte order mark is definite, so it takes precedence over the stated encoding.
    if let Some(bytes) = bytes.strip_prefix(MARK) {
        return utf8(bytes, "begins as UTF-8 and goes on as something else");
    }
    match named {
        Some(Encoding::Utf8) => utf8(bytes, "isn't UTF-8, which dataset.csv names"),
        Some(Encoding::Gb18030) => gb18030(bytes)
            .map(|text| Text {
                text,
                guessed: false,
            })
            .ok_or(Unreadable {
                line: 0,
                why: "isn't GB 18030, which dataset.csv names",
            }),
        // UTF-8 first: GB 18030 accepts almost any bytes, while UTF-8 rarely matches by accident.
        None => utf8(bytes, "is neither UTF-8 nor GB 18030").or_else(|unreadable| {
            gb18030(bytes)
                .map(|text| Text {
                    text,
                    guessed: true,
                })
                .ok_or(unreadable)
        }),
    }
}

fn utf8(bytes: &[u8], why: &'static str) -> Result<Text, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        // Counted in the bytes before the fault, so that the message names its line.
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let line = u64::try_from(lines + 1).unwrap_or_default();
        Unreadable { line, why }
    })?;
    Ok(Text {
        text: text.to_owned(),
        guessed: false,
    })
}

fn gb18030(bytes: &[u8]) -> Option<String> {
    GB18030
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_is_read_with_and_without_a_mark() {
        let plain = "key,name\n1,临河\n".as_bytes();
        let marked = [MARK, plain].concat();
        let text = read(plain, None).expect("text");
        assert_eq!(read(&marked, None).expect("text"), text);
        assert!(!text.guessed && text.text.starts_with("key"));
    }

    #[test]
    fn gb_18030_is_found_out_or_named() {
        let (bytes, ..) = GB18030.encode("key,name\n1,临河\n");
        let guessed = read(&bytes, None).expect("text");
        assert_eq!(
            (guessed.text.as_str(), guessed.guessed),
            ("key,name\n1,临河\n", true)
        );
        let named = read(&bytes, Encoding::named("GB 18030")).expect("text");
        assert!(!named.guessed);
        assert!(read(&bytes, Encoding::named("utf-8")).is_err());
        assert_eq!(Encoding::named("GBK"), Some(Encoding::Gb18030));
        assert_eq!(Encoding::named("Big5"), None);
    }

    #[test]
    fn other_bytes_are_refused_with_their_line() {
        let unreadable = read(b"key\n1\n\xff\xff\n", None).expect_err("no text");
        assert_eq!(unreadable.line, 3);
        assert!(read(b"\xff\xfek\0", None).is_err());
    }
}
