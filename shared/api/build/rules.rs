//! Generates the checks that the validators don't make: those of all texts, and the
//! contracts' CEL expressions. The codec runs both and names the fields.
//!
//! The id of an expression is `<rule>-<field>`: the rule that a violation names, and the
//! field at which it is reported, relative to the message that the expression is about;
//! or the rule alone, if it is reported at that message.

use std::{error::Error, fmt::Write as _};

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};

use crate::cel;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Generates an implementation of `crate::rules::Rules` for every message of the
/// contracts.
pub(crate) fn rules(pool: &DescriptorPool) -> Result<String> {
    let mut code = String::new();
    for message in pool.all_messages().filter(is_ours) {
        let mut body = String::new();
        for field in message.fields() {
            body.push_str(&look(&field)?);
        }
        let rules = option(&message.options(), pool, "buf.validate.message")?;
        let at = message.full_name();
        for statement in expressions(rules, &message, "", at)? {
            writeln!(body, "        let this = self; {statement}")?;
        }
        writeln!(
            code,
            "impl crate::rules::Rules for {} {{\n    fn faults(&self) -> Vec<crate::rules::Fault> {{\n        \
             let mut found = Vec::new();\n{body}        found\n    }}\n}}",
            path(&message)
        )?;
    }
    Ok(code)
}

fn is_ours(message: &MessageDescriptor) -> bool {
    message.package_name().starts_with("wangge.") && !message.is_map_entry()
}

/// Generates the statement that checks one field; empty for a field without rules of
/// this kind.
fn look(field: &FieldDescriptor) -> Result<String> {
    if field.is_map() {
        return Err(format!("{}: texts of maps are not looked at", field.full_name()).into());
    }
    let name = field.name();
    let member = super::member(name);
    let is_optional = field.containing_oneof().is_some();
    // Real oneofs are in events, which no caller sends to us, and in import rows,
    // whose records are checked one by one.
    if field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic())
    {
        return Ok(String::new());
    }
    let pool = field.parent_pool();
    let rules = option(&field.options(), pool, "buf.validate.field")?;
    let statement = match field.kind() {
        Kind::Message(message) if !field.is_list() => {
            let mut inner = String::new();
            if is_ours(&message) {
                inner = format!("crate::rules::look_into(this.faults(), {name:?}, &mut found); ");
            }
            for statement in expressions(rules, &message, &format!("{name}."), field.full_name())? {
                inner.push_str(&statement);
            }
            match inner.is_empty() {
                true => return Ok(String::new()),
                false => format!("if let Some(this) = &self.{member} {{ {inner} }}"),
            }
        }
        _ if !cel_of(rules.as_ref())?.is_empty() => {
            return Err(format!("{}: expressions are for messages", field.full_name()).into());
        }
        Kind::Message(message) if is_ours(&message) => {
            format!("crate::rules::look_into_all(&self.{member}, {name:?}, &mut found);")
        }
        Kind::String if field.is_list() => {
            format!("crate::rules::look_at_all(&self.{member}, {name:?}, &mut found);")
        }
        Kind::String if is_optional => {
            format!("crate::rules::look_at_all(self.{member}.as_slice(), {name:?}, &mut found);")
        }
        Kind::String => format!("crate::rules::look_at(&self.{member}, {name:?}, &mut found);"),
        _ => return Ok(String::new()),
    };
    Ok(format!("        {statement}\n"))
}

/// Generates the statements that check the expressions of some rules, on `this`.
fn expressions(
    rules: Option<DynamicMessage>,
    message: &MessageDescriptor,
    prefix: &str,
    at: &str,
) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    for rule in cel_of(rules.as_ref())? {
        let [id, text, expression] = ["id", "message", "expression"]
            .map(|name| {
                rule.get_field_by_name(name)
                    .and_then(|value| value.as_str().map(String::from))
            })
            .map(Option::unwrap_or_default);
        let (name, field) = id.split_once('-').unwrap_or((&id, ""));
        if name.is_empty() {
            return Err(format!("{at}: an expression has no id").into());
        }
        let code = cel::condition(&expression, message)
            .map_err(|error| format!("{at}: {id}: {expression:?} {error}"))?;
        let field = format!("{prefix}{field}");
        let field = field.trim_end_matches('.');
        statements.push(format!(
            "crate::rules::require({code}, {field:?}, {name:?}, {text:?}, &mut found); "
        ));
    }
    Ok(statements)
}

/// Returns the `cel` entries of the rules of a message or a field.
fn cel_of(rules: Option<&DynamicMessage>) -> Result<Vec<DynamicMessage>> {
    let Some(rules) = rules else {
        return Ok(Vec::new());
    };
    if rules.has_field_by_name("cel_expression") {
        return Err("use `cel`, whose rules have an id, and not `cel_expression`".into());
    }
    let list = rules.get_field_by_name("cel");
    let list = list.as_ref().and_then(|list| list.as_list());
    let messages = list
        .into_iter()
        .flatten()
        .filter_map(|rule| rule.as_message());
    Ok(messages.cloned().collect())
}

fn option(
    options: &DynamicMessage,
    pool: &DescriptorPool,
    name: &str,
) -> Result<Option<DynamicMessage>> {
    let extension = pool.get_extension_by_name(name).ok_or("no protovalidate")?;
    if !options.has_extension(&extension) {
        return Ok(None);
    }
    Ok(options.get_extension(&extension).as_message().cloned())
}

/// Returns the message's path in this crate; nested messages are in a module.
fn path(message: &MessageDescriptor) -> String {
    let package = message.package_name();
    let nested = message.full_name()[package.len() + 1..].split('.');
    let mut names: Vec<&str> = nested.collect();
    let name = names.pop().unwrap_or_default();
    let modules = package
        .trim_start_matches("wangge.")
        .split('.')
        .map(str::to_owned);
    let parents = names.into_iter().map(str::to_lowercase);
    let modules: Vec<String> = modules.chain(parents).collect();
    format!("crate::{}::{name}", modules.join("::"))
}
