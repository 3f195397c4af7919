//! Compiles the contracts' CEL expressions to Rust, so that servers check the same rules
//! as clients that validate with protovalidate. It supports what the contracts use:
//! `has`, field access, `size()`, `in`, `duration`, arithmetic, comparisons and logic. Any other
//! expression fails the build, instead of being left unchecked.

use std::error::Error;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Type {
    Bool,
    Int,
    Text,
    /// Seconds and nanoseconds of a `google.protobuf.Timestamp`.
    Time,
    /// The nanoseconds between two times.
    Duration,
    /// A list, as an `Option` of a slice: `None` in a message that is unset.
    List,
    /// A message, as an `Option` of a reference to it.
    Message(MessageDescriptor),
}

/// A compiled expression: Rust code and the type of its value.
struct Code {
    text: String,
    kind: Type,
}

/// Returns the Rust code of a condition on `this`, a reference to a value of `message`.
///
/// # Errors
/// Fails if the expression isn't supported, or is not a condition.
pub(crate) fn condition(expression: &str, message: &MessageDescriptor) -> Result<String> {
    let mut parser = Parser {
        tokens: tokens(expression)?,
        at: 0,
        message,
    };
    let code = parser.ternary()?;
    if parser.at < parser.tokens.len() || code.kind != Type::Bool {
        return Err("is not a condition that can be compiled".into());
    }
    Ok(code.text)
}

fn tokens(expression: &str) -> Result<Vec<String>> {
    let letters: Vec<char> = expression.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let begin = at;
        if letter.is_whitespace() {
            at += 1;
            continue;
        } else if letter.is_alphanumeric() || letter == '_' {
            let word = |c: &char| c.is_alphanumeric() || *c == '_';
            at += letters[begin..].iter().take_while(|c| word(c)).count();
        } else if letter == '\'' {
            let closing = letters[begin + 1..].iter().position(|c| *c == '\'');
            at += closing.ok_or("has an open quotation mark")? + 2;
        } else {
            let pair: String = letters.iter().skip(at).take(2).collect();
            let is_pair = ["&&", "||", "==", "!=", "<=", ">="].contains(&pair.as_str());
            at += if is_pair { 2 } else { 1 };
        }
        tokens.push(letters[begin..at].iter().collect());
    }
    Ok(tokens)
}

struct Parser<'m> {
    tokens: Vec<String>,
    at: usize,
    message: &'m MessageDescriptor,
}

/// Binary operators by precedence, the weakest first.
const LEVELS: [&[&str]; 5] = [
    &["||"],
    &["&&"],
    &["==", "!=", "<=", ">=", "<", ">", "in"],
    &["+", "-"],
    &["*", "%"],
];

impl Parser<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned().unwrap_or_default()
    }

    fn accept(&mut self, token: &str) -> bool {
        let is_next = self.peek() == token;
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.accept(token) {
            true => Ok(()),
            false => Err(format!("expected {token:?} and not {:?}", self.peek()).into()),
        }
    }

    fn ternary(&mut self) -> Result<Code> {
        let condition = self.binary(0)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let yes = self.ternary()?;
        self.expect(":")?;
        let no = self.ternary()?;
        if condition.kind != Type::Bool || yes.kind != no.kind {
            return Err("has a `?` of different types".into());
        }
        let text = format!(
            "if {} {{ {} }} else {{ {} }}",
            condition.text, yes.text, no.text
        );
        Ok(Code {
            text: format!("({text})"),
            kind: yes.kind,
        })
    }

    fn binary(&mut self, level: usize) -> Result<Code> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while operators.contains(&self.peek()) {
            let operator = self.next();
            let right = self.binary(level + 1)?;
            left = combine(&operator, &left, &right)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Code> {
        if !self.accept("!") {
            return self.primary();
        }
        let operand = self.unary()?;
        match operand.kind {
            Type::Bool => Ok(Code {
                text: format!("!{}", operand.text),
                kind: Type::Bool,
            }),
            other => Err(format!("negates a {other:?}").into()),
        }
    }

    fn primary(&mut self) -> Result<Code> {
        let token = self.next();
        match token.as_str() {
            "(" => {
                let inner = self.ternary()?;
                self.expect(")")?;
                Ok(Code {
                    text: format!("({})", inner.text),
                    ..inner
                })
            }
            "has" => {
                self.expect("(")?;
                self.expect("this")?;
                let (holder, field) = self.path()?;
                self.expect(")")?;
                Ok(Code {
                    text: present(&holder.text, &field)?,
                    kind: Type::Bool,
                })
            }
            "this" => {
                let (holder, field) = self.path()?;
                let value = value(&holder.text, &field)?;
                self.size_of(value)
            }
            "duration" => {
                self.expect("(")?;
                let hours = self.next();
                let hours = hours.trim_matches('\'').strip_suffix('h');
                let hours: i128 = hours
                    .ok_or("has a duration that is not in hours")?
                    .parse()?;
                self.expect(")")?;
                Ok(Code {
                    text: format!("{}_i128", hours * 3_600_000_000_000),
                    kind: Type::Duration,
                })
            }
            text if text.starts_with('\'') => Ok(Code {
                text: format!("{:?}", text.trim_matches('\'')),
                kind: Type::Text,
            }),
            number if number.parse::<i64>().is_ok() => Ok(Code {
                text: format!("{number}_i64"),
                kind: Type::Int,
            }),
            "[" => self.numbers(),
            other => Err(format!("{other:?} is not supported").into()),
        }
    }

    /// Reads `.a.b` after `this`: the message that has the last field, and that field.
    fn path(&mut self) -> Result<(Code, FieldDescriptor)> {
        let mut holder = Code {
            text: "Some(this)".to_owned(),
            kind: Type::Message(self.message.clone()),
        };
        loop {
            self.expect(".")?;
            let name = self.next();
            let Type::Message(message) = &holder.kind else {
                return Err(format!("{name:?} is a field of no message").into());
            };
            let field = message.get_field_by_name(&name);
            let field = field.ok_or_else(|| format!("there is no field {name:?}"))?;
            let is_call = self
                .tokens
                .get(self.at + 1)
                .is_some_and(|name| name == "size");
            if self.peek() != "." || is_call {
                return Ok((holder, field));
            }
            holder = value(&holder.text, &field)?;
        }
    }

    fn size_of(&mut self, list: Code) -> Result<Code> {
        if list.kind != Type::List || !self.accept(".") {
            return Ok(list);
        }
        self.expect("size")?;
        self.expect("(")?;
        self.expect(")")?;
        let text = format!("({}.map_or(0, |list| list.len()) as i64)", list.text);
        Ok(Code {
            text,
            kind: Type::Int,
        })
    }

    /// Reads the rest of a list of numbers.
    fn numbers(&mut self) -> Result<Code> {
        let mut numbers = Vec::new();
        loop {
            let number = self.next().parse::<i64>()?;
            numbers.push(format!("{number}_i64"));
            if self.accept("]") {
                break;
            }
            self.expect(",")?;
        }
        Ok(Code {
            text: format!("Some(&[{}][..])", numbers.join(", ")),
            kind: Type::List,
        })
    }
}

fn combine(operator: &str, left: &Code, right: &Code) -> Result<Code> {
    let (kind, text) = match (operator, &left.kind, &right.kind) {
        ("||" | "&&", Type::Bool, Type::Bool) => (Type::Bool, None),
        ("+" | "-" | "*" | "%", Type::Int, Type::Int) => (Type::Int, None),
        ("in", Type::Text, Type::List) => {
            let text = "is_some_and(|list| list.iter().any(|one| one == item))";
            (
                Type::Bool,
                Some(format!(
                    "{{ let item = {}; {}.{text} }}",
                    left.text, right.text
                )),
            )
        }
        ("in", Type::Int, Type::List) => {
            let text = "is_some_and(|list| list.contains(&item))";
            (
                Type::Bool,
                Some(format!(
                    "{{ let item = {}; {}.{text} }}",
                    left.text, right.text
                )),
            )
        }
        ("in", ..) => return Err("has an `in` that is not supported".into()),
        ("-", Type::Time, Type::Time) => {
            let text = format!("crate::rules::between({}, {})", right.text, left.text);
            (Type::Duration, Some(text))
        }
        ("==" | "!=", Type::Bool, Type::Bool) => (Type::Bool, None),
        (_, Type::Int | Type::Time | Type::Duration | Type::Text, other) if left.kind == *other => {
            (Type::Bool, None)
        }
        (_, one, other) => return Err(format!("{one:?} {operator} {other:?}").into()),
    };
    let text = text.unwrap_or_else(|| format!("{} {operator} {}", left.text, right.text));
    Ok(Code {
        text: format!("({text})"),
        kind,
    })
}

/// Returns the code of `has`, which tells whether a message is set. For other fields,
/// implementations of CEL differ: compare them with their default.
fn present(holder: &str, field: &FieldDescriptor) -> Result<String> {
    if field.is_list() || !matches!(field.kind(), Kind::Message(_)) {
        return Err(format!("has `has` of {}, which is no message", field.name()).into());
    }
    let member = super::member(field.name());
    Ok(format!("{holder}.is_some_and(|m| m.{member}.is_some())"))
}

/// Returns the code of a field's value; an unset message has the defaults of its fields.
fn value(holder: &str, field: &FieldDescriptor) -> Result<Code> {
    let member = super::member(field.name());
    let (text, kind) = match field.kind() {
        _ if field.is_list() => (format!("{holder}.map(|m| &m.{member}[..])"), Type::List),
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            let read = format!("{holder}.and_then(|m| m.{member}.as_ref())");
            (
                format!("{read}.map_or((0, 0), |t| (t.seconds, t.nanos))"),
                Type::Time,
            )
        }
        Kind::Message(message) => {
            let read = format!("{holder}.and_then(|m| m.{member}.as_ref())");
            (read, Type::Message(message))
        }
        _ if field.supports_presence() => return Err("optional values are not supported".into()),
        Kind::String => (
            format!("{holder}.map_or(\"\", |m| m.{member}.as_str())"),
            Type::Text,
        ),
        Kind::Bool => (format!("{holder}.is_some_and(|m| m.{member})"), Type::Bool),
        Kind::Int32 | Kind::Int64 | Kind::Enum(_) => {
            let read = format!("{holder}.map_or(0_i64, |m| i64::from(m.{member}))");
            (read, Type::Int)
        }
        other => return Err(format!("values of {other:?} are not supported").into()),
    };
    Ok(Code { text, kind })
}
