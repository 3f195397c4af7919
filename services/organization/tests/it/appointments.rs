//! Appointments: create, list and end.

use tonic::Status;
use wangge_api::{
    organization::v1::{
        Appointment, CreateAppointmentRequest, EndAppointmentRequest, ListAppointmentsRequest,
        Post, UnitKind,
    },
    types::v1::Date,
};

use crate::support::*;

fn in_grid(
    person: &str,
    post: Post,
    grid: &str,
    start: Option<Date>,
    end: Option<Date>,
) -> Appointment {
    Appointment {
        person_id: person.into(),
        post: post.into(),
        area_code: grid.into(),
        start_date: start,
        end_date: end,
        ..Appointment::default()
    }
}

fn in_unit(person: &str, post: Post, unit: &str) -> Appointment {
    Appointment {
        person_id: person.into(),
        post: post.into(),
        unit_id: unit.into(),
        start_date: date(2022, 1, 1),
        ..Appointment::default()
    }
}

async fn appoint(world: &World, scope: &str, given: Appointment) -> Result<Appointment, Status> {
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(given),
    };
    world
        .people(scope)
        .create_appointment(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn end(
    world: &World,
    scope: &str,
    id: &str,
    day: Option<Date>,
    etag: &str,
) -> Result<Appointment, Status> {
    let request = EndAppointmentRequest {
        request_id: request_id(),
        id: id.into(),
        end_date: day,
        etag: etag.into(),
        correction_reason: String::new(),
    };
    world
        .people(scope)
        .end_appointment(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn list(world: &World, scope: &str, mut request: ListAppointmentsRequest) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let mut client = world.people(scope);
        let page = client
            .list_appointments(request.clone())
            .await
            .expect("a page")
            .into_inner();
        ids.extend(
            page.appointments
                .into_iter()
                .map(|appointment| appointment.id),
        );
        if page.next_page_token.is_empty() {
            return ids;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_held_in_a_unit_or_a_grid() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let branch = world
        .make_unit(unit("B", UnitKind::GridBranch, "", GRID))
        .await
        .expect("made");
    let secretary = appoint(&world, "", in_unit(&person, Post::Secretary, &branch.id))
        .await
        .expect("appointed");
    assert_eq!(
        (secretary.unit_id.as_str(), secretary.area_code.as_str()),
        (branch.id.as_str(), GRID)
    );
    let worker = in_grid(
        &person,
        Post::FullTimeGridWorker,
        GRID,
        date(2022, 1, 1),
        None,
    );
    let worker = appoint(&world, "", worker).await.expect("appointed");
    assert_eq!(
        (
            worker.unit_id.as_str(),
            worker.area_code.as_str(),
            worker.revision
        ),
        ("", GRID, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_appointment_is_refused() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let branch = world
        .make_unit(unit("B", UnitKind::GridBranch, "", GRID))
        .await
        .expect("made")
        .id;
    let start = date(2022, 1, 1);
    let both = Appointment {
        area_code: GRID.into(),
        ..in_unit(&person, Post::Secretary, &branch)
    };
    let backwards = Appointment {
        end_date: start,
        ..in_unit(&person, Post::Secretary, &branch)
    };
    for (given, reason, field) in [
        (both, "FIELD_INVALID", "appointment.area_code"),
        (backwards, "FIELD_INVALID", "appointment.end_date"),
        (
            in_unit(&person, Post::Secretary, ""),
            "FIELD_INVALID",
            "appointment.unit_id",
        ),
        (
            in_grid(&person, Post::FullTimeGridWorker, "", start, None),
            "FIELD_INVALID",
            "appointment.area_code",
        ),
        (
            in_grid(&person, Post::FullTimeGridWorker, COMMUNITY, start, None),
            "FIELD_INVALID",
            "appointment.area_code",
        ),
        (
            in_unit(&new_id(), Post::Secretary, &branch),
            "REFERENCE_UNKNOWN",
            "appointment.person_id",
        ),
        (
            in_unit(&person, Post::Secretary, &new_id()),
            "REFERENCE_UNKNOWN",
            "appointment.unit_id",
        ),
        (
            in_grid(
                &person,
                Post::FullTimeGridWorker,
                "320402003005009",
                start,
                None,
            ),
            "REFERENCE_UNKNOWN",
            "appointment.area_code",
        ),
    ] {
        assert_eq!(
            refusal(appoint(&world, "", given).await),
            expected(reason, &[field])
        );
    }
    let fields = [
        "appointment.person_id",
        "appointment.post",
        "appointment.start_date",
    ];
    let refused = refusal(appoint(&world, "", Appointment::default()).await);
    assert_eq!(refused, expected("FIELD_INVALID", &fields));
    let refused =
        refusal(appoint(&world, FOREIGN, in_unit(&person, Post::Secretary, &branch)).await);
    assert_eq!(
        refused,
        expected(
            "REFERENCE_UNKNOWN",
            &["appointment.person_id", "appointment.unit_id"]
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_post_has_one_holder_a_day() {
    let world = World::with_tree().await;
    let (first, second) = (
        world.make_person(GRID).await.id,
        world.make_person(GRID).await.id,
    );
    let worker = |person: &str, grid: &str, start, end| {
        in_grid(person, Post::FullTimeGridWorker, grid, start, end)
    };
    appoint(
        &world,
        "",
        worker(&first, GRID, date(2022, 1, 1), date(2022, 6, 1)),
    )
    .await
    .expect("first");
    for (start, end) in [
        (date(2022, 5, 31), None),
        (date(2021, 1, 1), date(2022, 1, 2)),
        (date(2021, 1, 1), None),
        (date(2022, 2, 1), date(2022, 3, 1)),
    ] {
        let status = appoint(&world, "", worker(&second, GRID, start, end))
            .await
            .expect_err("taken");
        assert_eq!(wangge_testkit::reason(&status), "GUARD_FAILED");
        assert_eq!(
            wangge_testkit::precondition(&status).as_deref(),
            Some("POST_TAKEN")
        );
    }
    appoint(&world, "", worker(&second, GRID, date(2022, 6, 1), None))
        .await
        .expect("the day after");
    appoint(
        &world,
        "",
        worker(&second, GRID, date(2021, 1, 1), date(2022, 1, 1)),
    )
    .await
    .expect("the day before");
    appoint(
        &world,
        "",
        worker(&second, OTHER_GRID, date(2022, 1, 1), None),
    )
    .await
    .expect("elsewhere");
    let office = world
        .make_unit(unit("O", UnitKind::Committee, "", GRID))
        .await
        .expect("made")
        .id;
    for person in [&first, &second] {
        appoint(&world, "", in_unit(person, Post::Staff, &office))
            .await
            .expect("staff are many");
        let twice = appoint(&world, "", in_unit(person, Post::Staff, &office)).await;
        assert_eq!(refusal(twice).0, "GUARD_FAILED", "and each of them once");
    }
    appoint(&world, "", in_unit(&first, Post::Secretary, &office))
        .await
        .expect("one secretary");
    let status = appoint(&world, "", in_unit(&second, Post::Secretary, &office)).await;
    assert_eq!(refusal(status).0, "GUARD_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_post() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let office = world
        .make_unit(unit("O", UnitKind::Committee, "", GRID))
        .await
        .expect("made")
        .id;
    let start = date(2022, 1, 1);
    let worker = in_grid(&person, Post::FullTimeGridWorker, GRID, start, None);
    for given in [worker, in_unit(&person, Post::Secretary, &office)] {
        let calls = (0..16).map(|_| appoint(&world, "", given.clone()));
        let answers = futures::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused = answers.into_iter().filter_map(Result::err);
        assert!(
            refused
                .into_iter()
                .all(|status| wangge_testkit::reason(&status) == "GUARD_FAILED")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appointment_ends_once() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let worker = in_grid(
        &person,
        Post::FullTimeGridWorker,
        GRID,
        date(2022, 1, 1),
        None,
    );
    let held = appoint(&world, "", worker.clone())
        .await
        .expect("appointed");
    let early = refusal(end(&world, "", &held.id, date(2022, 1, 1), "").await);
    assert_eq!(early, expected("FIELD_INVALID", &["end_date"]));
    let stale = refusal(end(&world, "", &held.id, date(2022, 7, 1), "\"9\"").await);
    assert_eq!(stale, expected("ETAG_MISMATCH", &[]));
    for (scope, id) in [(FOREIGN, held.id.clone()), ("", new_id())] {
        let missing = refusal(end(&world, scope, &id, date(2022, 7, 1), "").await);
        assert_eq!(missing, expected("RECORD_NOT_FOUND", &[]));
    }
    let ended = end(&world, "", &held.id, date(2022, 7, 1), &held.etag)
        .await
        .expect("ended");
    assert_eq!((ended.end_date, ended.revision), (date(2022, 7, 1), 2));
    let again = end(&world, "", &held.id, date(2022, 8, 1), "")
        .await
        .expect_err("ended already");
    assert_eq!(wangge_testkit::reason(&again), "STATE_CONFLICT");
    let next = Appointment {
        start_date: date(2022, 7, 1),
        ..worker
    };
    appoint(&world, "", next).await.expect("the post is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_have_one_effect() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let worker = in_grid(
        &person,
        Post::FullTimeGridWorker,
        GRID,
        date(2022, 1, 1),
        None,
    );
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(worker),
    };
    let mut client = world.people("");
    let held = client
        .create_appointment(request.clone())
        .await
        .expect("made")
        .into_inner();
    let again = client
        .create_appointment(request.clone())
        .await
        .expect("again")
        .into_inner();
    assert_eq!(held, again);
    let other = in_grid(
        &person,
        Post::FullTimeGridWorker,
        OTHER_GRID,
        date(2022, 1, 1),
        None,
    );
    let other = CreateAppointmentRequest {
        appointment: Some(other),
        ..request
    };
    let refused = refusal(client.create_appointment(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
    let request = EndAppointmentRequest {
        request_id: request_id(),
        id: held.id,
        end_date: date(2022, 7, 1),
        etag: held.etag,
        correction_reason: String::new(),
    };
    let ended = client
        .end_appointment(request.clone())
        .await
        .expect("ended")
        .into_inner();
    let again = client
        .end_appointment(request.clone())
        .await
        .expect("again")
        .into_inner();
    assert_eq!(ended, again);
    let other = EndAppointmentRequest {
        end_date: date(2022, 7, 2),
        ..request
    };
    let refused = refusal(client.end_appointment(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_whole_and_in_the_order_of_entry() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let mut ids = Vec::new();
    for (grid, start, end) in [
        (GRID, date(2022, 3, 1), None),
        (GRID, date(2021, 1, 1), date(2022, 3, 1)),
        (OTHER_GRID, date(2020, 1, 1), date(2021, 1, 1)),
        (OTHER_GRID, date(2023, 1, 1), None),
    ] {
        let given = in_grid(&person, Post::FullTimeGridWorker, grid, start, end);
        ids.push(appoint(&world, "", given).await.expect("appointed").id);
    }
    let part_time = in_grid(
        &person,
        Post::PartTimeGridWorker,
        GRID,
        date(2022, 1, 1),
        None,
    );
    ids.push(appoint(&world, "", part_time).await.expect("appointed").id);
    for page_size in [0, 1, 2, 5] {
        let request = ListAppointmentsRequest {
            page_size,
            ..ListAppointmentsRequest::default()
        };
        assert_eq!(list(&world, "", request).await, ids, "{page_size}");
    }
    let everything = ListAppointmentsRequest::default;
    let request = ListAppointmentsRequest {
        post: Post::PartTimeGridWorker.into(),
        ..everything()
    };
    assert_eq!(list(&world, "", request).await, ids[4..]);
    let request = ListAppointmentsRequest {
        within_code: OTHER_GRID.into(),
        ..everything()
    };
    assert_eq!(list(&world, STREET, request).await, ids[2..4]);
    for (day, expected) in [
        (date(2022, 2, 28), vec![ids[1].clone(), ids[4].clone()]),
        (date(2022, 3, 1), vec![ids[0].clone(), ids[4].clone()]),
        (date(2020, 12, 31), vec![ids[2].clone()]),
        (date(2019, 1, 1), vec![]),
    ] {
        let request = ListAppointmentsRequest {
            on_date: day,
            page_size: 1,
            ..everything()
        };
        assert_eq!(list(&world, "", request).await, expected);
    }
    assert!(list(&world, FOREIGN, everything()).await.is_empty());
    let request = ListAppointmentsRequest {
        page_size: 1,
        ..everything()
    };
    let page = world
        .people("")
        .list_appointments(request)
        .await
        .expect("a page")
        .into_inner();
    let other = ListAppointmentsRequest {
        page_token: page.next_page_token,
        on_date: date(2022, 1, 1),
        ..everything()
    };
    let refused = refusal(world.people("").list_appointments(other).await);
    assert_eq!(refused, expected("PAGE_TOKEN_INVALID", &["page_token"]));
}
