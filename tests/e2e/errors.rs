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

/// Returns the source of a file, by its path in the repository.
macro_rules! source {
    ($path:literal) => {
        include_str!(concat!("../../", $path))
    };
}

/// Returns a test that shows a guard fail: the source of its file, and its name.
fn shown_by(guard: Guard) -> (&'static str, &'static str) {
    match guard {
        Guard::PostTaken => (
            source!("services/organization/tests/it/appointments.rs"),
            "an_exclusive_post_has_one_holder_a_day",
        ),
        Guard::MemberAlready => (
            source!("services/organization/tests/it/co_governance.rs"),
            "each_part_is_for_its_kind_of_member",
        ),
        Guard::SeatedAlready => (
            source!("services/organization/tests/it/co_governance.rs"),
            "nobody_holds_two_seats_at_a_time",
        ),
        Guard::DoorTaken | Guard::TaggedAlready => (
            source!("services/organization/tests/it/ends.rs"),
            "what_has_come_since_stands_against_a_correction",
        ),
        Guard::RoleHeldAlready => (
            source!("services/organization/tests/it/residents.rs"),
            "a_role_is_held_once_at_a_time",
        ),
        Guard::NameTaken => (
            source!("services/organization/tests/it/residents.rs"),
            "an_estate_has_one_building_of_a_name_at_a_time",
        ),
        Guard::TooManyOrders => (
            source!("services/tickets/tests/it/guards.rs"),
            "a_ticket_has_at_most_a_hundred_orders_over_all_rounds",
        ),
        Guard::NoResponsibleUnit => (
            source!("services/tickets/tests/it/guards.rs"),
            "a_ticket_needs_a_responsible_unit",
        ),
        Guard::UnitTwice => (
            source!("services/tickets/tests/it/guards.rs"),
            "a_unit_is_named_once",
        ),
        Guard::AssistingOpen => (
            source!("services/tickets/tests/it/guards.rs"),
            "confirming_waits_for_assisting_orders",
        ),
        Guard::ReturnedBefore => (
            source!("services/tickets/tests/it/guards.rs"),
            "nobody_returns_twice_for_the_same_reason",
        ),
        Guard::NotTheReporter | Guard::NotReportedOnPatrol => (
            source!("services/tickets/tests/it/guards.rs"),
            "only_the_reporter_closes_on_the_spot_what_was_found_on_patrol",
        ),
        Guard::LeadOrder => (
            source!("services/tickets/tests/it/guards.rs"),
            "the_lead_order_changes_with_its_ticket",
        ),
        Guard::ShiftOver => (
            source!("services/tickets/tests/it/rosters.rs"),
            "a_shift_that_has_ended_is_settled",
        ),
        Guard::PatrolOverlaps => (
            source!("services/tickets/tests/it/rosters.rs"),
            "patrols_of_one_person_do_not_overlap",
        ),
        Guard::ClaimOver => (
            source!("services/volunteers/src/domain/wish.rs"),
            "a_claim_that_is_over_can_not_be_realised_whether_or_not_that_was_seen",
        ),
        Guard::VisitedAlready => (
            source!("services/volunteers/tests/it/check_in_visits.rs"),
            "a_visit_that_many_enter_at_once_counts_once",
        ),
        Guard::VisitsRecorded => (
            source!("services/volunteers/tests/it/check_in_visits.rs"),
            "an_ended_registration_takes_no_more_visits",
        ),
        Guard::MatchedAlready => (
            source!("services/volunteers/tests/it/doubles.rs"),
            "a_need_is_matched_with_a_resource_once",
        ),
        Guard::HeldAlready => (
            source!("services/volunteers/tests/it/plain.rs"),
            "a_post_is_held_once_at_a_time_and_by_somebody_who_is_there",
        ),
        Guard::Promised => (
            source!("services/volunteers/tests/it/promises.rs"),
            "a_promise_is_kept_or_cancelled_before_what_it_rests_on_goes",
        ),
        Guard::SameSubject => (
            source!("services/volunteers/tests/it/promises.rs"),
            "hours_come_of_what_was_signed_and_of_two_people",
        ),
        Guard::RegisteredAlready => (
            source!("services/volunteers/tests/it/registrations.rs"),
            "the_days_of_an_official_in_a_community_never_overlap",
        ),
        Guard::AssignmentOpen
        | Guard::NothingAssigned
        | Guard::DeliberationReviewed
        | Guard::MeetingNotHeld
        | Guard::PartyMissing
        | Guard::NotARaiser => (
            source!("tests/e2e/guards.rs"),
            "deliberations_take_four_parties_and_end_with_those_who_began_them",
        ),
        Guard::ReferenceState | Guard::ShiftOverlaps | Guard::NotBegun => {
            (source!("tests/e2e/guards.rs"), "events_and_shifts")
        }
        Guard::ReferenceNotCurrent | Guard::BeyondLimit => (
            source!("tests/e2e/guards.rs"),
            "matters_are_due_within_the_legal_limit",
        ),
        Guard::ClaimedAlready
        | Guard::BenefitsAlready
        | Guard::ProjectFull
        | Guard::MatchOfOtherNeed => (
            source!("tests/e2e/guards.rs"),
            "projects_have_so_many_places",
        ),
        Guard::BookedAlready
        | Guard::SessionFull
        | Guard::SessionOver
        | Guard::SessionNotHeld
        | Guard::StationClosed => (
            source!("tests/e2e/guards.rs"),
            "sessions_are_booked_when_they_are_held",
        ),
        Guard::PositionTaken | Guard::OnDutyAlready | Guard::NotAuthorised => {
            (source!("tests/e2e/guards.rs"), "stations_and_paths")
        }
        Guard::NotOnDuty => (
            source!("tests/e2e/guards.rs"),
            "whoever_replies_is_on_duty_and_on_one_duty",
        ),
    }
}

/// No guard is in the contract that isn't seen to fail.
#[test]
fn every_guard_is_shown_by_a_test() {
    for guard in Guard::ALL {
        let (source, test) = shown_by(*guard);
        let body = source.split(&format!("fn {test}(")).nth(1);
        let body = body.unwrap_or_else(|| panic!("{guard:?}: there is no test {test}"));
        // The next test ends it.
        let body = body.split("#[t").next().unwrap();
        let names = [format!("\"{}", guard.name()), format!("Guard::{guard:?}")];
        let is_asserted = names.iter().any(|name| body.contains(name));
        assert!(is_asserted, "{test} does not assert {guard:?}");
    }
}
