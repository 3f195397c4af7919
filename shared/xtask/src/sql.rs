//! A tokeniser for SQL: strips comments, splits statements and counts words. It parses no
//! grammar, only what the rules need.

/// A statement as words in lower case, without comments and string literals. Words are
/// names and numbers; every other character is a word of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement(Vec<String>);

impl Statement {
    /// Returns true if the statement begins with `words`, separated by single spaces.
    pub(crate) fn begins(&self, words: &str) -> bool {
        let wanted = words.split(' ');
        let count = wanted.clone().count();
        self.0.len() >= count && wanted.eq(self.0.iter().map(String::as_str).take(count))
    }

    /// Returns true if the statement contains `words` as consecutive words.
    pub(crate) fn has(&self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        self.0.windows(wanted.len()).any(|some| some == wanted)
    }

    /// Returns the word that follows `words`, skipping `if not exists`, `if exists`,
    /// `only` and `concurrently`.
    pub(crate) fn word_after(&self, words: &str) -> Option<&str> {
        let wanted: Vec<&str> = words.split(' ').collect();
        let at = self
            .0
            .windows(wanted.len())
            .position(|some| some == wanted)?;
        let skipped = ["if", "not", "exists", "only", "concurrently"];
        let mut rest = self.0.get(at + wanted.len()..)?.iter().map(String::as_str);
        rest.find(|word| !skipped.contains(word))
    }

    /// Splits the statement at commas outside of parentheses.
    pub(crate) fn parts(&self) -> Vec<Self> {
        let (mut parts, mut depth) = (vec![Vec::new()], 0_u32);
        for word in &self.0 {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    parts.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if let Some(part) = parts.last_mut() {
                part.push(word.clone());
            }
        }
        parts.into_iter().map(Self).collect()
    }

    /// Returns true if the statement selects or returns `*`, other than as a function's
    /// argument: `select *`, `returning old.*`.
    pub(crate) fn names_no_columns(&self) -> bool {
        let selects = |at: usize| {
            let before = self.0.get(at.wrapping_sub(1)).map(String::as_str);
            match before {
                // `kept.*`, in any position.
                Some(".") => true,
                Some("select" | "returning" | "all" | "distinct") => true,
                // After other columns: `select a, * from t`.
                Some(",") => true,
                // `select distinct on (a) * from t`; in contrast, `(a) * 2` is a product.
                Some(")") => self.0.get(at + 1).is_some_and(|next| next == "from"),
                _ => false,
            }
        };
        (0..self.0.len()).any(|at| self.0[at] == "*" && selects(at))
    }
}

/// Splits a text into statements. A dollar-quoted body becomes the single word `$body$`;
/// its content is returned by [`bodies`].
pub(crate) fn statements(sql: &str) -> Vec<Statement> {
    let mut statements = vec![Vec::new()];
    for token in tokens(sql) {
        match token {
            Token::Word(word) if word == ";" => statements.push(Vec::new()),
            Token::Word(word) => {
                if let Some(statement) = statements.last_mut() {
                    statement.push(word);
                }
            }
            Token::Body(_) => {
                if let Some(statement) = statements.last_mut() {
                    statement.push("$body$".to_owned());
                }
            }
        }
    }
    statements.retain(|statement| !statement.is_empty());
    statements.into_iter().map(Statement).collect()
}

/// Returns the statements in dollar-quoted bodies of functions and blocks.
pub(crate) fn bodies(sql: &str) -> Vec<Statement> {
    let bodies = tokens(sql).into_iter().filter_map(|token| match token {
        Token::Body(body) => Some(body),
        Token::Word(_) => None,
    });
    bodies.flat_map(|body| statements(&body)).collect()
}

enum Token {
    Word(String),
    Body(String),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("--") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if first == '\'' {
            // A doubled quote is read as two adjacent literals, with the same result.
            let end = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
            (Some(Token::Word("''".to_owned())), end)
        } else if let Some((body, length)) = dollar_quoted(rest) {
            (Some(Token::Body(body.to_owned())), length)
        } else if is_of_a_word(first) {
            let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
            (Some(Token::Word(rest[..end].to_lowercase())), end)
        // Quotes of identifiers and backslashes of Rust literals are skipped.
        } else if first.is_whitespace() || first == '\\' || first == '"' {
            (None, first.len_utf8())
        } else {
            (Some(Token::Word(first.to_string())), first.len_utf8())
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the text within `$$` or `$tag$` quotes, and its length with the quotes.
/// Parameters such as `$1` don't open a quote.
fn dollar_quoted(text: &str) -> Option<(&str, usize)> {
    let tag_end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = &text[..tag_end];
    let name = &tag[1..tag_end - 1];
    if !name.chars().all(is_of_a_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = &text[tag_end..];
    let end = body.find(tag)?;
    Some((&body[..end], tag_end + end + tag_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sql: &str) -> Statement {
        let mut all = statements(sql);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn statements_are_told_apart_without_comments_and_texts() {
        let sql = "-- update a; set\ncreate table a (b text default 'x; ''y');\n/* drop */ do $$ begin; end $$;";
        let all = statements(sql);
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].begins("create table a"));
        assert!(all[1].begins("do $body$"));
        assert!(!all.iter().any(|one| one.has("update") || one.has("drop")));
        assert_eq!(bodies(sql).len(), 2);
    }

    #[test]
    fn stars_that_name_no_columns_are_told_from_products_and_counts() {
        for sql in [
            "select * from a",
            "select distinct on (b) * from a",
            "select a.*, 1 from a",
            "select 1, * from a",
            "insert into a values (1) returning *",
        ] {
            assert!(one(sql).names_no_columns(), "{sql}");
        }
        for sql in [
            "select count(*) from a where b = $1",
            "select b * 2, (b + 1) * 2 from a",
        ] {
            assert!(!one(sql).names_no_columns(), "{sql}");
        }
    }
}
