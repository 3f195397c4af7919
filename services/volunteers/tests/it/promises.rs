//! Open promises that block changes, references to ended records, and the hours of shifts.

use chrono::Duration;
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    events::v1::{AreaChanged, Event, UnitChanged, event::Payload},
    policy::Role,
    types::v1::Date,
    volunteers::v1::{
        AttendBookingRequest, Booking, CancelProjectRequest, CancelServiceEventRequest,
        CancelShiftRequest, CertifyShiftRequest, ClosedDay, ConfirmShiftHoursRequest,
        CreateBookingRequest, CreateClosedDayRequest, CreateNeedRequest, CreateProjectClaimRequest,
        CreateProjectRequest, CreateProviderContractRequest, CreateRecurringSessionRequest,
        CreateServiceEventRequest, CreateShiftRequest, CreateStationDutyRequest,
        CreateStationRequest, CreateTeamRequest, CreateTrainingRequest, CreateVolunteerRequest,
        EndRecurringSessionRequest, EndStationRequest, EndVolunteerRequest, FillShiftRequest,
        GetProjectClaimRequest, GetShiftRequest, Need, Project, ProjectClaim, ProjectClaimState,
        ProviderContract, RecurringSession, ServiceEvent, ServiceKind, Shift, ShiftState,
        SignInShiftRequest, SignOutShiftRequest, Station, StationDuty, StationKind, Team, TeamKind,
        Training, UpdateRecurringSessionRequest, UpdateServiceEventRequest, Volunteer, Weekday,
        project_service_client::ProjectServiceClient,
        service_event_service_client::ServiceEventServiceClient,
        station_service_client::StationServiceClient,
        station_work_service_client::StationWorkServiceClient,
        volunteer_service_client::VolunteerServiceClient,
    },
};
use wangge_testkit::{HANG_TIMEOUT, channel, fields, precondition, reason, token};

use crate::{Bench, COMMUNITY, GRID, NEIGHBOUR, UNIT, date, request_id};

/// The clients of one caller.
struct Caller {
    volunteers: VolunteerServiceClient<wangge_client::ServiceChannel>,
    events: ServiceEventServiceClient<wangge_client::ServiceChannel>,
    projects: ProjectServiceClient<wangge_client::ServiceChannel>,
    stations: StationServiceClient<wangge_client::ServiceChannel>,
    work: StationWorkServiceClient<wangge_client::ServiceChannel>,
}

fn caller(bench: &Bench, role: Role, area: &str) -> Caller {
    let channel = || channel(&bench.url, &token(&[role], Some(area), None));
    Caller {
        volunteers: VolunteerServiceClient::new(channel()),
        events: ServiceEventServiceClient::new(channel()),
        projects: ProjectServiceClient::new(channel()),
        stations: StationServiceClient::new(channel()),
        work: StationWorkServiceClient::new(channel()),
    }
}

/// Returns `ok`, the guard, or the reason and its fields.
fn outcome<T>(answer: &Result<T, Status>) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(status) => precondition(status)
            .filter(|guard| guard != "STATE")
            .unwrap_or_else(|| {
                let fields = fields(status).join(",");
                format!("{} {fields}", reason(status)).trim().to_owned()
            }),
    }
}

impl Caller {
    async fn station(&mut self, area: &str) -> String {
        let station = Station {
            name: "便民站".into(),
            kind: StationKind::Convenience.into(),
            area_code: area.into(),
            start_date: date(2021, 1, 1),
            ..Station::default()
        };
        let request = CreateStationRequest {
            request_id: request_id(),
            station: Some(station),
        };
        self.stations
            .create_station(request)
            .await
            .unwrap()
            .into_inner()
            .id
    }

    async fn volunteer(&mut self) -> String {
        let volunteer = Volunteer {
            name: "李己一".into(),
            area_code: COMMUNITY.into(),
            start_date: date(2021, 1, 1),
            ..Volunteer::default()
        };
        let request = CreateVolunteerRequest {
            request_id: request_id(),
            volunteer: Some(volunteer),
        };
        self.volunteers
            .create_volunteer(request)
            .await
            .unwrap()
            .into_inner()
            .id
    }

    /// Creates a session on Thursdays, from 9:00 to 11:00.
    async fn session(&mut self, station_id: &str) -> RecurringSession {
        let session = RecurringSession {
            station_id: station_id.into(),
            name: "社区医生坐诊".into(),
            weekday: Weekday::Thursday.into(),
            start_minute: 540,
            end_minute: 660,
            capacity: 3,
            start_date: date(2021, 1, 1),
            ..RecurringSession::default()
        };
        let request = CreateRecurringSessionRequest {
            request_id: request_id(),
            recurring_session: Some(session),
        };
        self.work
            .create_recurring_session(request)
            .await
            .unwrap()
            .into_inner()
    }

    async fn book(&mut self, session: &str, session_date: Option<Date>) -> Result<Booking, Status> {
        let booking = Booking {
            recurring_session_id: session.into(),
            session_date,
            resident_id: Uuid::now_v7().to_string(),
            ..Booking::default()
        };
        let request = CreateBookingRequest {
            request_id: request_id(),
            booking: Some(booking),
        };
        Ok(self.work.create_booking(request).await?.into_inner())
    }

    async fn attend(&mut self, booking: &Booking) -> Result<(), Status> {
        let request = AttendBookingRequest {
            request_id: request_id(),
            id: booking.id.clone(),
            ..Default::default()
        };
        self.work.attend_booking(request).await.map(drop)
    }

    async fn duty(&mut self, station: &str, person: Uuid) -> Result<(), Status> {
        let duty = StationDuty {
            station_id: station.into(),
            person_id: person.to_string(),
            duty_date: date(2022, 7, 28),
            ..StationDuty::default()
        };
        let request = CreateStationDutyRequest {
            request_id: request_id(),
            station_duty: Some(duty),
        };
        self.work.create_station_duty(request).await.map(drop)
    }

    async fn event(&mut self) -> String {
        let event = ServiceEvent {
            title: "义诊".into(),
            kind: ServiceKind::Repair.into(),
            area_code: COMMUNITY.into(),
            start_time: at("2022-07-28T06:00:00Z"),
            end_time: at("2022-07-28T08:00:00Z"),
            ..ServiceEvent::default()
        };
        let request = CreateServiceEventRequest {
            request_id: request_id(),
            service_event: Some(event),
        };
        self.events
            .create_service_event(request)
            .await
            .unwrap()
            .into_inner()
            .id
    }

    /// Creates a shift at an event, from 14:00 to 16:00 on the 28th.
    async fn shift(&mut self, event: &str) -> String {
        let shift = Shift {
            service_event_id: event.into(),
            start_time: at("2022-07-28T06:00:00Z"),
            end_time: at("2022-07-28T08:00:00Z"),
            ..Shift::default()
        };
        let request = CreateShiftRequest {
            request_id: request_id(),
            shift: Some(shift),
        };
        self.events
            .create_shift(request)
            .await
            .unwrap()
            .into_inner()
            .id
    }

    async fn fill(&mut self, shift: &str, volunteer: &str) -> Result<(), Status> {
        let request = FillShiftRequest {
            request_id: request_id(),
            id: shift.into(),
            volunteer_id: volunteer.into(),
            ..Default::default()
        };
        self.events.fill_shift(request).await.map(drop)
    }

    async fn sign_in(&mut self, shift: &str) -> Result<(), Status> {
        let request = SignInShiftRequest {
            request_id: request_id(),
            id: shift.into(),
            ..Default::default()
        };
        self.events.sign_in_shift(request).await.map(drop)
    }

    async fn sign_out(&mut self, shift: &str) -> Result<(), Status> {
        let request = SignOutShiftRequest {
            request_id: request_id(),
            id: shift.into(),
            ..Default::default()
        };
        self.events.sign_out_shift(request).await.map(drop)
    }

    async fn confirm(&mut self, shift: &str, worked_minutes: i32) -> Result<(), Status> {
        let request = ConfirmShiftHoursRequest {
            request_id: request_id(),
            id: shift.into(),
            worked_minutes,
            ..Default::default()
        };
        self.events.confirm_shift_hours(request).await.map(drop)
    }

    async fn certify(&mut self, shift: &str) -> Result<(), Status> {
        let request = CertifyShiftRequest {
            request_id: request_id(),
            id: shift.into(),
            ..Default::default()
        };
        self.events.certify_shift(request).await.map(drop)
    }
}

impl Caller {
    /// Creates a shift at an event, at some hours of the 28th in UTC.
    async fn shift_at(&mut self, event: &str, from: u32, to: u32) -> String {
        let hour = |hour| at(&format!("2022-07-28T{hour:02}:00:00Z"));
        let shift = Shift {
            service_event_id: event.into(),
            start_time: hour(from),
            end_time: hour(to),
            ..Shift::default()
        };
        let request = CreateShiftRequest {
            request_id: request_id(),
            shift: Some(shift),
        };
        let made = self.events.create_shift(request).await.unwrap();
        made.into_inner().id
    }

    /// Changes the times of an event.
    async fn move_event(
        &mut self,
        event: &str,
        start: &str,
        end: &str,
    ) -> Result<ServiceEvent, Status> {
        let request = UpdateServiceEventRequest {
            request_id: request_id(),
            service_event: Some(ServiceEvent {
                id: event.into(),
                start_time: at(start),
                end_time: at(end),
                ..ServiceEvent::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["start_time".into(), "end_time".into()],
            }),
        };
        Ok(self
            .events
            .update_service_event(request)
            .await?
            .into_inner())
    }

    async fn cancel_shift(&mut self, shift: &str) {
        let request = CancelShiftRequest {
            request_id: request_id(),
            id: shift.into(),
            reason: "改期".into(),
            ..Default::default()
        };
        self.events.cancel_shift(request).await.unwrap();
    }
}

fn at(text: &str) -> Option<prost_types::Timestamp> {
    let time: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    Some(wangge_api::date::timestamp(time))
}

#[tokio::test]
async fn a_person_elsewhere_can_be_neither_blocked_nor_probed() {
    let bench = Bench::start().await;
    let person = Uuid::now_v7();
    let mut here = caller(&bench, Role::Staff, COMMUNITY);
    let mut elsewhere = caller(&bench, Role::Staff, NEIGHBOUR);
    let (station, other) = (here.station(COMMUNITY).await, here.station(COMMUNITY).await);
    let foreign = elsewhere.station(NEIGHBOUR).await;
    assert_eq!(outcome(&elsewhere.duty(&foreign, person).await), "ok");
    assert_eq!(outcome(&here.duty(&station, person).await), "ok");
    assert_eq!(outcome(&here.duty(&other, person).await), "ON_DUTY_ALREADY");
}

#[tokio::test]
async fn places_are_booked_until_the_session_ends_and_taken_once_it_has_begun() {
    // The 28th is a Thursday; the time is 10:00.
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let station = staff.station(COMMUNITY).await;
    let session = staff.session(&station).await;
    let today = staff.book(&session.id, date(2022, 7, 28)).await.unwrap();
    assert_eq!(outcome(&staff.attend(&today).await), "ok");
    let beyond = staff.book(&session.id, date(2022, 10, 27)).await;
    assert_eq!(outcome(&beyond), "FIELD_INVALID booking.session_date");
    let last = staff.book(&session.id, date(2022, 10, 20)).await;
    assert_eq!(outcome(&last), "ok");

    let next = staff.book(&session.id, date(2022, 8, 4)).await.unwrap();
    bench
        .clock
        .advance(Duration::days(7) - Duration::minutes(61));
    assert_eq!(outcome(&staff.attend(&next).await), "NOT_BEGUN");
    bench.clock.advance(Duration::minutes(1));
    assert_eq!(outcome(&staff.attend(&next).await), "ok");
    bench.clock.advance(Duration::hours(2));
    let late = staff.book(&session.id, date(2022, 8, 4)).await;
    assert_eq!(outcome(&late), "SESSION_OVER");
}

#[tokio::test]
async fn a_promise_is_kept_or_cancelled_before_what_it_rests_on_goes() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let station = staff.station(COMMUNITY).await;
    let session = staff.session(&station).await;
    for _ in 0..2 {
        staff.book(&session.id, date(2022, 8, 4)).await.unwrap();
    }
    let mut resize = async |capacity| {
        let request = UpdateRecurringSessionRequest {
            request_id: request_id(),
            recurring_session: Some(RecurringSession {
                id: session.id.clone(),
                capacity,
                ..RecurringSession::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["capacity".into()],
            }),
        };
        outcome(&staff.work.update_recurring_session(request).await)
    };
    assert_eq!(resize(1).await, "PROMISED");
    assert_eq!(resize(2).await, "ok");
    let mut close = async |day| {
        let closed = ClosedDay {
            closed_date: date(2022, 8, day),
            name: "高温".into(),
            area_code: COMMUNITY.into(),
            ..ClosedDay::default()
        };
        let request = CreateClosedDayRequest {
            request_id: request_id(),
            closed_day: Some(closed),
        };
        outcome(&staff.work.create_closed_day(request).await)
    };
    assert_eq!(close(4).await, "PROMISED");
    assert_eq!(close(11).await, "ok");
    let end = |day| EndRecurringSessionRequest {
        request_id: request_id(),
        id: session.id.clone(),
        end_date: date(2022, 8, day),
        ..Default::default()
    };
    let ended = staff.work.end_recurring_session(end(4)).await;
    assert_eq!(outcome(&ended), "PROMISED");
    assert!(ended.unwrap_err().message().contains("2 bookings"));
    let end_station = |day| EndStationRequest {
        request_id: request_id(),
        id: station.clone(),
        end_date: date(2022, 8, day),
        ..Default::default()
    };
    let ended = staff.stations.end_station(end_station(4)).await;
    assert_eq!(outcome(&ended), "PROMISED");
    assert_eq!(
        outcome(&staff.stations.end_station(end_station(5)).await),
        "ok"
    );
    // The session itself has no end, but its station has ended.
    let late = staff.book(&session.id, date(2022, 8, 18)).await;
    assert_eq!(outcome(&late), "SESSION_NOT_HELD");
    assert_eq!(
        outcome(&staff.work.end_recurring_session(end(5)).await),
        "ok"
    );
}

#[tokio::test]
async fn an_event_that_is_cancelled_cancels_its_shifts_and_a_volunteer_leaves_none_behind() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let volunteer = staff.volunteer().await;
    let (event, other) = (staff.event().await, staff.event().await);
    let (filled, open) = (staff.shift(&event).await, staff.shift(&event).await);
    staff.fill(&filled, &volunteer).await.unwrap();
    let beside = staff.shift(&other).await;
    assert_eq!(
        outcome(&staff.fill(&beside, &volunteer).await),
        "SHIFT_OVERLAPS"
    );
    let cancel = CancelServiceEventRequest {
        request_id: request_id(),
        id: event.clone(),
        reason: "下雨".into(),
        ..Default::default()
    };
    staff.events.cancel_service_event(cancel).await.unwrap();
    for id in [filled, open] {
        let shift = staff
            .events
            .get_shift(GetShiftRequest { id })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(shift.state(), ShiftState::Cancelled);
        let last = shift.steps.last().unwrap();
        assert_eq!(
            (last.action.as_str(), last.reason.as_str()),
            ("cancel", "下雨")
        );
    }
    staff.fill(&beside, &volunteer).await.unwrap();
    let end = |day| EndVolunteerRequest {
        request_id: request_id(),
        id: volunteer.clone(),
        end_date: date(2022, 7, day),
        ..Default::default()
    };
    assert_eq!(
        outcome(&staff.volunteers.end_volunteer(end(28)).await),
        "PROMISED"
    );
    assert_eq!(
        outcome(&staff.volunteers.end_volunteer(end(29)).await),
        "ok"
    );
}

#[tokio::test]
async fn a_project_that_is_cancelled_gives_back_what_was_claimed() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let need = Need {
        title: "代购药品".into(),
        kind: ServiceKind::Elderly.into(),
        area_code: GRID.into(),
        start_date: date(2021, 1, 1),
        ..Need::default()
    };
    let request = CreateNeedRequest {
        request_id: request_id(),
        need: Some(need),
    };
    let need = staff
        .projects
        .create_need(request)
        .await
        .unwrap()
        .into_inner();
    let project = Project {
        title: "爱心跑腿".into(),
        need_id: need.id,
        place_count: 3,
        ..Project::default()
    };
    let request = CreateProjectRequest {
        request_id: request_id(),
        project: Some(project),
    };
    let project = staff
        .projects
        .create_project(request)
        .await
        .unwrap()
        .into_inner();
    let claim = ProjectClaim {
        project_id: project.id.clone(),
        volunteer_id: staff.volunteer().await,
        ..ProjectClaim::default()
    };
    let request = CreateProjectClaimRequest {
        request_id: request_id(),
        project_claim: Some(claim),
    };
    let claim = staff
        .projects
        .create_project_claim(request)
        .await
        .unwrap()
        .into_inner();
    let cancel = CancelProjectRequest {
        request_id: request_id(),
        id: project.id,
        reason: "需求已消失".into(),
        ..Default::default()
    };
    staff.projects.cancel_project(cancel).await.unwrap();
    let get = GetProjectClaimRequest { id: claim.id };
    let claim = staff
        .projects
        .get_project_claim(get)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(claim.state(), ProjectClaimState::Withdrawn);
    assert_eq!(claim.steps[0].reason, "需求已消失");
}

#[tokio::test]
async fn hours_come_of_what_was_signed_and_of_two_people() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let mut dispatcher = caller(&bench, Role::Dispatcher, COMMUNITY);
    let mut leader = caller(&bench, Role::Leader, COMMUNITY);
    let volunteer = staff.volunteer().await;
    let event = staff.event().await;
    let shift = staff.shift(&event).await;
    staff.fill(&shift, &volunteer).await.unwrap();
    // The time is 10:00; the shift begins at 14:00.
    assert_eq!(outcome(&staff.sign_in(&shift).await), "NOT_BEGUN");
    bench.clock.advance(Duration::hours(3));
    assert_eq!(outcome(&staff.sign_in(&shift).await), "ok");
    bench.clock.advance(Duration::minutes(90));
    staff.sign_out(&shift).await.unwrap();
    let more = dispatcher.confirm(&shift, 91).await;
    assert_eq!(outcome(&more), "FIELD_INVALID worked_minutes");
    assert_eq!(outcome(&dispatcher.confirm(&shift, 90).await), "ok");
    assert_eq!(outcome(&dispatcher.certify(&shift).await), "SAME_SUBJECT");
    assert_eq!(outcome(&leader.certify(&shift).await), "ok");

    let late = staff.shift(&event).await;
    staff
        .fill(&late, &staff_volunteer(&bench).await)
        .await
        .unwrap();
    bench.clock.advance(Duration::hours(2));
    assert_eq!(outcome(&staff.sign_in(&late).await), "SHIFT_OVER");
}

async fn staff_volunteer(bench: &Bench) -> String {
    caller(bench, Role::Staff, COMMUNITY).volunteer().await
}

#[tokio::test]
async fn what_has_happened_lies_in_the_past_and_after_its_volunteer_came() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let volunteer = staff.volunteer().await;
    let mut train = async |training_date| {
        let training = Training {
            volunteer_id: volunteer.clone(),
            subject: "急救".into(),
            training_date,
            minutes: 60,
            ..Training::default()
        };
        let request = CreateTrainingRequest {
            request_id: request_id(),
            training: Some(training),
        };
        outcome(&staff.events.create_training(request).await)
    };
    assert_eq!(train(date(2022, 7, 28)).await, "ok");
    assert_eq!(
        train(date(2022, 7, 29)).await,
        "FIELD_INVALID training.training_date"
    );
    assert_eq!(train(date(2020, 12, 31)).await, "REFERENCE_NOT_CURRENT");
}

#[tokio::test]
async fn areas_and_units_are_named_while_they_exist() {
    let bench = Bench::start().await;
    let ended = Uuid::now_v7();
    let payload = Payload::UnitChanged(UnitChanged {
        unit_id: ended.to_string(),
        kind: 2,
        area_code: COMMUNITY.into(),
        start_date: date(2020, 1, 1),
        end_date: date(2022, 7, 27),
        ..UnitChanged::default()
    });
    bench
        .apply(Event {
            revision: 1,
            payload: Some(payload),
            ..Event::default()
        })
        .await;
    let payload = Payload::AreaChanged(AreaChanged {
        area_id: Uuid::now_v7().to_string(),
        code: "320402003007".into(),
        kind: 3,
        start_date: date(2020, 1, 1),
        end_date: date(2022, 7, 27),
        ..AreaChanged::default()
    });
    bench
        .apply(Event {
            revision: 1,
            payload: Some(payload),
            ..Event::default()
        })
        .await;

    let mut district = caller(&bench, Role::Staff, "320402");
    let mut contract = async |unit: Uuid, start_date, end_date| {
        let contract = ProviderContract {
            unit_id: unit.to_string(),
            subject: "助餐".into(),
            amount_fen: 1,
            area_code: COMMUNITY.into(),
            start_date,
            end_date,
            ..ProviderContract::default()
        };
        let request = CreateProviderContractRequest {
            request_id: request_id(),
            provider_contract: Some(contract),
        };
        outcome(&district.stations.create_provider_contract(request).await)
    };
    let (may, july) = (date(2022, 5, 1), date(2022, 7, 27));
    assert_eq!(contract(UNIT, may, None).await, "ok");
    assert_eq!(
        contract(ended, july, date(2022, 8, 1)).await,
        "REFERENCE_NOT_CURRENT"
    );
    assert_eq!(
        contract(ended, may, None).await,
        "REFERENCE_NOT_CURRENT",
        "it would outlive the unit"
    );
    assert_eq!(contract(ended, may, july).await, "ok");
    let mut team = async |start_date| {
        let team = Team {
            name: "红马甲".into(),
            kind: TeamKind::RedVests.into(),
            area_code: "320402003007".into(),
            start_date,
            ..Team::default()
        };
        let request = CreateTeamRequest {
            request_id: request_id(),
            team: Some(team),
        };
        outcome(&district.volunteers.create_team(request).await)
    };
    assert_eq!(team(july).await, "REFERENCE_NOT_CURRENT");
    assert_eq!(team(may).await, "ok");
}

#[tokio::test]
async fn an_event_is_moved_once_no_shift_is_left_outside() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let volunteer = staff.volunteer().await;
    // From 6:00 to 8:00 in UTC, with a shift before it and two within it.
    let event = staff.event().await;
    let before = staff.shift_at(&event, 5, 6).await;
    let filled = staff.shift_at(&event, 6, 7).await;
    let open = staff.shift_at(&event, 6, 8).await;
    staff.fill(&filled, &volunteer).await.unwrap();
    let (six, eight, nine) = (
        "2022-07-28T06:00:00Z",
        "2022-07-28T08:00:00Z",
        "2022-07-28T09:00:00Z",
    );
    let (tomorrow, later) = ("2022-07-29T06:00:00Z", "2022-07-29T08:00:00Z");
    // An event may be lengthened, and shortened again while no shift is left outside.
    assert_eq!(outcome(&staff.move_event(&event, six, nine).await), "ok");
    assert_eq!(outcome(&staff.move_event(&event, six, eight).await), "ok");
    for (start, end) in [
        ("2022-07-28T06:30:00Z", eight),
        (six, "2022-07-28T06:59:00Z"),
        (tomorrow, later),
    ] {
        let moved = staff.move_event(&event, start, end).await;
        assert_eq!(outcome(&moved), "PROMISED", "{start}");
        let why = moved.unwrap_err().message().to_owned();
        assert!(why.contains("1 filled shifts"), "{why}");
        assert!(why.contains("open shifts"), "{why}");
    }
    staff.cancel_shift(&filled).await;
    staff.cancel_shift(&open).await;
    // A shift before the event must be within it after a move without overlap.
    let moved = staff.move_event(&event, tomorrow, later).await;
    assert_eq!(outcome(&moved), "PROMISED");
    assert_eq!(
        outcome(
            &staff
                .move_event(&event, "2022-07-28T07:00:00Z", eight)
                .await
        ),
        "ok",
        "it may begin later"
    );
    staff.cancel_shift(&before).await;
    let moved = staff.move_event(&event, tomorrow, later).await.unwrap();
    assert_eq!(moved.start_time, at(tomorrow));
    // The volunteer is free at the old time.
    let other = staff.event().await;
    let beside = staff.shift(&other).await;
    assert_eq!(outcome(&staff.fill(&beside, &volunteer).await), "ok");
    // A shift that has ended blocks nothing.
    bench.clock.advance(Duration::hours(7));
    assert_eq!(
        outcome(&staff.move_event(&other, tomorrow, later).await),
        "ok"
    );
}

/// Filling a shift doesn't wait for a transaction that has locked its event: they would
/// deadlock.
#[tokio::test]
async fn a_shift_is_taken_while_its_event_is_locked() {
    let bench = Bench::start().await;
    let mut staff = caller(&bench, Role::Staff, COMMUNITY);
    let volunteer = staff.volunteer().await;
    let event = staff.event().await;
    let shift = staff.shift(&event).await;
    let mut cancelling = bench.database.background.begin().await.unwrap();
    sqlx::query("select from service_event where id = $1 for no key update")
        .bind(Uuid::parse_str(&event).unwrap())
        .execute(&mut *cancelling)
        .await
        .unwrap();
    let filled = tokio::time::timeout(HANG_TIMEOUT, staff.fill(&shift, &volunteer)).await;
    assert_eq!(outcome(&filled.expect("it waits for the event")), "ok");
    cancelling.rollback().await.unwrap();
    let cancel = CancelServiceEventRequest {
        request_id: request_id(),
        id: event,
        reason: "下雨".into(),
        ..Default::default()
    };
    staff.events.cancel_service_event(cancel).await.unwrap();
    let request = GetShiftRequest { id: shift };
    let shift = staff.events.get_shift(request).await.unwrap().into_inner();
    assert_eq!(shift.state(), ShiftState::Cancelled);
}
