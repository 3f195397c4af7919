//! Registrations of officials and their ends.

use futures::future::join_all;
use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    policy::Role,
    volunteers::v1::{
        EndRegistrationRequest, GetRegistrationRequest, ListCheckInVisitsRequest,
        ListRegistrationsRequest, Registration,
    },
};
use wangge_testkit::{fields, precondition, reason};

use crate::{Bench, COMMUNITY, FOREIGN, GRID, NEIGHBOUR, create, date, registration, request_id};

fn get(id: &str) -> GetRegistrationRequest {
    GetRegistrationRequest { id: id.into() }
}

fn end(id: &str) -> EndRegistrationRequest {
    EndRegistrationRequest {
        request_id: request_id(),
        id: id.into(),
        end_date: date(2022, 7, 1),
        etag: String::new(),
        correction_reason: String::new(),
    }
}

fn days(event: &Event) -> (i64, bool) {
    match &event.payload {
        Some(Payload::RegistrationChanged(changed)) => (event.revision, changed.end_date.is_some()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_registration_is_made_read_ended_and_told_of() {
    let bench = Bench::start().await;
    let made = bench.registered().await;
    assert_eq!((made.revision, made.area_code.as_str()), (1, COMMUNITY));
    assert_eq!((made.start_date, made.end_date), (date(2022, 3, 1), None));
    let read = bench
        .staff()
        .get_registration(get(&made.id))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read, made);

    let request = EndRegistrationRequest {
        etag: made.etag.clone(),
        ..end(&made.id)
    };
    let ended = bench
        .staff()
        .end_registration(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((ended.revision, ended.end_date), (2, date(2022, 7, 1)));
    assert_ne!(ended.etag, made.etag);

    let events = bench.events(2).await;
    assert_eq!(
        (days(&events[0]), days(&events[1])),
        ((1, false), (2, true))
    );
    assert!(
        events
            .iter()
            .all(|event| event.record_id == made.id && !event.imported)
    );
    assert!(events.iter().all(|event| event.district_code == "320402"));
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_is_named() {
    let bench = Bench::start().await;
    let refused = async |asked: Registration| {
        let status = bench
            .staff()
            .create_registration(create(asked))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "FIELD_INVALID")
        );
        fields(&status)
    };
    assert_eq!(
        refused(Registration::default()).await,
        [
            "registration.person_id",
            "registration.home_unit_id",
            "registration.area_code",
            "registration.start_date"
        ]
    );
    let backwards = Registration {
        end_date: date(2022, 3, 1),
        ..registration()
    };
    assert_eq!(refused(backwards).await, ["registration.end_date"]);
    let no_day = Registration {
        start_date: date(2022, 2, 30),
        ..registration()
    };
    assert_eq!(refused(no_day).await, ["registration.start_date"]);
    let no_id = Registration {
        id: "7".into(),
        ..registration()
    };
    assert_eq!(refused(no_id).await, ["registration.id"]);
    bench.events(0).await;
}

#[tokio::test]
async fn unknown_areas_and_units_are_named() {
    let bench = Bench::start().await;
    for code in [GRID, "320402003", "320402003005999", FOREIGN] {
        let asked = Registration {
            area_code: code.into(),
            ..registration()
        };
        let mut dispatcher = bench.officials(Role::Dispatcher, "320402");
        let status = dispatcher
            .create_registration(create(asked))
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "REFERENCE_UNKNOWN", "{code}");
        assert_eq!(fields(&status), ["registration.area_code"], "{code}");
    }
    let asked = Registration {
        area_code: GRID.into(),
        home_unit_id: Uuid::now_v7().to_string(),
        ..registration()
    };
    let status = bench
        .staff()
        .create_registration(create(asked))
        .await
        .unwrap_err();
    assert_eq!(
        fields(&status),
        ["registration.home_unit_id", "registration.area_code"]
    );
}

#[tokio::test]
async fn the_days_of_an_official_in_a_community_never_overlap() {
    let bench = Bench::start().await;
    let first = bench
        .register(Registration {
            end_date: date(2022, 6, 1),
            ..registration()
        })
        .await;
    let again = |start, end| Registration {
        id: String::new(),
        start_date: start,
        end_date: end,
        ..first.clone()
    };
    for (start, end) in [
        (date(2022, 5, 31), None),
        (date(2022, 1, 1), date(2022, 3, 2)),
        (date(2022, 4, 1), date(2022, 4, 2)),
        (date(2022, 1, 1), None),
    ] {
        let status = bench
            .staff()
            .create_registration(create(again(start, end)))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "GUARD_FAILED");
        assert_eq!(precondition(&status).as_deref(), Some("REGISTERED_ALREADY"));
    }
    bench
        .register(again(date(2022, 1, 1), date(2022, 3, 1)))
        .await;
    bench.register(again(date(2022, 6, 1), None)).await;
    let elsewhere = Registration {
        area_code: NEIGHBOUR.into(),
        ..again(date(2022, 4, 1), None)
    };
    bench.register(elsewhere).await;
}

#[tokio::test]
async fn of_overlapping_calls_at_the_same_time_one_wins() {
    let bench = Bench::start().await;
    let asked = registration();
    let calls = (0..10).map(|_| {
        let (mut staff, request) = (bench.staff(), create(asked.clone()));
        async move { staff.create_registration(request).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 9));
    for status in refused {
        assert_eq!(reason(&status.unwrap_err()), "GUARD_FAILED");
    }
    bench.events(1).await;
}

#[tokio::test]
async fn an_id_can_be_given_and_is_used_once() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7().to_string();
    let made = bench
        .register(Registration {
            id: id.clone(),
            ..registration()
        })
        .await;
    assert_eq!(made.id, id);
    let other = Registration {
        id,
        area_code: NEIGHBOUR.into(),
        ..registration()
    };
    let mut neighbour = bench.officials(Role::Staff, NEIGHBOUR);
    let status = neighbour
        .create_registration(create(other))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "RECORD_EXISTS")
    );
    assert_eq!(fields(&status), ["registration.id"]);
}

#[tokio::test]
async fn a_repeated_request_has_one_effect() {
    let bench = Bench::start().await;
    let request = create(registration());
    let calls = (0..20).map(|_| {
        let (mut staff, request) = (bench.staff(), request.clone());
        async move {
            staff
                .create_registration(request)
                .await
                .unwrap()
                .into_inner()
        }
    });
    let made = join_all(calls).await;
    assert!(made.iter().all(|one| *one == made[0]));

    let ending = end(&made[0].id);
    for _ in 0..2 {
        let ended = bench
            .staff()
            .end_registration(ending.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(ended.revision, 2);
    }
    // A retried creation returns the current state of the record.
    let now = bench
        .staff()
        .create_registration(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((now.revision, &now.id), (2, &made[0].id));
    bench.events(2).await;

    let mut other = request.clone();
    other.registration = Some(registration());
    let status = bench.staff().create_registration(other).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    let other = EndRegistrationRequest {
        end_date: date(2022, 7, 2),
        ..ending
    };
    let status = bench.staff().end_registration(other).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn it_ends_once_after_its_start_and_as_it_was_read() {
    let bench = Bench::start().await;
    let made = bench.registered().await;
    let mut staff = bench.staff();

    let early = EndRegistrationRequest {
        end_date: date(2022, 3, 1),
        ..end(&made.id)
    };
    let status = staff.end_registration(early).await.unwrap_err();
    assert_eq!(reason(&status), "FIELD_INVALID");
    assert_eq!(fields(&status), ["end_date"]);
    let missing = EndRegistrationRequest {
        end_date: None,
        ..end(&made.id)
    };
    let status = staff.end_registration(missing).await.unwrap_err();
    assert_eq!(fields(&status), ["end_date"]);
    let stale = EndRegistrationRequest {
        etag: "ffff".into(),
        ..end(&made.id)
    };
    let status = staff.end_registration(stale).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );

    staff.end_registration(end(&made.id)).await.unwrap();
    let status = staff.end_registration(end(&made.id)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
}

#[tokio::test]
async fn a_foreign_registration_is_as_a_missing_one() {
    let bench = Bench::start().await;
    let made = bench.registered().await;
    let mut foreign = bench.officials(Role::Staff, NEIGHBOUR);
    for id in [made.id.as_str(), &Uuid::now_v7().to_string()] {
        let read = foreign.get_registration(get(id)).await.unwrap_err();
        let ended = foreign.end_registration(end(id)).await.unwrap_err();
        for status in [read, ended] {
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::NotFound, "RECORD_NOT_FOUND")
            );
            assert_eq!(status.message(), "there is no such registration");
        }
    }
    let mut leader = bench.officials(Role::Leader, "320402");
    leader.get_registration(get(&made.id)).await.unwrap();
    let status = leader
        .create_registration(create(registration()))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
}

#[tokio::test]
async fn lists_are_paged_newest_first_within_the_scope() {
    let bench = Bench::start().await;
    for month in [4, 2, 6, 6, 1] {
        bench
            .register(Registration {
                start_date: date(2022, month, 1),
                ..registration()
            })
            .await;
    }
    bench
        .register(Registration {
            area_code: NEIGHBOUR.into(),
            ..registration()
        })
        .await;
    bench
        .register(Registration {
            area_code: FOREIGN.into(),
            ..registration()
        })
        .await;

    let mut leader = bench.officials(Role::Leader, "320402");
    let mut request = ListRegistrationsRequest {
        page_size: 2,
        ..Default::default()
    };
    let mut months = Vec::new();
    let mut ids = std::collections::HashSet::new();
    loop {
        let page = leader
            .list_registrations(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert!(page.registrations.len() <= 2);
        for one in page.registrations {
            months.push(one.start_date.unwrap().month);
            assert!(ids.insert(one.id));
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(months, [6, 6, 4, 3, 2, 1]);

    let within = async |code: &str| {
        let request = ListRegistrationsRequest {
            within_code: code.into(),
            ..Default::default()
        };
        let mut leader = bench.officials(Role::Leader, "320402");
        leader
            .list_registrations(request)
            .await
            .unwrap()
            .into_inner()
            .registrations
            .len()
    };
    assert_eq!(
        (
            within(COMMUNITY).await,
            within(NEIGHBOUR).await,
            within(FOREIGN).await
        ),
        (5, 1, 0)
    );
    assert_eq!((within("32").await, within("").await), (6, 6));
}

#[tokio::test]
async fn page_tokens_are_good_for_their_own_list_only() {
    let bench = Bench::start().await;
    for _ in 0..2 {
        bench.registered().await;
    }
    let mut staff = bench.staff();
    let request = ListRegistrationsRequest {
        page_size: 1,
        ..Default::default()
    };
    let page = staff
        .list_registrations(request)
        .await
        .unwrap()
        .into_inner();
    let token = page.next_page_token;
    let narrower = ListRegistrationsRequest {
        page_token: token.clone(),
        within_code: COMMUNITY.into(),
        ..Default::default()
    };
    let garbage = ListRegistrationsRequest {
        page_token: "%".into(),
        ..Default::default()
    };
    let others = ListCheckInVisitsRequest {
        page_token: token,
        ..Default::default()
    };
    for status in [
        staff.list_registrations(narrower).await.unwrap_err(),
        staff.list_registrations(garbage).await.unwrap_err(),
        staff.list_check_in_visits(others).await.unwrap_err(),
    ] {
        assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
        assert_eq!(fields(&status), ["page_token"]);
    }
    let negative = ListRegistrationsRequest {
        page_size: -1,
        ..Default::default()
    };
    let status = staff.list_registrations(negative).await.unwrap_err();
    assert_eq!(fields(&status), ["page_size"]);
}

#[tokio::test]
async fn an_end_entered_by_mistake_is_corrected_while_nobody_is_registered_since() {
    let bench = Bench::start().await;
    let made = bench.registered().await;
    let mut staff = bench.staff();
    staff.end_registration(end(&made.id)).await.unwrap();
    let correct = |end_date| EndRegistrationRequest {
        end_date,
        correction_reason: "误录".into(),
        ..end(&made.id)
    };
    let open = staff.end_registration(correct(None)).await.unwrap();
    let open = open.into_inner();
    assert_eq!((open.revision, open.end_date), (3, None));
    let events = bench.events(3).await;
    assert_eq!(days(&events[2]), (3, false));
    let again = staff.end_registration(correct(None)).await.unwrap_err();
    assert_eq!(reason(&again), "STATE_CONFLICT");

    staff.end_registration(end(&made.id)).await.unwrap();
    let next = Registration {
        person_id: made.person_id.clone(),
        start_date: date(2022, 7, 10),
        ..registration()
    };
    staff.create_registration(create(next)).await.unwrap();
    let taken = staff.end_registration(correct(None)).await.unwrap_err();
    assert_eq!(precondition(&taken).as_deref(), Some("REGISTERED_ALREADY"));
    let until = correct(date(2022, 7, 10));
    staff.end_registration(until).await.unwrap();
    let kept: i64 = sqlx::query_scalar("select count(*) from correction where kind = $1")
        .bind("registration")
        .fetch_one(&bench.database.calls)
        .await
        .unwrap();
    assert_eq!(kept, 2);
}
