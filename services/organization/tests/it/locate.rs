//! Lookup of the grid that contains a point or an address.

use prost_types::FieldMask;
use tonic::Status;
use wangge_api::{
    organization::v1::{
        Address, Area, AreaKind, CreateAddressRequest, LocateAreaRequest, UpdateAreaRequest,
    },
    types::v1::{CoordinateSystem, Point},
};
use wangge_places::coordinates::wgs84_to_gcj02;

use crate::support::*;

const INSIDE: (f64, f64) = (119.975, 31.785);

async fn locate(
    world: &World,
    scope: &str,
    request: LocateAreaRequest,
) -> Result<Vec<String>, Status> {
    let answer = world.areas(scope).locate_area(request).await?.into_inner();
    Ok(answer.areas.into_iter().map(|area| area.code).collect())
}

fn at((longitude, latitude): (f64, f64), system: CoordinateSystem) -> LocateAreaRequest {
    let point = Point {
        longitude,
        latitude,
        coordinate_system: system.into(),
    };
    LocateAreaRequest {
        point: Some(point),
        ..LocateAreaRequest::default()
    }
}

fn words(address: &str) -> LocateAreaRequest {
    LocateAreaRequest {
        address: address.into(),
        ..LocateAreaRequest::default()
    }
}

async fn change(world: &World, area: Area, path: &str) {
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(area),
        update_mask: Some(FieldMask {
            paths: vec![path.into()],
        }),
    };
    world.areas("").update_area(request).await.expect("changed");
}

async fn bound(world: &World, code: &str, west: f64) {
    let boundary_geojson = square(west, 31.78);
    let area = Area {
        code: code.into(),
        boundary_geojson,
        ..Area::default()
    };
    change(world, area, "boundary_geojson").await;
}

async fn enter(world: &World, text: &str, area: &str) {
    let address = Address {
        text: text.into(),
        area_code: area.into(),
        ..Address::default()
    };
    let request = CreateAddressRequest {
        request_id: request_id(),
        address: Some(address),
    };
    world
        .areas("")
        .create_address(request)
        .await
        .expect("entered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_is_found_in_each_coordinate_system() {
    let world = World::with_tree().await;
    let nowhere = refusal(locate(&world, "", at(INSIDE, CoordinateSystem::Wgs84)).await);
    assert_eq!(nowhere, expected("RECORD_NOT_FOUND", &[]));
    bound(&world, GRID, 119.97).await;
    bound(&world, OTHER_GRID, 119.98).await;
    let chain = [DISTRICT, STREET, COMMUNITY, GRID];
    for (point, system) in [
        (INSIDE, CoordinateSystem::Wgs84),
        (INSIDE, CoordinateSystem::Cgcs2000),
        (wgs84_to_gcj02(INSIDE), CoordinateSystem::Gcj02),
    ] {
        assert_eq!(
            locate(&world, "", at(point, system)).await.expect("found"),
            chain
        );
    }
    // With the wrong coordinate system, the point is in another grid or in none.
    let moved = locate(
        &world,
        "",
        at(wgs84_to_gcj02((119.9785, 31.785)), CoordinateSystem::Wgs84),
    );
    assert_eq!(
        moved.await.expect("found").last().map(String::as_str),
        Some(OTHER_GRID)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_entry_decides() {
    let world = World::with_tree().await;
    enter(&world, "富强新村", GRID).await;
    let found = locate(&world, "", words("富强新村12幢3单元402室"))
        .await
        .expect("found");
    assert_eq!(found, [DISTRICT, STREET, COMMUNITY, GRID]);
    // The index is rebuilt when this process changes a place.
    enter(&world, "富强新村12幢", OTHER_GRID).await;
    let found = locate(&world, "", words("富强新村　１２幢3单元"))
        .await
        .expect("found");
    assert_eq!(found.last().map(String::as_str), Some(OTHER_GRID));
    // An entry of an area that is no grid leads to no result.
    enter(&world, "富强新村13幢", COMMUNITY).await;
    let refused = refusal(locate(&world, "", words("富强新村13幢1单元")).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
    let refused = refusal(locate(&world, "", words("别处")).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grid_is_found_in_scope_only_with_all_above_it() {
    let world = World::with_tree().await;
    bound(&world, GRID, 119.97).await;
    let request = at(INSIDE, CoordinateSystem::Wgs84);
    for scope in [DISTRICT, COMMUNITY, GRID] {
        let found = locate(&world, scope, request.clone()).await.expect("found");
        assert_eq!(found, [DISTRICT, STREET, COMMUNITY, GRID], "{scope}");
    }
    for scope in [FOREIGN, OTHER_GRID] {
        let refused = refusal(locate(&world, scope, request.clone()).await);
        assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]), "{scope}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grids_come_and_go_with_their_days() {
    let world = World::with_tree().await;
    bound(&world, GRID, 119.97).await;
    let request = at(INSIDE, CoordinateSystem::Wgs84);
    // The day of the 28th ends at 16:00 UTC, midnight in Shanghai.
    let ended = Area {
        code: GRID.into(),
        end_date: date(2022, 7, 29),
        ..Area::default()
    };
    change(&world, ended, "end_date").await;
    let next = Area {
        start_date: date(2022, 7, 29),
        boundary_geojson: square(119.97, 31.78),
        ..area("320402003005003", AreaKind::Grid, COMMUNITY)
    };
    world.make_area(next).await.expect("made");
    let found = locate(&world, "", request.clone()).await.expect("found");
    assert_eq!(found.last().map(String::as_str), Some(GRID));
    world.clock.advance(chrono::Duration::hours(14));
    let found = locate(&world, "", request).await.expect("found");
    assert_eq!(found.last().map(String::as_str), Some("320402003005003"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_learns_of_a_change() {
    let world = World::with_tree().await;
    let replica = World::on(world.database.clone()).await;
    let request = at(INSIDE, CoordinateSystem::Wgs84);
    refusal(locate(&replica, "", request.clone()).await);
    bound(&world, GRID, 119.97).await;
    let found =
        wangge_testkit::eventually(async || locate(&replica, "", request.clone()).await.ok());
    assert_eq!(found.await, [DISTRICT, STREET, COMMUNITY, GRID]);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_place_is_given() {
    let world = World::with_tree().await;
    let both = LocateAreaRequest {
        address: "富强新村".into(),
        ..at(INSIDE, CoordinateSystem::Wgs84)
    };
    for request in [
        LocateAreaRequest::default(),
        both,
        at(INSIDE, CoordinateSystem::Unspecified),
    ] {
        let (reason, _) = refusal(locate(&world, "", request).await);
        assert_eq!(reason, "FIELD_INVALID");
    }
}
