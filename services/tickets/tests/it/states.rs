//! Every verb in every state, over gRPC.

use std::fmt::Write as _;

use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::tickets::v1::{Ticket, TicketState};
use wangge_testkit::{precondition, reason};

use crate::{ASSISTING, Bench, LEAD, Verb, order_of};

const VERBS: [Verb; 16] = [
    Verb::File,
    Verb::Decline,
    Verb::FixOnTheSpot,
    Verb::Dispatch,
    Verb::Withdraw,
    Verb::Accept,
    Verb::Assign,
    Verb::Submit,
    Verb::Return,
    Verb::Refuse,
    Verb::ConfirmOrder,
    Verb::Confirm,
    Verb::SendBack,
    Verb::Pass,
    Verb::Fail,
    Verb::Cancel,
];

fn is_on_order(verb: Verb) -> bool {
    use Verb as V;
    matches!(
        verb,
        V::Withdraw | V::Accept | V::Assign | V::Submit | V::Return | V::Refuse | V::ConfirmOrder
    )
}

/// Returns the verbs that lead to a state, each with its unit.
fn path(state: TicketState) -> Vec<(Verb, Uuid)> {
    use TicketState as S;
    let before = |state, verb, unit| {
        let mut verbs = path(state);
        verbs.push((verb, unit));
        verbs
    };
    match state {
        S::Unspecified | S::Reported => Vec::new(),
        S::Declined => before(S::Reported, Verb::Decline, LEAD),
        S::PendingDispatch => before(S::Reported, Verb::File, LEAD),
        S::PendingAcceptance => before(S::PendingDispatch, Verb::Dispatch, LEAD),
        S::Handling => before(S::PendingAcceptance, Verb::Accept, LEAD),
        S::Handled => before(S::Handling, Verb::Submit, LEAD),
        S::PendingCheck => {
            let mut verbs = path(S::Handled);
            verbs.extend(
                [Verb::Accept, Verb::Submit, Verb::ConfirmOrder].map(|verb| (verb, ASSISTING)),
            );
            verbs.push((Verb::Confirm, LEAD));
            verbs
        }
        S::Closed => before(S::PendingCheck, Verb::Pass, LEAD),
        S::Cancelled => before(S::Handling, Verb::Cancel, LEAD),
    }
}

async fn brought_to(bench: &Bench, state: TicketState) -> Ticket {
    let mut ticket = bench.reported().await;
    for (verb, unit) in path(state) {
        ticket = bench.go_by(&ticket, verb, unit).await;
    }
    assert_eq!(ticket.state(), state);
    ticket
}

fn state_name(state: TicketState) -> String {
    state
        .as_str_name()
        .trim_start_matches("TICKET_STATE_")
        .to_lowercase()
}

/// Formats a refusal for the table; checks its code against its reason.
fn refused(status: &Status) -> String {
    let reason = reason(status);
    match reason.as_str() {
        "STATE_CONFLICT" => {
            assert_eq!(status.code(), Code::FailedPrecondition);
            assert_eq!(precondition(status).as_deref(), Some("STATE"));
            reason
        }
        "GUARD_FAILED" => {
            assert_eq!(status.code(), Code::FailedPrecondition);
            format!("{reason} {}", precondition(status).unwrap())
        }
        "RECORD_NOT_FOUND" => {
            assert_eq!(status.code(), Code::NotFound);
            format!("{reason}: {}", status.message())
        }
        _ => panic!("{status:?}"),
    }
}

/// Attempts a verb; asserts that a refused one leaves the record unchanged.
async fn attempt(bench: &Bench, ticket: &Ticket, verb: Verb, unit: Uuid) -> Result<Ticket, String> {
    let before = (bench.get(&ticket.id).await, bench.history(&ticket.id).await);
    let order = order_of(&before.0, unit);
    match bench.act(&ticket.id, verb, &order, unit).await {
        Ok(after) => {
            assert_eq!(after.revision, before.0.revision + 1);
            assert_eq!(bench.get(&ticket.id).await, after);
            let history = bench.history(&ticket.id).await;
            assert_eq!(history.len(), before.1.len() + 1);
            let last = history.last().unwrap();
            assert_eq!(
                (last.from_state(), last.to_state()),
                (before.0.state(), after.state())
            );
            Ok(after)
        }
        Err(status) => {
            let after = (bench.get(&ticket.id).await, bench.history(&ticket.id).await);
            assert_eq!(after, before, "{verb:?} was refused and left a trace");
            Err(refused(&status))
        }
    }
}

#[tokio::test]
async fn every_verb_in_every_state() {
    let bench = Bench::start().await;
    let mut table = String::new();
    for code in 1..=9 {
        let state = TicketState::try_from(code).unwrap();
        let mut ticket = brought_to(&bench, state).await;
        for verb in VERBS {
            let units: &[_] = if is_on_order(verb) {
                &[("lead", LEAD), ("assisting", ASSISTING)]
            } else {
                &[("", LEAD)]
            };
            for (who, unit) in units {
                let outcome = match attempt(&bench, &ticket, verb, *unit).await {
                    Ok(after) => {
                        ticket = brought_to(&bench, state).await;
                        format!("-> {}", state_name(after.state()))
                    }
                    Err(refused) => refused,
                };
                let verb = format!("{verb:?}");
                let state = state_name(state);
                writeln!(table, "{state:<18} {verb:<12} {who:<9} {outcome}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn every_verb_on_an_assisting_order_in_every_state_of_it() {
    let bench = Bench::start().await;
    let mut table = String::new();
    let paths: [(&str, &[Verb]); 8] = [
        ("issued", &[]),
        ("accepted", &[Verb::Accept]),
        ("handling", &[Verb::Accept, Verb::Assign]),
        ("submitted", &[Verb::Accept, Verb::Submit]),
        (
            "confirmed",
            &[Verb::Accept, Verb::Submit, Verb::ConfirmOrder],
        ),
        ("returned", &[Verb::Return]),
        ("refused", &[Verb::Refuse]),
        ("withdrawn", &[Verb::Withdraw]),
    ];
    for (state, path) in paths {
        let ready = async || {
            let mut ticket = brought_to(&bench, TicketState::Handling).await;
            for verb in path {
                ticket = bench.go_by(&ticket, *verb, ASSISTING).await;
            }
            ticket
        };
        let mut ticket = ready().await;
        for verb in VERBS.into_iter().filter(|verb| is_on_order(*verb)) {
            let outcome = match attempt(&bench, &ticket, verb, ASSISTING).await {
                Ok(after) => {
                    ticket = ready().await;
                    let state = after.orders.last().unwrap().state();
                    let state = state.as_str_name().trim_start_matches("ORDER_STATE_");
                    format!("-> {}", state.to_lowercase())
                }
                Err(refused) => refused,
            };
            writeln!(table, "{state:<9} {:<12} {outcome}", format!("{verb:?}")).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
