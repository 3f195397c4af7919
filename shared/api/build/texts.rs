//! Generates the checks of every text in a message, so that the codec can reject
//! invalid texts and name their fields.

use std::{error::Error, fmt::Write as _};

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

/// Generates an implementation of `crate::text::Texts` for every message of the
/// contracts.
pub(crate) fn texts(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for message in pool.all_messages().filter(is_ours) {
        let mut body = String::new();
        for field in message.fields() {
            body.push_str(&look(&field)?);
        }
        writeln!(
            code,
            "impl crate::text::Texts for {} {{\n    fn faults(&self) -> Vec<crate::text::Fault> {{\n        \
             let mut found = Vec::new();\n{body}        found\n    }}\n}}",
            path(&message)
        )?;
    }
    Ok(code)
}

fn is_ours(message: &MessageDescriptor) -> bool {
    message.package_name().starts_with("wangge.") && !message.is_map_entry()
}

/// Generates the statement that checks one field; empty for a field without texts.
fn look(field: &FieldDescriptor) -> Result<String, Box<dyn Error>> {
    if field.is_map() {
        return Err(format!("{}: texts of maps are not looked at", field.full_name()).into());
    }
    let name = field.name();
    let member = match name {
        "type" | "use" | "ref" | "match" | "move" => format!("r#{name}"),
        _ => name.to_owned(),
    };
    let is_optional = field.containing_oneof().is_some();
    // Real oneofs are in events, which no caller sends to us, and in import rows,
    // whose records are checked one by one.
    if field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic())
    {
        return Ok(String::new());
    }
    let statement = match field.kind() {
        Kind::String if field.is_list() => {
            format!("crate::text::look_at_all(&self.{member}, {name:?}, &mut found);")
        }
        Kind::String if is_optional => {
            format!("crate::text::look_at_all(self.{member}.as_slice(), {name:?}, &mut found);")
        }
        Kind::String => format!("crate::text::look_at(&self.{member}, {name:?}, &mut found);"),
        Kind::Message(message) if !is_ours(&message) => return Ok(String::new()),
        Kind::Message(_) if field.is_list() => {
            format!("crate::text::look_into_all(&self.{member}, {name:?}, &mut found);")
        }
        Kind::Message(_) => format!(
            "if let Some(inner) = &self.{member} {{ crate::text::look_into(inner.faults(), {name:?}, &mut found); }}"
        ),
        _ => return Ok(String::new()),
    };
    Ok(format!("        {statement}\n"))
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
