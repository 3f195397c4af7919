//! Correction of ends that were entered by mistake. The reason is stored.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::{
    organization::v1::{
        Appointment, CreateAppointmentRequest, CreateNeedTagRequest, EndAppointmentRequest,
        EndHouseholdRequest, EndNeedTagRequest, EndResidentRequest, Household, NeedKind, NeedTag,
        Post, UnitKind,
    },
    types::v1::Date,
};

use crate::{
    residents::{Home, household, make_household, tag},
    support::*,
};

/// The stored corrections of a record: the end dates before and after, the reason and the
/// subject who gave it.
async fn corrections(
    world: &World,
    id: &str,
) -> Vec<(NaiveDate, Option<NaiveDate>, String, String)> {
    sqlx::query_as(
        "select end_date_before, end_date_after, reason, actor from correction \
         where record_id = $1 order by entry",
    )
    .bind(id.parse::<Uuid>().expect("an id"))
    .fetch_all(&world.database.calls)
    .await
    .expect("the corrections")
}

fn end_household(id: &str, day: Option<Date>, reason: &str) -> EndHouseholdRequest {
    EndHouseholdRequest {
        request_id: request_id(),
        id: id.to_owned(),
        end_date: day,
        etag: String::new(),
        correction_reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn an_end_that_stands_changes_for_a_reason_only_and_leaves_a_trace() {
    let home = Home::start().await;
    let id = home.household.id.as_str();
    let mut estates = home.world.estates("");
    let mut end = async |day, reason: &str| {
        let request = end_household(id, day, reason);
        Ok(estates.end_household(request).await?.into_inner())
    };
    let none = refusal(end(None, "误录").await);
    assert_eq!(none, expected("STATE_CONFLICT", &[]), "no end stands");
    let dayless = refusal(end(None, "").await);
    assert_eq!(dayless, expected("FIELD_INVALID", &["end_date"]));
    end(date(2022, 6, 1), "").await.expect("ended");
    let later = refusal(end(date(2022, 7, 1), "").await);
    assert_eq!(later, expected("STATE_CONFLICT", &[]));
    let blank = refusal(end(date(2022, 7, 1), " ").await);
    assert_eq!(blank, expected("FIELD_INVALID", &["correction_reason"]));
    let long = "长".repeat(501);
    let long = refusal(end(date(2022, 7, 1), &long).await);
    assert_eq!(long, expected("FIELD_INVALID", &["correction_reason"]));
    let same = refusal(end(date(2022, 6, 1), "误录").await);
    assert_eq!(same, expected("STATE_CONFLICT", &[]));
    let before = refusal(end(date(2020, 1, 1), "误录").await);
    assert_eq!(before, expected("FIELD_INVALID", &["end_date"]));

    let later = end(date(2022, 7, 1), "月份录错").await.expect("corrected");
    assert_eq!((later.end_date, later.revision), (date(2022, 7, 1), 3));
    let open = end(None, "并未迁出").await.expect("taken back");
    assert_eq!((open.end_date, open.revision), (None, 4));
    let day = |month| NaiveDate::from_ymd_opt(2022, month, 1).expect("a day");
    let actor = |rows: &[(_, _, _, String)]| rows[0].3.clone();
    let kept: Vec<(NaiveDate, Option<NaiveDate>, String, String)> =
        corrections(&home.world, id).await;
    let who = actor(&kept);
    assert!(!who.is_empty());
    assert_eq!(
        kept,
        [
            (day(6), Some(day(7)), "月份录错".to_owned(), who.clone()),
            (day(7), None, "并未迁出".to_owned(), who),
        ]
    );
    let told = home.world.events().await;
    let told: Vec<i64> = told
        .into_iter()
        .filter(|(record, ..)| record.to_string() == id)
        .map(|(_, revision, _)| revision)
        .collect();
    assert_eq!(told, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_repeated_correction_is_made_once() {
    let home = Home::start().await;
    let id = home.household.id.as_str();
    let mut estates = home.world.estates("");
    let request = end_household(id, date(2022, 6, 1), "");
    estates.end_household(request).await.expect("ended");
    let request = end_household(id, None, "误录");
    for _ in 0..2 {
        let answer = estates.end_household(request.clone()).await;
        assert_eq!(answer.expect("taken back").into_inner().revision, 3);
    }
    assert_eq!(corrections(&home.world, id).await.len(), 1);
}

#[tokio::test]
async fn what_has_come_since_stands_against_a_correction() {
    let home = Home::start().await;
    let mut residents = home.world.residents("");
    let mut estates = home.world.estates("");

    // Conflict: another tag of the kind.
    let first = home.tag(tag(&home.resident.id, NeedKind::Disabled)).await;
    let first = first.expect("a tag");
    let end_tag = |day, reason: &str| EndNeedTagRequest {
        request_id: request_id(),
        id: first.id.clone(),
        end_date: day,
        etag: String::new(),
        correction_reason: reason.to_owned(),
    };
    let ended = residents.end_need_tag(end_tag(date(2022, 6, 1), "")).await;
    ended.expect("ended");
    let behind = NeedTag {
        start_date: date(2022, 7, 1),
        ..tag(&home.resident.id, NeedKind::Disabled)
    };
    let request = CreateNeedTagRequest {
        request_id: request_id(),
        need_tag: Some(behind),
    };
    residents.create_need_tag(request).await.expect("a tag");
    let open = residents.end_need_tag(end_tag(None, "误录")).await;
    assert_eq!(guard(open).as_deref(), Some("TAGGED_ALREADY"));
    let until = end_tag(date(2022, 7, 1), "误录");
    residents.end_need_tag(until).await.expect("up to the next");

    // Conflict: the household of the resident has ended.
    let end_resident = |day, reason: &str| EndResidentRequest {
        request_id: request_id(),
        id: home.resident.id.clone(),
        end_date: day,
        etag: String::new(),
        correction_reason: reason.to_owned(),
    };
    let ended = residents.end_resident(end_resident(date(2022, 7, 2), ""));
    ended.await.expect("ended");
    let moved = end_household(&home.household.id, date(2022, 7, 3), "");
    estates.end_household(moved).await.expect("ended");
    let open = residents.end_resident(end_resident(None, "误录")).await;
    assert_eq!(guard(open).as_deref(), Some("REFERENCE_NOT_CURRENT"));
    let until = end_resident(date(2022, 7, 3), "误录");
    residents.end_resident(until).await.expect("as long");

    // Conflict: another household has the same door.
    let next = Household {
        start_date: date(2022, 7, 10),
        ..household(&home.building.id)
    };
    make_household(&home.world, next).await.expect("the next");
    let open = end_household(&home.household.id, None, "误录");
    let open = estates.end_household(open).await;
    assert_eq!(guard(open).as_deref(), Some("DOOR_TAKEN"));
    let none = corrections(&home.world, &home.household.id).await;
    assert!(none.is_empty(), "{none:?}");
}

#[tokio::test]
async fn an_appointments_end_is_taken_back_while_the_post_is_free() {
    let world = World::with_tree().await;
    let mut people = world.people("");
    let branch = unit("BRANCH", UnitKind::CommunityGeneralBranch, "", COMMUNITY);
    let branch = world.make_unit(branch).await.expect("a unit");
    let appoint = async |start| {
        let appointment = Appointment {
            person_id: world.make_person(COMMUNITY).await.id,
            post: Post::Secretary.into(),
            unit_id: branch.id.clone(),
            start_date: start,
            ..Appointment::default()
        };
        let request = CreateAppointmentRequest {
            request_id: request_id(),
            appointment: Some(appointment),
        };
        let answer = world.people("").create_appointment(request).await;
        answer.map(tonic::Response::into_inner)
    };
    let held = appoint(date(2022, 1, 1)).await.expect("appointed");
    let end = |day, reason: &str| EndAppointmentRequest {
        request_id: request_id(),
        id: held.id.clone(),
        end_date: day,
        etag: String::new(),
        correction_reason: reason.to_owned(),
    };
    let ended = people.end_appointment(end(date(2022, 6, 1), "")).await;
    ended.expect("ended");
    let earlier = people.end_appointment(end(date(2022, 5, 1), "")).await;
    assert_eq!(refusal(earlier), expected("STATE_CONFLICT", &[]));
    let open = people.end_appointment(end(None, "误录")).await;
    let open = open.expect("taken back").into_inner();
    assert_eq!((open.end_date, open.revision), (None, 3));
    assert_eq!(corrections(&world, &held.id).await.len(), 1);

    let ended = people.end_appointment(end(date(2022, 6, 1), "")).await;
    ended.expect("ended again");
    appoint(date(2022, 7, 1)).await.expect("the next one");
    let open = people.end_appointment(end(None, "误录")).await;
    assert_eq!(guard(open).as_deref(), Some("POST_TAKEN"));
    let until = people.end_appointment(end(date(2022, 7, 1), "误录")).await;
    until.expect("up to the next one");
}
