//! The contracts without rules and policies: the same messages and methods, without the
//! custom options and their imports. It works on sources as `buf format` leaves them.

use anyhow::{Result, bail};

/// The prefixes of the options that are removed.
const OPTIONS: [&str; 2] = ["(buf.validate.", "(wangge.options."];

/// Returns true for files that only define such options.
pub(super) fn is_left_out(path: &str) -> bool {
    path.starts_with("buf/") || path.starts_with("wangge/options/")
}

/// Returns a source without custom options.
///
/// # Errors
/// Fails if brackets or quotation marks aren't closed, or an option would remain.
pub(super) fn without_options(source: &str) -> Result<String> {
    let mut plain = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let code = line.trim_start();
        if let Some(import) = code.strip_prefix("import \"") {
            rest = &rest[line.len()..];
            if !is_left_out(import) {
                plain.push_str(line);
            }
        } else if OPTIONS.iter().any(|option| is_statement(code, option)) {
            // Up to the end of the line on which the statement ends.
            let end = end_of(rest, ';')?;
            rest = rest[end..].trim_start_matches([' ', ';']);
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        } else if code.starts_with("//") {
            rest = &rest[line.len()..];
            plain.push_str(line);
        } else if let Some(begin) = line.find(" [") {
            let inner = &rest[begin + 2..];
            let end = end_of(inner, ']')?;
            plain.push_str(&line[..begin]);
            plain.push_str(&kept(&inner[..end])?);
            rest = &inner[end + 1..];
        } else {
            rest = &rest[line.len()..];
            plain.push_str(line);
        }
    }
    let code = || {
        plain
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    };
    if let Some(line) = code().find(|line| OPTIONS.iter().any(|option| line.contains(option))) {
        bail!("an option would remain: {line}");
    }
    Ok(plain)
}

fn is_statement(code: &str, option: &str) -> bool {
    code.strip_prefix("option ")
        .is_some_and(|name| name.starts_with(option))
}

/// Returns the options of a field that are kept, in brackets; empty if there are none.
fn kept(options: &str) -> Result<String> {
    let mut kept = Vec::new();
    let mut rest = options;
    while !rest.trim().is_empty() {
        let end = end_of(rest, ',').unwrap_or(rest.len());
        let one = rest[..end].trim();
        if !OPTIONS.iter().any(|option| one.starts_with(option)) {
            kept.push(one);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(match kept.is_empty() {
        true => String::new(),
        false => format!(" [{}]", kept.join(", ")),
    })
}

/// Returns the position of a character outside of strings and brackets.
fn end_of(text: &str, wanted: char) -> Result<usize> {
    let mut depth = 0_u32;
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        if is_quoted {
            is_quoted = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
            continue;
        }
        if letter == wanted && depth == 0 {
            return Ok(at);
        }
        match letter {
            '"' => is_quoted = true,
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    bail!("{wanted:?} is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_options_go_and_everything_else_stays() {
        let source = r#"syntax = "proto3";

import "buf/validate/validate.proto";
import "google/protobuf/timestamp.proto";
import "wangge/options/v1/policy.proto";

option go_package = "a;b";

// A [message](link); with an option (buf.validate.x).
message A {
  option (buf.validate.message).cel = {
    id: "a"
    expression: "this.b in [1, 2]; \"}\""
  };
  // One.
  string b = 1 [(buf.validate.field).string.max_len = 5];
  repeated string c = 2 [
    (buf.validate.field).repeated = {
      max_items: 5
      items: {
        string: {max_len: 5}
      }
    },
    deprecated = true
  ];
}
service S {
  rpc Get(A) returns (A) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (wangge.options.v1.policy) = {
      roles: [ROLE_ADMIN]
    };
  }
}
"#;
        let plain = r#"syntax = "proto3";

import "google/protobuf/timestamp.proto";

option go_package = "a;b";

// A [message](link); with an option (buf.validate.x).
message A {
  // One.
  string b = 1;
  repeated string c = 2 [deprecated = true];
}
service S {
  rpc Get(A) returns (A) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
"#;
        assert_eq!(without_options(source).unwrap(), plain);
    }

    #[test]
    fn a_source_of_another_form_is_refused() {
        let unformatted = "message A { string b = 1\n[(buf.validate.field).required = true]; }";
        without_options(unformatted).unwrap_err();
        without_options("message A {\n  string b = 1 [deprecated = true;\n}").unwrap_err();
    }
}
