//! Rules between areas of the tree: codes that don't clash, and boundaries that don't
//! overlap areas of others.

use prost_types::FieldMask;
use tokio::task::JoinSet;
use tonic::Status;
use wangge_api::{
    organization::v1::{
        Address, Area, AreaKind, CreateAddressRequest, CreateAreaRequest, GetAreaRequest,
        LocateAreaRequest, LocateAreaResponse, UpdateAreaRequest, import_records_request::Record,
    },
    types::v1::{CoordinateSystem, Point, RowOutcome},
};

use crate::{
    imports::{import, outcomes, why},
    support::*,
};

const OTHER_COMMUNITY: &str = "320402003006";

async fn make(world: &World, scope: &str, area: Area) -> Result<Area, Status> {
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: Some(area),
    };
    let made = world.areas(scope).create_area(request).await?;
    Ok(made.into_inner())
}

async fn bound(world: &World, scope: &str, code: &str, boundary: String) -> Result<Area, Status> {
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: code.into(),
            boundary_geojson: boundary,
            ..Area::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["boundary_geojson".into()],
        }),
    };
    let changed = world.areas(scope).update_area(request).await?;
    Ok(changed.into_inner())
}

async fn enter(world: &World, scope: &str, text: &str, area: &str) -> Result<Address, Status> {
    let request = CreateAddressRequest {
        request_id: request_id(),
        address: Some(Address {
            text: text.into(),
            area_code: area.into(),
            ..Address::default()
        }),
    };
    let entered = world.areas(scope).create_address(request).await?;
    Ok(entered.into_inner())
}

async fn locate(
    world: &World,
    scope: &str,
    (longitude, latitude): (f64, f64),
) -> Result<LocateAreaResponse, Status> {
    let request = LocateAreaRequest {
        point: Some(Point {
            longitude,
            latitude,
            coordinate_system: CoordinateSystem::Wgs84.into(),
        }),
        ..LocateAreaRequest::default()
    };
    Ok(world.areas(scope).locate_area(request).await?.into_inner())
}

fn codes(found: LocateAreaResponse) -> (Vec<String>, Vec<String>) {
    let areas = found.areas.into_iter().map(|area| area.code).collect();
    (areas, found.boundary_case_codes)
}

fn bounded(area: Area, west: f64) -> Area {
    Area {
        boundary_geojson: square(west, 31.78),
        ..area
    }
}

/// A rectangle of more than half a degree, which contains everything.
fn wide() -> String {
    r#"{"type":"Polygon","coordinates":[[[119.5,31.5],[120.5,31.5],[120.5,32.0],[119.5,32.0],[119.5,31.5]]]}"#.into()
}

fn clash() -> (String, Vec<String>) {
    expected("FIELD_INVALID", &["area.code"])
}

fn misbounded() -> (String, Vec<String>) {
    expected("FIELD_INVALID", &["area.boundary_geojson"])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_begins_with_that_of_an_area_in_which_it_does_not_lie() {
    let world = World::with_tree().await;
    // Created after the shorter one, and before it.
    let longer = area("3204020031", AreaKind::Street, DISTRICT);
    assert_eq!(refusal(make(&world, "", longer).await), clash());
    let longer = area("3204020030050010", AreaKind::Grid, COMMUNITY);
    assert_eq!(refusal(make(&world, COMMUNITY, longer).await), clash());
    let apart = area("3204020041", AreaKind::Street, DISTRICT);
    make(&world, "", apart).await.expect("made");
    let shorter = area("320402004", AreaKind::Street, DISTRICT);
    assert_eq!(refusal(make(&world, "", shorter).await), clash());
    // A grid of one street, and a community of another.
    let grid = area("320402003005100", AreaKind::Grid, COMMUNITY);
    make(&world, "", grid).await.expect("made");
    let inside = area("3204020030051", AreaKind::Community, STREET);
    assert_eq!(refusal(make(&world, "", inside).await), clash());
    // A duplicate of the code itself is reported differently.
    let again = area(STREET, AreaKind::Street, DISTRICT);
    let exists = expected("RECORD_EXISTS", &["area.code"]);
    assert_eq!(refusal(make(&world, "", again).await), exists);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_clashing_codes_entered_at_once_one_is_made() {
    let world = World::with_tree().await;
    for round in 10..30 {
        let mut callers = JoinSet::new();
        let short = format!("3204020{round}");
        for code in [short.clone(), format!("{short}1"), format!("{short}12")] {
            let mut client = world.areas("");
            let request = CreateAreaRequest {
                request_id: request_id(),
                area: Some(area(&code, AreaKind::Street, DISTRICT)),
            };
            callers.spawn(async move { client.create_area(request).await });
        }
        let made = callers.join_all().await;
        let made = made.iter().filter(|made| made.is_ok()).count();
        assert_eq!(made, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_and_a_trial_know_clashing_codes_in_one_batch_and_over_batches() {
    let pair = |id: u8| {
        let areas = [
            area("320402", AreaKind::District, ""),
            area("320402003", AreaKind::Street, "320402"),
            area("3204020031", AreaKind::Street, "320402"),
            area("32040200", AreaKind::Street, "320402"),
        ];
        let areas = areas.into_iter().zip(1..).map(move |(area, number)| Area {
            id: format!("01890000-0000-7000-8000-0000000000{id}{number}"),
            ..area
        });
        areas.map(Record::Area).collect::<Vec<_>>()
    };
    use RowOutcome::{Imported, Refused, Valid};
    for (validate_only, right) in [(true, Valid), (false, Imported)] {
        let world = World::start().await;
        let results = import(&world, "", validate_only, &pair(1)).await;
        assert_eq!(outcomes(&results), [right, right, Refused, Refused]);
        assert_eq!(why(&results[2]), [("code", "FIELD_INVALID")]);
    }
    // One batch per row: areas of earlier batches are known.
    let world = World::start().await;
    for (record, outcome) in pair(2)
        .into_iter()
        .zip([Imported, Imported, Refused, Refused])
    {
        let results = import(&world, "", false, &[record]).await;
        assert_eq!(outcomes(&results), [outcome]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_lies_within_that_of_the_nearest_area_around() {
    let world = World::with_tree().await;
    let city = Area {
        boundary_geojson: wide(),
        ..area("32040200300500100000001", AreaKind::Grid, COMMUNITY)
    };
    // No area around has a boundary yet: only the claims of other areas limit it.
    bound(&world, "", STREET, square(119.97, 31.78))
        .await
        .expect("bound");
    assert_eq!(refusal(make(&world, COMMUNITY, city).await), clash());
    let city = Area {
        boundary_geojson: wide(),
        ..area("320402003005900000001", AreaKind::Grid, COMMUNITY)
    };
    assert_eq!(refusal(make(&world, COMMUNITY, city).await), misbounded());
    assert_eq!(
        refusal(bound(&world, COMMUNITY, GRID, wide()).await),
        misbounded()
    );
    assert_eq!(
        refusal(bound(&world, COMMUNITY, COMMUNITY, wide()).await),
        misbounded()
    );
    // Some metres are tolerated for rounding.
    bound(&world, COMMUNITY, COMMUNITY, square(119.97, 31.780_03))
        .await
        .expect("bound");
    bound(&world, COMMUNITY, GRID, square(119.97, 31.78))
        .await
        .expect("bound");
    let aside = bounded(area("320402003005003", AreaKind::Grid, COMMUNITY), 119.98);
    assert_eq!(refusal(make(&world, COMMUNITY, aside).await), misbounded());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_set_later_or_shrunk_holds_what_lies_in_the_area() {
    let world = World::with_tree().await;
    bound(&world, "", GRID, square(119.97, 31.78))
        .await
        .expect("bound");
    for code in [COMMUNITY, DISTRICT] {
        let refused = refusal(bound(&world, "", code, square(119.98, 31.78)).await);
        assert_eq!(refused, misbounded(), "{code}");
        bound(&world, "", code, wide()).await.expect("bound");
    }
    let refused = refusal(bound(&world, "", COMMUNITY, square(119.98, 31.78)).await);
    assert_eq!(refused, misbounded());
    // An area that has ended no longer restricts boundaries.
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: GRID.into(),
            end_date: date(2022, 7, 28),
            ..Area::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["end_date".into()],
        }),
    };
    world.areas("").update_area(request).await.expect("ended");
    bound(&world, "", COMMUNITY, square(119.98, 31.78))
        .await
        .expect("bound");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_parent_that_shrinks_and_a_child_that_grows_at_once_one_is_refused() {
    let world = World::with_tree().await;
    for _ in 0..10 {
        bound(&world, "", COMMUNITY, wide()).await.expect("bound");
        bound(&world, "", GRID, square(119.97, 31.78))
            .await
            .expect("bound");
        let (shrunk, moved) = tokio::join!(
            bound(&world, "", COMMUNITY, square(119.97, 31.78)),
            bound(&world, "", GRID, square(119.99, 31.78)),
        );
        assert_eq!(
            [shrunk, moved].iter().filter(|done| done.is_ok()).count(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_and_a_trial_refuse_a_boundary_beyond_the_parents() {
    let rows = || {
        let areas = [
            area("320402", AreaKind::District, ""),
            bounded(area("320402003", AreaKind::Street, "320402"), 119.97),
            area("320402003005", AreaKind::Community, "320402003"),
            bounded(
                area("320402003005001", AreaKind::Grid, "320402003005"),
                119.97,
            ),
            bounded(
                area("320402003005002", AreaKind::Grid, "320402003005"),
                119.98,
            ),
        ];
        let areas = areas.into_iter().map(|area| Area {
            id: new_id(),
            ..area
        });
        areas.map(Record::Area).collect::<Vec<_>>()
    };
    for validate_only in [true, false] {
        let world = World::start().await;
        let results = import(&world, "", validate_only, &rows()).await;
        let refused: Vec<_> = results.iter().filter(|row| !why(row).is_empty()).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(why(refused[0]), [("boundary_geojson", "FIELD_INVALID")]);
        assert_eq!(refused[0].row_number, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_boundary_is_refused_once_wherever_it_comes_in() {
    let world = World::with_tree().await;
    let bow_tie = r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}"#;
    let open = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#;
    let hole = r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[8,8],[9,8],[9,9],[8,8]]]}"#;
    let off = r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[1,999],[2,2],[1,1]]]}"#;
    for (boundary, said) in [
        (bow_tie, "crosses"),
        (open, "closed"),
        (hole, "hole"),
        (off, "out of range"),
    ] {
        assert_eq!(
            refusal(bound(&world, "", GRID, boundary.into()).await),
            misbounded()
        );
        let wrong = Area {
            boundary_geojson: boundary.into(),
            ..area("320402003007", AreaKind::Community, STREET)
        };
        assert_eq!(refusal(make(&world, "", wrong.clone()).await), misbounded());
        // A dry run reports the fault once, and not for each row that refers to the area.
        let inside = area("320402003007001", AreaKind::Grid, "320402003007");
        let rows = [wrong, inside].map(|area| {
            Record::Area(Area {
                id: new_id(),
                ..area
            })
        });
        let results = import(&world, "", true, &rows).await;
        assert_eq!(why(&results[0]), [("boundary_geojson", "FIELD_INVALID")]);
        let [violation] = results[0].violations.as_slice() else {
            panic!("told once");
        };
        assert!(violation.description.contains(said), "{violation:?}");
        assert_eq!(outcomes(&results)[1], RowOutcome::Valid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_kept_before_it_was_checked_hinders_no_other_change() {
    let world = World::with_tree().await;
    let bow_tie = r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}"#;
    sqlx::query("update area set boundary_geojson = $1 where code = $2")
        .bind(bow_tie)
        .bind(GRID)
        .execute(&world.database.calls)
        .await
        .expect("kept");
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: GRID.into(),
            name: "新名".into(),
            ..Area::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["name".into()],
        }),
    };
    world.areas("").update_area(request).await.expect("renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_two_communities_claim_is_a_boundary_case() {
    let world = World::with_tree().await;
    make(
        &world,
        "",
        area(OTHER_COMMUNITY, AreaKind::Community, STREET),
    )
    .await
    .expect("made");
    let theirs = bounded(
        area("320402003006001", AreaKind::Grid, OTHER_COMMUNITY),
        119.97,
    );
    make(&world, OTHER_COMMUNITY, theirs).await.expect("made");
    bound(&world, COMMUNITY, GRID, square(119.97, 31.78))
        .await
        .expect("bound");
    let point = (119.975, 31.785);
    let (areas, claims) = codes(locate(&world, DISTRICT, point).await.expect("found"));
    assert_eq!(areas, [DISTRICT, STREET]);
    assert_eq!(claims, [GRID, "320402003006001"]);
    // A caller that names the community gets its grids.
    let (areas, claims) = codes(locate(&world, COMMUNITY, point).await.expect("found"));
    assert_eq!(areas, [DISTRICT, STREET, COMMUNITY, GRID]);
    assert!(claims.is_empty());
    let request = GetAreaRequest { code: GRID.into() };
    world
        .areas(COMMUNITY)
        .get_area(request)
        .await
        .expect("in scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_on_a_side_lies_in_its_grid() {
    let world = World::with_tree().await;
    let corners =
        "[119.9702,31.7803],[119.9751,31.78],[119.975,31.7849],[119.97,31.7851],[119.9702,31.7803]";
    let grid = format!(r#"{{"type":"Polygon","coordinates":[[{corners}]]}}"#);
    bound(&world, "", GRID, grid).await.expect("bound");
    let (areas, _) = codes(
        locate(&world, "", (119.972_65, 31.780_15))
            .await
            .expect("found"),
    );
    assert_eq!(areas.last().map(String::as_str), Some(GRID));
    let nowhere = refusal(locate(&world, "", (119.972_65, 31.7801)).await);
    assert_eq!(nowhere, expected("RECORD_NOT_FOUND", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_name_one_area_in_each_community() {
    let world = World::with_tree().await;
    make(
        &world,
        "",
        area(OTHER_COMMUNITY, AreaKind::Community, STREET),
    )
    .await
    .expect("made");
    enter(&world, COMMUNITY, "人民路1号", GRID)
        .await
        .expect("entered");
    let twice = enter(&world, COMMUNITY, "人民路１号", OTHER_GRID).await;
    assert_eq!(refusal(twice), expected("RECORD_EXISTS", &["address.text"]));
    let twice = enter(&world, COMMUNITY, "人民路１号", COMMUNITY).await;
    assert_eq!(refusal(twice), expected("RECORD_EXISTS", &["address.text"]));
    enter(&world, OTHER_COMMUNITY, "人民路1号", OTHER_COMMUNITY)
        .await
        .expect("entered");
    // In a dry run and in an import as well.
    let row = |area_code: &str| {
        Record::Address(Address {
            id: new_id(),
            text: "和平里1幢".into(),
            area_code: area_code.into(),
            ..Address::default()
        })
    };
    use RowOutcome::{Imported, Refused, Valid};
    for (validate_only, right) in [(true, Valid), (false, Imported)] {
        let rows = [row(GRID), row(OTHER_GRID), row(OTHER_COMMUNITY)];
        let results = import(&world, "", validate_only, &rows).await;
        assert_eq!(outcomes(&results), [right, Refused, right]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_entered_at_once_in_one_community_are_kept_once() {
    let world = World::with_tree().await;
    for round in 0..10 {
        let text = format!("富强新村{round}幢");
        let (one, other) = tokio::join!(
            enter(&world, "", &text, GRID),
            enter(&world, "", &text, OTHER_GRID),
        );
        assert_eq!([one, other].iter().filter(|done| done.is_ok()).count(), 1);
    }
}
