//! A strict parser of CSV (RFC 4180). A stray quote is an error, since it changes the
//! meaning of everything after it. Lines end with LF, CRLF or CR. Each row has the
//! number of the line on which it starts in the file.

/// A row: the line on which it starts, from 1, and its fields.
pub(super) type Line = (u64, Vec<String>);

/// A syntax error in CSV: its reason, and the line from which the text can't be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unquoted {
    pub(super) line: u64,
    pub(super) why: &'static str,
}

/// Parses the rows of a text; rows without any text are left out.
///
/// # Errors
/// Returns an error if quotes don't conform to RFC 4180.
pub(super) fn read(text: &str) -> Result<Vec<Line>, Unquoted> {
    let mut rows = Vec::new();
    let mut letters = Letters {
        rest: text.chars().peekable(),
        line: 1,
    };
    while letters.rest.peek().is_some() {
        let row = letters.row()?;
        // Spreadsheets leave blank lines and lines of commas behind.
        if row.1.iter().any(|field| !field.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

struct Letters<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    line: u64,
}

impl Letters<'_> {
    fn row(&mut self) -> Result<Line, Unquoted> {
        let begins = self.line;
        let mut fields = Vec::new();
        loop {
            let field = if self.rest.next_if_eq(&'"').is_some() {
                self.quoted()?
            } else {
                self.plain()?
            };
            fields.push(field);
            match self.next() {
                Some(',') => {}
                Some('\n') | None => return Ok((begins, fields)),
                Some(_) => {
                    let why = "a quote within a quoted field must be doubled";
                    return Err(Unquoted {
                        line: self.line,
                        why,
                    });
                }
            }
        }
    }

    /// Parses a quoted field after its opening quote, up to the closing one; a doubled
    /// quote is a quote within the field.
    fn quoted(&mut self) -> Result<String, Unquoted> {
        let begins = self.line;
        let mut field = String::new();
        loop {
            match self.rest.next() {
                Some('"') if self.rest.next_if_eq(&'"').is_none() => return Ok(field),
                Some(letter) => {
                    self.line += u64::from(letter == '\n');
                    field.push(letter);
                }
                // Reported at the opening quote, which is the mistake, rather than at the
                // end of the file.
                None => {
                    let why = "a quote is opened here and never closed";
                    return Err(Unquoted { line: begins, why });
                }
            }
        }
    }

    fn plain(&mut self) -> Result<String, Unquoted> {
        let mut field = String::new();
        while let Some(letter) = self.rest.next_if(|letter| !",\r\n".contains(*letter)) {
            if letter == '"' {
                let why = "a quote appears in a field without quotes around it";
                return Err(Unquoted {
                    line: self.line,
                    why,
                });
            }
            field.push(letter);
        }
        Ok(field)
    }

    /// Returns the next character and counts lines; each line ending becomes `\n`.
    fn next(&mut self) -> Option<char> {
        let letter = self.rest.next()?;
        if letter == '\r' {
            self.rest.next_if_eq(&'\n');
        }
        if !"\r\n".contains(letter) {
            return Some(letter);
        }
        self.line += 1;
        Some('\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, fields: &[&str]) -> Line {
        (line, fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_end_in_each_way_and_blank_ones_are_left_out() {
        let rows = [row(1, &["a", "b"]), row(2, &["1", ""]), row(5, &["2", "x"])];
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,", "", ",", "2,x"].join(end);
            assert_eq!(read(&text).expect("rows"), rows);
            assert_eq!(read(&(text + end)).expect("rows"), rows);
        }
    }

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        let rows = read("a,b\n\"x\n,\",\"say \"\"hi\"\"\"\n3,4\n").expect("rows");
        assert_eq!(rows[1], row(2, &["x\n,", "say \"hi\""]));
        assert_eq!(rows[2], row(4, &["3", "4"]));
    }

    #[test]
    fn stray_quotes_are_refused_on_their_line() {
        for (text, line) in [
            ("a\n1\n\"2\n3\n4\n", 3),
            ("a\n1\nx\"2\"\n", 3),
            ("a\n\"1\"2\n", 2),
        ] {
            assert_eq!(read(text).expect_err("no CSV").line, line, "{text}");
        }
    }
}
