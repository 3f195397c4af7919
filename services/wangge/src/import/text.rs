//! Decodes files: UTF-8, with or without byte order mark, or GB 18030, the encoding in
//! which spreadsheets in China save. dataset.csv may name the encoding; otherwise it is
//! detected.

use encoding_rs::GB18030;

/// The encoding of a folder's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Gb18030,
}

/// The decoded text of a file. `guessed` is true if it was decoded as GB 18030 although
/// no encoding was named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) guessed: bool,
}

/// The reason why a file can't be decoded, and the line; 0 if the line is unknown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: u64,
    pub(crate) why: &'static str,
}

const MARK: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    /// Parses the name of an encoding in dataset.csv; case and punctuation are ignored.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        match letters.collect::<String>().to_ascii_lowercase().as_str() {
            "utf8" => Some(Self::Utf8),
            // GBK and GB 2312 are subsets of GB 18030.
            "gb18030" | "gbk" | "gb2312" => Some(Self::Gb18030),
            _ => None,
        }
    }
}

/// Decodes the bytes of a file, in the encoding that was named or else detected.
///
/// # Errors
/// Returns an error if the bytes are invalid in the encoding.
pub(crate) fn read(bytes: &[u8], named: Option<Encoding>) -> Result<Text, Unreadable> {
    // UTF-16 is recognised only to name the mistake: its bytes are valid in neither of
    // the supported encodings.
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let why = "is UTF-16: save it as UTF-8 or GB 18030";
        return Err(Unreadable { line: 0, why });
    }
    // A byte order mark takes precedence over dataset.csv: one file of a folder may have
    // been saved in another program.
    if let Some(bytes) = bytes.strip_prefix(MARK) {
        return utf8(bytes, "has a UTF-8 byte order mark, but is not UTF-8");
    }
    match named {
        Some(Encoding::Utf8) => utf8(bytes, "isn't UTF-8, the encoding named in dataset.csv"),
        Some(Encoding::Gb18030) => gb18030(bytes)
            .map(|text| Text {
                text,
                guessed: false,
            })
            .ok_or(Unreadable {
                line: 0,
                why: "isn't GB 18030, the encoding named in dataset.csv",
            }),
        // UTF-8 first: Chinese text in GB 18030 is hardly ever valid UTF-8, while UTF-8
        // text can be valid, but garbled, GB 18030.
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
    // Without replacement characters: an invalid byte must be reported, not imported.
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
