//! Imports of registrations and visits with a past.

use std::time::Duration;

use futures::{StreamExt as _, future::join_all, stream};
use prost_types::Timestamp;
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    errors::v1::Guard,
    events::v1::event::Payload,
    organization::v1::{Area, AreaKind, ImportDataset, Unit, UnitKind},
    policy::Role,
    types::v1::{ImportHeader, RowOutcome, RowResult},
    volunteers::v1::{
        CheckInVisitRecord, CheckInVisitState, EndRegistrationRequest, GetCheckInVisitRequest,
        GetRegistrationRequest, ImportRecordsRequest, ListCheckInVisitsRequest, Registration,
        Volunteer, import_records_request::Record,
    },
};
use wangge_testkit::{HANG_TIMEOUT, fields, reason};

use crate::{
    Bench, COMMUNITY, FOREIGN, GRID, UNIT, area, date, registration, replicas::tell, request_id,
    unit,
};

/// 8 May 2022, 09:00 in Shanghai.
pub(crate) const MAY: i64 = 1_651_971_600;

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

pub(crate) fn loaded() -> Registration {
    Registration {
        id: Uuid::now_v7().to_string(),
        ..registration()
    }
}

pub(crate) fn time(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

pub(crate) fn past_visit(registration: &Registration) -> CheckInVisitRecord {
    CheckInVisitRecord {
        id: Uuid::now_v7().to_string(),
        registration_id: registration.id.clone(),
        visit_time: time(MAY),
        handled: "调解邻里纠纷".into(),
        ..CheckInVisitRecord::default()
    }
}

/// Sends messages; returns the results, or the status that the stream ended with.
async fn send(
    bench: &Bench,
    messages: Vec<ImportRecordsRequest>,
) -> (Vec<RowResult>, Result<(), Status>) {
    let mut importer = bench.importer();
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

pub(crate) async fn load(bench: &Bench, records: Vec<Record>) -> Vec<RowResult> {
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

pub(crate) fn outcomes(results: &[RowResult]) -> Vec<RowOutcome> {
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

#[tokio::test]
async fn a_load_is_imported_once_and_told_of_in_the_past() {
    let bench = Bench::start().await;
    let registration = Registration {
        end_date: date(2022, 6, 1),
        ..loaded()
    };
    let recorded = past_visit(&registration);
    let voided = CheckInVisitRecord {
        voided_time: time(MAY + 60),
        void_reason: "重复".into(),
        ..past_visit(&registration)
    };
    let records = vec![
        Record::Registration(registration.clone()),
        Record::CheckInVisit(recorded.clone()),
        Record::CheckInVisit(voided.clone()),
    ];
    let results = load(&bench, records.clone()).await;
    assert_eq!(outcomes(&results), [RowOutcome::Imported; 3]);
    let versions: Vec<_> = results.iter().map(|r| r.version.clone().unwrap()).collect();
    assert_eq!(
        versions.iter().map(|v| v.revision).collect::<Vec<_>>(),
        [1, 1, 2]
    );
    assert_eq!(versions[2].record_id, voided.id);

    let again = load(&bench, records).await;
    assert_eq!(outcomes(&again), [RowOutcome::Unchanged; 3]);
    assert_eq!(again[2].version, results[2].version);

    let mut staff = bench.staff();
    let request = GetCheckInVisitRequest {
        id: voided.id.clone(),
    };
    let visit = staff
        .get_check_in_visit(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (visit.state(), visit.imported),
        (CheckInVisitState::Voided, true)
    );
    assert_eq!(
        (visit.visit_time, visit.void_reason.as_str()),
        (time(MAY), "重复")
    );
    let request = GetRegistrationRequest {
        id: registration.id,
    };
    let kept = staff.get_registration(request).await.unwrap().into_inner();
    assert_eq!(kept.end_date, date(2022, 6, 1));

    let events = bench.events(4).await;
    assert!(events.iter().all(|event| event.imported));
    let now = bench.clock.now().timestamp();
    assert!(
        events
            .iter()
            .all(|event| event.recorded_time.unwrap().seconds == now)
    );
    let times: Vec<_> = events
        .iter()
        .map(|e| (e.revision, e.occurred_time.unwrap().seconds))
        .collect();
    // 1 March, 00:00 in Shanghai, is 16:00 of the day before in UTC.
    assert_eq!(
        times,
        [(1, 1_646_064_000), (1, MAY), (1, MAY), (2, MAY + 60)]
    );
    let states: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Some(Payload::CheckInVisitChanged(changed)) => Some(changed.state()),
            _ => None,
        })
        .collect();
    let (recorded, voided) = (CheckInVisitState::Recorded, CheckInVisitState::Voided);
    assert_eq!(states, [recorded, recorded, voided]);
}

#[tokio::test]
async fn bad_rows_are_refused_and_the_others_commit() {
    let bench = Bench::start().await;
    let good = loaded();
    let records = vec![
        Record::Registration(good.clone()),
        Record::Registration(Registration::default()),
        Record::Registration(Registration {
            person_id: "x".into(),
            ..loaded()
        }),
        Record::Registration(Registration {
            person_id: good.person_id.clone(),
            ..loaded()
        }),
        Record::Registration(Registration {
            area_code: GRID.into(),
            ..loaded()
        }),
        Record::Registration(Registration {
            area_code: FOREIGN.into(),
            ..loaded()
        }),
        Record::CheckInVisit(CheckInVisitRecord::default()),
        Record::CheckInVisit(past_visit(&loaded())),
        Record::CheckInVisit(CheckInVisitRecord {
            visit_time: time(MAY - 86_400 * 90),
            ..past_visit(&good)
        }),
        Record::CheckInVisit(CheckInVisitRecord {
            visit_time: time(MAY * 2),
            ..past_visit(&good)
        }),
        Record::CheckInVisit(CheckInVisitRecord {
            void_reason: "x".into(),
            ..past_visit(&good)
        }),
        Record::CheckInVisit(CheckInVisitRecord {
            voided_time: time(MAY - 1),
            ..past_visit(&good)
        }),
        Record::CheckInVisit(CheckInVisitRecord {
            handled: "\0".into(),
            ..past_visit(&good)
        }),
        Record::CheckInVisit(past_visit(&good)),
    ];
    let results = load(&bench, records).await;
    assert_eq!(results[0].outcome(), RowOutcome::Imported);
    let invalid = |fields: &[&'static str]| {
        fields
            .iter()
            .map(|f| (*f, "FIELD_INVALID"))
            .collect::<Vec<_>>()
    };
    let missing = invalid(&["id", "person_id", "home_unit_id", "start_date", "area_code"]);
    assert_eq!(refused(&results[1]), missing);
    assert_eq!(refused(&results[2]), invalid(&["person_id"]));
    assert_eq!(refused(&results[3]), [("", "GUARD_FAILED")]);
    assert_eq!(results[3].violations[0].guard(), Guard::RegisteredAlready);
    assert_eq!(refused(&results[4]), [("area_code", "REFERENCE_UNKNOWN")]);
    assert_eq!(refused(&results[5]), [("area_code", "REFERENCE_UNKNOWN")]);
    assert_eq!(
        refused(&results[6]),
        invalid(&["id", "registration_id", "visit_time", "handled"])
    );
    assert_eq!(
        refused(&results[7]),
        [("registration_id", "REFERENCE_UNKNOWN")]
    );
    assert_eq!(refused(&results[8]), [("registration_id", "GUARD_FAILED")]);
    assert_eq!(results[8].violations[0].guard(), Guard::ReferenceNotCurrent);
    assert_eq!(refused(&results[9]), invalid(&["visit_time"]));
    assert_eq!(refused(&results[10]), invalid(&["voided_time"]));
    assert_eq!(
        refused(&results[11]),
        invalid(&["void_reason", "voided_time"])
    );
    assert_eq!(refused(&results[12]), invalid(&["handled"]));
    assert_eq!(results[13].outcome(), RowOutcome::Imported);
    bench.events(2).await;
}

#[tokio::test]
async fn an_id_with_other_content_is_refused() {
    let bench = Bench::start().await;
    let registration = loaded();
    let visit = past_visit(&registration);
    let other = Registration {
        start_date: date(2022, 1, 1),
        ..registration.clone()
    };
    let later = CheckInVisitRecord {
        visit_time: time(MAY + 1),
        ..visit.clone()
    };
    let results = load(
        &bench,
        vec![
            Record::Registration(registration.clone()),
            Record::Registration(registration.clone()),
            Record::Registration(other),
            Record::CheckInVisit(visit.clone()),
            Record::CheckInVisit(visit),
            Record::CheckInVisit(later),
        ],
    )
    .await;
    let imported_then_unchanged = [RowOutcome::Imported, RowOutcome::Unchanged];
    assert_eq!(outcomes(&results[..2]), imported_then_unchanged);
    assert_eq!(refused(&results[2]), [("id", "RECORD_EXISTS")]);
    assert_eq!(outcomes(&results[3..5]), imported_then_unchanged);
    assert_eq!(refused(&results[5]), [("id", "RECORD_EXISTS")]);
    bench.events(2).await;
}

#[tokio::test]
async fn a_load_can_be_sent_again_after_its_records_have_moved_on() {
    let bench = Bench::start().await;
    let registration = loaded();
    let record = Record::Registration(registration.clone());
    load(&bench, vec![record.clone()]).await;
    let request = EndRegistrationRequest {
        request_id: request_id(),
        id: registration.id,
        end_date: date(2022, 7, 1),
        etag: String::new(),
        correction_reason: String::new(),
    };
    bench.staff().end_registration(request).await.unwrap();
    let results = load(&bench, vec![record]).await;
    assert_eq!(outcomes(&results), [RowOutcome::Unchanged]);
    assert_eq!(results[0].version.as_ref().unwrap().revision, 2);
}

#[tokio::test]
async fn a_trial_checks_rows_and_loads_nothing() {
    let bench = Bench::start_empty("http://127.0.0.1:9").await;
    let registration = loaded();
    let results = load_as(
        &bench,
        true,
        vec![
            Record::Registration(registration.clone()),
            Record::CheckInVisit(past_visit(&registration)),
            Record::Registration(Registration {
                start_date: None,
                ..loaded()
            }),
            Record::Registration(Registration {
                area_code: FOREIGN.into(),
                ..loaded()
            }),
        ],
    )
    .await;
    assert_eq!(outcomes(&results[..2]), [RowOutcome::Valid; 2]);
    assert_eq!(refused(&results[2]), [("start_date", "FIELD_INVALID")]);
    assert_eq!(refused(&results[3]), [("area_code", "REFERENCE_UNKNOWN")]);
    bench.events(0).await;
    let request = GetRegistrationRequest {
        id: registration.id,
    };
    let status = bench.staff().get_registration(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn the_stream_has_its_header_first_and_only_there() {
    let bench = Bench::start().await;
    let good = || row(1, Record::Registration(loaded()));
    let both = ImportRecordsRequest {
        header: header(false).header,
        ..good()
    };
    for (messages, field, committed) in [
        (vec![good()], "header", 0),
        (vec![ImportRecordsRequest::default()], "header", 0),
        (vec![both], "record", 0),
        (vec![header(false), good(), header(false)], "header", 1),
        (
            vec![header(false), good(), ImportRecordsRequest::default()],
            "record",
            1,
        ),
    ] {
        let (results, ended) = send(&bench, messages).await;
        let status = ended.unwrap_err();
        assert_eq!(reason(&status), "FIELD_INVALID");
        assert_eq!(fields(&status), [field]);
        // Batches that were sent before are committed and have results.
        assert_eq!(outcomes(&results), vec![RowOutcome::Imported; committed]);
    }
    let (results, ended) = send(&bench, Vec::new()).await;
    assert_eq!(fields(&ended.unwrap_err()), ["header"]);
    assert!(results.is_empty());
}

#[tokio::test]
async fn a_pause_flushes_what_was_sent() {
    let bench = Bench::start().await;
    let messages = stream::iter([header(false), row(7, Record::Registration(loaded()))])
        .chain(stream::pending());
    let mut answers = bench
        .importer()
        .import_records(messages)
        .await
        .unwrap()
        .into_inner();
    let answer = tokio::time::timeout(HANG_TIMEOUT, answers.message()).await;
    let results = answer.unwrap().unwrap().unwrap().results;
    assert_eq!(
        (results[0].row_number, results[0].outcome()),
        (7, RowOutcome::Imported)
    );
}

#[tokio::test]
async fn a_large_load_sent_by_several_at_once_is_there_once() {
    let bench = Bench::start().await;
    let registration = loaded();
    let mut records = vec![Record::Registration(registration.clone())];
    for minute in 0..450 {
        let visit_time = time(MAY + minute * 600);
        let visit = CheckInVisitRecord {
            visit_time,
            ..past_visit(&registration)
        };
        records.push(Record::CheckInVisit(visit));
    }
    let loads = join_all((0..3).map(|_| load(&bench, records.clone()))).await;
    let imported = loads
        .iter()
        .flatten()
        .filter(|result| result.outcome() == RowOutcome::Imported)
        .count();
    let unchanged = loads
        .iter()
        .flatten()
        .filter(|result| result.outcome() == RowOutcome::Unchanged)
        .count();
    assert_eq!((imported, unchanged), (451, 902));
    bench.events(451).await;
    let request = ListCheckInVisitsRequest {
        page_size: 1000,
        ..Default::default()
    };
    let page = bench
        .staff()
        .list_check_in_visits(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.check_in_visits.len(), 450);
}

#[tokio::test]
async fn a_load_waits_for_areas_and_units_that_are_on_their_way() {
    let organization = Bench::start_empty("http://127.0.0.1:9").await;
    let bench = Bench::start_empty(&organization.url).await;
    let later = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tell(&organization, unit(UNIT, 1)).await;
        tell(&organization, area(Uuid::now_v7(), COMMUNITY, 3, 1)).await;
    };
    let (results, ()) = tokio::join!(load(&bench, vec![Record::Registration(loaded())]), later);
    assert_eq!(outcomes(&results), [RowOutcome::Imported]);

    let unknown = Registration {
        home_unit_id: Uuid::now_v7().to_string(),
        ..loaded()
    };
    let results = load(&bench, vec![Record::Registration(unknown)]).await;
    assert_eq!(
        refused(&results[0]),
        [("home_unit_id", "REFERENCE_UNKNOWN")]
    );
}

#[tokio::test]
async fn only_importers_load() {
    let bench = Bench::start().await;
    let token = wangge_testkit::token(&[Role::Staff, Role::Admin], Some(""), None);
    let channel = wangge_testkit::stream_channel(&bench.url, &token);
    let mut client = crate::Imports::new(channel);
    let status = client
        .import_records(stream::iter([header(false)]))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_visit_under_two_ids_is_loaded_once_and_a_trial_says_so() {
    let bench = Bench::start().await;
    let registration = loaded();
    let visit = |seconds| CheckInVisitRecord {
        visit_time: time(MAY + seconds),
        ..past_visit(&registration)
    };
    let voided = CheckInVisitRecord {
        voided_time: time(MAY + 900),
        void_reason: "重复登记".into(),
        ..visit(60)
    };
    let records = vec![
        Record::Registration(registration.clone()),
        Record::CheckInVisit(visit(0)),
        Record::CheckInVisit(visit(1)),
        Record::CheckInVisit(visit(600)),
        Record::CheckInVisit(voided),
    ];
    for (trial, good) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = load_as(&bench, trial, records.clone()).await;
        let expected = [good, good, RowOutcome::Refused, good, good];
        assert_eq!(outcomes(&results), expected, "trial: {trial}");
    }
    // A dry run knows imported records, and reports missing ones.
    let nowhere = CheckInVisitRecord {
        registration_id: Uuid::now_v7().to_string(),
        ..visit(0)
    };
    let records = vec![
        Record::CheckInVisit(visit(2)),
        Record::CheckInVisit(nowhere),
    ];
    let results = load_as(&bench, true, records).await;
    assert_eq!(outcomes(&results), [RowOutcome::Refused; 2]);
}

#[tokio::test]
async fn a_trial_finds_registrations_that_overlap_far_apart() {
    let bench = Bench::start().await;
    let one = loaded();
    let again = Registration {
        person_id: one.person_id.clone(),
        start_date: date(2022, 4, 1),
        ..loaded()
    };
    // More rows between them than fit in one batch.
    let others = (0..450).map(|_| Record::Registration(loaded()));
    let records: Vec<Record> = [Record::Registration(one)]
        .into_iter()
        .chain(others)
        .chain([Record::Registration(again)])
        .collect();
    for (trial, good) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = load_as(&bench, trial, records.clone()).await;
        let (last, first) = results.split_last().unwrap();
        assert_eq!(outcomes(first), vec![good; records.len() - 1], "{trial}");
        assert_eq!(refused(last), [("", "GUARD_FAILED")], "{trial}");
        assert_eq!(last.violations[0].guard(), Guard::RegisteredAlready);
    }
}

#[tokio::test]
async fn a_trial_goes_by_what_its_data_set_claims_and_takes_nothing_as_given() {
    let bench = Bench::start().await;
    let (new, new_unit) = ("320402003008", Uuid::now_v7().to_string());
    let claim = |code: &str, kind: AreaKind| Area {
        id: Uuid::now_v7().to_string(),
        code: code.into(),
        kind: kind.into(),
        start_date: date(2022, 2, 1),
        ..Area::default()
    };
    let unit = Unit {
        id: new_unit.clone(),
        kind: UnitKind::Department.into(),
        area_code: new.into(),
        start_date: date(2022, 2, 15),
        ..Unit::default()
    };
    let dataset = ImportDataset {
        areas: vec![
            claim(new, AreaKind::Community),
            claim("320402003008001", AreaKind::Grid),
            // The platform's own data takes precedence, or the area is out of scope.
            claim(COMMUNITY, AreaKind::Grid),
            claim("320403001009", AreaKind::Community),
        ],
        units: vec![unit],
    };
    let registered = |area_code: &str, unit: &str| Registration {
        area_code: area_code.into(),
        home_unit_id: unit.into(),
        ..loaded()
    };
    let on = |start_date| Registration {
        start_date,
        ..registered(new, &new_unit)
    };
    let volunteer = |area_code: &str| {
        Record::Volunteer(Volunteer {
            id: Uuid::now_v7().to_string(),
            name: "周甲".into(),
            area_code: area_code.into(),
            start_date: date(2022, 3, 1),
            ..Volunteer::default()
        })
    };
    let known = UNIT.to_string();
    let unknown = "REFERENCE_UNKNOWN";
    let cases = [
        (Record::Registration(registered(new, &new_unit)), None),
        (Record::Registration(registered(COMMUNITY, &known)), None),
        (
            Record::Registration(registered("320402003008001", &known)),
            Some(("area_code", unknown)),
        ),
        (
            Record::Registration(registered("320402003009", &known)),
            Some(("area_code", unknown)),
        ),
        (
            Record::Registration(registered(new, &request_id())),
            Some(("home_unit_id", unknown)),
        ),
        (
            Record::Registration(on(date(2022, 2, 10))),
            Some(("home_unit_id", "GUARD_FAILED")),
        ),
        (
            Record::Registration(on(date(2022, 1, 10))),
            Some(("home_unit_id", "GUARD_FAILED")),
        ),
        (volunteer(new), None),
        (
            volunteer("320402003008001"),
            Some(("area_code", "FIELD_INVALID")),
        ),
        (volunteer("320402003009"), Some(("area_code", unknown))),
        (volunteer("320403001009"), Some(("area_code", unknown))),
    ];
    let claims = ImportRecordsRequest {
        dataset: Some(dataset),
        ..Default::default()
    };
    let rows = (0..)
        .zip(&cases)
        .map(|(number, (record, _))| row(number, record.clone()));
    let messages = [header(true), claims].into_iter().chain(rows).collect();
    let (results, ended) = send(&bench, messages).await;
    ended.unwrap();
    for ((record, why), result) in cases.iter().zip(&results) {
        match why {
            None => assert_eq!(result.outcome(), RowOutcome::Valid, "{result:?}"),
            Some(why) => assert_eq!(refused(result), [*why], "{record:?}"),
        }
    }
}
