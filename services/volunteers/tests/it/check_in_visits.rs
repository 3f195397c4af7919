//! Recording and voiding of check-in visits.

use chrono::Duration;
use futures::future::join_all;
use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::event::Payload,
    policy::Role,
    volunteers::v1::{
        CheckInVisit, CheckInVisitState, CreateCheckInVisitRequest, EndRegistrationRequest,
        GetCheckInVisitRequest, ListCheckInVisitsRequest, Registration, VoidCheckInVisitRequest,
    },
};
use wangge_testkit::{fields, precondition, reason};

use crate::{Bench, COMMUNITY, FOREIGN, NEIGHBOUR, date, registration, request_id, visit};

fn get(id: &str) -> GetCheckInVisitRequest {
    GetCheckInVisitRequest { id: id.into() }
}

fn void(id: &str) -> VoidCheckInVisitRequest {
    VoidCheckInVisitRequest {
        request_id: request_id(),
        id: id.into(),
        reason: "录入错误".into(),
        etag: String::new(),
    }
}

#[tokio::test]
async fn a_visit_is_recorded_read_voided_and_told_of() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let made = bench.visited(&registration).await;
    assert_eq!(made.state(), CheckInVisitState::Recorded);
    assert_eq!(
        (made.area_code.as_str(), made.revision, made.imported),
        (COMMUNITY, 1, false)
    );
    assert_eq!(
        made.visit_time.unwrap().seconds,
        bench.clock.now().timestamp()
    );
    let read = bench
        .staff()
        .get_check_in_visit(get(&made.id))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read, made);

    bench.clock.advance(Duration::minutes(5));
    let request = VoidCheckInVisitRequest {
        etag: made.etag.clone(),
        ..void(&made.id)
    };
    let voided = bench
        .staff()
        .void_check_in_visit(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(voided.state(), CheckInVisitState::Voided);
    assert_eq!(
        (voided.void_reason.as_str(), voided.revision),
        ("录入错误", 2)
    );

    let events = bench.events(3).await;
    let states: Vec<_> = events[1..]
        .iter()
        .map(|event| match &event.payload {
            Some(Payload::CheckInVisitChanged(changed)) => {
                assert_eq!(changed.person_id, registration.person_id);
                (
                    event.revision,
                    changed.state(),
                    event.occurred_time.unwrap().seconds,
                )
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let came = made.visit_time.unwrap().seconds;
    assert_eq!(
        states,
        [
            (1, CheckInVisitState::Recorded, came),
            (2, CheckInVisitState::Voided, came + 300)
        ]
    );
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_is_named() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let mut staff = bench.staff();
    let empty = CreateCheckInVisitRequest {
        request_id: request_id(),
        check_in_visit: Some(CheckInVisit::default()),
    };
    let status = staff.create_check_in_visit(empty).await.unwrap_err();
    assert_eq!(reason(&status), "FIELD_INVALID");
    assert_eq!(
        fields(&status),
        ["check_in_visit.registration_id", "check_in_visit.handled"]
    );

    let mut timed = visit(&registration.id);
    timed.check_in_visit.as_mut().unwrap().visit_time = Some(Default::default());
    let status = staff.create_check_in_visit(timed).await.unwrap_err();
    assert_eq!(fields(&status), ["check_in_visit.visit_time"]);

    for text in ["  ", "a\0b", &"长".repeat(1001)] {
        let mut request = visit(&registration.id);
        request.check_in_visit.as_mut().unwrap().handled = text.into();
        let status = staff.create_check_in_visit(request).await.unwrap_err();
        assert_eq!(fields(&status), ["check_in_visit.handled"]);
    }
    let mut longest = visit(&registration.id);
    longest.check_in_visit.as_mut().unwrap().handled = "长".repeat(1000);
    staff.create_check_in_visit(longest).await.unwrap();
}

#[tokio::test]
async fn a_visit_needs_a_registration_that_holds_on_its_day() {
    let bench = Bench::start().await;
    let foreign = bench
        .register(Registration {
            area_code: NEIGHBOUR.into(),
            ..registration()
        })
        .await;
    for id in [foreign.id.as_str(), &Uuid::now_v7().to_string()] {
        let status = bench
            .staff()
            .create_check_in_visit(visit(id))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "REFERENCE_UNKNOWN")
        );
        assert_eq!(fields(&status), ["check_in_visit.registration_id"]);
    }
    let later = Registration {
        start_date: date(2022, 7, 29),
        ..registration()
    };
    let ended = Registration {
        end_date: date(2022, 7, 28),
        ..registration()
    };
    for one in [later, ended] {
        let one = bench.register(one).await;
        let status = bench
            .staff()
            .create_check_in_visit(visit(&one.id))
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "GUARD_FAILED");
        assert_eq!(
            precondition(&status).as_deref(),
            Some("REFERENCE_NOT_CURRENT")
        );
    }
    // The day is counted in Shanghai: in UTC it is still the 28th.
    bench.clock.advance(Duration::hours(14));
    let tomorrow = Registration {
        start_date: date(2022, 7, 29),
        ..registration()
    };
    let tomorrow = bench.register(tomorrow).await;
    bench.visited(&tomorrow).await;
}

#[tokio::test]
async fn an_ended_registration_takes_no_more_visits() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    bench.visited(&registration).await;
    let request = EndRegistrationRequest {
        request_id: request_id(),
        id: registration.id.clone(),
        end_date: date(2022, 7, 28),
        etag: String::new(),
        correction_reason: String::new(),
    };
    let early = bench.staff().end_registration(request.clone()).await;
    assert_eq!(
        precondition(&early.unwrap_err()).as_deref(),
        Some("VISITS_RECORDED"),
        "the visit of that day is recorded"
    );
    let request = EndRegistrationRequest {
        request_id: request_id(),
        end_date: date(2022, 7, 29),
        ..request
    };
    bench.staff().end_registration(request).await.unwrap();
    bench.clock.advance(Duration::days(1));
    let status = bench
        .staff()
        .create_check_in_visit(visit(&registration.id))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "GUARD_FAILED");
}

#[tokio::test]
async fn a_repeated_request_has_one_effect() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let request = visit(&registration.id);
    let calls = (0..20).map(|_| {
        let (mut staff, request) = (bench.staff(), request.clone());
        async move {
            staff
                .create_check_in_visit(request)
                .await
                .unwrap()
                .into_inner()
        }
    });
    let made = join_all(calls).await;
    assert!(made.iter().all(|one| *one == made[0]));
    let voiding = void(&made[0].id);
    let calls = (0..5).map(|_| {
        let (mut staff, voiding) = (bench.staff(), voiding.clone());
        async move {
            staff
                .void_check_in_visit(voiding)
                .await
                .unwrap()
                .into_inner()
        }
    });
    assert!(
        join_all(calls)
            .await
            .iter()
            .all(|voided| voided.revision == 2)
    );
    let repeated = bench
        .staff()
        .create_check_in_visit(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((repeated.id, repeated.revision), (made[0].id.clone(), 2));
    bench.events(3).await;

    let mut other = request;
    other.check_in_visit.as_mut().unwrap().handled = "别的事".into();
    let status = bench
        .staff()
        .create_check_in_visit(other)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    let other = VoidCheckInVisitRequest {
        reason: "别的".into(),
        ..voiding
    };
    let status = bench.staff().void_check_in_visit(other).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn it_is_voided_once_with_a_reason_and_as_it_was_read() {
    let bench = Bench::start().await;
    let made = bench.visited(&bench.registered().await).await;
    let mut staff = bench.staff();
    for text in ["", " ", "\0"] {
        let request = VoidCheckInVisitRequest {
            reason: text.into(),
            ..void(&made.id)
        };
        let status = staff.void_check_in_visit(request).await.unwrap_err();
        assert_eq!(reason(&status), "FIELD_INVALID");
        assert_eq!(fields(&status), ["reason"]);
    }
    let stale = VoidCheckInVisitRequest {
        etag: "2".into(),
        ..void(&made.id)
    };
    let status = staff.void_check_in_visit(stale).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );

    // Voiding works even if the clock was set back.
    bench.clock.advance(Duration::hours(-1));
    staff.void_check_in_visit(void(&made.id)).await.unwrap();
    let status = staff.void_check_in_visit(void(&made.id)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
}

#[tokio::test]
async fn an_id_can_be_given_and_is_used_once() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let mut request = visit(&registration.id);
    request.check_in_visit.as_mut().unwrap().id = Uuid::now_v7().to_string();
    let made = bench
        .staff()
        .create_check_in_visit(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(made.id, request.check_in_visit.as_ref().unwrap().id);
    request.request_id = request_id();
    let status = bench
        .staff()
        .create_check_in_visit(request)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "RECORD_EXISTS")
    );
    assert_eq!(fields(&status), ["check_in_visit.id"]);
}

#[tokio::test]
async fn a_foreign_visit_is_as_a_missing_one() {
    let bench = Bench::start().await;
    let made = bench.visited(&bench.registered().await).await;
    let mut foreign = bench.officials(Role::Staff, NEIGHBOUR);
    for id in [made.id.as_str(), &Uuid::now_v7().to_string()] {
        let read = foreign.get_check_in_visit(get(id)).await.unwrap_err();
        let voided = foreign.void_check_in_visit(void(id)).await.unwrap_err();
        for status in [read, voided] {
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::NotFound, "RECORD_NOT_FOUND")
            );
        }
    }
}

#[tokio::test]
async fn lists_are_paged_newest_first_within_the_scope() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, bench.visited(&registration).await.id);
        bench.clock.advance(Duration::minutes(10));
    }
    let mut leader = bench.officials(Role::Leader, "320402");
    let mut request = ListCheckInVisitsRequest {
        page_size: 2,
        ..Default::default()
    };
    let mut listed = Vec::new();
    let mut pages = 0;
    loop {
        let page = leader
            .list_check_in_visits(request.clone())
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.check_in_visits.into_iter().map(|one| one.id));
        pages += 1;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!((listed, pages), (made, 3));

    let count = async |area: &str, code: &str| {
        let request = ListCheckInVisitsRequest {
            within_code: code.into(),
            ..Default::default()
        };
        let mut leader = bench.officials(Role::Leader, area);
        leader
            .list_check_in_visits(request)
            .await
            .unwrap()
            .into_inner()
            .check_in_visits
            .len()
    };
    assert_eq!(
        (
            count("320402", COMMUNITY).await,
            count("320402", NEIGHBOUR).await
        ),
        (5, 0)
    );
    assert_eq!(
        (count(FOREIGN, "").await, count(FOREIGN, COMMUNITY).await),
        (0, 0)
    );
    let garbage = ListCheckInVisitsRequest {
        page_token: "AAAAAAAAAAA".into(),
        ..Default::default()
    };
    let status = leader.list_check_in_visits(garbage).await.unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_visit_that_many_enter_at_once_counts_once() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let enter = || async {
        let mut staff = bench.staff();
        staff.create_check_in_visit(visit(&registration.id)).await
    };
    let entered = join_all((0..8).map(|_| enter())).await;
    let (made, refused): (Vec<_>, Vec<_>) = entered.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for refusal in refused {
        let guard = precondition(&refusal.unwrap_err());
        assert_eq!(guard.as_deref(), Some("VISITED_ALREADY"));
    }
    // A visit of another official at the same time is a different visit.
    bench.visited(&bench.registered().await).await;

    bench.clock.advance(Duration::seconds(599));
    assert!(enter().await.is_err(), "it is the same visit still");
    bench.clock.advance(Duration::seconds(1));
    let later = enter().await.unwrap().into_inner();
    // A voided visit doesn't block another one.
    bench.clock.advance(Duration::minutes(1));
    assert!(enter().await.is_err());
    let mut staff = bench.staff();
    staff.void_check_in_visit(void(&later.id)).await.unwrap();
    enter().await.unwrap();
}
