//! Co-governance of a community: memberships and seats. Also the vacancies of its grids.

use prost_types::FieldMask;
use tonic::Status;
use wangge_api::organization::v1::{
    Appointment, Area, CreateAppointmentRequest, CreateMembershipRequest, CreateSeatRequest,
    EndSeatRequest, ListAppointmentsRequest, ListMembershipsRequest, ListSeatsRequest,
    ListVacanciesRequest, Membership, MembershipRole, Post, Seat, SeatKind, Unit, UnitKind,
    UpdateAreaRequest, UpdateUnitRequest,
};

use crate::support::*;

fn membership(role: MembershipRole, unit_id: &str) -> Membership {
    Membership {
        role: role.into(),
        unit_id: unit_id.into(),
        area_code: COMMUNITY.into(),
        start_date: date(2022, 1, 1),
        ..Membership::default()
    }
}

async fn join(world: &World, membership: Membership) -> Result<Membership, Status> {
    let request = CreateMembershipRequest {
        request_id: request_id(),
        membership: Some(membership),
    };
    let answer = world.co_governance("").create_membership(request).await?;
    Ok(answer.into_inner())
}

async fn sit(world: &World, seat: Seat) -> Result<Seat, Status> {
    let request = CreateSeatRequest {
        request_id: request_id(),
        seat: Some(seat),
    };
    let answer = world.co_governance("").create_seat(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn each_part_is_for_its_kind_of_member() {
    let world = World::with_tree().await;
    let mut units = Vec::new();
    for (code, kind) in [
        ("COMMITTEE", UnitKind::Committee),
        ("COMPANY", UnitKind::Company),
    ] {
        let made = world.make_unit(unit(code, kind, "", COMMUNITY)).await;
        units.push(made.expect("a unit").id);
    }
    let (committee, company) = (&units[0], &units[1]);
    let wrong = [
        (MembershipRole::GeneralBranch, committee),
        (MembershipRole::PropertyCommittee, company),
        (MembershipRole::PropertyCompany, committee),
    ];
    for (role, unit) in wrong {
        let refused = refusal(join(&world, membership(role, unit)).await);
        let field = "membership.unit_id";
        assert_eq!(refused, expected("FIELD_INVALID", &[field]), "{role:?}");
    }
    let nobody = refusal(join(&world, membership(MembershipRole::CoBuildingUnit, "")).await);
    assert_eq!(nobody, expected("FIELD_INVALID", &["membership.unit_id"]));
    let both = refusal(join(&world, membership(MembershipRole::Resident, company)).await);
    let fields = ["membership.resident_id", "membership.unit_id"];
    assert_eq!(both, expected("FIELD_INVALID", &fields));
    for (role, unit) in [
        (MembershipRole::PropertyCommittee, committee),
        (MembershipRole::PropertyCompany, company),
    ] {
        join(&world, membership(role, unit))
            .await
            .expect("a member");
    }
    // Nobody is a member twice at a time, in any role.
    let again = join(&world, membership(MembershipRole::CoBuildingUnit, company)).await;
    assert_eq!(guard(again).as_deref(), Some("MEMBER_ALREADY"));
    let before = Membership {
        start_date: date(2020, 1, 1),
        end_date: date(2022, 1, 1),
        ..membership(MembershipRole::CoBuildingUnit, company)
    };
    join(&world, before).await.expect("a member before");
}

#[tokio::test]
async fn nobody_holds_two_seats_at_a_time() {
    let world = World::with_tree().await;
    let person = world.make_person(COMMUNITY).await;
    let bank = unit("BANK", UnitKind::Company, "", COMMUNITY);
    let bank = world.make_unit(bank).await.expect("a unit");
    let seat = Seat {
        kind: SeatKind::PartTime.into(),
        person_id: person.id,
        unit_id: bank.id,
        area_code: COMMUNITY.into(),
        start_date: date(2022, 1, 1),
        end_date: date(2022, 7, 1),
        ..Seat::default()
    };
    let first = sit(&world, seat.clone()).await.expect("a seat");
    let second = Seat {
        kind: SeatKind::FullTime.into(),
        start_date: date(2022, 6, 30),
        end_date: None,
        ..seat.clone()
    };
    let refused = guard(sit(&world, second.clone()).await);
    assert_eq!(refused.as_deref(), Some("SEATED_ALREADY"));
    let behind = Seat {
        start_date: date(2022, 7, 1),
        ..second
    };
    sit(&world, behind).await.expect("a seat behind the term");
    // A term can be shortened, but not extended.
    let end = |end_date| EndSeatRequest {
        request_id: request_id(),
        id: first.id.clone(),
        end_date,
        etag: String::new(),
        correction_reason: String::new(),
    };
    let mut seats = world.co_governance("");
    let longer = refusal(seats.end_seat(end(date(2022, 8, 1))).await);
    assert_eq!(longer, expected("STATE_CONFLICT", &[]));
    let shorter = seats.end_seat(end(date(2022, 5, 1))).await;
    let shorter = shorter.expect("ended").into_inner();
    assert_eq!(shorter.end_date, date(2022, 5, 1));
    let foreign = Seat {
        area_code: GRID.into(),
        ..seat
    };
    let refused = refusal(sit(&world, foreign).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["seat.area_code"]));
}

#[tokio::test]
async fn vacancies_are_the_posts_of_grids_that_nobody_holds() {
    let world = World::with_tree().await;
    let vacancies = async |area: &str, day| {
        let request = ListVacanciesRequest {
            on_date: date(2022, 7, day),
            ..ListVacanciesRequest::default()
        };
        let answer = world.people(area).list_vacancies(request).await;
        let vacancies = answer.expect("vacancies").into_inner().vacancies;
        let of = |vacancy: wangge_api::organization::v1::Vacancy| {
            let post = vacancy.post();
            (vacancy.area_code, post)
        };
        vacancies.into_iter().map(of).collect::<Vec<_>>()
    };
    let (full, part) = (Post::FullTimeGridWorker, Post::PartTimeGridWorker);
    let of = |grid: &str| [(grid.to_owned(), full), (grid.to_owned(), part)];
    let all = [of(GRID), of(OTHER_GRID)].concat();
    assert_eq!(vacancies("", 28).await, all);
    assert_eq!(vacancies(OTHER_GRID, 28).await, of(OTHER_GRID));
    let person = world.make_person(COMMUNITY).await;
    let request = wangge_api::organization::v1::CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(wangge_api::organization::v1::Appointment {
            person_id: person.id,
            post: full.into(),
            area_code: GRID.into(),
            start_date: date(2022, 7, 10),
            end_date: date(2022, 7, 29),
            ..Default::default()
        }),
    };
    let appointed = world.people("").create_appointment(request).await;
    appointed.expect("appointed");
    assert_eq!(vacancies("", 9).await, all);
    assert_eq!(vacancies("", 28).await, all[1..]);
    assert_eq!(vacancies("", 29).await, all);
}

/// Memberships, seats and appointments that hold on a day.
async fn holding(world: &World, day: i32) -> [usize; 3] {
    let on_date = date(2022, 6, day);
    let request = ListMembershipsRequest {
        on_date,
        ..ListMembershipsRequest::default()
    };
    let memberships = world.co_governance("").list_memberships(request).await;
    let request = ListSeatsRequest {
        on_date,
        ..ListSeatsRequest::default()
    };
    let seats = world.co_governance("").list_seats(request).await;
    let request = ListAppointmentsRequest {
        on_date,
        ..ListAppointmentsRequest::default()
    };
    let appointments = world.people("").list_appointments(request).await;
    [
        memberships.expect("a page").into_inner().memberships.len(),
        seats.expect("a page").into_inner().seats.len(),
        appointments
            .expect("a page")
            .into_inner()
            .appointments
            .len(),
    ]
}

async fn appoint(world: &World, appointment: Appointment) {
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(appointment),
    };
    world
        .people("")
        .create_appointment(request)
        .await
        .expect("appointed");
}

#[tokio::test]
async fn what_is_of_a_unit_or_a_grid_holds_no_longer_than_it() {
    let world = World::with_tree().await;
    let made = world
        .make_unit(unit("DEPARTMENT", UnitKind::Department, "", COMMUNITY))
        .await;
    let made = made.expect("a unit");
    join(&world, membership(MembershipRole::CoBuildingUnit, &made.id))
        .await
        .expect("joined");
    let person = world.make_person(COMMUNITY).await;
    let seat = Seat {
        kind: SeatKind::PartTime.into(),
        person_id: person.id.clone(),
        unit_id: made.id.clone(),
        area_code: COMMUNITY.into(),
        start_date: date(2022, 1, 1),
        ..Seat::default()
    };
    sit(&world, seat).await.expect("seated");
    let post = |post: Post| Appointment {
        person_id: person.id.clone(),
        post: post.into(),
        start_date: date(2022, 1, 1),
        ..Appointment::default()
    };
    let staff = Appointment {
        unit_id: made.id.clone(),
        ..post(Post::Staff)
    };
    let worker = Appointment {
        area_code: GRID.into(),
        ..post(Post::FullTimeGridWorker)
    };
    for appointment in [staff, worker] {
        appoint(&world, appointment).await;
    }
    assert_eq!(holding(&world, 15).await, [1, 1, 2]);
    let mask = Some(FieldMask {
        paths: vec!["end_date".into()],
    });
    let dissolve = |end_date| UpdateUnitRequest {
        request_id: request_id(),
        unit: Some(Unit {
            id: made.id.clone(),
            end_date,
            ..Unit::default()
        }),
        update_mask: mask.clone(),
    };
    world
        .units("")
        .update_unit(dissolve(date(2022, 6, 10)))
        .await
        .expect("dissolved");
    assert_eq!(holding(&world, 9).await, [1, 1, 2]);
    assert_eq!(holding(&world, 10).await, [0, 0, 1]);
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: GRID.into(),
            end_date: date(2022, 6, 12),
            ..Area::default()
        }),
        update_mask: mask.clone(),
    };
    world.areas("").update_area(request).await.expect("ended");
    assert_eq!(holding(&world, 11).await, [0, 0, 1]);
    assert_eq!(holding(&world, 12).await, [0, 0, 0]);
    // After the end is removed, everything holds again: no other record was written.
    world
        .units("")
        .update_unit(dissolve(None))
        .await
        .expect("taken back");
    assert_eq!(holding(&world, 12).await, [1, 1, 1]);
}

/// Units of the street and the district are in areas around the community. Its staff can
/// read them and refer to them.
#[tokio::test]
async fn a_community_has_members_from_around_it() {
    let world = World::with_tree().await;
    let person = world.make_person(COMMUNITY).await;
    let mut units = Vec::new();
    for (code, area) in [("BUREAU", DISTRICT), ("OFFICE", STREET), ("FAR", FOREIGN)] {
        let made = unit(code, UnitKind::Department, "", area);
        units.push(world.make_unit(made).await.expect("a unit").id);
    }
    let mut staff = world.co_governance(COMMUNITY);
    let mut join = async |unit: &str| {
        let request = CreateMembershipRequest {
            request_id: request_id(),
            membership: Some(membership(MembershipRole::CoBuildingUnit, unit)),
        };
        Ok(staff.create_membership(request).await?.into_inner())
    };
    for near in &units[..2] {
        let member = join(near).await.expect("a member");
        assert_eq!(member.area_code, COMMUNITY);
    }
    let far = refusal(join(&units[2]).await);
    let field = "membership.unit_id";
    assert_eq!(far, expected("REFERENCE_UNKNOWN", &[field]));
    let seat = Seat {
        kind: SeatKind::PartTime.into(),
        person_id: person.id,
        unit_id: units[0].clone(),
        area_code: COMMUNITY.into(),
        start_date: date(2022, 1, 1),
        ..Seat::default()
    };
    let request = CreateSeatRequest {
        request_id: request_id(),
        seat: Some(seat),
    };
    staff_seat(&world, request).await.expect("a seat");
}

async fn staff_seat(world: &World, request: CreateSeatRequest) -> Result<Seat, Status> {
    let answer = world.co_governance(COMMUNITY).create_seat(request).await?;
    Ok(answer.into_inner())
}
