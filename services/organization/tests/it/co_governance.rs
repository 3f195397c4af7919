//! Who governs a community together: memberships and seats; and the grids that
//! lack a worker.

use tonic::Status;
use wangge_api::organization::v1::{
    CreateMembershipRequest, CreateSeatRequest, EndSeatRequest, ListVacanciesRequest, Membership,
    MembershipRole, Post, Seat, SeatKind, UnitKind,
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
    // Nobody is a member twice at a time, whatever the part.
    let again = join(&world, membership(MembershipRole::CoBuildingUnit, company)).await;
    assert_eq!(refusal(again), expected("GUARD_FAILED", &[]));
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
    let refused = refusal(sit(&world, second.clone()).await);
    assert_eq!(refused, expected("GUARD_FAILED", &[]));
    let behind = Seat {
        start_date: date(2022, 7, 1),
        ..second
    };
    sit(&world, behind).await.expect("a seat behind the term");
    // A term can be cut short, and not made longer.
    let end = |end_date| EndSeatRequest {
        request_id: request_id(),
        id: first.id.clone(),
        end_date,
        etag: String::new(),
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
