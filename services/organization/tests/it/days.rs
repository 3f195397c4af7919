//! References of areas, units and appointments are checked for their days, in calls and in
//! imports.

use prost_types::FieldMask;
use tonic::Status;
use wangge_api::{
    organization::v1::{
        Appointment, Area, AreaKind, CreateAppointmentRequest, Post, Unit, UnitKind,
        UpdateAreaRequest, UpdateUnitRequest, import_records_request::Record,
    },
    types::v1::{Date, RowOutcome},
};

use crate::{
    imports::{import, outcomes},
    support::*,
};

fn end_date() -> Option<FieldMask> {
    Some(FieldMask {
        paths: vec!["end_date".to_owned()],
    })
}

async fn end_area(world: &World, code: &str, day: Option<Date>) {
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: code.to_owned(),
            end_date: day,
            ..Area::default()
        }),
        update_mask: end_date(),
    };
    world.areas("").update_area(request).await.expect("ended");
}

async fn end_unit(world: &World, id: &str, day: Option<Date>) -> Result<Unit, Status> {
    let request = UpdateUnitRequest {
        request_id: request_id(),
        unit: Some(Unit {
            id: id.to_owned(),
            end_date: day,
            ..Unit::default()
        }),
        update_mask: end_date(),
    };
    Ok(world.units("").update_unit(request).await?.into_inner())
}

fn secretary(person_id: &str, unit_id: &str, start: Option<Date>) -> Appointment {
    Appointment {
        person_id: person_id.to_owned(),
        post: Post::Secretary.into(),
        unit_id: unit_id.to_owned(),
        start_date: start,
        ..Appointment::default()
    }
}

async fn appoint(world: &World, appointment: Appointment) -> Result<Appointment, Status> {
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(appointment),
    };
    let answer = world.people("").create_appointment(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn nothing_begins_in_an_area_that_has_ended_or_not_begun() {
    let world = World::with_tree().await;
    let person = world.make_person(COMMUNITY).await.id;
    end_area(&world, COMMUNITY, date(2022, 1, 1)).await;
    let grid = |code: &str, start| Area {
        start_date: start,
        ..area(code, AreaKind::Grid, COMMUNITY)
    };
    let (new, old) = ("320402003005003", "320402003005004");
    for day in [date(2022, 1, 1), date(2019, 12, 31)] {
        let refused = world.make_area(grid(new, day)).await;
        assert_eq!(guard(refused).as_deref(), Some("REFERENCE_NOT_CURRENT"));
        let late = Unit {
            start_date: day,
            ..unit("LATE", UnitKind::Committee, "", COMMUNITY)
        };
        let refused = world.make_unit(late).await;
        assert_eq!(guard(refused).as_deref(), Some("REFERENCE_NOT_CURRENT"));
    }
    let past = world.make_area(grid(old, date(2021, 12, 31))).await;
    past.expect("it began while the community was there");

    end_area(&world, GRID, date(2022, 1, 1)).await;
    let worker = |start| Appointment {
        post: Post::FullTimeGridWorker.into(),
        area_code: GRID.into(),
        unit_id: String::new(),
        ..secretary(&person, "", start)
    };
    let refused = appoint(&world, worker(date(2022, 1, 1))).await;
    assert_eq!(guard(refused).as_deref(), Some("REFERENCE_NOT_CURRENT"));
    let held = appoint(&world, worker(date(2021, 1, 1))).await;
    held.expect("the grid was there");

    let rows = [
        Record::Area(Area {
            id: new_id(),
            ..grid(new, date(2022, 2, 1))
        }),
        Record::Unit(Unit {
            id: new_id(),
            start_date: date(2022, 2, 1),
            ..unit("LATE", UnitKind::Committee, "", COMMUNITY)
        }),
        Record::Appointment(Appointment {
            id: new_id(),
            ..worker(date(2022, 2, 1))
        }),
    ];
    for validate_only in [true, false] {
        let results = import(&world, "", validate_only, &rows).await;
        assert_eq!(outcomes(&results), [RowOutcome::Refused; 3], "{results:?}");
    }
}

#[tokio::test]
async fn units_and_posts_last_no_longer_than_their_unit() {
    let world = World::with_tree().await;
    let person = world.make_person(COMMUNITY).await.id;
    let street = Unit {
        start_date: date(2020, 2, 1),
        ..unit("STREET", UnitKind::StreetWorkingCommittee, "", STREET)
    };
    let street = world.make_unit(street).await.expect("a unit").id;
    let branch = |code: &str, start, end| Unit {
        start_date: start,
        end_date: end,
        ..unit(code, UnitKind::CommunityGeneralBranch, &street, COMMUNITY)
    };
    let kept = branch("KEPT", date(2020, 3, 1), date(2022, 3, 1));
    let kept = world.make_unit(kept).await.expect("a branch").id;
    end_unit(&world, &street, date(2022, 6, 1))
        .await
        .expect("ended");

    for (start, end) in [
        (date(2022, 6, 1), date(2022, 7, 1)),
        (date(2020, 1, 1), date(2022, 5, 1)),
        (date(2022, 1, 1), None),
        (date(2022, 1, 1), date(2022, 6, 2)),
    ] {
        let refused = world.make_unit(branch("NEW", start, end)).await;
        assert_eq!(guard(refused).as_deref(), Some("REFERENCE_NOT_CURRENT"));
        let post = Appointment {
            end_date: end,
            ..secretary(&person, &street, start)
        };
        let refused = appoint(&world, post.clone()).await;
        assert_eq!(guard(refused).as_deref(), Some("REFERENCE_NOT_CURRENT"));
        let row = Record::Appointment(Appointment {
            id: new_id(),
            ..post
        });
        for validate_only in [true, false] {
            let results = import(&world, "", validate_only, std::slice::from_ref(&row)).await;
            assert_eq!(outcomes(&results), [RowOutcome::Refused], "{results:?}");
        }
    }
    let past = Appointment {
        end_date: date(2022, 6, 1),
        ..secretary(&person, &street, date(2022, 1, 1))
    };
    appoint(&world, past).await.expect("while it was there");

    // An end can move within the days of the parent unit, or after the parent's has moved.
    let open = end_unit(&world, &kept, None).await;
    assert_eq!(guard(open).as_deref(), Some("REFERENCE_NOT_CURRENT"));
    let later = end_unit(&world, &kept, date(2022, 6, 1)).await;
    later.expect("as long as the street's");
    end_unit(&world, &street, None).await.expect("taken back");
    end_unit(&world, &kept, None).await.expect("taken back");
}

#[tokio::test]
async fn a_trial_knows_the_days_of_rows_before() {
    let world = World::with_tree().await;
    let committee = new_id();
    let person = world.make_person(COMMUNITY).await.id;
    let rows = [
        Record::Unit(Unit {
            id: committee.clone(),
            end_date: date(2022, 1, 1),
            ..unit("ENDED", UnitKind::Committee, "", COMMUNITY)
        }),
        Record::Appointment(Appointment {
            id: new_id(),
            ..secretary(&person, &committee, date(2022, 2, 1))
        }),
    ];
    let results = import(&world, "", true, &rows).await;
    let wanted = [RowOutcome::Valid, RowOutcome::Refused];
    assert_eq!(outcomes(&results), wanted, "{results:?}");
}
