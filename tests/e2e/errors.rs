//! What the contract says about errors is true: every method lists its own, guards name
//! the methods that they fail, and the examples are what a service sends.

use std::collections::BTreeSet;

use prost::{Message as _, bytes::Bytes};
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::{FileDescriptorSet, source_code_info::Location};
use serde_json::Value;
use tonic::Status;
use wangge_api::{
    FILE_DESCRIPTOR_SET,
    policy::{Idempotency, METHODS, policy},
    refusal::{FieldViolation, Guard, Reason, Refusal},
};
use wangge_testkit::{GENERAL, documented};

const PAGE: &str = include_str!("../../proto/errors.md");

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn every_method_lists_its_own_errors() {
    for path in METHODS {
        let listed = documented(path).unwrap_or_else(|| panic!("{path} lists no errors"));
        assert!(listed.unknown.is_empty(), "{path}: {:?}", listed.unknown);
        let has = |reason: Reason| listed.reasons.contains(reason.name());
        // Every message can be malformed.
        assert!(has(Reason::FieldInvalid), "{path}");
        assert_eq!(
            has(Reason::GuardFailed),
            !listed.guards.is_empty(),
            "{path}"
        );
        // Of those that any method can return, only streams explain some in their own way.
        let policy = policy(path).unwrap();
        let repeated = GENERAL.iter().any(|reason| has(*reason));
        assert!(policy.streaming || !repeated, "{path}");
        let writes = [Reason::RequestIdReused, Reason::ConcurrentChange];
        let is_write = policy.idempotency == Idempotency::RequestId;
        for reason in writes {
            assert_eq!(has(reason), is_write, "{path}: {}", reason.name());
        }
    }
}

/// Returns the comments of the values of the contract's guards.
fn comments_of_guards() -> Vec<(Guard, String)> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let is_guard = |name: &str| name == "wangge/errors/v1/guard.proto";
    let mut files = files.file.into_iter();
    let file = files.find(|file| is_guard(file.name())).unwrap();
    let value = |location: &Location| {
        let [5, 0, 2, at] = location.path[..] else {
            return None;
        };
        let number = file.enum_type[0].value[usize::try_from(at).unwrap()].number();
        let comment = location.leading_comments().replace('\n', " ");
        Some((Guard::from_code(number)?, comment))
    };
    let places = &file.source_code_info.as_ref().unwrap().location;
    places.iter().filter_map(value).collect()
}

/// A guard names exactly the methods that list it. The guard of references is of so many
/// that it describes them.
#[test]
fn guards_name_the_methods_that_they_fail() {
    let comments = comments_of_guards();
    assert_eq!(comments.len(), Guard::ALL.len());
    for (guard, comment) in comments {
        let lists = |path: &&&str| documented(path).unwrap().guards.contains(guard.name());
        let listing: Vec<&str> = METHODS
            .iter()
            .filter(lists)
            .map(|path| name(path))
            .collect();
        assert!(!listing.is_empty(), "{guard:?} fails no method");
        if guard == Guard::ReferenceNotCurrent {
            continue;
        }
        let is_part = |letter: char| letter.is_ascii_alphanumeric();
        let words: BTreeSet<&str> = comment.split(|letter| !is_part(letter)).collect();
        for method in &listing {
            assert!(words.contains(method), "{guard:?} does not name {method}");
        }
        let advice = [
            "ListSessionDays",
            "UpdateAgencyCase",
            "ConfirmTicket",
            "CancelTicket",
        ];
        let named = METHODS.iter().map(|path| name(path));
        for method in named.filter(|method| words.contains(method)) {
            let is_known = listing.contains(&method) || advice.contains(&method);
            assert!(is_known, "{method} does not list {guard:?}");
        }
    }
}

/// Converts the details of a status to JSON, as protobuf's libraries print them.
fn json(status: &Status) -> Value {
    let mut pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .unwrap();
    let kind = pool.get_message_by_name("google.rpc.Status").unwrap();
    let details = Bytes::copy_from_slice(status.details());
    let details = DynamicMessage::decode(kind, details).unwrap();
    serde_json::to_value(details).unwrap()
}

fn sorted(mut status: Value) -> Value {
    let details = status["details"].as_array_mut().unwrap();
    details.sort_by_key(|detail| detail["@type"].to_string());
    status
}

#[test]
fn the_examples_are_what_a_service_sends() {
    let overlaps = "the volunteer is on another shift at that time";
    let overlaps = Refusal::guard(Guard::ShiftOverlaps, "shift", overlaps);
    let long = "value length must be at most 100 characters";
    let long = FieldViolation::of_contract("ticket.title", "string.max_len", long);
    let refusals = [overlaps, Refusal::fields(vec![long])];
    let examples: Vec<&str> = PAGE.split("```json").skip(1).collect();
    assert_eq!(examples.len(), refusals.len());
    for (example, refusal) in examples.into_iter().zip(refusals) {
        let example = example.split("```").next().unwrap();
        let example: Value = serde_json::from_str(example).unwrap();
        assert_eq!(sorted(example), sorted(json(&Status::from(refusal))));
    }
}

#[test]
fn the_reasons_of_every_method_are_listed_once() {
    let section = PAGE.split("## Reasons of every method").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split('|').next());
    let listed: BTreeSet<&str> = cells
        .flat_map(|cell| cell.split(['`', ',', ' ']))
        .filter(|name| !name.is_empty())
        .collect();
    let general: BTreeSet<&str> = GENERAL.iter().map(|reason| reason.name()).collect();
    assert_eq!(listed, general);
}
