//! Duty rosters, patrols and chat groups: a person can't be in two places of a community at
//! a time, ended shifts can't change, and a message is stored once.

use chrono::{DateTime, Duration, Utc};
use tonic::Status;
use wangge_api::{
    date::timestamp,
    policy::Role,
    tickets::v1::{
        CancelDutyShiftRequest, ChatGroup, CreateChatGroupRequest, CreateDutyShiftRequest,
        CreateGroupMessageRequest, CreatePatrolRequest, DutyKind, DutyShift, GroupMessage,
        HandOverDutyShiftRequest, Patrol, chat_service_client::ChatServiceClient,
        duty_service_client::DutyServiceClient, fieldwork_service_client::FieldworkServiceClient,
    },
    types::v1::Date,
};
use wangge_client::ServiceChannel;
use wangge_testkit::{channel, fields, precondition, reason, token};

use crate::{Bench, COMMUNITY, GRID, NEIGHBOUR, OTHER_GRID, request_id};

fn of(bench: &Bench, area: &str) -> ServiceChannel {
    channel(&bench.url, &token(&[Role::Staff], Some(area), None))
}

/// Plans a shift of two hours that starts in `hours` hours.
async fn plan(bench: &Bench, area: &str, person: &str, hours: i64) -> Result<DutyShift, Status> {
    let start = bench.clock.now() + Duration::hours(hours);
    let request = CreateDutyShiftRequest {
        request_id: request_id(),
        duty_shift: Some(DutyShift {
            kind: DutyKind::Window.into(),
            person_id: person.into(),
            area_code: area.into(),
            start_time: Some(timestamp(start)),
            end_time: Some(timestamp(start + Duration::hours(2))),
            ..DutyShift::default()
        }),
    };
    let made = DutyServiceClient::new(of(bench, &area[..12]))
        .create_duty_shift(request)
        .await?;
    Ok(made.into_inner())
}

async fn hand_over(bench: &Bench, shift: &DutyShift, person: &str) -> Result<DutyShift, Status> {
    let request = HandOverDutyShiftRequest {
        request_id: request_id(),
        id: shift.id.clone(),
        person_id: person.into(),
        reason: "换班".into(),
        ..HandOverDutyShiftRequest::default()
    };
    let mut client = DutyServiceClient::new(of(bench, COMMUNITY));
    Ok(client.hand_over_duty_shift(request).await?.into_inner())
}

/// Records a patrol of one hour that ended `ago` minutes ago.
async fn patrol(bench: &Bench, area: &str, person: &str, ago: i64) -> Result<Patrol, Status> {
    let end = bench.clock.now() - Duration::minutes(ago);
    let request = CreatePatrolRequest {
        request_id: request_id(),
        patrol: Some(Patrol {
            person_id: person.into(),
            area_code: area.into(),
            start_time: Some(timestamp(end - Duration::hours(1))),
            end_time: Some(timestamp(end)),
            ..Patrol::default()
        }),
    };
    let token = token(&[Role::GridWorker], Some(&area[..12]), None);
    let made = FieldworkServiceClient::new(channel(&bench.url, &token))
        .create_patrol(request)
        .await?;
    Ok(made.into_inner())
}

#[tokio::test]
async fn another_communitys_roster_neither_blocks_nor_shows() {
    let bench = Bench::start().await;
    let (person, other) = (request_id(), request_id());
    plan(&bench, NEIGHBOUR, &person, 1).await.unwrap();
    let mine = plan(&bench, COMMUNITY, &person, 1).await.unwrap();
    for (area, hours) in [(COMMUNITY, 0), (GRID, 2), (OTHER_GRID, 1)] {
        let status = plan(&bench, area, &person, hours).await.unwrap_err();
        assert_eq!(precondition(&status).as_deref(), Some("ON_DUTY_ALREADY"));
        assert!(status.message().contains("another duty"), "{status:?}");
    }
    // The end is exclusive: one shift may start when the other ends.
    plan(&bench, GRID, &person, 3).await.unwrap();
    let handed = plan(&bench, GRID, &other, 2).await.unwrap();
    let status = hand_over(&bench, &handed, &person).await.unwrap_err();
    assert_eq!(precondition(&status).as_deref(), Some("ON_DUTY_ALREADY"));
    // After the hand-over the person is free again.
    hand_over(&bench, &mine, &request_id()).await.unwrap();
    plan(&bench, COMMUNITY, &person, 1).await.unwrap();
}

#[tokio::test]
async fn nobody_is_planned_twice_by_callers_at_the_same_time() {
    let bench = Bench::start().await;
    let person = request_id();
    let plans = (0..8).map(|_| plan(&bench, COMMUNITY, &person, 1));
    let plans = futures::future::join_all(plans).await;
    assert_eq!(plans.iter().filter(|plan| plan.is_ok()).count(), 1);
    let patrols = (0..8).map(|_| patrol(&bench, GRID, &person, 5));
    let patrols = futures::future::join_all(patrols).await;
    assert_eq!(patrols.iter().filter(|patrol| patrol.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_shift_that_has_ended_is_settled() {
    let bench = Bench::start().await;
    let shift = plan(&bench, COMMUNITY, &request_id(), 1).await.unwrap();
    // A running shift can still be handed over.
    bench.clock.advance(Duration::hours(2));
    let person = request_id();
    let shift = hand_over(&bench, &shift, &person).await.unwrap();
    // The step records the caller and the person named.
    let step = shift.steps.last().unwrap();
    assert_eq!(
        (step.actor.as_str(), &step.person_id),
        ("test-staff", &person)
    );
    bench.clock.advance(Duration::hours(1));
    let status = hand_over(&bench, &shift, &request_id()).await.unwrap_err();
    assert_eq!(precondition(&status).as_deref(), Some("SHIFT_OVER"));
    let request = CancelDutyShiftRequest {
        request_id: request_id(),
        id: shift.id,
        reason: "取消".into(),
        ..CancelDutyShiftRequest::default()
    };
    let status = DutyServiceClient::new(of(&bench, COMMUNITY))
        .cancel_duty_shift(request)
        .await
        .unwrap_err();
    assert_eq!(precondition(&status).as_deref(), Some("SHIFT_OVER"));
    assert!(status.message().contains("has ended"), "{status:?}");
}

#[tokio::test]
async fn patrols_of_one_person_do_not_overlap() {
    let bench = Bench::start().await;
    let person = request_id();
    patrol(&bench, GRID, &person, 60).await.unwrap();
    for (area, ago) in [(GRID, 60), (OTHER_GRID, 30), (GRID, 119)] {
        let status = patrol(&bench, area, &person, ago).await.unwrap_err();
        assert_eq!(
            precondition(&status).as_deref(),
            Some("PATROL_OVERLAPS"),
            "{area} {ago}"
        );
    }
    patrol(&bench, GRID, &person, 120).await.unwrap();
    patrol(&bench, GRID, &person, 0).await.unwrap();
    patrol(&bench, GRID, &request_id(), 60).await.unwrap();
    patrol(&bench, NEIGHBOUR, &person, 60).await.unwrap();
}

async fn group(bench: &Bench) -> ChatGroup {
    let request = CreateChatGroupRequest {
        request_id: request_id(),
        chat_group: Some(ChatGroup {
            name: "富强新村一群".into(),
            area_code: COMMUNITY.into(),
            start_date: Some(Date {
                year: 2022,
                month: 1,
                day: 1,
            }),
            ..ChatGroup::default()
        }),
    };
    let mut client = ChatServiceClient::new(of(bench, COMMUNITY));
    client
        .create_chat_group(request)
        .await
        .unwrap()
        .into_inner()
}

async fn message(
    bench: &Bench,
    group: &ChatGroup,
    sent: DateTime<Utc>,
    source_message_id: &str,
) -> Result<GroupMessage, Status> {
    let request = CreateGroupMessageRequest {
        request_id: request_id(),
        group_message: Some(GroupMessage {
            chat_group_id: group.id.clone(),
            text: "楼道灯坏了".into(),
            sent_time: Some(timestamp(sent)),
            source_message_id: source_message_id.into(),
            ..GroupMessage::default()
        }),
    };
    let mut client = ChatServiceClient::new(of(bench, COMMUNITY));
    Ok(client.create_group_message(request).await?.into_inner())
}

#[tokio::test]
async fn a_message_is_held_once_whatever_its_request_id() {
    let bench = Bench::start().await;
    let (one, other) = (group(&bench).await, group(&bench).await);
    let now = bench.clock.now();
    let made = message(&bench, &one, now, "wx-1").await.unwrap();
    assert_eq!(made.source_message_id, "wx-1");
    for _ in 0..2 {
        let status = message(&bench, &one, now, "wx-1").await.unwrap_err();
        assert_eq!(reason(&status), "RECORD_EXISTS");
        assert_eq!(fields(&status), ["group_message.source_message_id"]);
    }
    message(&bench, &one, now, "wx-2").await.unwrap();
    message(&bench, &other, now, "wx-1").await.unwrap();
    // Without a source id a repeated message can't be recognised.
    message(&bench, &one, now, "").await.unwrap();
    message(&bench, &one, now, "").await.unwrap();
}

#[tokio::test]
async fn a_callers_clock_may_be_a_little_ahead() {
    let bench = Bench::start().await;
    let group = group(&bench).await;
    let now = bench.clock.now();
    for milliseconds in [200, 5000] {
        let sent = now + Duration::milliseconds(milliseconds);
        let made = message(&bench, &group, sent, "").await.unwrap();
        assert_eq!(made.sent_time, Some(timestamp(now)));
    }
    let sent = now + Duration::milliseconds(5001);
    let status = message(&bench, &group, sent, "").await.unwrap_err();
    assert_eq!(reason(&status), "FIELD_INVALID");
    assert_eq!(fields(&status), ["group_message.sent_time"]);
}
