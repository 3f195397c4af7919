//! Imports of existing records.

use prost_types::FieldMask;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use wangge_api::{
    errors::v1::Guard,
    organization::v1::{
        Address, Appointment, Area, AreaKind, Building, EndAppointmentRequest, Estate, FigureBound,
        FigurePeriod, GetAreaRequest, Household, ImportRecordsRequest, ImportRecordsResponse,
        NeedKind, NeedTag, NeedTeam, Person, Post, PublishedFigure, Resident, Unit, UnitKind,
        UpdateAreaRequest, UpdateUnitRequest, import_records_request::Record,
    },
    types::v1::{ImportHeader, RowOutcome, RowResult},
};

use crate::support::*;

fn header(validate_only: bool) -> ImportRecordsRequest {
    ImportRecordsRequest {
        header: Some(ImportHeader {
            validate_only,
            ..Default::default()
        }),
        ..ImportRecordsRequest::default()
    }
}

fn rows(records: &[Record]) -> Vec<ImportRecordsRequest> {
    (1..)
        .zip(records)
        .map(|(row_number, record)| ImportRecordsRequest {
            row_number,
            record: Some(record.clone()),
            ..ImportRecordsRequest::default()
        })
        .collect()
}

async fn results(mut stream: Streaming<ImportRecordsResponse>) -> (Vec<RowResult>, Option<Status>) {
    let mut results = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => results.extend(message.results),
            Ok(None) => return (results, None),
            Err(status) => return (results, Some(status)),
        }
    }
}

async fn send(
    world: &World,
    scope: &str,
    messages: Vec<ImportRecordsRequest>,
) -> (Vec<RowResult>, Option<Status>) {
    let answer = world
        .imports(scope)
        .import_records(tokio_stream::iter(messages))
        .await;
    results(answer.expect("a stream").into_inner()).await
}

pub(crate) async fn import(
    world: &World,
    scope: &str,
    validate_only: bool,
    records: &[Record],
) -> Vec<RowResult> {
    let mut messages = vec![header(validate_only)];
    messages.extend(rows(records));
    let (results, status) = send(world, scope, messages).await;
    assert!(status.is_none(), "{status:?}");
    assert!(
        (1..)
            .zip(&results)
            .all(|(number, result)| result.row_number == number)
    );
    results
}

pub(crate) fn outcomes(results: &[RowResult]) -> Vec<RowOutcome> {
    results.iter().map(RowResult::outcome).collect()
}

/// Field and reason of each violation.
pub(crate) fn why(result: &RowResult) -> Vec<(&str, &str)> {
    result
        .violations
        .iter()
        .map(|v| (v.field.as_str(), v.reason.as_str()))
        .collect()
}

/// A whole community: each record refers to those before it.
fn community() -> Vec<Record> {
    let (person, branch) = (new_id(), new_id());
    let with_id = |area: Area| {
        Record::Area(Area {
            id: new_id(),
            ..area
        })
    };
    vec![
        with_id(area(DISTRICT, AreaKind::District, "")),
        with_id(area(STREET, AreaKind::Street, DISTRICT)),
        with_id(area(COMMUNITY, AreaKind::Community, STREET)),
        with_id(area(GRID, AreaKind::Grid, COMMUNITY)),
        Record::Address(Address {
            id: new_id(),
            text: "富强新村1幢".into(),
            area_code: GRID.into(),
            ..Address::default()
        }),
        Record::Unit(Unit {
            id: branch.clone(),
            ..unit("B", UnitKind::GridBranch, "", GRID)
        }),
        Record::Person(Person {
            id: person.clone(),
            name: "王".into(),
            area_code: GRID.into(),
            ..Person::default()
        }),
        Record::Appointment(Appointment {
            id: new_id(),
            person_id: person,
            post: Post::Secretary.into(),
            unit_id: branch,
            start_date: date(2021, 3, 1),
            ..Appointment::default()
        }),
        Record::PublishedFigure(figure("responses_started")),
    ]
}

fn figure(key: &str) -> PublishedFigure {
    PublishedFigure {
        id: new_id(),
        area_code: COMMUNITY.into(),
        figure_key: key.into(),
        value: 1200,
        bound: FigureBound::AtLeast.into(),
        period: FigurePeriod::PerYear.into(),
        as_of_date: date(2022, 6, 30),
        ..PublishedFigure::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_is_loaded_and_can_be_sent_again() {
    let world = World::start().await;
    let records = community();
    let first = import(&world, "", false, &records).await;
    assert_eq!(outcomes(&first), vec![RowOutcome::Imported; records.len()]);
    assert!(first.iter().all(|row| {
        row.version
            .as_ref()
            .is_some_and(|version| version.revision == 1)
    }));
    // One event for each record but the person.
    let events = world.events().await;
    assert_eq!(events.len(), records.len() - 1);
    assert!(
        events
            .iter()
            .all(|(_, revision, imported)| *revision == 1 && *imported)
    );
    let again = import(&world, "", false, &records).await;
    assert_eq!(outcomes(&again), vec![RowOutcome::Unchanged; records.len()]);
    let versions = |results: &[RowResult]| {
        results
            .iter()
            .map(|row| row.version.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(versions(&again), versions(&first));
    assert_eq!(world.events().await.len(), records.len() - 1);
    let request = GetAreaRequest { code: GRID.into() };
    world.areas(GRID).get_area(request).await.expect("loaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_can_be_sent_again_after_its_records_were_changed_here() {
    let world = World::start().await;
    let records = community();
    import(&world, "", false, &records).await;
    let mask = |path: &str| {
        Some(FieldMask {
            paths: vec![path.into()],
        })
    };
    for record in &records {
        match record.clone() {
            Record::Area(area) if area.code == GRID => {
                let request = UpdateAreaRequest {
                    request_id: request_id(),
                    area: Some(Area {
                        name: "新名".into(),
                        ..area
                    }),
                    update_mask: mask("name"),
                };
                world.areas("").update_area(request).await.expect("changed");
            }
            Record::Unit(unit) => {
                let request = UpdateUnitRequest {
                    request_id: request_id(),
                    unit: Some(Unit {
                        name: "新名".into(),
                        ..unit
                    }),
                    update_mask: mask("name"),
                };
                world.units("").update_unit(request).await.expect("changed");
            }
            Record::Appointment(appointment) => {
                let request = EndAppointmentRequest {
                    request_id: request_id(),
                    id: appointment.id,
                    end_date: date(2022, 7, 1),
                    ..EndAppointmentRequest::default()
                };
                world
                    .people("")
                    .end_appointment(request)
                    .await
                    .expect("ended");
            }
            _ => {}
        }
    }
    let events = world.events().await.len();
    let again = import(&world, "", false, &records).await;
    assert_eq!(outcomes(&again), vec![RowOutcome::Unchanged; records.len()]);
    let trial = import(&world, "", true, &records).await;
    assert_eq!(outcomes(&trial), vec![RowOutcome::Valid; records.len()]);
    assert_eq!(world.events().await.len(), events);
    // A row with other content is still a conflict.
    let other = records.into_iter().find_map(|record| match record {
        Record::Unit(unit) => Some(Record::Unit(Unit {
            name: "另一名".into(),
            ..unit
        })),
        _ => None,
    });
    let refused = import(&world, "", false, &[other.expect("a unit")]).await;
    assert_eq!(why(&refused[0]), [("id", "RECORD_EXISTS")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn loaded_records_began_on_their_first_day() {
    let world = World::start().await;
    import(&world, "", false, &community()).await;
    let times: Vec<(String,)> = sqlx::query_as(
        "select distinct to_char(occurred_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from outbox order by 1",
    )
    .fetch_all(&world.database.calls)
    .await
    .expect("the outbox");
    let times: Vec<_> = times.into_iter().map(|(time,)| time).collect();
    assert_eq!(
        times,
        ["2019-12-31 16:00", "2021-02-28 16:00", "2022-07-28 02:00"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_refused_and_its_neighbours_are_loaded() {
    let world = World::with_tree().await;
    let good = |code: &str| {
        Record::Area(Area {
            id: new_id(),
            ..area(code, AreaKind::Grid, COMMUNITY)
        })
    };
    let taken = Record::Address(Address {
        id: new_id(),
        text: "富强新村1幢".into(),
        area_code: GRID.into(),
        ..Address::default()
    });
    let again = Record::Address(Address {
        id: new_id(),
        text: "富强新村　１幢".into(),
        area_code: GRID.into(),
        ..Address::default()
    });
    let records = vec![
        good("320402003005011"),
        Record::Area(area("320402003005012", AreaKind::Grid, COMMUNITY)),
        Record::Area(Area {
            id: "x".into(),
            ..area("320402003005012", AreaKind::Grid, COMMUNITY)
        }),
        Record::Area(Area {
            id: new_id(),
            start_date: date(2022, 2, 30),
            ..area("320402003005012", AreaKind::Grid, COMMUNITY)
        }),
        good("320402003005011"),
        Record::Unit(Unit {
            id: new_id(),
            ..unit("U", UnitKind::Company, "", "320402009")
        }),
        taken,
        again,
        Record::PublishedFigure(figure("a")),
        Record::PublishedFigure(figure("a")),
        Record::Person(Person {
            id: new_id(),
            area_code: GRID.into(),
            ..Person::default()
        }),
        good("320402003005013"),
    ];
    let results = import(&world, "", false, &records).await;
    let expected = [
        (RowOutcome::Imported, vec![]),
        (RowOutcome::Refused, vec![("id", "FIELD_INVALID")]),
        (RowOutcome::Refused, vec![("id", "FIELD_INVALID")]),
        (RowOutcome::Refused, vec![("start_date", "FIELD_INVALID")]),
        (RowOutcome::Refused, vec![("code", "RECORD_EXISTS")]),
        (
            RowOutcome::Refused,
            vec![("area_code", "REFERENCE_UNKNOWN")],
        ),
        (RowOutcome::Imported, vec![]),
        (RowOutcome::Refused, vec![("text", "RECORD_EXISTS")]),
        (RowOutcome::Imported, vec![]),
        (RowOutcome::Refused, vec![("figure_key", "RECORD_EXISTS")]),
        (RowOutcome::Refused, vec![("name", "FIELD_INVALID")]),
        (RowOutcome::Imported, vec![]),
    ];
    for (result, (outcome, violations)) in results.iter().zip(expected) {
        assert_eq!(
            (result.outcome(), why(result)),
            (outcome, violations),
            "row {}",
            result.row_number
        );
        assert_eq!(result.version.is_some(), outcome == RowOutcome::Imported);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_with_other_content_is_refused() {
    let world = World::with_tree().await;
    let first = Area {
        id: new_id(),
        ..area("320402003005011", AreaKind::Grid, COMMUNITY)
    };
    let other = Area {
        name: "别名".into(),
        ..first.clone()
    };
    let results = import(
        &world,
        "",
        false,
        &[Record::Area(first), Record::Area(other)],
    )
    .await;
    assert_eq!(
        outcomes(&results),
        [RowOutcome::Imported, RowOutcome::Refused]
    );
    assert_eq!(why(&results[1]), [("id", "RECORD_EXISTS")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_post_is_refused() {
    let world = World::with_tree().await;
    let person = world.make_person(GRID).await.id;
    let worker = |start| {
        Record::Appointment(Appointment {
            id: new_id(),
            person_id: person.clone(),
            post: Post::FullTimeGridWorker.into(),
            area_code: GRID.into(),
            start_date: start,
            ..Appointment::default()
        })
    };
    let records = [worker(date(2021, 1, 1)), worker(date(2022, 1, 1))];
    for (validate_only, passed) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        assert_eq!(outcomes(&results), [passed, RowOutcome::Refused]);
        assert_eq!(why(&results[1]), [("", "GUARD_FAILED")]);
        assert_eq!(results[1].violations[0].guard(), Guard::PostTaken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_refused_row_are_refused_in_a_dry_run_as_well() {
    let world = World::with_tree().await;
    let start_date = date(2020, 1, 1);
    let estate = Estate {
        id: new_id(),
        name: "和平里".into(),
        area_code: COMMUNITY.into(),
        start_date,
        ..Estate::default()
    };
    let building = || Building {
        id: new_id(),
        estate_id: estate.id.clone(),
        name: "1幢".into(),
        area_code: GRID.into(),
        start_date,
        ..Building::default()
    };
    let household = |building: &Building| Household {
        id: new_id(),
        building_id: building.id.clone(),
        room: "101室".into(),
        start_date,
        ..Household::default()
    };
    // The second building has the name of the first. A household is in between, so that
    // the two are not written together.
    let (first, second) = (building(), building());
    let records = [
        Record::Estate(estate.clone()),
        Record::Building(first.clone()),
        Record::Household(household(&first)),
        Record::Building(second.clone()),
        Record::Household(household(&second)),
    ];
    for (validate_only, passed) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        let refused = RowOutcome::Refused;
        assert_eq!(
            outcomes(&results),
            [passed, passed, passed, refused, refused]
        );
        assert_eq!(why(&results[4]), [("building_id", "REFERENCE_UNKNOWN")]);
    }
}

/// A unit's parent can be in the row before, in one batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_units_is_loaded_from_its_root_down() {
    let world = World::with_tree().await;
    let mut parent_id = String::new();
    let mut units = Vec::new();
    for (level, area_code) in [
        (UnitKind::StreetWorkingCommittee, STREET),
        (UnitKind::CommunityGeneralBranch, COMMUNITY),
        (UnitKind::GridBranch, GRID),
        (UnitKind::BuildingPartyGroup, GRID),
    ] {
        let unit = Unit {
            id: new_id(),
            code: format!("U{}", i32::from(level)),
            kind: level.into(),
            name: "支部".into(),
            parent_id,
            area_code: area_code.into(),
            start_date: date(2020, 1, 1),
            ..Unit::default()
        };
        parent_id = unit.id.clone();
        units.push(unit);
    }
    let records: Vec<_> = units.iter().cloned().map(Record::Unit).collect();
    for (validate_only, outcome) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        assert_eq!(outcomes(&results), [outcome; 4]);
    }
    // The parent of a refused unit is missing, and with it all below it.
    for unit in &mut units {
        (unit.id, unit.code) = (new_id(), format!("{}B", unit.code));
    }
    units[1].parent_id = new_id();
    for below in [2, 3] {
        units[below].parent_id = units[below - 1].id.clone();
    }
    let records: Vec<_> = units.into_iter().map(Record::Unit).collect();
    for (validate_only, outcome) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        let refused = RowOutcome::Refused;
        assert_eq!(outcomes(&results), [outcome, refused, refused, refused]);
        assert_eq!(why(&results[3]), [("parent_id", "REFERENCE_UNKNOWN")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_loads_nothing_and_knows_the_rows_before() {
    let world = World::start().await;
    let mut records = community();
    let results = import(&world, "", true, &records).await;
    assert_eq!(outcomes(&results), vec![RowOutcome::Valid; records.len()]);
    assert!(results.iter().all(|row| row.version.is_none()));
    assert!(world.events().await.is_empty());
    // A duplicate within one stream, then the same code under another id, and a parent that
    // no row creates.
    records.push(records[3].clone());
    records.push(Record::Area(Area {
        id: new_id(),
        ..area(GRID, AreaKind::Grid, COMMUNITY)
    }));
    records.push(Record::Area(Area {
        id: new_id(),
        ..area("320402003006001", AreaKind::Grid, "320402003006")
    }));
    let results = import(&world, "", true, &records).await;
    assert_eq!(results[9].outcome(), RowOutcome::Valid);
    assert_eq!(why(&results[10]), [("code", "RECORD_EXISTS")]);
    assert_eq!(why(&results[11]), [("parent_code", "REFERENCE_UNKNOWN")]);
    // A dry run over imported rows finds them valid, and the conflicting one taken.
    import(&world, "", false, &records).await;
    let results = import(&world, "", true, &records).await;
    assert_eq!(results[3].outcome(), RowOutcome::Valid);
    assert_eq!(why(&results[10]), [("code", "RECORD_EXISTS")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_importer_loads_into_their_own_area_only() {
    let world = World::with_tree().await;
    let records = [
        Record::Area(Area {
            id: new_id(),
            ..area("320403001", AreaKind::Street, FOREIGN)
        }),
        Record::Area(Area {
            id: new_id(),
            ..area("320405", AreaKind::District, "")
        }),
        Record::Person(Person {
            id: new_id(),
            name: "王".into(),
            area_code: FOREIGN.into(),
            ..Person::default()
        }),
        Record::PublishedFigure(PublishedFigure {
            area_code: FOREIGN.into(),
            ..figure("a")
        }),
        Record::Person(Person {
            id: new_id(),
            name: "王".into(),
            area_code: GRID.into(),
            ..Person::default()
        }),
    ];
    for validate_only in [true, false] {
        let results = import(&world, STREET, validate_only, &records).await;
        let reasons: Vec<_> = results.iter().map(why).collect();
        assert_eq!(reasons[0], [("parent_code", "REFERENCE_UNKNOWN")]);
        assert_eq!(reasons[1], [("code", "REFERENCE_UNKNOWN")]);
        assert_eq!(reasons[2], [("area_code", "REFERENCE_UNKNOWN")]);
        assert_eq!(reasons[3], [("area_code", "REFERENCE_UNKNOWN")]);
        assert!(reasons[4].is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_out_of_form_ends() {
    let world = World::with_tree().await;
    let row = rows(&[Record::Area(Area {
        id: new_id(),
        ..area("320402003005011", AreaKind::Grid, COMMUNITY)
    })]);
    let (_, status) = send(&world, "", row.clone()).await;
    assert_eq!(
        refusal(Err::<(), _>(status.expect("no header"))),
        expected("FIELD_INVALID", &["header"])
    );
    let (_, status) = send(&world, "", vec![]).await;
    assert_eq!(
        refusal(Err::<(), _>(status.expect("no header"))),
        expected("FIELD_INVALID", &["header"])
    );
    for (last, field) in [
        (ImportRecordsRequest::default(), "record"),
        (header(false), "header"),
    ] {
        let mut messages = vec![header(true)];
        messages.extend(row.clone());
        messages.push(last);
        let (results, status) = send(&world, "", messages).await;
        // Rows before the error are reported.
        assert_eq!(outcomes(&results), [RowOutcome::Valid]);
        assert_eq!(
            refusal(Err::<(), _>(status.expect("ended"))),
            expected("FIELD_INVALID", &[field])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_answered_while_the_stream_is_open() {
    let world = World::with_tree().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let mut answers = world
        .imports("")
        .import_records(ReceiverStream::new(receiver))
        .await
        .expect("a stream")
        .into_inner();
    sender.send(header(false)).await.expect("sent");
    for number in 11..14 {
        let given = Area {
            id: new_id(),
            ..area(
                &format!("320402003005{number:03}"),
                AreaKind::Grid,
                COMMUNITY,
            )
        };
        sender
            .send(rows(&[Record::Area(given)]).remove(0))
            .await
            .expect("sent");
        let answer = tokio::time::timeout(wangge_testkit::HANG_TIMEOUT, answers.message()).await;
        let answer = answer
            .expect("in time")
            .expect("a message")
            .expect("no end");
        assert_eq!(outcomes(&answer.results), [RowOutcome::Imported]);
    }
    drop(sender);
    assert!(answers.message().await.expect("an end").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_loaded_in_batches_by_several_at_once() {
    let world = World::with_tree().await;
    let people: Vec<_> = (0..1000)
        .map(|_| {
            Record::Person(Person {
                id: new_id(),
                name: "王".into(),
                area_code: GRID.into(),
                ..Person::default()
            })
        })
        .collect();
    // Two importers send the same rows: each row is imported by one of them.
    let (one, two) = tokio::join!(
        import(&world, "", false, &people),
        import(&world, "", false, &people)
    );
    assert_eq!((one.len(), two.len()), (1000, 1000));
    let imported = |results: &[RowResult]| {
        results
            .iter()
            .filter(|row| row.outcome() == RowOutcome::Imported)
            .count()
    };
    assert_eq!(imported(&one) + imported(&two), 1000);
    let known = [RowOutcome::Imported, RowOutcome::Unchanged];
    let strange: Vec<_> = one
        .iter()
        .chain(&two)
        .filter(|row| !known.contains(&row.outcome()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_checked_against_the_contract_one_by_one() {
    let world = World::with_tree().await;
    let good = || Area {
        id: new_id(),
        ..area("320402003005011", AreaKind::Grid, COMMUNITY)
    };
    let records = [
        Record::Area(Area {
            name: "名".repeat(101),
            ..good()
        }),
        Record::Area(Area {
            code: "32x".into(),
            ..good()
        }),
        Record::Area(Area { kind: 99, ..good() }),
        Record::Area(Area {
            start_date: date(1800, 1, 1),
            ..good()
        }),
        Record::PublishedFigure(PublishedFigure {
            value: -1,
            ..figure("a")
        }),
        Record::Area(good()),
    ];
    for (validate_only, passed) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        let fields: Vec<_> = results.iter().map(why).collect();
        assert_eq!(fields[0], [("name", "FIELD_INVALID")]);
        assert_eq!(fields[1], [("code", "FIELD_INVALID")]);
        assert_eq!(fields[2], [("kind", "FIELD_INVALID")]);
        assert_eq!(fields[3], [("start_date.year", "FIELD_INVALID")]);
        assert_eq!(fields[4], [("value", "FIELD_INVALID")]);
        assert_eq!(results[5].outcome(), passed);
    }
}

/// An estate, a building, a household and a resident of it, with two overlapping tags.
fn plain() -> Vec<Record> {
    let (estate_id, building_id) = (new_id(), new_id());
    let (household_id, resident_id) = (new_id(), new_id());
    let tag = |year| {
        Record::NeedTag(NeedTag {
            id: new_id(),
            resident_id: resident_id.clone(),
            kind: NeedKind::Disabled.into(),
            team: NeedTeam::CoreResidents.into(),
            start_date: date(year, 1, 1),
            ..NeedTag::default()
        })
    };
    vec![
        Record::Estate(Estate {
            id: estate_id.clone(),
            name: "和平里".into(),
            area_code: COMMUNITY.into(),
            start_date: date(2020, 1, 1),
            ..Estate::default()
        }),
        Record::Building(Building {
            id: building_id.clone(),
            estate_id,
            name: "1幢".into(),
            area_code: GRID.into(),
            start_date: date(2020, 1, 1),
            ..Building::default()
        }),
        Record::Household(Household {
            id: household_id.clone(),
            building_id,
            room: "1单元101室".into(),
            start_date: date(2020, 1, 1),
            ..Household::default()
        }),
        Record::Resident(Resident {
            id: resident_id.clone(),
            household_id,
            name: "张戊一".into(),
            start_date: date(2020, 3, 1),
            ..Resident::default()
        }),
        tag(2021),
        tag(2022),
    ]
}

#[tokio::test]
async fn plain_records_are_loaded_each_for_itself() {
    use RowOutcome::{Imported, Refused, Unchanged, Valid};
    let world = World::with_tree().await;
    let records = plain();
    let before = world.events().await.len();
    let tried = import(&world, "", true, &records).await;
    let overlap = [Valid, Valid, Valid, Valid, Valid, Refused];
    assert_eq!(outcomes(&tried), overlap);
    assert_eq!(world.events().await.len(), before);
    let loaded = import(&world, "", false, &records).await;
    let expected = [Imported, Imported, Imported, Imported, Imported, Refused];
    assert_eq!(outcomes(&loaded), expected);
    assert_eq!(loaded[5].violations[0].reason, "GUARD_FAILED");
    let events = world.events().await;
    assert_eq!(events.len(), before + 5);
    assert!(
        events[before..]
            .iter()
            .all(|(_, revision, imported)| *revision == 1 && *imported)
    );
    let again = import(&world, "", false, &records).await;
    let expected = [
        Unchanged, Unchanged, Unchanged, Unchanged, Unchanged, Refused,
    ];
    assert_eq!(outcomes(&again), expected);
    assert_eq!(world.events().await.len(), before + 5);
    // Its creation time is the start of its first day.
    let began: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select created_time from resident")
            .fetch_one(&world.database.calls)
            .await
            .unwrap();
    assert_eq!(began.to_rfc3339(), "2020-02-29T16:00:00+00:00");
}

/// Also if the rows are too far apart to be in one batch.
#[tokio::test]
async fn a_trial_finds_what_stands_in_the_way_of_another_row() {
    let world = World::with_tree().await;
    let mut records = plain();
    let last = records.pop().expect("the tag that overlaps");
    let estate = records[0].clone();
    records.extend((0..450).map(|_| match estate.clone() {
        Record::Estate(estate) => Record::Estate(Estate {
            id: new_id(),
            ..estate
        }),
        other => other,
    }));
    records.push(last);
    let mut changed = estate;
    if let Record::Estate(estate) = &mut changed {
        estate.name = "别的名字".into();
    }
    records.push(changed);
    let tried = import(&world, "", true, &records).await;
    let refused: Vec<_> = tried
        .iter()
        .filter(|result| result.outcome() == RowOutcome::Refused)
        .map(|result| (result.row_number, result.violations[0].reason.as_str()))
        .collect();
    assert_eq!(refused, [(456, "GUARD_FAILED"), (457, "RECORD_EXISTS")]);
}

#[tokio::test]
async fn a_plain_row_is_refused_where_it_is_wrong() {
    let world = World::with_tree().await;
    let mut records = plain();
    import(&world, "", false, &records[..2]).await;
    if let Record::Estate(estate) = &mut records[0] {
        estate.name = "别的名字".into();
    }
    if let Record::Building(building) = &mut records[1] {
        building.id = String::new();
    }
    if let Record::Household(household) = &mut records[2] {
        household.building_id = new_id();
        household.room = "号".repeat(51);
    }
    let violations = |results: Vec<RowResult>| -> Vec<(String, String)> {
        let all = results.into_iter().flat_map(|result| result.violations);
        all.map(|violation| (violation.field, violation.reason))
            .collect()
    };
    let told = violations(import(&world, "", false, &records[..4]).await);
    let expected = [
        ("id", "RECORD_EXISTS"),
        ("id", "FIELD_INVALID"),
        ("room", "FIELD_INVALID"),
        ("household_id", "REFERENCE_UNKNOWN"),
    ];
    let expected = expected.map(|(field, reason)| (field.to_owned(), reason.to_owned()));
    assert_eq!(told, expected);
}

/// As in an import, which finds them in the database.
#[tokio::test]
async fn a_trial_knows_the_days_of_areas_of_its_own_rows() {
    let new = "320402003009";
    let estate = |start_date| {
        Record::Estate(Estate {
            id: new_id(),
            name: "和平里".into(),
            area_code: new.into(),
            start_date,
            ..Estate::default()
        })
    };
    let records = [
        Record::Area(Area {
            id: new_id(),
            ..area(new, AreaKind::Community, STREET)
        }),
        estate(date(2022, 1, 1)),
        estate(date(2019, 1, 1)),
    ];
    let world = World::with_tree().await;
    for (validate_only, passed) in [(true, RowOutcome::Valid), (false, RowOutcome::Imported)] {
        let results = import(&world, "", validate_only, &records).await;
        assert_eq!(outcomes(&results[..2]), [passed; 2]);
        assert_eq!(
            why(&results[2]),
            [("area_code", "GUARD_FAILED")],
            "{validate_only}"
        );
    }
}

/// In one batch, in successive batches, and against stored records.
#[tokio::test]
async fn a_second_building_of_a_name_is_refused_in_trial_and_load() {
    use RowOutcome::{Imported, Refused, Unchanged, Valid};
    let world = World::with_tree().await;
    let records = plain();
    let (mut buildings, mut households) = (Vec::new(), Vec::new());
    for record in &records {
        match record {
            Record::Building(building) => buildings.push(building.clone()),
            Record::Household(household) => households.push(household.clone()),
            _ => {}
        }
    }
    let building = Record::Building(Building {
        id: new_id(),
        ..buildings[0].clone()
    });
    households[0].start_date = date(2021, 6, 1);
    let household = Record::Household(Household {
        id: new_id(),
        ..households[0].clone()
    });
    let estate = records[0].clone();
    let of_old = Record::Household(Household {
        id: new_id(),
        start_date: date(2020, 1, 1),
        end_date: households[0].start_date,
        ..households[0].clone()
    });
    let rows = [
        estate,
        Record::Building(buildings[0].clone()),
        building.clone(),
        Record::Household(households[0].clone()),
        household.clone(),
        of_old,
        building,
        household,
    ];
    let tried = import(&world, "", true, &rows).await;
    let fits = |good| [good, good, Refused, good, Refused, good, Refused, Refused];
    assert_eq!(outcomes(&tried), fits(Valid), "{tried:?}");
    for good in [Imported, Unchanged] {
        let loaded = import(&world, "", false, &rows).await;
        assert_eq!(outcomes(&loaded), fits(good), "{loaded:?}");
        assert_eq!(why(&loaded[2]), why(&tried[2]));
    }
}
