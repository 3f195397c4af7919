//! Imports of tickets with a history, of categories and of the duty list.

use futures::{future::join_all, stream};
use prost_types::Timestamp;
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    errors::v1::Guard,
    organization::v1::{Area, AreaKind, ImportDataset, Unit, UnitKind},
    policy::Role,
    tickets::v1::{
        Category, ChatGroup, Deliberation, ExplainTicketClocksRequest, FieldNote, FieldVisit,
        FieldVisitKind, GroupMessage, HistoryRecord, ImportRecordsRequest, Light, Limit, LimitKind,
        ListTicketsRequest, Meeting, MeetingKind, OrderRecord, OrderState, Patrol, Responsibility,
        ReturnReason, TicketAction, TicketOutcome, TicketRecord, TicketSource, TicketState,
        import_records_request::Record,
    },
    types::v1::{CoordinateSystem, Date, ImportHeader, Point, RowOutcome, RowResult, Step},
};
use wangge_testkit::{fields, reason, stream_channel, token};

use crate::{
    ASSISTING, Bench, COMMUNITY, DAYS, FOREIGN, GRID, HOURS, Imports, LEAD, THIRD, Verb, get,
    request_id, square,
};

/// 8 May 2022, 09:00 in Shanghai.
const MAY: i64 = 1_651_971_600;

fn header(validate_only: bool) -> ImportRecordsRequest {
    ImportRecordsRequest {
        header: Some(ImportHeader {
            validate_only,
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn row(row_number: i64, record: Record) -> ImportRecordsRequest {
    ImportRecordsRequest {
        row_number,
        record: Some(record),
        ..Default::default()
    }
}

/// Sends messages and returns the results, or the error that ended the stream. Categories
/// are imported with platform scope, everything else by the district.
async fn send(
    bench: &Bench,
    messages: Vec<ImportRecordsRequest>,
) -> (Vec<RowResult>, Result<(), Status>) {
    let of_the_platform = messages
        .iter()
        .any(|message| matches!(message.record, Some(Record::Category(_))));
    send_from(bench, if of_the_platform { "" } else { "320402" }, messages).await
}

/// Like [`send`], as an importer of an area.
async fn send_from(
    bench: &Bench,
    area: &str,
    messages: Vec<ImportRecordsRequest>,
) -> (Vec<RowResult>, Result<(), Status>) {
    let mut importer = bench.importer(area);
    let mut answers = match importer.import_records(stream::iter(messages)).await {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (Vec::new(), Err(status)),
    };
    let mut results = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => results.extend(answer.results),
            Ok(None) => return (results, Ok(())),
            Err(status) => return (results, Err(status)),
        }
    }
}

async fn load(bench: &Bench, records: Vec<Record>) -> Vec<RowResult> {
    load_as(bench, false, records).await
}

async fn load_as(bench: &Bench, validate_only: bool, records: Vec<Record>) -> Vec<RowResult> {
    let numbers = 1..=i64::try_from(records.len()).unwrap();
    let rows = numbers
        .clone()
        .zip(records)
        .map(|(number, record)| row(number, record));
    let messages = std::iter::once(header(validate_only)).chain(rows).collect();
    let (results, ended) = send(bench, messages).await;
    ended.unwrap();
    assert!(results.iter().map(|result| result.row_number).eq(numbers));
    results
}

fn outcomes(results: &[RowResult]) -> Vec<RowOutcome> {
    results.iter().map(RowResult::outcome).collect()
}

/// Returns the fields and reasons of a refused row.
fn refused(result: &RowResult) -> Vec<(&str, &str)> {
    assert_eq!(result.outcome(), RowOutcome::Refused, "{result:?}");
    assert!(result.version.is_none());
    result
        .violations
        .iter()
        .map(|v| (v.field.as_str(), v.reason.as_str()))
        .collect()
}

fn time(minute: i64) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: MAY + minute * 60,
        nanos: 0,
    })
}

/// Returns a history line at a minute of the day.
fn line(minute: i64, action: TicketAction) -> HistoryRecord {
    let needs_words = !matches!(action, TicketAction::Report | TicketAction::File);
    HistoryRecord {
        action: action.into(),
        action_time: time(minute),
        actor: "worker-7".into(),
        reason: if needs_words {
            "说明".into()
        } else {
            String::new()
        },
        ..HistoryRecord::default()
    }
}

fn on(order: &str, line: HistoryRecord) -> HistoryRecord {
    HistoryRecord {
        order_id: order.into(),
        ..line
    }
}

fn dispatch(minute: i64, lead: &str, assisting: &str) -> HistoryRecord {
    let order = |id: &str, unit: uuid::Uuid| OrderRecord {
        id: id.into(),
        unit_id: unit.to_string(),
    };
    HistoryRecord {
        orders: vec![order(lead, LEAD), order(assisting, ASSISTING)],
        ..line(minute, TicketAction::Dispatch)
    }
}

fn ticket(history: Vec<HistoryRecord>) -> TicketRecord {
    TicketRecord {
        id: request_id(),
        source: TicketSource::Hotline.into(),
        category_code: HOURS.into(),
        title: "占道经营".into(),
        area_code: GRID.into(),
        history,
        ..TicketRecord::default()
    }
}

/// Returns the history of a ticket that was reported, filed and dispatched.
fn begun(lead: &str, assisting: &str) -> Vec<HistoryRecord> {
    vec![
        line(0, TicketAction::Report),
        line(1, TicketAction::File),
        dispatch(2, lead, assisting),
    ]
}

/// Returns a history from report to close, returned once and reworked once.
fn closed() -> TicketRecord {
    use TicketAction as A;
    let orders: [String; 4] = std::array::from_fn(|_| request_id());
    let [old, beside, lead, assisting] = orders.each_ref().map(String::as_str);
    let mut history = begun(old, beside);
    let handler = HistoryRecord {
        handler_person_id: request_id(),
        ..line(7, A::Assign)
    };
    let returned = HistoryRecord {
        return_reason: ReturnReason::NotOurArea.into(),
        ..line(3, A::Return)
    };
    history.extend([
        on(old, returned),
        dispatch(4, lead, assisting),
        on(lead, line(5, A::Accept)),
        on(assisting, line(6, A::Accept)),
        on(lead, handler),
        on(assisting, line(8, A::Submit)),
        on(assisting, line(8, A::ConfirmOrder)),
        on(lead, line(9, A::Submit)),
        line(10, A::SendBack),
        on(lead, line(11, A::Submit)),
        line(12, A::Confirm),
        line(13, A::Fail),
        on(lead, line(14, A::Submit)),
        line(15, A::Confirm),
        HistoryRecord {
            outcome: TicketOutcome::Answered.into(),
            ..line(16, A::Pass)
        },
    ]);
    ticket(history)
}

#[tokio::test]
async fn a_history_is_replayed() {
    let bench = Bench::start().await;
    let record = closed();
    let results = load(&bench, vec![Record::Ticket(record.clone())]).await;
    assert_eq!(outcomes(&results), [RowOutcome::Imported]);
    let version = results[0].version.clone().unwrap();
    assert_eq!(
        (version.record_id.as_str(), version.revision),
        (record.id.as_str(), 18)
    );

    let loaded = bench.get(&record.id).await;
    assert_eq!(
        (loaded.state(), loaded.outcome()),
        (TicketState::Closed, TicketOutcome::Answered)
    );
    assert_eq!(
        (loaded.imported, loaded.revision, loaded.rework_count),
        (true, 18, 1)
    );
    assert_eq!(
        (loaded.reported_time, loaded.ended_time),
        (time(0), time(16))
    );
    assert_eq!(
        (loaded.source(), loaded.routed),
        (TicketSource::Hotline, true)
    );
    let states: Vec<_> = loaded.orders.iter().map(|order| order.state()).collect();
    use OrderState::{Confirmed, Returned, Withdrawn};
    assert_eq!(states, [Returned, Withdrawn, Confirmed, Confirmed]);
    let given = record
        .history
        .iter()
        .flat_map(|line| &line.orders)
        .map(|order| &order.id);
    assert!(loaded.orders.iter().map(|order| &order.id).eq(given));
    assert_eq!(loaded.orders[2].accepted_time, time(5));
    // Imported acts start no clocks.
    assert_eq!(
        (loaded.light(), loaded.handling_due_time),
        (Light::Unspecified, None)
    );
    let request = ExplainTicketClocksRequest {
        ticket_id: record.id.clone(),
    };
    let clocks = bench
        .leader
        .clone()
        .explain_ticket_clocks(request)
        .await
        .unwrap()
        .into_inner();
    assert!(clocks.clocks.is_empty());

    let history = bench.history(&record.id).await;
    assert!(history.iter().map(|line| line.revision).eq(1..=18));
    assert!(
        history
            .iter()
            .map(|line| line.action)
            .eq(record.history.iter().map(|line| line.action))
    );
    assert!(
        history
            .iter()
            .map(|line| line.action_time)
            .eq(record.history.iter().map(|line| line.action_time))
    );
    assert!(history.iter().all(|line| line.actor == "worker-7"));
    let events = bench.events_of(&record.id, 18).await;
    let now = bench.clock.now().timestamp();
    for (event, line) in events.iter().zip(&history) {
        assert!(event.imported);
        assert_eq!(
            (event.revision, event.occurred_time),
            (line.revision, line.action_time)
        );
        assert_eq!(event.recorded_time.unwrap().seconds, now);
    }
}

#[tokio::test]
async fn a_loaded_ticket_goes_on_as_any_other() {
    let bench = Bench::start().await;
    let [lead, assisting] = [request_id(), request_id()];
    let record = ticket(begun(&lead, &assisting));
    load(&bench, vec![Record::Ticket(record.clone())]).await;
    let loaded = bench.get(&record.id).await;
    assert_eq!(loaded.state(), TicketState::PendingAcceptance);
    get(&mut bench.clerk(LEAD), &record.id).await.unwrap();
    bench.go_by(&loaded, Verb::Withdraw, ASSISTING).await;
    bench.go(&loaded, Verb::Return).await;
    let again = bench.go(&loaded, Verb::Dispatch).await;
    assert!(again.handling_due_time.is_some());
    assert_eq!(
        (again.light(), again.orders.len(), again.revision),
        (Light::Green, 4, 6)
    );
    // Repeating the import changes none of that.
    let results = load(&bench, vec![Record::Ticket(record)]).await;
    assert_eq!(outcomes(&results), [RowOutcome::Unchanged]);
    assert_eq!(results[0].version.as_ref().unwrap().revision, 6);
    assert_eq!(bench.get(&loaded.id).await, again);
}

#[tokio::test]
async fn an_impossible_history_is_refused_where_it_breaks() {
    use TicketAction as A;
    let bench = Bench::start().await;
    let [lead, assisting] = [request_id(), request_id()];
    let after = |lines: Vec<HistoryRecord>| [begun(&lead, &assisting), lines].concat();
    let now = (bench.clock.now().timestamp() - MAY) / 60;
    let good = request_id();
    let cases: Vec<(Vec<HistoryRecord>, &str, &str)> = vec![
        (
            vec![line(0, A::Report), line(1, A::Confirm)],
            "history[1].action",
            "STATE_CONFLICT",
        ),
        (
            after(vec![line(3, A::Pass)]),
            "history[3].action",
            "STATE_CONFLICT",
        ),
        (
            after(vec![on(&lead, line(3, A::Submit))]),
            "history[3].action",
            "STATE_CONFLICT",
        ),
        (
            after(vec![on(&lead, line(3, A::Withdraw))]),
            "history[3].action",
            "GUARD_FAILED",
        ),
        (
            after(vec![on(&good, line(3, A::Accept))]),
            "history[3].action",
            "RECORD_NOT_FOUND",
        ),
        (
            after(vec![line(3, A::File)]),
            "history[3].action",
            "STATE_CONFLICT",
        ),
        (
            after(vec![on(&lead, line(1, A::Accept))]),
            "history[3].action_time",
            "FIELD_INVALID",
        ),
        (
            after(vec![on(&lead, line(now + 1, A::Accept))]),
            "history[3].action_time",
            "FIELD_INVALID",
        ),
        (
            vec![line(now + 1, A::Report)],
            "history[0].action_time",
            "FIELD_INVALID",
        ),
        (vec![line(0, A::File)], "history[0].action", "FIELD_INVALID"),
        (
            after(vec![line(3, A::Report)]),
            "history[3].action",
            "FIELD_INVALID",
        ),
        (
            after(vec![line(3, A::Route)]),
            "history[3].action",
            "FIELD_INVALID",
        ),
        (
            after(vec![line(3, A::Accept)]),
            "history[3].order_id",
            "FIELD_INVALID",
        ),
        (
            after(vec![on(
                &lead,
                HistoryRecord {
                    reason: " ".into(),
                    ..line(3, A::Refuse)
                },
            )]),
            "history[3].reason",
            "FIELD_INVALID",
        ),
        (
            after(vec![on(&lead, line(3, A::Return))]),
            "history[3].return_reason",
            "FIELD_INVALID",
        ),
        (
            vec![line(0, A::Report), line(1, A::File), line(2, A::Dispatch)],
            "history[2].orders",
            "FIELD_INVALID",
        ),
        (
            vec![
                line(0, A::Report),
                HistoryRecord {
                    action_time: None,
                    ..line(1, A::File)
                },
            ],
            "history[1].action_time",
            "FIELD_INVALID",
        ),
        (Vec::new(), "history", "FIELD_INVALID"),
    ];
    for validate_only in [false, true] {
        let records = cases
            .iter()
            .map(|(history, ..)| Record::Ticket(ticket(history.clone())));
        let results = load_as(&bench, validate_only, records.collect()).await;
        for (result, (_, field, reason)) in results.iter().zip(&cases) {
            assert_eq!(refused(result), [(*field, *reason)]);
        }
    }
    let page = bench
        .leader
        .clone()
        .list_tickets(ListTicketsRequest::default())
        .await
        .unwrap();
    assert!(page.into_inner().tickets.is_empty());
    bench.events(3).await;
}

fn moment(text: &str) -> Option<Timestamp> {
    let time: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    Some(wangge_api::date::timestamp(time))
}

/// It is 10:00 on 28 July: no imported act may be later.
#[tokio::test]
async fn nothing_of_the_future_is_loaded() {
    let bench = Bench::start().await;
    let (past, noon) = (
        moment("2022-07-27T04:00:00Z"),
        moment("2022-07-28T04:00:00Z"),
    );
    let at = |action_time, action: TicketAction| HistoryRecord {
        action_time,
        ..line(0, action)
    };
    let group = ChatGroup {
        id: request_id(),
        name: "富强一群".into(),
        area_code: COMMUNITY.into(),
        start_date: Some(Date {
            year: 2022,
            month: 1,
            day: 1,
        }),
        ..ChatGroup::default()
    };
    let message = |sent_time| GroupMessage {
        id: request_id(),
        chat_group_id: group.id.clone(),
        text: "楼道灯坏了".into(),
        sent_time,
        create_time: sent_time,
        ..GroupMessage::default()
    };
    let patrol = |end_time| Patrol {
        id: request_id(),
        person_id: request_id(),
        start_time: moment("2022-07-27T03:00:00Z"),
        end_time,
        area_code: GRID.into(),
        ..Patrol::default()
    };
    let visit = |visit_time| FieldVisit {
        id: request_id(),
        kind: FieldVisitKind::Visit.into(),
        person_id: request_id(),
        visit_time,
        outcome: "已了解情况".into(),
        area_code: GRID.into(),
        ..FieldVisit::default()
    };
    let note = |noted_time| FieldNote {
        id: request_id(),
        person_id: request_id(),
        noted_time,
        text: "井盖松动".into(),
        area_code: GRID.into(),
        ..FieldNote::default()
    };
    let meeting = |created_time, step_time| Meeting {
        id: request_id(),
        kind: MeetingKind::Council.into(),
        title: "楼道堆物".into(),
        start_time: created_time,
        area_code: COMMUNITY.into(),
        create_time: created_time,
        steps: vec![Step {
            action: "cancel".into(),
            step_time,
            reason: "下雨".into(),
            ..Step::default()
        }],
        ..Meeting::default()
    };
    let reported = |time| Record::Ticket(ticket(vec![at(time, TicketAction::Report)]));
    let filed = |time| {
        let history = vec![at(past, TicketAction::Report), at(time, TicketAction::File)];
        Record::Ticket(ticket(history))
    };
    let cases = [
        (reported(noon), reported(past), "history[0].action_time"),
        (filed(noon), filed(past), "history[1].action_time"),
        (
            Record::GroupMessage(message(noon)),
            Record::GroupMessage(message(past)),
            "sent_time",
        ),
        (
            Record::Patrol(patrol(noon)),
            Record::Patrol(patrol(past)),
            "end_time",
        ),
        (
            Record::FieldVisit(visit(noon)),
            Record::FieldVisit(visit(past)),
            "visit_time",
        ),
        (
            Record::FieldNote(note(noon)),
            Record::FieldNote(note(past)),
            "noted_time",
        ),
        (
            Record::Meeting(meeting(past, noon)),
            Record::Meeting(meeting(past, past)),
            "steps[0].step_time",
        ),
        (
            Record::Meeting(meeting(noon, noon)),
            Record::Meeting(meeting(past, past)),
            "create_time",
        ),
    ];
    for validate_only in [true, false] {
        let mut rows = vec![Record::ChatGroup(group.clone())];
        for (future, past, _) in &cases {
            rows.extend([future.clone(), past.clone()]);
        }
        let results = load_as(&bench, validate_only, rows).await;
        assert_ne!(results[0].outcome(), RowOutcome::Refused);
        for (pair, (.., field)) in results[1..].chunks(2).zip(&cases) {
            let named = refused(&pair[0]);
            assert!(
                named.contains(&(*field, "FIELD_INVALID")),
                "{field}: {named:?}"
            );
            assert_ne!(pair[1].outcome(), RowOutcome::Refused, "{:?}", pair[1]);
        }
    }
}

/// As in calls: deliberations need meetings that were held, with all four parties.
#[tokio::test]
async fn deliberations_of_the_past_had_their_meetings() {
    let bench = Bench::start().await;
    let past = moment("2022-07-27T04:00:00Z");
    let step = |action: &str| Step {
        action: action.into(),
        step_time: past,
        reason: if action == "disagree" {
            "意见不一"
        } else {
            ""
        }
        .into(),
        ..Step::default()
    };
    let planned = Meeting {
        id: request_id(),
        kind: MeetingKind::Council.into(),
        title: "楼道堆物".into(),
        start_time: past,
        area_code: COMMUNITY.into(),
        create_time: past,
        ..Meeting::default()
    };
    let held = |stakeholder_count| Meeting {
        id: request_id(),
        committee_count: 3,
        party_member_count: 4,
        resident_count: 5,
        stakeholder_count,
        minutes: "讨论了楼道堆物".into(),
        steps: vec![step("hold")],
        ..planned.clone()
    };
    let (whole, lacking) = (held(2), held(0));
    let deliberation = |inconclusive: &[&Meeting], last: &Meeting| {
        let mut steps = vec![step("set_topic")];
        for _ in inconclusive {
            steps.extend(["deliberate", "disagree"].map(step));
        }
        steps.push(step("deliberate"));
        Record::Deliberation(Deliberation {
            id: request_id(),
            title: "楼道堆物".into(),
            raiser_ids: vec![request_id()],
            topic: "如何清理".into(),
            meeting_id: last.id.clone(),
            inconclusive_meeting_ids: inconclusive.iter().map(|one| one.id.clone()).collect(),
            area_code: COMMUNITY.into(),
            create_time: past,
            steps,
            ..Deliberation::default()
        })
    };
    let cases = [
        (deliberation(&[], &whole), None),
        (deliberation(&[&whole], &whole), None),
        (deliberation(&[], &planned), Some(Guard::MeetingNotHeld)),
        (deliberation(&[], &lacking), Some(Guard::PartyMissing)),
        (deliberation(&[&lacking], &whole), Some(Guard::PartyMissing)),
        (
            deliberation(&[&planned], &whole),
            Some(Guard::MeetingNotHeld),
        ),
    ];
    for validate_only in [true, false] {
        let meetings = [&planned, &whole, &lacking].map(|one| Record::Meeting(one.clone()));
        let rows = meetings
            .into_iter()
            .chain(cases.iter().map(|(row, _)| row.clone()));
        let results = load_as(&bench, validate_only, rows.collect()).await;
        for (result, (_, guard)) in results[3..].iter().zip(&cases) {
            match guard {
                None => assert_ne!(result.outcome(), RowOutcome::Refused, "{result:?}"),
                Some(guard) => {
                    assert_eq!(refused(result), [("", "GUARD_FAILED")]);
                    assert_eq!(result.violations[0].guard(), *guard);
                }
            }
        }
    }
}

#[tokio::test]
async fn orders_of_the_past_go_to_units_of_their_day() {
    let bench = Bench::start().await;
    let [gone, later, since_gone] = [(); 3].map(|()| Uuid::now_v7());
    for (unit, start, end) in [
        (gone, "2019-01-01", Some("2022-05-08")),
        (later, "2022-05-09", None),
        (since_gone, "2022-05-08", Some("2022-05-09")),
    ] {
        bench.unit_of_days(unit, start, end).await;
    }
    for validate_only in [false, true] {
        let records = [gone, later, since_gone].map(|unit| {
            let mut record = ticket(begun(&request_id(), &request_id()));
            record.history[2].orders[1].unit_id = unit.to_string();
            Record::Ticket(record)
        });
        let results = load_as(&bench, validate_only, records.to_vec()).await;
        for result in &results[..2] {
            assert_eq!(
                refused(result),
                [("history[2].orders[1].unit_id", "GUARD_FAILED")]
            );
            assert_eq!(result.violations[0].guard(), Guard::ReferenceNotCurrent);
        }
        assert_ne!(results[2].outcome(), RowOutcome::Refused);
    }
}

#[tokio::test]
async fn bad_rows_are_refused_and_the_others_are_loaded() {
    let bench = Bench::start().await;
    let [lead, assisting] = [request_id(), request_id()];
    let reported = || ticket(vec![line(0, TicketAction::Report)]);
    let dispatched = || ticket(begun(&lead, &assisting));
    let unknown_unit = {
        let mut record = ticket(begun(&request_id(), &request_id()));
        record.history[2].orders[1].unit_id = request_id();
        record
    };
    let twice = request_id();
    let far = Point {
        longitude: 10.0,
        latitude: 10.0,
        coordinate_system: CoordinateSystem::Wgs84.into(),
    };
    let records = vec![
        reported(),
        TicketRecord::default(),
        TicketRecord {
            id: "x".into(),
            ..reported()
        },
        TicketRecord {
            title: "长".repeat(101),
            ..reported()
        },
        TicketRecord {
            category_code: "0999".into(),
            ..reported()
        },
        TicketRecord {
            area_code: FOREIGN.into(),
            ..reported()
        },
        TicketRecord {
            area_code: "320402003005009".into(),
            ..reported()
        },
        TicketRecord {
            area_code: String::new(),
            point: Some(far),
            ..reported()
        },
        unknown_unit,
        TicketRecord {
            title: "占\0道".into(),
            ..reported()
        },
        dispatched(),
        // Orders of the previous row, and one order twice.
        dispatched(),
        ticket(begun(&twice, &twice)),
        reported(),
    ];
    let rows: Vec<_> = records.iter().cloned().map(Record::Ticket).collect();
    let results = load(&bench, rows).await;
    let unkeepable = Record::Category(Category {
        id: request_id(),
        code: "0501".into(),
        name: "噪\0声".into(),
        handling_limit: Some(Limit {
            kind: LimitKind::CalendarDays.into(),
            amount: 1,
        }),
        ..Category::default()
    });
    let refusal = load(&bench, vec![unkeepable]).await;
    assert_eq!(refused(&refusal[0]), [("name", "FIELD_INVALID")]);
    let named: Vec<_> = refused(&results[1])
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(named, ["id", "source", "category_code", "title", "history"]);
    assert_eq!(refused(&results[2]), [("id", "FIELD_INVALID")]);
    assert_eq!(refused(&results[3]), [("title", "FIELD_INVALID")]);
    assert_eq!(
        refused(&results[4]),
        [("category_code", "REFERENCE_UNKNOWN")]
    );
    for result in &results[5..8] {
        assert_eq!(refused(result), [("area_code", "REFERENCE_UNKNOWN")]);
    }
    assert_eq!(
        refused(&results[8]),
        [("history[2].orders[1].unit_id", "REFERENCE_UNKNOWN")]
    );
    assert_eq!(refused(&results[9])[0].1, "FIELD_INVALID");
    assert_eq!(
        refused(&results[11]),
        [("history.orders.id", "RECORD_EXISTS")]
    );
    assert_eq!(
        refused(&results[12]),
        [("history.orders.id", "RECORD_EXISTS")]
    );
    for good in [0, 10, 13] {
        assert_eq!(results[good].outcome(), RowOutcome::Imported);
        bench.get(&records[good].id).await;
    }
}

#[tokio::test]
async fn a_row_sent_again_is_unchanged_and_other_content_is_refused() {
    let bench = Bench::start().await;
    let record = closed();
    let other = TicketRecord {
        title: "别的事".into(),
        ..record.clone()
    };
    let own = bench.reported().await;
    let taken = TicketRecord {
        id: own.id.clone(),
        ..closed()
    };
    let records = [record.clone(), record.clone(), other.clone(), taken]
        .map(Record::Ticket)
        .to_vec();
    for first in [RowOutcome::Imported, RowOutcome::Unchanged] {
        let results = load(&bench, records.clone()).await;
        assert_eq!(outcomes(&results[..2]), [first, RowOutcome::Unchanged]);
        assert_eq!(results[0].version, results[1].version);
        assert_eq!(refused(&results[2]), [("id", "RECORD_EXISTS")]);
        assert_eq!(refused(&results[3]), [("id", "RECORD_EXISTS")]);
    }
    bench.events_of(&record.id, 18).await;
    assert_eq!(bench.get(&own.id).await, own);
}

#[tokio::test]
async fn loads_sent_by_several_at_once_are_there_once() {
    let bench = Bench::start().await;
    let records: Vec<_> = (0..60).map(|_| Record::Ticket(closed())).collect();
    let loads = join_all((0..4).map(|_| load(&bench, records.clone()))).await;
    for row in 0..records.len() {
        let mut made: Vec<_> = loads.iter().map(|results| results[row].outcome()).collect();
        made.sort_unstable();
        let unchanged = RowOutcome::Unchanged;
        assert_eq!(
            made,
            [RowOutcome::Imported, unchanged, unchanged, unchanged],
            "row {row}"
        );
    }
    bench.events(3 + 60 * 18).await;
}

#[tokio::test]
async fn a_trial_checks_and_writes_nothing() {
    let bench = Bench::start().await;
    let category = Category {
        id: request_id(),
        code: "0501".into(),
        name: "噪声".into(),
        handling_limit: Some(Limit {
            kind: LimitKind::ContinuousHours.into(),
            amount: 1,
        }),
        ..Category::default()
    };
    // Its category is part of the same import.
    let record = TicketRecord {
        category_code: "0501".into(),
        ..closed()
    };
    let results = load_as(
        &bench,
        true,
        vec![
            Record::Category(category),
            Record::Ticket(record),
            Record::Category(Category::default()),
        ],
    )
    .await;
    assert_eq!(outcomes(&results[..2]), [RowOutcome::Valid; 2]);
    assert!(results[0].version.is_none());
    refused(&results[2]);
    bench.events(3).await;
    let page = bench
        .leader
        .clone()
        .list_tickets(ListTicketsRequest::default())
        .await
        .unwrap();
    assert!(page.into_inner().tickets.is_empty());
}

#[tokio::test]
async fn categories_and_duties_are_loaded_and_used_by_the_same_load() {
    let bench = Bench::start().await;
    let category = Category {
        id: request_id(),
        code: "0501".into(),
        name: "噪声".into(),
        handling_limit: Some(Limit {
            kind: LimitKind::CalendarDays.into(),
            amount: 2,
        }),
        ..Category::default()
    };
    let duty = Responsibility {
        id: request_id(),
        category_code: "0501".into(),
        area_code: COMMUNITY.into(),
        unit_id: THIRD.to_string(),
        ..Responsibility::default()
    };
    let record = TicketRecord {
        category_code: "0501".into(),
        ..closed()
    };
    let records = vec![
        Record::Category(category.clone()),
        Record::Responsibility(duty.clone()),
        Record::Ticket(record.clone()),
    ];
    let results = load(&bench, records.clone()).await;
    assert_eq!(outcomes(&results), [RowOutcome::Imported; 3]);
    assert_eq!(
        bench.get(&record.id).await.suggested_unit_id,
        THIRD.to_string()
    );
    assert_eq!(
        outcomes(&load(&bench, records).await),
        [RowOutcome::Unchanged; 3]
    );
    let results = load(
        &bench,
        vec![
            Record::Category(Category {
                name: "别的".into(),
                ..category.clone()
            }),
            Record::Category(Category {
                id: request_id(),
                ..category
            }),
            Record::Responsibility(Responsibility {
                unit_id: LEAD.to_string(),
                ..duty.clone()
            }),
            Record::Responsibility(Responsibility {
                id: request_id(),
                ..duty.clone()
            }),
        ],
    )
    .await;
    let found: Vec<_> = results.iter().map(|result| refused(result)[0]).collect();
    assert_eq!(
        found,
        [
            ("id", "RECORD_EXISTS"),
            ("code", "RECORD_EXISTS"),
            ("id", "RECORD_EXISTS"),
            ("area_code", "RECORD_EXISTS"),
        ]
    );
    let foreign = vec![Record::Responsibility(Responsibility {
        id: request_id(),
        area_code: FOREIGN.into(),
        ..duty
    })];
    for validate_only in [true, false] {
        let results = load_as(&bench, validate_only, foreign.clone()).await;
        assert_eq!(refused(&results[0]), [("area_code", "REFERENCE_UNKNOWN")]);
    }
}

#[tokio::test]
async fn a_category_is_loaded_by_the_platform_alone() {
    let bench = Bench::start().await;
    let category = || {
        Record::Category(Category {
            id: request_id(),
            code: "0501".into(),
            name: "噪声".into(),
            handling_limit: Some(Limit {
                kind: LimitKind::CalendarDays.into(),
                amount: 2,
            }),
            ..Category::default()
        })
    };
    for area in ["320402", COMMUNITY] {
        for validate_only in [true, false] {
            let messages = vec![header(validate_only), row(1, category())];
            let (results, ended) = send_from(&bench, area, messages).await;
            ended.unwrap();
            assert_eq!(refused(&results[0]), [("code", "AREA_TOO_NARROW")]);
        }
    }
    let results = load(&bench, vec![category()]).await;
    assert_eq!(outcomes(&results), [RowOutcome::Imported]);
}

#[tokio::test]
async fn a_ticket_of_more_orders_than_it_can_have_is_refused() {
    let bench = Bench::start().await;
    let history = |rounds: i64| {
        let mut history = vec![line(0, TicketAction::Report), line(1, TicketAction::File)];
        for round in 0..rounds {
            let lead = request_id();
            history.push(HistoryRecord {
                orders: (0..21)
                    .map(|place| OrderRecord {
                        id: if place == 0 {
                            lead.clone()
                        } else {
                            request_id()
                        },
                        unit_id: if place == 0 {
                            LEAD.to_string()
                        } else {
                            request_id()
                        },
                    })
                    .collect(),
                ..line(2 + round, TicketAction::Dispatch)
            });
            history.push(on(&lead, line(2 + round, TicketAction::Refuse)));
        }
        history
    };
    // A dry run without a data set looks nothing up: units may be part of the same import.
    for (rounds, fits) in [(4, true), (249, false)] {
        let record = Record::Ticket(ticket(history(rounds)));
        let results = load_as(&bench, true, vec![record]).await;
        if fits {
            assert_eq!(outcomes(&results), [RowOutcome::Valid]);
        } else {
            // The fifth round would exceed the limit.
            assert_eq!(
                refused(&results[0]),
                [("history[10].action", "GUARD_FAILED")]
            );
            assert_eq!(results[0].violations[0].guard(), Guard::TooManyOrders);
        }
    }
}

#[tokio::test]
async fn a_duty_names_what_is_known() {
    let bench = Bench::start().await;
    let duty = Responsibility {
        category_code: crate::DAYS.into(),
        area_code: COMMUNITY.into(),
        unit_id: THIRD.to_string(),
        ..Responsibility::default()
    };
    let with_id = |duty: Responsibility| {
        Record::Responsibility(Responsibility {
            id: request_id(),
            ..duty
        })
    };
    let results = load(
        &bench,
        vec![
            with_id(Responsibility {
                category_code: "0999".into(),
                ..duty.clone()
            }),
            with_id(Responsibility {
                area_code: "320402003009".into(),
                ..duty.clone()
            }),
            with_id(Responsibility {
                unit_id: request_id(),
                ..duty.clone()
            }),
            with_id(duty),
        ],
    )
    .await;
    let named = ["category_code", "area_code", "unit_id"];
    for (result, field) in results.iter().zip(named) {
        assert_eq!(refused(result), [(field, "REFERENCE_UNKNOWN")]);
    }
    assert_eq!(results[3].outcome(), RowOutcome::Imported);
}

#[tokio::test]
async fn the_header_comes_first() {
    let bench = Bench::start().await;
    let good = || row(1, Record::Ticket(closed()));
    let (results, ended) = send(&bench, vec![good()]).await;
    let status = ended.unwrap_err();
    assert!(results.is_empty());
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    assert_eq!(fields(&status), ["header"]);
    let (_, ended) = send(&bench, vec![header(false), ImportRecordsRequest::default()]).await;
    assert_eq!(fields(&ended.unwrap_err()), ["record"]);
    let (_, ended) = send(&bench, vec![header(false), header(false)]).await;
    assert_eq!(reason(&ended.unwrap_err()), "FIELD_INVALID");
    bench.events(3).await;
}

#[tokio::test]
async fn only_importers_load() {
    let bench = Bench::start().await;
    for role in [
        Role::Admin,
        Role::Leader,
        Role::Dispatcher,
        Role::Staff,
        Role::Service,
    ] {
        let token = token(&[role], Some(""), None);
        let mut client = Imports::new(stream_channel(&bench.url, &token));
        let status = client
            .import_records(stream::iter([header(false)]))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "ROLE_NOT_ALLOWED")
        );
    }
}

/// A community and its grid that the service doesn't know, and a unit.
const NEW_COMMUNITY: &str = "320402003007";
const NEW_GRID: &str = "320402003007001";

fn claimed(code: &str, kind: AreaKind, boundary: &str) -> Area {
    Area {
        id: request_id(),
        code: code.into(),
        kind: kind.into(),
        name: "新村".into(),
        boundary_geojson: boundary.into(),
        start_date: date(2022, 1, 1),
        ..Area::default()
    }
}

fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

fn claims(areas: Vec<Area>, units: Vec<Unit>) -> ImportRecordsRequest {
    ImportRecordsRequest {
        dataset: Some(ImportDataset { areas, units }),
        ..Default::default()
    }
}

fn header_of(validate_only: bool, area_code: &str) -> ImportRecordsRequest {
    ImportRecordsRequest {
        header: Some(ImportHeader {
            validate_only,
            area_code: area_code.into(),
        }),
        ..Default::default()
    }
}

fn patrol(area_code: &str, minute: i64) -> Record {
    Record::Patrol(Patrol {
        id: request_id(),
        person_id: request_id(),
        start_time: time(minute),
        end_time: time(minute + 30),
        area_code: area_code.into(),
        ..Patrol::default()
    })
}

fn numbered(records: Vec<Record>) -> impl Iterator<Item = ImportRecordsRequest> {
    (0..)
        .zip(records)
        .map(|(number, record)| row(number, record))
}

#[tokio::test]
async fn a_trial_goes_by_what_its_data_set_claims_and_takes_nothing_as_given() {
    let bench = Bench::start().await;
    let new_unit = request_id();
    let in_new_grid = |history| TicketRecord {
        area_code: NEW_GRID.into(),
        ..ticket(history)
    };
    let ordered_to = |unit: &str| {
        let mut record = in_new_grid(begun(&request_id(), &request_id()));
        record.history[2].orders.truncate(1);
        record.history[2].orders[0].unit_id = unit.into();
        record
    };
    let found = in_new_grid(vec![line(0, TicketAction::Report)]);
    let note = |ticket: &str| {
        Record::FieldNote(FieldNote {
            id: request_id(),
            person_id: request_id(),
            noted_time: time(0),
            text: "已看".into(),
            ticket_id: ticket.into(),
            area_code: NEW_GRID.into(),
            ..FieldNote::default()
        })
    };
    let duty = |area: &str, unit: &str| {
        Record::Responsibility(Responsibility {
            id: request_id(),
            category_code: DAYS.into(),
            area_code: area.into(),
            unit_id: unit.into(),
            ..Responsibility::default()
        })
    };
    let once = ordered_to(&new_unit);
    let mut twice = ordered_to(&new_unit);
    twice.history[2].orders[0].id = once.history[2].orders[0].id.clone();
    let before_it_began = -400 * 24 * 60;
    let records = vec![
        duty(NEW_COMMUNITY, &new_unit),
        duty("320402003009", &new_unit),
        duty(NEW_GRID, &request_id()),
        Record::Ticket(found.clone()),
        Record::Ticket(once),
        Record::Ticket(twice),
        Record::Ticket(ordered_to(&request_id())),
        Record::Ticket(TicketRecord {
            area_code: "320402003009".into(),
            ..found.clone()
        }),
        Record::Ticket(TicketRecord {
            category_code: "0999".into(),
            id: request_id(),
            ..found.clone()
        }),
        note(&found.id),
        note(&request_id()),
        patrol(NEW_GRID, 0),
        patrol(NEW_GRID, before_it_began),
        patrol("320402003009", 0),
        // Claims about other areas are ignored: neither their place nor what the platform
        // knows already.
        patrol("320403001009", 0),
        patrol(COMMUNITY, 0),
    ];
    let ended = Area {
        end_date: date(2022, 1, 2),
        ..claimed(COMMUNITY, AreaKind::Community, "")
    };
    let areas = vec![
        claimed(NEW_COMMUNITY, AreaKind::Community, ""),
        claimed("320403001009", AreaKind::Community, ""),
        ended,
    ];
    let grid = vec![claimed(NEW_GRID, AreaKind::Grid, "")];
    let unit = Unit {
        id: new_unit,
        code: "NEW".into(),
        kind: UnitKind::Department.into(),
        area_code: NEW_COMMUNITY.into(),
        start_date: date(2022, 1, 1),
        ..Unit::default()
    };
    let first = vec![
        header_of(true, NEW_COMMUNITY),
        claims(areas, vec![]),
        claims(grid, vec![unit]),
    ];
    let messages = first.into_iter().chain(numbered(records)).collect();
    let (results, ended) = send(&bench, messages).await;
    ended.unwrap();
    let good = [0, 3, 4, 9, 11, 15];
    for number in good {
        let result = &results[number];
        assert_eq!(result.outcome(), RowOutcome::Valid, "{result:?}");
    }
    let unknown = "REFERENCE_UNKNOWN";
    for (number, field, reason) in [
        (1, "area_code", unknown),
        (2, "unit_id", unknown),
        (5, "history[2].orders[0].id", "RECORD_EXISTS"),
        (6, "history[2].orders[0].unit_id", unknown),
        (7, "id", "RECORD_EXISTS"),
        (8, "category_code", unknown),
        (10, "ticket_id", unknown),
        (12, "area_code", "GUARD_FAILED"),
        (13, "area_code", unknown),
        (14, "area_code", unknown),
    ] {
        assert_eq!(refused(&results[number]), [(field, reason)], "row {number}");
    }
    bench.events(3).await;
}

#[tokio::test]
async fn what_a_data_set_claims_is_for_trials_alone() {
    let bench = Bench::start().await;
    let dataset = || claims(vec![claimed(NEW_GRID, AreaKind::Grid, "")], vec![]);
    let header = header_of(true, "");
    let patrol = || row(1, patrol(GRID, 0));
    let beside = ImportRecordsRequest {
        dataset: dataset().dataset,
        ..header.clone()
    };
    let many = || {
        let units = vec![Unit::default(); 10_001];
        claims(vec![], units)
    };
    let nameless = claims(vec![Area::default()], vec![]);
    for (messages, field) in [
        (vec![header_of(false, ""), dataset(), patrol()], "dataset"),
        (vec![header.clone(), patrol(), dataset()], "dataset"),
        (vec![beside], "dataset"),
        (vec![header.clone(), many(), many()], "dataset"),
        (
            vec![header.clone(), nameless, patrol()],
            "dataset.areas[0].id",
        ),
        (vec![header_of(true, "x"), dataset(), patrol()], "area_code"),
    ] {
        let (_, ended) = send(&bench, messages).await;
        let refused = ended.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert_eq!(fields(&refused), [field]);
    }
}

#[tokio::test]
async fn a_ticket_of_the_past_lies_in_the_grid_of_its_day_or_in_its_community() {
    let bench = Bench::start().await;
    let ended = "320402003005003";
    bench.area(ended, 4, &square(119.99)).await;
    sqlx::query("update area_copy set end_date = '2022-03-01' where code = $1")
        .bind(ended)
        .execute(&bench.database.background)
        .await
        .unwrap();
    let at = |longitude: f64, days: i64| {
        let mut record = ticket(vec![line(days * 24 * 60, TicketAction::Report)]);
        record.area_code = String::new();
        record.point = Some(Point {
            longitude,
            latitude: 31.8,
            coordinate_system: CoordinateSystem::Wgs84.into(),
        });
        record
    };
    // In May; in February; where no grid ever was; in another place altogether.
    let cases = [
        (at(119.975, 0), Some(GRID)),
        (at(119.995, -90), Some(ended)),
        (at(119.995, 0), Some(COMMUNITY)),
        (at(119.96, 0), Some(COMMUNITY)),
        (at(110.0, 0), None),
    ];
    let records = || cases.iter().map(|(record, _)| record.clone());
    for validate_only in [true, false] {
        let mut messages = vec![header_of(validate_only, COMMUNITY)];
        if validate_only {
            messages.push(claims(vec![], vec![]));
        }
        messages.extend(numbered(records().map(Record::Ticket).collect()));
        let (results, ended) = send(&bench, messages).await;
        ended.unwrap();
        for ((record, area), result) in cases.iter().zip(&results) {
            match area {
                None => assert_eq!(refused(result), [("ticket.point", "FIELD_INVALID")]),
                Some(area) if !validate_only => {
                    assert_eq!(bench.get(&record.id).await.area_code, *area);
                }
                Some(_) => assert_eq!(result.outcome(), RowOutcome::Valid, "{result:?}"),
            }
        }
    }
    // Without a community in the header there is no default area.
    let lost = load(&bench, vec![Record::Ticket(at(119.96, 0))]).await;
    assert_eq!(refused(&lost[0]), [("area_code", "REFERENCE_UNKNOWN")]);
}

#[tokio::test]
async fn a_trial_finds_points_by_claimed_boundaries() {
    let bench = Bench::start().await;
    let at = |longitude: f64| {
        let mut record = ticket(vec![line(0, TicketAction::Report)]);
        record.area_code = String::new();
        record.point = Some(Point {
            longitude,
            latitude: 31.8,
            coordinate_system: CoordinateSystem::Wgs84.into(),
        });
        Record::Ticket(record)
    };
    let areas = vec![
        claimed(NEW_COMMUNITY, AreaKind::Community, &square(118.0)),
        claimed(NEW_GRID, AreaKind::Grid, &square(118.0)),
    ];
    let first = vec![header_of(true, NEW_COMMUNITY), claims(areas, vec![])];
    let rows = numbered(vec![at(118.005), at(118.1), at(119.975)]);
    let (results, ended) = send(&bench, first.into_iter().chain(rows).collect()).await;
    ended.unwrap();
    assert_eq!(outcomes(&results[..2]), [RowOutcome::Valid; 2]);
    assert_eq!(refused(&results[2]), [("ticket.point", "FIELD_INVALID")]);
}
