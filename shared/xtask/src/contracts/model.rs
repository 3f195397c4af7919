//! The contracts as the rules see them: every element of our own files, with its comment
//! and its line, and what several rules derive from them. It knows no rule.

use std::collections::{HashMap, HashSet};

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, EnumValueDescriptor, ExtensionDescriptor,
    FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, OneofDescriptor,
    ReflectMessage as _, ServiceDescriptor, Value,
};

use super::constraints::Constraints;

/// A place at which the contracts break a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// The file, relative to `proto`.
    pub file: String,
    /// The line of the element, from 1; 0 if the file has no source information.
    pub line: usize,
    /// Full name of the element, or the file's name.
    pub element: String,
    /// What is wrong.
    pub problem: String,
}

/// An element of a contract: anything that has a place in a file and a name.
pub(crate) trait Element {
    /// The file that declares the element.
    fn file(&self) -> FileDescriptor;
    /// Its path in the descriptor, as source information numbers it.
    fn place(&self) -> Vec<i32>;
    /// Its full name.
    fn known_as(&self) -> String;
}

macro_rules! elements {
    ($($kind:ty),*) => {$(
        impl Element for $kind {
            fn file(&self) -> FileDescriptor {
                self.parent_file()
            }
            fn place(&self) -> Vec<i32> {
                self.path().to_vec()
            }
            fn known_as(&self) -> String {
                self.full_name().to_owned()
            }
        }
    )*};
}
elements!(
    MessageDescriptor,
    FieldDescriptor,
    OneofDescriptor,
    EnumDescriptor,
    ServiceDescriptor,
    ExtensionDescriptor
);

impl Element for EnumValueDescriptor {
    fn file(&self) -> FileDescriptor {
        self.parent_enum().parent_file()
    }
    fn place(&self) -> Vec<i32> {
        self.path().to_vec()
    }
    // Values are named in the scope around their enum; with its name they are easier to find.
    fn known_as(&self) -> String {
        format!("{}.{}", self.parent_enum().full_name(), self.name())
    }
}

impl Element for MethodDescriptor {
    fn file(&self) -> FileDescriptor {
        self.parent_service().parent_file()
    }
    fn place(&self) -> Vec<i32> {
        self.path().to_vec()
    }
    fn known_as(&self) -> String {
        self.full_name().to_owned()
    }
}

/// Number of the field `package` in a file's descriptor.
const PACKAGE: i32 = 2;
/// Number of the field `syntax` in a file's descriptor.
const SYNTAX: i32 = 12;

impl Element for FileDescriptor {
    fn file(&self) -> FileDescriptor {
        self.clone()
    }
    // Its `package` statement: what rules on files are about.
    fn place(&self) -> Vec<i32> {
        vec![PACKAGE]
    }
    fn known_as(&self) -> String {
        self.name().to_owned()
    }
}

/// What the source said at an element.
#[derive(Debug, Default)]
struct Source {
    line: usize,
    comment: String,
    trailing: bool,
}

/// The contracts, with every element of our own files.
pub(crate) struct Contracts {
    pub pool: DescriptorPool,
    pub files: Vec<FileDescriptor>,
    pub messages: Vec<MessageDescriptor>,
    pub fields: Vec<FieldDescriptor>,
    pub oneofs: Vec<OneofDescriptor>,
    pub enums: Vec<EnumDescriptor>,
    pub values: Vec<EnumValueDescriptor>,
    pub services: Vec<ServiceDescriptor>,
    pub methods: Vec<MethodDescriptor>,
    pub extensions: Vec<ExtensionDescriptor>,
    /// Full names of the messages that a caller can send, at any depth.
    sent: HashSet<String>,
    /// Full names of the records: messages that a `Create…` or `Update…` method returns.
    records: HashSet<String>,
    sources: HashMap<(String, Vec<i32>), Source>,
}

impl Contracts {
    /// Collects the elements of the files that are ours, by their names.
    pub(crate) fn of(pool: DescriptorPool, ours: impl Fn(&str) -> bool) -> Self {
        let is_ours = |file: &FileDescriptor| ours(file.name());
        let mut contracts = Self {
            files: pool.files().filter(is_ours).collect(),
            messages: pool
                .all_messages()
                .filter(|one| is_ours(&one.parent_file()) && !one.is_map_entry())
                .collect(),
            enums: pool
                .all_enums()
                .filter(|one| is_ours(&one.parent_file()))
                .collect(),
            services: pool
                .services()
                .filter(|one| is_ours(&one.parent_file()))
                .collect(),
            extensions: pool
                .all_extensions()
                .filter(|one| is_ours(&one.parent_file()))
                .collect(),
            pool,
            fields: Vec::new(),
            oneofs: Vec::new(),
            values: Vec::new(),
            methods: Vec::new(),
            sent: HashSet::new(),
            records: HashSet::new(),
            sources: HashMap::new(),
        };
        contracts.collect();
        contracts
    }

    /// Collects what is within the files' elements, and what follows from the methods.
    fn collect(&mut self) {
        for message in &self.messages {
            self.fields.extend(message.fields());
            let oneofs = message.oneofs().filter(|one| !one.is_synthetic());
            self.oneofs.extend(oneofs);
        }
        for one in &self.enums {
            self.values.extend(one.values());
        }
        for service in &self.services {
            self.methods.extend(service.methods());
        }
        for file in &self.files {
            read_sources(file, &mut self.sources);
        }
        let mut sent = HashSet::new();
        for method in &self.methods {
            self.reach(&method.input(), &mut sent);
            let output = method.output();
            let writes = ["Create", "Update"].map(|verb| format!("{verb}{}", output.name()));
            if writes.iter().any(|name| name == method.name()) {
                self.records.insert(output.full_name().to_owned());
            }
        }
        self.sent = sent;
    }

    /// Collects a message and all that a caller can send in it. Output-only fields are
    /// ignored where they are received.
    fn reach(&self, message: &MessageDescriptor, reached: &mut HashSet<String>) {
        if !reached.insert(message.full_name().to_owned()) {
            return;
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Message(inner) if !self.has_flag(&field, "output_only") => {
                    self.reach(&inner, reached);
                }
                _ => {}
            }
        }
    }

    /// Returns the comment before an element, without its slashes, in lines.
    pub(crate) fn comment(&self, element: &impl Element) -> &str {
        self.source(element).map_or("", |source| &source.comment)
    }

    /// Returns the comment before an element in one line.
    pub(crate) fn prose(&self, element: &impl Element) -> String {
        let words = self.comment(element).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    }

    /// Returns true if an element has a comment behind it.
    pub(crate) fn is_trailed(&self, element: &impl Element) -> bool {
        self.source(element).is_some_and(|source| source.trailing)
    }

    /// Returns the comment before a file's `syntax` statement, which describes the file.
    pub(crate) fn opening(&self, file: &FileDescriptor) -> &str {
        let source = self.sources.get(&(file.name().to_owned(), vec![SYNTAX]));
        source.map_or("", |source| &source.comment)
    }

    /// Returns an element's line, from 1.
    pub(crate) fn line(&self, element: &impl Element) -> usize {
        self.source(element).map_or(0, |source| source.line)
    }

    fn source(&self, element: &impl Element) -> Option<&Source> {
        let file = element.file().name().to_owned();
        self.sources.get(&(file, element.place()))
    }

    /// Returns a violation at an element.
    pub(crate) fn at(&self, element: &impl Element, problem: impl Into<String>) -> Violation {
        Violation {
            file: element.file().name().to_owned(),
            line: self.line(element),
            element: element.known_as(),
            problem: problem.into(),
        }
    }

    /// Returns a violation at each element for which `wrong` names a problem.
    pub(crate) fn each<'a, E: Element + 'a>(
        &self,
        elements: impl IntoIterator<Item = &'a E>,
        wrong: impl Fn(&E) -> Option<String>,
    ) -> Vec<Violation> {
        let elements = elements.into_iter();
        elements
            .filter_map(|element| Some(self.at(element, wrong(element)?)))
            .collect()
    }

    /// Returns true if the message is a record.
    pub(crate) fn is_record(&self, message: &MessageDescriptor) -> bool {
        self.records.contains(message.full_name())
    }

    /// Returns the records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &MessageDescriptor> {
        self.messages.iter().filter(|one| self.is_record(one))
    }

    /// Returns true if a caller can send the message, itself or within another.
    pub(crate) fn is_sent(&self, message: &MessageDescriptor) -> bool {
        self.sent.contains(message.full_name())
    }

    /// Returns the fields that a caller can send; output-only ones are ignored.
    pub(crate) fn sent_fields(&self) -> impl Iterator<Item = &FieldDescriptor> {
        self.fields.iter().filter(|field| {
            self.is_sent(field.parent_message()) && !self.has_flag(field, "output_only")
        })
    }

    /// Returns the methods whose names begin with a word: `Get`, `List`.
    pub(crate) fn named(&self, verb: &str) -> impl Iterator<Item = &MethodDescriptor> {
        self.methods
            .iter()
            .filter(move |method| noun(method, verb).is_some())
    }

    /// Returns a field's protovalidate rules.
    pub(crate) fn rules(&self, field: &FieldDescriptor) -> Constraints {
        Constraints::of(self.extension(&field.options(), "buf.validate.field"))
    }

    /// Returns a message's protovalidate rules.
    pub(crate) fn message_rules(&self, message: &MessageDescriptor) -> Constraints {
        Constraints::of(self.extension(&message.options(), "buf.validate.message"))
    }

    /// Returns true if the flag of `wangge.options.v1` is set at a field.
    pub(crate) fn has_flag(&self, field: &FieldDescriptor, flag: &str) -> bool {
        let value = self.extension(&field.options(), &format!("wangge.options.v1.{flag}"));
        value.and_then(|value| value.as_bool()).unwrap_or_default()
    }

    /// Returns the kind of record that an id names (`wangge.options.v1.names`).
    pub(crate) fn names(&self, field: &FieldDescriptor) -> Option<String> {
        let value = self.extension(&field.options(), "wangge.options.v1.names")?;
        value.as_str().map(str::to_owned)
    }

    /// Returns the file that a kind is imported from (`wangge.options.v1.file`).
    pub(crate) fn csv(&self, field: &FieldDescriptor) -> Option<String> {
        let value = self.extension(&field.options(), "wangge.options.v1.file")?;
        text(value.as_message()?, "name")
    }

    /// Returns a method's policy.
    pub(crate) fn policy(&self, method: &MethodDescriptor) -> Option<Policy> {
        let value = self.extension(&method.options(), "wangge.options.v1.policy")?;
        let policy = value.as_message()?;
        let roles = policy.get_field_by_name("roles")?;
        Some(Policy {
            roles: roles
                .as_list()?
                .iter()
                .filter_map(Value::as_enum_number)
                .collect(),
            scope: enum_name(policy, "scope")?,
            idempotency: enum_name(policy, "idempotency")?,
        })
    }

    fn extension(&self, options: &DynamicMessage, name: &str) -> Option<Value> {
        let extension = self.pool.get_extension_by_name(name)?;
        options
            .has_extension(&extension)
            .then(|| options.get_extension(&extension).into_owned())
    }
}

/// What a method declares in `wangge.options.v1.policy`.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Numbers of the roles.
    pub roles: Vec<i32>,
    /// Name of the scope.
    pub scope: String,
    /// Name of the idempotency class.
    pub idempotency: String,
}

/// Returns what follows `verb` in a method's name, if it begins with it: `Ticket` in
/// `GetTicket`.
pub(crate) fn noun<'a>(method: &'a MethodDescriptor, verb: &str) -> Option<&'a str> {
    let rest = method.name().strip_prefix(verb)?;
    rest.starts_with(|c: char| c.is_ascii_uppercase())
        .then_some(rest)
}

/// Returns the full name of the message or enum that a field contains; empty for a scalar.
pub(crate) fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(one) => one.full_name().to_owned(),
        _ => String::new(),
    }
}

/// Returns the field at a path from a message: `ticket.area_code`, `rows[].id`.
pub(crate) fn resolve(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = first.split('[').next().unwrap_or_default();
    let field = message.get_field_by_name(name)?;
    if rest.is_empty() {
        return Some(field);
    }
    resolve(field.kind().as_message()?, rest)
}

/// Returns the text in a field of an option's value.
pub(crate) fn text(message: &DynamicMessage, field: &str) -> Option<String> {
    message
        .get_field_by_name(field)?
        .as_str()
        .map(str::to_owned)
}

fn enum_name(message: &DynamicMessage, field: &str) -> Option<String> {
    let descriptor = message.descriptor().get_field_by_name(field)?;
    let number = message.get_field(&descriptor).as_enum_number()?;
    let value = descriptor.kind().as_enum()?.get_value(number)?;
    Some(value.name().to_owned())
}

fn read_sources(file: &FileDescriptor, sources: &mut HashMap<(String, Vec<i32>), Source>) {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    for location in info.map_or(&[][..], |info| &info.location) {
        let line = location.span.first().copied().unwrap_or_default();
        let source = Source {
            line: usize::try_from(line).unwrap_or_default() + 1,
            comment: location.leading_comments().to_owned(),
            trailing: location.trailing_comments.is_some(),
        };
        sources.insert((file.name().to_owned(), location.path.clone()), source);
    }
}
