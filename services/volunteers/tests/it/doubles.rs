//! Duplicate entries: names at a station, and matches of a need with a resource.

use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    errors::v1::Guard,
    policy::Role,
    types::v1::{Date, RowOutcome},
    volunteers::v1::{
        CatalogueItem, CreateCatalogueItemRequest, CreateFunctionalAreaRequest,
        CreateNeedMatchRequest, CreateNeedRequest, CreateResourceRequest, EndCatalogueItemRequest,
        FunctionalArea, Need, NeedMatch, PriceKind, Resource, ServiceKind,
        UpdateCatalogueItemRequest, UpdateFunctionalAreaRequest, import_records_request::Record,
        project_service_client::ProjectServiceClient, station_service_client::StationServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_testkit::{channel, precondition, token};

use crate::{
    Bench, COMMUNITY, UNIT, date,
    plain::{import, make_station, outcomes, station, stations},
    request_id,
};

fn item(station: &str, name: &str, start_date: Option<Date>) -> CatalogueItem {
    CatalogueItem {
        station_id: station.into(),
        name: name.into(),
        price_kind: PriceKind::Free.into(),
        start_date,
        ..CatalogueItem::default()
    }
}

async fn make_item(
    client: &mut StationServiceClient<ServiceChannel>,
    item: CatalogueItem,
) -> Result<CatalogueItem, Status> {
    let request = CreateCatalogueItemRequest {
        request_id: request_id(),
        catalogue_item: Some(item),
    };
    Ok(client.create_catalogue_item(request).await?.into_inner())
}

fn assert_guard<T: std::fmt::Debug>(answer: Result<T, Status>, guard: &str) {
    let status = answer.expect_err("refused");
    assert_eq!(precondition(&status).as_deref(), Some(guard), "{status:?}");
}

fn mask(path: &str) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: vec![path.into()],
    })
}

#[tokio::test]
async fn a_station_offers_an_item_of_a_name_once_at_a_time() {
    let bench = Bench::start().await;
    let (here, other) = (make_station(&bench).await.id, make_station(&bench).await.id);
    let mut client = stations(&bench);
    let since = |day| item(&here, "助浴", day);
    // Concurrent creations: only one may succeed.
    let entering = (0..8).map(|_| {
        let mut client = client.clone();
        let item = since(date(2021, 6, 1));
        async move { make_item(&mut client, item).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) = futures::future::join_all(entering)
        .await
        .into_iter()
        .partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for refused in refused {
        assert_guard(refused, "NAME_TAKEN");
    }
    let first = made.into_iter().flatten().next().expect("one");
    assert_guard(
        make_item(&mut client, since(date(2022, 1, 1))).await,
        "NAME_TAKEN",
    );
    let elsewhere = item(&other, "助浴", date(2021, 6, 1));
    make_item(&mut client, elsewhere).await.expect("elsewhere");

    // Items whose days don't overlap may have the same name.
    let end = EndCatalogueItemRequest {
        correction_reason: String::new(),
        request_id: request_id(),
        id: first.id.clone(),
        end_date: date(2022, 1, 1),
        etag: first.etag,
    };
    client.end_catalogue_item(end).await.expect("ended");
    make_item(&mut client, since(date(2022, 1, 1)))
        .await
        .expect("behind it");
    let before = CatalogueItem {
        end_date: date(2021, 6, 1),
        ..since(date(2021, 3, 1))
    };
    make_item(&mut client, before).await.expect("before it");

    // A rename is checked like a creation.
    let meals = item(&here, "助餐", date(2022, 1, 1));
    let meals = make_item(&mut client, meals).await.expect("another");
    let mut rename = async |name: &str| {
        let request = UpdateCatalogueItemRequest {
            request_id: request_id(),
            catalogue_item: Some(CatalogueItem {
                id: meals.id.clone(),
                name: name.into(),
                ..CatalogueItem::default()
            }),
            update_mask: mask("name"),
        };
        client.update_catalogue_item(request).await
    };
    assert_guard(rename("助浴").await, "NAME_TAKEN");
    rename("上门助餐").await.expect("a name of its own");
}

#[tokio::test]
async fn functional_areas_that_were_entered_twice_can_still_be_changed() {
    let bench = Bench::start().await;
    let here = make_station(&bench).await.id;
    let mut client = stations(&bench);
    let area = |name: &str| CreateFunctionalAreaRequest {
        request_id: request_id(),
        functional_area: Some(FunctionalArea {
            station_id: here.clone(),
            name: name.into(),
            capacity: 8,
            start_date: date(2021, 6, 1),
            ..FunctionalArea::default()
        }),
    };
    let made = client.create_functional_area(area("多功能厅")).await;
    made.expect("made");
    let again = client.create_functional_area(area("多功能厅")).await;
    assert_guard(again, "NAME_TAKEN");
    // A duplicate from before the rule.
    let made = client.create_functional_area(area("日间照料室")).await;
    let double = made.expect("made").into_inner();
    sqlx::query("update functional_area set name = '多功能厅' where id = $1")
        .bind(Uuid::parse_str(&double.id).expect("an id"))
        .execute(&bench.database.background)
        .await
        .expect("renamed");
    let request = UpdateFunctionalAreaRequest {
        request_id: request_id(),
        functional_area: Some(FunctionalArea {
            id: double.id,
            capacity: 12,
            ..FunctionalArea::default()
        }),
        update_mask: mask("capacity"),
    };
    let changed = client.update_functional_area(request).await;
    assert_eq!(changed.expect("changed").into_inner().capacity, 12);
}

#[tokio::test]
async fn a_need_is_matched_with_a_resource_once() {
    let bench = Bench::start().await;
    let token = token(&[Role::Staff], Some(COMMUNITY), None);
    let mut client = ProjectServiceClient::new(channel(&bench.url, &token));
    let need = CreateNeedRequest {
        request_id: request_id(),
        need: Some(Need {
            title: "楼道照明".into(),
            kind: ServiceKind::Repair.into(),
            area_code: COMMUNITY.into(),
            start_date: date(2021, 6, 1),
            ..Need::default()
        }),
    };
    let need = client.create_need(need).await.expect("a need").into_inner();
    let mut resources = Vec::new();
    for _ in 0..2 {
        let resource = CreateResourceRequest {
            request_id: request_id(),
            resource: Some(Resource {
                title: "电工".into(),
                kind: ServiceKind::Repair.into(),
                unit_id: UNIT.to_string(),
                area_code: COMMUNITY.into(),
                start_date: date(2021, 6, 1),
                ..Resource::default()
            }),
        };
        let made = client.create_resource(resource).await.expect("a resource");
        resources.push(made.into_inner().id);
    }
    let mut bring_together = async |resource: &str| {
        let request = CreateNeedMatchRequest {
            request_id: request_id(),
            need_match: Some(NeedMatch {
                need_id: need.id.clone(),
                resource_id: resource.into(),
                reason: "专业对口".into(),
                match_date: date(2022, 1, 1),
                ..NeedMatch::default()
            }),
        };
        client.create_need_match(request).await
    };
    bring_together(&resources[0]).await.expect("matched");
    assert_guard(bring_together(&resources[0]).await, "MATCHED_ALREADY");
    bring_together(&resources[1]).await.expect("matched");
}

#[tokio::test]
async fn doubles_in_a_load_are_refused_when_it_is_tried_and_when_it_is_loaded() {
    use RowOutcome::{Imported, Refused, Unchanged, Valid};
    let bench = Bench::start().await;
    let id = || Uuid::now_v7().to_string();
    let (station_id, need_id, resource_id) = (id(), id(), id());
    let start_date = date(2021, 6, 1);
    let station = wangge_api::volunteers::v1::Station {
        id: station_id.clone(),
        ..station()
    };
    let offered = || CatalogueItem {
        id: id(),
        ..item(&station_id, "助浴", start_date)
    };
    let room = || FunctionalArea {
        id: id(),
        station_id: station_id.clone(),
        name: "多功能厅".into(),
        capacity: 8,
        start_date,
        ..FunctionalArea::default()
    };
    let matched = || NeedMatch {
        id: id(),
        need_id: need_id.clone(),
        resource_id: resource_id.clone(),
        reason: "专业对口".into(),
        match_date: date(2022, 1, 1),
        ..NeedMatch::default()
    };
    let mut records = vec![
        Record::Station(station),
        Record::CatalogueItem(offered()),
        Record::CatalogueItem(offered()),
        Record::FunctionalArea(room()),
        Record::Need(Need {
            id: need_id.clone(),
            title: "楼道照明".into(),
            kind: ServiceKind::Repair.into(),
            area_code: COMMUNITY.into(),
            start_date,
            ..Need::default()
        }),
        Record::Resource(Resource {
            id: resource_id.clone(),
            title: "电工".into(),
            kind: ServiceKind::Repair.into(),
            unit_id: UNIT.to_string(),
            area_code: COMMUNITY.into(),
            start_date,
            ..Resource::default()
        }),
        Record::NeedMatch(matched()),
        Record::NeedMatch(matched()),
        // In another batch than the first of its kind.
        Record::FunctionalArea(room()),
    ];
    let doubles = [2, 7, 8];
    for (validate_only, good) in [(true, Valid), (false, Imported), (false, Unchanged)] {
        let results = import(&bench, validate_only, records.clone()).await;
        let expected = |number| {
            if doubles.contains(&number) {
                Refused
            } else {
                good
            }
        };
        assert_eq!(
            outcomes(&results),
            (0..records.len()).map(expected).collect::<Vec<_>>()
        );
        for number in doubles {
            assert_eq!(results[number].violations[0].reason, "GUARD_FAILED");
        }
    }
    // A dry run is checked against imported records, too.
    records = vec![Record::CatalogueItem(offered())];
    let tried = import(&bench, true, records).await;
    assert_eq!(outcomes(&tried), [Refused]);
    assert_eq!(tried[0].violations[0].guard(), Guard::NameTaken);
}
