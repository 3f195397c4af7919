//! Registrations and visits that the release before has written, or reads: it knows neither
//! `id` nor `steps`, nor the other columns that all records have.

use sqlx::AssertSqlSafe;
use wangge_api::{
    types::v1::RowOutcome,
    volunteers::v1::{
        CheckInVisitRecord, CheckInVisitState, GetCheckInVisitRequest, GetRegistrationRequest,
        Registration, VoidCheckInVisitRequest, import_records_request::Record,
    },
};

use crate::{
    Bench, date,
    imports::{MAY, load, loaded, outcomes, past_visit, time},
    request_id,
};

/// Migrations that complete the rows from before them.
const BACKFILLS: [&str; 2] = [
    include_str!("../../migrations/20261130500003_registrations_there.sql"),
    include_str!("../../migrations/20261130500004_check_in_visits_there.sql"),
];

async fn run(bench: &Bench, statement: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.clone()))
        .execute(&bench.database.calls)
        .await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn triggers(bench: &Bench, are: &str) {
    for table in ["registration", "check_in_visit"] {
        run(bench, format!("alter table {table} {are} trigger user")).await;
    }
}

/// Writes the records as the release before imports them.
async fn insert(bench: &Bench, registration: &Registration, visits: &[&CheckInVisitRecord]) {
    let Registration {
        id,
        person_id,
        home_unit_id,
        area_code,
        ..
    } = registration;
    run(
        bench,
        format!(
            "insert into registration (registration_id, person_id, home_unit_id, area_code, \
                 start_date, end_date, revision) \
             values ('{id}', '{person_id}', '{home_unit_id}', '{area_code}', '2022-03-01', null, 1)"
        ),
    )
    .await;
    for visit in visits {
        let seconds = |time: &Option<prost_types::Timestamp>| {
            let seconds = time.as_ref().map(|time| time.seconds.to_string());
            seconds.unwrap_or("null".to_owned())
        };
        let (came, voided) = (seconds(&visit.visit_time), seconds(&visit.voided_time));
        let (visit_id, handled) = (&visit.id, &visit.handled);
        let (state, reason) = match visit.void_reason.as_str() {
            "" => (1, "null".to_owned()),
            reason => (2, format!("'{reason}'")),
        };
        run(
            bench,
            format!(
                "insert into check_in_visit (check_in_visit_id, registration_id, person_id, \
                     area_code, visit_time, handled, state, voided_time, void_reason, imported, revision) \
                 values ('{visit_id}', '{id}', '{person_id}', '{area_code}', to_timestamp({came}), \
                     '{handled}', {state}, to_timestamp({voided}), {reason}, true, {state})"
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn what_it_has_written_before_and_since_is_read_and_known_again() {
    for is_from_before in [true, false] {
        let bench = Bench::start().await;
        let registration = loaded();
        let recorded = past_visit(&registration);
        let voided = CheckInVisitRecord {
            voided_time: time(MAY + 60),
            void_reason: "重复".into(),
            ..past_visit(&registration)
        };
        if is_from_before {
            triggers(&bench, "disable").await;
        }
        insert(&bench, &registration, &[&recorded, &voided]).await;
        if is_from_before {
            triggers(&bench, "enable").await;
            for backfill in BACKFILLS {
                run(&bench, backfill.to_owned()).await;
            }
        }

        let mut staff = bench.staff();
        let id = registration.id.clone();
        let read = staff.get_registration(GetRegistrationRequest { id }).await;
        let read = read.unwrap().into_inner();
        assert_eq!((read.start_date, read.revision), (date(2022, 3, 1), 1));
        let id = voided.id.clone();
        let read = staff
            .get_check_in_visit(GetCheckInVisitRequest { id })
            .await;
        let read = read.unwrap().into_inner();
        assert_eq!(read.state(), CheckInVisitState::Voided);
        assert_eq!((read.void_reason.as_str(), read.imported), ("重复", true));

        let rows = vec![
            Record::Registration(registration.clone()),
            Record::CheckInVisit(recorded.clone()),
            Record::CheckInVisit(voided.clone()),
        ];
        let again = load(&bench, rows).await;
        assert_eq!(outcomes(&again), [RowOutcome::Unchanged; 3]);
        let others = vec![
            Record::Registration(Registration {
                start_date: date(2022, 3, 2),
                ..registration
            }),
            Record::CheckInVisit(CheckInVisitRecord {
                handled: "别的".into(),
                ..recorded
            }),
            Record::CheckInVisit(CheckInVisitRecord {
                voided_time: time(MAY + 61),
                ..voided
            }),
        ];
        let others = load(&bench, others).await;
        assert_eq!(outcomes(&others), [RowOutcome::Refused; 3]);
        bench.events(0).await;
    }
}

#[tokio::test]
async fn it_reads_what_this_one_has_written_and_goes_on_from_there() {
    let bench = Bench::start().await;
    let registration = bench.registered().await;
    let visit = bench.visited(&registration).await;
    let told = |columns: &'static str, table: &'static str| {
        let pool = bench.database.calls.clone();
        async move {
            let statement = format!("select row({columns})::text from {table}");
            let row = sqlx::query_scalar::<_, String>(AssertSqlSafe(statement));
            row.fetch_one(&pool).await.unwrap()
        }
    };
    let own = told("registration_id", "registration").await;
    assert_eq!(own, format!("({})", registration.id));
    let own = told(
        "check_in_visit_id, voided_time, void_reason",
        "check_in_visit",
    )
    .await;
    assert_eq!(own, format!("({},,)", visit.id));
    let request = VoidCheckInVisitRequest {
        request_id: request_id(),
        id: visit.id.clone(),
        reason: "录入错误".into(),
        etag: visit.etag,
    };
    bench.staff().void_check_in_visit(request).await.unwrap();
    let own = told("voided_time = visit_time, void_reason", "check_in_visit").await;
    assert_eq!(own, "(t,录入错误)");

    // The release before voids a visit, and ends a registration.
    let other = bench.visited(&bench.registered().await).await;
    let id = other.id.clone();
    run(
        &bench,
        format!(
            "update check_in_visit set state = 2, voided_time = visit_time, void_reason = '误', \
                 revision = 2 where check_in_visit_id = '{id}'"
        ),
    )
    .await;
    let mut staff = bench.staff();
    let read = staff
        .get_check_in_visit(GetCheckInVisitRequest { id })
        .await;
    let read = read.unwrap().into_inner();
    assert_eq!((read.void_reason.as_str(), read.revision), ("误", 2));
    let id = registration.id;
    run(
        &bench,
        format!(
            "update registration set end_date = '2022-07-29', revision = 2 \
             where registration_id = '{id}'"
        ),
    )
    .await;
    let read = staff.get_registration(GetRegistrationRequest { id }).await;
    let read = read.unwrap().into_inner();
    assert_eq!((read.end_date, read.revision), (date(2022, 7, 29), 2));
}
