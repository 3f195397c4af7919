//! Encodes requests and decodes responses by reflection on the contracts, without
//! generated code. It makes no calls.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor,
    ReflectMessage as _,
};
use serde_json::Value;

static CONTRACTS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET).expect("the contracts")
});

pub(super) fn package(service: &str) -> &str {
    service.rsplit_once('.').map_or("", |(package, _)| package)
}

pub(super) fn method(path: &str) -> MethodDescriptor {
    let (service, name) = path[1..].split_once('/').expect("a path");
    let service = CONTRACTS.get_service_by_name(service).expect("a service");
    let mut methods = service.methods();
    methods
        .find(|method| method.name() == name)
        .expect("a method")
}

/// Returns the message type of the items on a list's pages.
pub(super) fn listed(path: &str) -> Option<MessageDescriptor> {
    let page = method(path).output();
    let items = page.fields().find(FieldDescriptor::is_list)?;
    items.kind().as_message().cloned()
}

/// Returns the fields of a method's request.
pub fn fields(path: &str) -> Vec<FieldDescriptor> {
    method(path).input().fields().collect()
}

/// Encodes a method's request from JSON with proto field names.
///
/// # Panics
/// Panics if the request has no such fields.
pub fn encode(path: &str, request: Value) -> Vec<u8> {
    let message = DynamicMessage::deserialize(method(path).input(), request);
    message
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .encode_to_vec()
}

/// Decodes a method's response.
///
/// # Panics
/// Panics if the bytes are not a valid response.
pub fn decode(path: &str, answer: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(method(path).output(), answer).expect("an answer")
}

/// Returns a string field of a message.
///
/// # Panics
/// Panics if it has no such field.
pub fn field(message: &DynamicMessage, name: &str) -> String {
    let value = message.get_field_by_name(name).expect("a field");
    value.as_str().expect("a text").to_owned()
}

/// Returns a string field of each item of a page.
///
/// # Panics
/// Panics if the response isn't a page.
pub fn items(path: &str, page: &[u8], name: &str) -> Vec<String> {
    let page = decode(path, page);
    let descriptor = page.descriptor();
    let items = descriptor
        .fields()
        .find(FieldDescriptor::is_list)
        .expect("items");
    let items = page.get_field(&items);
    let items = items.as_list().expect("a list").iter();
    items
        .map(|item| field(item.as_message().expect("a message"), name))
        .collect()
}

/// Returns the fields of a message that reference a record, with the referenced kinds.
pub(super) fn names(message: &str) -> Vec<(String, String)> {
    let message = CONTRACTS.get_message_by_name(message).expect("a message");
    let option = CONTRACTS
        .get_extension_by_name("wangge.options.v1.names")
        .expect("the option");
    let named = message.fields().filter_map(|field| {
        let options = field.options();
        let kind = options.get_extension(&option);
        let kind = kind.as_str().filter(|kind| !kind.is_empty())?;
        Some((field.name().to_owned(), kind.to_owned()))
    });
    named.collect()
}
