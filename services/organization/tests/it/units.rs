//! Units: create, get, list and update.

use prost_types::FieldMask;
use tonic::Status;
use wangge_api::organization::v1::{
    CreateUnitRequest, GetUnitRequest, ListUnitsRequest, Unit, UnitKind, UpdateUnitRequest,
};

use crate::support::*;

async fn update(world: &World, scope: &str, unit: Unit, paths: &[&str]) -> Result<Unit, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateUnitRequest {
        request_id: request_id(),
        unit: Some(unit),
        update_mask: Some(FieldMask { paths }),
    };
    world
        .units(scope)
        .update_unit(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn list(world: &World, scope: &str, mut request: ListUnitsRequest) -> Vec<String> {
    let mut codes = Vec::new();
    loop {
        let page = world
            .units(scope)
            .list_units(request.clone())
            .await
            .expect("a page")
            .into_inner();
        codes.extend(page.units.into_iter().map(|unit| unit.code));
        if page.next_page_token.is_empty() {
            return codes;
        }
        request.page_token = page.next_page_token;
    }
}

/// Creates the five Party levels; returns them from the top.
async fn party(world: &World) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (code, kind, area) in [
        ("P1", UnitKind::StreetWorkingCommittee, STREET),
        ("P2", UnitKind::CommunityGeneralBranch, COMMUNITY),
        ("P3", UnitKind::GridBranch, GRID),
        ("P4", UnitKind::BuildingPartyGroup, GRID),
        ("P5", UnitKind::CentreHousehold, GRID),
    ] {
        let parent = units.last().map(|unit| unit.id.clone()).unwrap_or_default();
        units.push(
            world
                .make_unit(unit(code, kind, &parent, area))
                .await
                .expect("made"),
        );
    }
    units
}

#[tokio::test(flavor = "multi_thread")]
async fn the_party_has_five_levels() {
    let world = World::with_tree().await;
    let units = party(&world).await;
    for made in &units {
        let request = GetUnitRequest {
            id: made.id.clone(),
        };
        let read = world
            .units("")
            .get_unit(request)
            .await
            .expect("read")
            .into_inner();
        assert_eq!(&read, made);
    }
    let skipped = unit("X", UnitKind::GridBranch, &units[0].id, GRID);
    assert_eq!(
        refusal(world.make_unit(skipped).await),
        expected("FIELD_INVALID", &["unit.parent_id"])
    );
    let topped = unit("X", UnitKind::StreetWorkingCommittee, &units[0].id, STREET);
    assert_eq!(
        refusal(world.make_unit(topped).await),
        expected("FIELD_INVALID", &["unit.parent_id"])
    );
    let department = unit(
        "TN-URBAN-MANAGEMENT",
        UnitKind::Department,
        &units[1].id,
        STREET,
    );
    world
        .make_unit(department)
        .await
        .expect("a department hangs anywhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_unit_is_refused() {
    let world = World::with_tree().await;
    let fields = [
        "unit.code",
        "unit.kind",
        "unit.name",
        "unit.area_code",
        "unit.start_date",
    ];
    let refused = refusal(world.make_unit(Unit::default()).await);
    assert_eq!(refused, expected("FIELD_INVALID", &fields));
    world
        .make_unit(unit("A", UnitKind::Company, "", COMMUNITY))
        .await
        .expect("made");
    for (given, reason, field) in [
        (
            unit("A", UnitKind::Company, "", COMMUNITY),
            "RECORD_EXISTS",
            "unit.code",
        ),
        (
            unit("B", UnitKind::Company, "", "320402009"),
            "REFERENCE_UNKNOWN",
            "unit.area_code",
        ),
        (
            unit("B", UnitKind::Company, &new_id(), COMMUNITY),
            "REFERENCE_UNKNOWN",
            "unit.parent_id",
        ),
        (
            Unit {
                end_date: date(2019, 1, 1),
                ..unit("B", UnitKind::Company, "", COMMUNITY)
            },
            "FIELD_INVALID",
            "unit.end_date",
        ),
    ] {
        assert_eq!(
            refusal(world.make_unit(given).await),
            expected(reason, &[field])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_one_effect() {
    let world = World::with_tree().await;
    let request = CreateUnitRequest {
        request_id: request_id(),
        unit: Some(unit("A", UnitKind::Company, "", COMMUNITY)),
    };
    let mut client = world.units("");
    let first = client
        .create_unit(request.clone())
        .await
        .expect("made")
        .into_inner();
    let second = client
        .create_unit(request.clone())
        .await
        .expect("again")
        .into_inner();
    assert_eq!(first, second);
    let other = CreateUnitRequest {
        unit: Some(unit("B", UnitKind::Company, "", COMMUNITY)),
        ..request
    };
    let refused = refusal(client.create_unit(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_field_changes_and_no_other() {
    let world = World::with_tree().await;
    let made = world
        .make_unit(unit("A", UnitKind::Company, "", COMMUNITY))
        .await
        .expect("made");
    let change = Unit {
        name: "新名".into(),
        end_date: date(2023, 1, 1),
        ..made.clone()
    };
    let renamed = update(&world, "", change.clone(), &["name"])
        .await
        .expect("renamed");
    assert_eq!(
        (renamed.name.as_str(), &renamed.end_date, renamed.revision),
        ("新名", &None, 2)
    );
    let refused = refusal(update(&world, "", change.clone(), &["name"]).await);
    assert_eq!(refused, expected("ETAG_MISMATCH", &[]));
    let dissolved = Unit {
        etag: renamed.etag,
        ..change
    };
    let dissolved = update(&world, "", dissolved, &["end_date"])
        .await
        .expect("dissolved");
    assert_eq!(
        (dissolved.end_date, dissolved.revision),
        (date(2023, 1, 1), 3)
    );
    for (given, path, field) in [
        (made.clone(), "code", "update_mask"),
        (
            Unit {
                name: String::new(),
                etag: String::new(),
                ..made.clone()
            },
            "name",
            "unit.name",
        ),
        (
            Unit {
                end_date: date(2019, 1, 1),
                etag: String::new(),
                ..made.clone()
            },
            "end_date",
            "unit.end_date",
        ),
        (Unit::default(), "end_date", "unit.id"),
    ] {
        let refused = refusal(update(&world, "", given, &[path]).await);
        assert_eq!(refused, expected("FIELD_INVALID", &[field]));
    }
    let missing = Unit {
        id: new_id(),
        name: "x".into(),
        ..Unit::default()
    };
    let refused = refusal(update(&world, "", missing, &["name"]).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_elsewhere_is_not_there() {
    let world = World::with_tree().await;
    let foreign = world
        .make_unit(unit("F", UnitKind::Company, "", FOREIGN))
        .await
        .expect("made");
    let request = GetUnitRequest {
        id: foreign.id.clone(),
    };
    let refused = refusal(world.units(DISTRICT).get_unit(request).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
    let change = Unit {
        name: "x".into(),
        ..foreign.clone()
    };
    let refused = refusal(update(&world, DISTRICT, change, &["name"]).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
    for (given, field) in [
        (unit("G", UnitKind::Company, "", FOREIGN), "unit.area_code"),
        (
            unit("G", UnitKind::Company, &foreign.id, STREET),
            "unit.parent_id",
        ),
    ] {
        let request = CreateUnitRequest {
            request_id: request_id(),
            unit: Some(given),
        };
        let refused = refusal(world.units(DISTRICT).create_unit(request).await);
        assert_eq!(refused, expected("REFERENCE_UNKNOWN", &[field]));
    }
    assert!(
        list(&world, DISTRICT, ListUnitsRequest::default())
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_whole_and_in_order() {
    let world = World::with_tree().await;
    party(&world).await;
    world
        .make_unit(unit("F", UnitKind::Company, "", FOREIGN))
        .await
        .expect("made");
    let all = ["F", "P1", "P2", "P3", "P4", "P5"];
    for page_size in [0, 1, 2, 5, 6] {
        let request = ListUnitsRequest {
            page_size,
            ..ListUnitsRequest::default()
        };
        assert_eq!(list(&world, "", request).await, all, "{page_size}");
    }
    let within = ListUnitsRequest {
        within_code: GRID.into(),
        page_size: 2,
        ..ListUnitsRequest::default()
    };
    assert_eq!(list(&world, STREET, within).await, ["P3", "P4", "P5"]);
    let kind = ListUnitsRequest {
        kind: UnitKind::GridBranch.into(),
        ..ListUnitsRequest::default()
    };
    assert_eq!(list(&world, "", kind).await, ["P3"]);
    let request = ListUnitsRequest {
        page_size: 1,
        ..ListUnitsRequest::default()
    };
    let page = world
        .units("")
        .list_units(request)
        .await
        .expect("a page")
        .into_inner();
    let other = ListUnitsRequest {
        page_token: page.next_page_token,
        kind: 1,
        ..ListUnitsRequest::default()
    };
    let refused = refusal(world.units("").list_units(other).await);
    assert_eq!(refused, expected("PAGE_TOKEN_INVALID", &["page_token"]));
}
