//! Volunteers, teams and posts; stations and what they offer: refusals, concurrency and
//! imports.

use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    types::v1::{ImportHeader, RowOutcome, RowResult},
    volunteers::v1::{
        CatalogueItem, CreateCatalogueItemRequest, CreateFunctionalAreaRequest,
        CreatePostHolderRequest, CreateProviderContractRequest, CreateServicePostRequest,
        CreateStationRequest, CreateSubsidyEntryRequest, CreateTeamMemberRequest,
        CreateTeamRequest, CreateVolunteerRequest, EndTeamMemberRequest, FunctionalArea,
        ImportRecordsRequest, ListCatalogueItemsRequest, PostHolder, PriceKind, ProviderContract,
        ServicePost, ServiceRecord, Station, StationKind, StationVisit, StationVisitKind,
        StationVisitor, SubsidyEntry, Team, TeamKind, TeamMember, Training, Volunteer,
        import_records_request::Record, station_service_client::StationServiceClient,
        volunteer_service_client::VolunteerServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_testkit::{channel, fields, precondition, reason, token};

use crate::{Bench, COMMUNITY, GRID, NEIGHBOUR, NOWHERE, UNIT, area, date, request_id};

fn volunteers(bench: &Bench) -> VolunteerServiceClient<ServiceChannel> {
    let token = token(&[Role::Staff], Some(COMMUNITY), None);
    VolunteerServiceClient::new(channel(&bench.url, &token))
}

pub(crate) fn stations(bench: &Bench) -> StationServiceClient<ServiceChannel> {
    let token = token(&[Role::Staff], Some(COMMUNITY), None);
    StationServiceClient::new(channel(&bench.url, &token))
}

fn told(status: &Status) -> (String, Vec<String>) {
    (reason(status), fields(status))
}

fn expected(reason: &str, fields: &[&str]) -> (String, Vec<String>) {
    let fields = fields.iter().map(|field| (*field).to_owned());
    (reason.to_owned(), fields.collect())
}

fn volunteer() -> Volunteer {
    Volunteer {
        name: "李己一".into(),
        skills: vec!["理发".into(), "测血压".into()],
        area_code: COMMUNITY.into(),
        start_date: date(2021, 1, 1),
        ..Volunteer::default()
    }
}

fn team() -> Team {
    Team {
        name: "红马甲".into(),
        kind: TeamKind::RedVests.into(),
        area_code: COMMUNITY.into(),
        start_date: date(2021, 1, 1),
        ..Team::default()
    }
}

pub(crate) fn station() -> Station {
    Station {
        name: "居家养老站".into(),
        kind: StationKind::HomeCare.into(),
        area_code: COMMUNITY.into(),
        start_date: date(2021, 1, 1),
        ..Station::default()
    }
}

async fn make_volunteer(bench: &Bench, volunteer: Volunteer) -> Result<Volunteer, Status> {
    let request = CreateVolunteerRequest {
        request_id: request_id(),
        volunteer: Some(volunteer),
    };
    let answer = volunteers(bench).create_volunteer(request).await?;
    Ok(answer.into_inner())
}

async fn make_team(bench: &Bench) -> Team {
    let request = CreateTeamRequest {
        request_id: request_id(),
        team: Some(team()),
    };
    let answer = volunteers(bench).create_team(request).await;
    answer.expect("a team").into_inner()
}

pub(crate) async fn make_station(bench: &Bench) -> Station {
    let request = CreateStationRequest {
        request_id: request_id(),
        station: Some(station()),
    };
    let answer = stations(bench).create_station(request).await;
    answer.expect("a station").into_inner()
}

#[tokio::test]
async fn a_volunteer_is_in_a_team_once_at_a_time() {
    let bench = Bench::start().await;
    let volunteer = make_volunteer(&bench, volunteer()).await.expect("made");
    assert_eq!(volunteer.skills, ["理发", "测血压"]);
    let team = make_team(&bench).await;
    let member = |start_date| CreateTeamMemberRequest {
        request_id: request_id(),
        team_member: Some(TeamMember {
            team_id: team.id.clone(),
            volunteer_id: volunteer.id.clone(),
            start_date,
            ..TeamMember::default()
        }),
    };
    let client = volunteers(&bench);
    let joins = (0..12).map(|_| {
        let (mut client, request) = (client.clone(), member(date(2022, 1, 1)));
        async move { client.create_team_member(request).await }
    });
    let (joined, refused): (Vec<_>, Vec<_>) = futures::future::join_all(joins)
        .await
        .into_iter()
        .partition(Result::is_ok);
    assert_eq!(joined.len(), 1);
    for refusal in refused {
        let status = refusal.expect_err("refused");
        assert_eq!(precondition(&status).as_deref(), Some("MEMBER_ALREADY"));
    }
    let first = joined.into_iter().flatten().next().expect("one");
    let first = first.into_inner();
    assert_eq!(first.area_code, COMMUNITY);
    let mut client = client;
    let end = |end_date, correction_reason: &str| EndTeamMemberRequest {
        request_id: request_id(),
        id: first.id.clone(),
        end_date,
        etag: String::new(),
        correction_reason: correction_reason.to_owned(),
    };
    let ended = EndTeamMemberRequest {
        etag: first.etag.clone(),
        ..end(date(2022, 6, 1), "")
    };
    client.end_team_member(ended).await.expect("ended");
    let later = client.end_team_member(end(date(2022, 7, 1), "")).await;
    let later = later.expect_err("a day that stands");
    assert_eq!(told(&later), expected("STATE_CONFLICT", &[]));
    let open = client.end_team_member(end(None, "误录")).await;
    let open = open.expect("taken back").into_inner();
    assert_eq!((open.end_date, open.revision), (None, 3));
    client
        .end_team_member(end(date(2022, 6, 1), ""))
        .await
        .expect("ended again");
    let again = client.create_team_member(member(date(2022, 6, 1))).await;
    again.expect("a member again");
    let open = client.end_team_member(end(None, "误录")).await;
    let open = open.expect_err("a member since");
    assert_eq!(precondition(&open).as_deref(), Some("MEMBER_ALREADY"));
}

#[tokio::test]
async fn a_post_is_held_once_at_a_time_and_by_somebody_who_is_there() {
    let bench = Bench::start().await;
    let mut client = volunteers(&bench);
    let post = |planned_count| CreateServicePostRequest {
        request_id: request_id(),
        service_post: Some(ServicePost {
            name: "楼道巡查岗".into(),
            planned_count,
            area_code: COMMUNITY.into(),
            start_date: date(2021, 1, 1),
            ..ServicePost::default()
        }),
    };
    let none = client.create_service_post(post(0)).await.unwrap_err();
    let field = "service_post.planned_count";
    assert_eq!(told(&none), expected("FIELD_INVALID", &[field]));
    let post = client.create_service_post(post(2)).await;
    let post = post.expect("a post").into_inner();
    let volunteer = make_volunteer(&bench, volunteer()).await.expect("made");
    let holder = |volunteer_id: &str| CreatePostHolderRequest {
        request_id: request_id(),
        post_holder: Some(PostHolder {
            service_post_id: post.id.clone(),
            volunteer_id: volunteer_id.into(),
            start_date: date(2022, 1, 1),
            ..PostHolder::default()
        }),
    };
    client
        .create_post_holder(holder(&volunteer.id))
        .await
        .expect("held");
    let again = client.create_post_holder(holder(&volunteer.id)).await;
    assert_eq!(
        precondition(&again.unwrap_err()).as_deref(),
        Some("HELD_ALREADY")
    );
    let nobody = Uuid::now_v7().to_string();
    let nobody = client
        .create_post_holder(holder(&nobody))
        .await
        .unwrap_err();
    let field = "post_holder.volunteer_id";
    assert_eq!(told(&nobody), expected("REFERENCE_UNKNOWN", &[field]));
}

#[tokio::test]
async fn a_volunteer_is_of_a_community_and_can_do_something_or_nothing() {
    let bench = Bench::start().await;
    let in_grid = Volunteer {
        area_code: GRID.into(),
        ..volunteer()
    };
    let refused = make_volunteer(&bench, in_grid).await.unwrap_err();
    let field = "volunteer.area_code";
    assert_eq!(told(&refused), expected("FIELD_INVALID", &[field]));
    let blank = Volunteer {
        skills: vec!["理发".into(), " ".into()],
        ..volunteer()
    };
    let refused = make_volunteer(&bench, blank).await.unwrap_err();
    assert_eq!(
        told(&refused),
        expected("FIELD_INVALID", &["volunteer.skills[1]"])
    );
    let unskilled = Volunteer {
        skills: Vec::new(),
        ..volunteer()
    };
    make_volunteer(&bench, unskilled).await.expect("made");
    let elsewhere = Volunteer {
        area_code: NEIGHBOUR.into(),
        ..volunteer()
    };
    let refused = make_volunteer(&bench, elsewhere).await.unwrap_err();
    assert_eq!(told(&refused), expected("REFERENCE_UNKNOWN", &[field]));
}

#[tokio::test]
async fn prices_and_capacities_make_sense() {
    let bench = Bench::start().await;
    let station = make_station(&bench).await;
    let mut client = stations(&bench);
    let item = |price_kind: PriceKind, price_fen| CreateCatalogueItemRequest {
        request_id: request_id(),
        catalogue_item: Some(CatalogueItem {
            station_id: station.id.clone(),
            name: format!("助浴{price_fen}"),
            price_kind: price_kind.into(),
            price_fen,
            start_date: date(2022, 1, 1),
            ..CatalogueItem::default()
        }),
    };
    for (kind, fen) in [
        (PriceKind::Free, 1),
        (PriceKind::AtCost, 0),
        (PriceKind::Priced, -5),
    ] {
        let refused = client.create_catalogue_item(item(kind, fen)).await;
        let (reason, fields) = told(&refused.unwrap_err());
        assert_eq!(reason, "FIELD_INVALID", "{kind:?} {fen}");
        assert!(
            fields
                .iter()
                .all(|field| field == "catalogue_item.price_fen")
        );
    }
    for (kind, fen) in [(PriceKind::Free, 0), (PriceKind::AtCost, 1_500)] {
        let made = client.create_catalogue_item(item(kind, fen)).await;
        assert_eq!(made.expect("made").into_inner().price_fen, fen);
    }
    let listed = ListCatalogueItemsRequest {
        station_id: station.id.clone(),
        ..ListCatalogueItemsRequest::default()
    };
    let listed = client.list_catalogue_items(listed).await.expect("a page");
    let prices = listed.into_inner().catalogue_items;
    let prices: Vec<i64> = prices.iter().map(|item| item.price_fen).collect();
    assert_eq!(prices, [1_500, 0]);
    let nobody_fits = CreateFunctionalAreaRequest {
        request_id: request_id(),
        functional_area: Some(FunctionalArea {
            station_id: station.id.clone(),
            name: "日间照料室".into(),
            start_date: date(2022, 1, 1),
            ..FunctionalArea::default()
        }),
    };
    let refused = client
        .create_functional_area(nobody_fits)
        .await
        .unwrap_err();
    let field = "functional_area.capacity";
    assert_eq!(told(&refused), expected("FIELD_INVALID", &[field]));
    let nothing = CreateSubsidyEntryRequest {
        request_id: request_id(),
        subsidy_entry: Some(SubsidyEntry {
            station_id: station.id,
            entry_date: date(2022, 1, 1),
            purpose: "设备".into(),
            ..SubsidyEntry::default()
        }),
    };
    let refused = client.create_subsidy_entry(nothing).await.unwrap_err();
    let field = "subsidy_entry.amount_fen";
    assert_eq!(told(&refused), expected("FIELD_INVALID", &[field]));
}

#[tokio::test]
async fn a_contract_names_a_unit_from_anywhere() {
    let bench = Bench::start().await;
    let contract = |unit: Uuid| CreateProviderContractRequest {
        request_id: request_id(),
        provider_contract: Some(ProviderContract {
            unit_id: unit.to_string(),
            subject: "居家养老服务".into(),
            amount_fen: 100_000,
            area_code: COMMUNITY.into(),
            start_date: date(2022, 1, 1),
            ..ProviderContract::default()
        }),
    };
    let mut client = stations(&bench);
    client
        .create_provider_contract(contract(UNIT))
        .await
        .expect("made");
    let unknown = client
        .create_provider_contract(contract(Uuid::now_v7()))
        .await;
    let field = "provider_contract.unit_id";
    assert_eq!(
        told(&unknown.unwrap_err()),
        expected("REFERENCE_UNKNOWN", &[field])
    );
}

pub(crate) async fn import(
    bench: &Bench,
    validate_only: bool,
    records: Vec<Record>,
) -> Vec<RowResult> {
    let header = ImportRecordsRequest {
        header: Some(ImportHeader {
            validate_only,
            ..Default::default()
        }),
        ..ImportRecordsRequest::default()
    };
    let rows = (1..)
        .zip(records)
        .map(|(row_number, record)| ImportRecordsRequest {
            row_number,
            record: Some(record),
            ..ImportRecordsRequest::default()
        });
    let messages: Vec<_> = std::iter::once(header).chain(rows).collect();
    let mut importer = bench.importer();
    let stream = importer
        .import_records(futures::stream::iter(messages))
        .await;
    let mut stream = stream.expect("a stream").into_inner();
    let mut results = Vec::new();
    while let Some(message) = stream.message().await.expect("results") {
        results.extend(message.results);
    }
    results
}

pub(crate) fn outcomes(results: &[RowResult]) -> Vec<RowOutcome> {
    results.iter().map(RowResult::outcome).collect()
}

fn team_with_member() -> Vec<Record> {
    let id = || Uuid::now_v7().to_string();
    let (team_id, volunteer_id) = (id(), id());
    vec![
        Record::Team(Team {
            id: team_id.clone(),
            ..team()
        }),
        Record::Volunteer(Volunteer {
            id: volunteer_id.clone(),
            ..volunteer()
        }),
        Record::TeamMember(TeamMember {
            id: id(),
            team_id,
            volunteer_id,
            start_date: date(2022, 1, 1),
            ..TeamMember::default()
        }),
    ]
}

#[tokio::test]
async fn a_trial_takes_what_other_services_keep_as_given() {
    use RowOutcome::{Refused, Valid};
    let bench = Bench::start_empty(NOWHERE).await;
    let mut records = team_with_member();
    assert_eq!(
        outcomes(&import(&bench, true, records.clone()).await),
        [Valid; 3]
    );
    // Invalid rows, and rows that name unknown records of this service, are refused.
    if let Record::TeamMember(member) = &mut records[2] {
        member.volunteer_id = Uuid::now_v7().to_string();
    }
    if let Record::Volunteer(volunteer) = &mut records[1] {
        volunteer.name.clear();
    }
    let tried = import(&bench, true, records).await;
    assert_eq!(outcomes(&tried), [Valid, Refused, Refused]);
    assert_eq!(tried[1].violations[0].field, "name");
    assert_eq!(tried[2].violations[0].field, "volunteer_id");
    assert_eq!(bench.events(0).await, []);
}

#[tokio::test]
async fn a_load_waits_for_what_the_feed_is_to_bring() {
    use RowOutcome::{Imported, Refused, Unchanged};
    let bench = Bench::start_empty(NOWHERE).await;
    let records = team_with_member();
    let arrives = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        bench.apply(area(Uuid::now_v7(), COMMUNITY, 3, 1)).await;
    };
    let (loaded, ()) = tokio::join!(import(&bench, false, records.clone()), arrives);
    assert_eq!(outcomes(&loaded), [Imported; 3]);
    bench.events(3).await;
    let mut records = records;
    if let Record::Team(team) = &mut records[0] {
        team.name = "别的名字".into();
    }
    let again = import(&bench, false, records).await;
    assert_eq!(outcomes(&again), [Refused, Unchanged, Unchanged]);
    assert_eq!(again[0].violations[0].reason, "RECORD_EXISTS");
    bench.events(3).await;
}

/// The bench's clock is at 10:00 on 28 July: no imported row may be later.
#[tokio::test]
async fn nothing_of_the_future_is_loaded() {
    let bench = Bench::start().await;
    let id = || Uuid::now_v7().to_string();
    let (today, tomorrow) = (date(2022, 7, 28), date(2022, 7, 29));
    let time = |text: &str| {
        let time: chrono::DateTime<chrono::Utc> = text.parse().expect("a time");
        Some(wangge_api::date::timestamp(time))
    };
    let (past, noon) = (time("2022-07-27T04:00:00Z"), time("2022-07-28T04:00:00Z"));
    let (station_id, volunteer_id) = (id(), id());
    let training = |training_date| {
        Record::Training(Training {
            id: id(),
            volunteer_id: volunteer_id.clone(),
            subject: "急救".into(),
            training_date,
            minutes: 60,
            ..Training::default()
        })
    };
    let entry = |entry_date| {
        Record::SubsidyEntry(SubsidyEntry {
            id: id(),
            station_id: station_id.clone(),
            amount_fen: 100,
            entry_date,
            purpose: "设备".into(),
            ..SubsidyEntry::default()
        })
    };
    let served = |served_time| {
        Record::ServiceRecord(ServiceRecord {
            id: id(),
            station_id: station_id.clone(),
            resident_id: id(),
            served_time,
            create_time: past,
            ..ServiceRecord::default()
        })
    };
    let visited = |visit_time| {
        Record::StationVisit(StationVisit {
            id: id(),
            station_id: station_id.clone(),
            kind: StationVisitKind::Rest.into(),
            visitor: StationVisitor::Courier.into(),
            visit_time,
            ..StationVisit::default()
        })
    };
    let cases = [
        (training(tomorrow), training(today), "training_date"),
        (entry(tomorrow), entry(today), "entry_date"),
        (served(noon), served(past), "served_time"),
        (visited(noon), visited(past), "visit_time"),
    ];
    for validate_only in [true, false] {
        let mut rows = vec![
            Record::Station(Station {
                id: station_id.clone(),
                ..station()
            }),
            Record::Volunteer(Volunteer {
                id: volunteer_id.clone(),
                ..volunteer()
            }),
        ];
        for (future, past, _) in &cases {
            rows.extend([future.clone(), past.clone()]);
        }
        let results = import(&bench, validate_only, rows).await;
        for (pair, (.., field)) in results[2..].chunks(2).zip(&cases) {
            assert_eq!(pair[0].outcome(), RowOutcome::Refused, "{field}");
            let named = &pair[0].violations[0];
            assert_eq!(
                (named.field.as_str(), named.reason.as_str()),
                (*field, "FIELD_INVALID")
            );
            assert_ne!(pair[1].outcome(), RowOutcome::Refused, "{:?}", pair[1]);
        }
    }
}
