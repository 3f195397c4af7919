//! Areas: create, get, list and update.

use prost_types::FieldMask;
use tonic::Status;
use wangge_api::organization::v1::{
    Area, AreaKind, CreateAreaRequest, GetAreaRequest, ListAreasRequest, UpdateAreaRequest,
};

use crate::support::*;

async fn update(world: &World, scope: &str, area: Area, paths: &[&str]) -> Result<Area, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(area),
        update_mask: Some(FieldMask { paths }),
    };
    world
        .areas(scope)
        .update_area(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn list(world: &World, scope: &str, mut request: ListAreasRequest) -> Vec<String> {
    let mut codes = Vec::new();
    loop {
        let page = world
            .areas(scope)
            .list_areas(request.clone())
            .await
            .expect("a page")
            .into_inner();
        codes.extend(page.areas.into_iter().map(|area| area.code));
        if page.next_page_token.is_empty() {
            return codes;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_is_made_and_read() {
    let world = World::with_tree().await;
    let id = new_id();
    let given = Area {
        id: id.clone(),
        boundary_geojson: square(119.97, 31.78),
        end_date: date(2030, 1, 1),
        ..area("320402003005003", AreaKind::Grid, COMMUNITY)
    };
    let made = world.make_area(given.clone()).await.expect("made");
    assert_eq!((made.id.as_str(), made.revision), (id.as_str(), 1));
    assert!(!made.etag.is_empty() && made.create_time.is_some());
    let request = GetAreaRequest {
        code: made.code.clone(),
    };
    let read = world
        .areas(COMMUNITY)
        .get_area(request)
        .await
        .expect("read")
        .into_inner();
    assert_eq!(read, made);
    assert_eq!(
        Area {
            revision: 1,
            etag: made.etag.clone(),
            create_time: made.create_time,
            update_time: made.create_time,
            ..given
        },
        read
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_missing_is_named() {
    let world = World::with_tree().await;
    let fields = ["area.code", "area.kind", "area.name", "area.start_date"];
    let refused = refusal(world.make_area(Area::default()).await);
    assert_eq!(refused, expected("FIELD_INVALID", &fields));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_must_fit_the_tree() {
    let world = World::with_tree().await;
    for (given, reason, field) in [
        (
            area("320402999001", AreaKind::Community, "320402999"),
            "REFERENCE_UNKNOWN",
            "area.parent_code",
        ),
        (
            area("320402003009", AreaKind::Grid, STREET),
            "FIELD_INVALID",
            "area.kind",
        ),
        (
            area("320402004", AreaKind::Street, ""),
            "FIELD_INVALID",
            "area.parent_code",
        ),
        (
            area("320404003", AreaKind::Street, DISTRICT),
            "FIELD_INVALID",
            "area.code",
        ),
        (
            area("3204021", AreaKind::District, ""),
            "FIELD_INVALID",
            "area.code",
        ),
        (
            area(STREET, AreaKind::Street, DISTRICT),
            "RECORD_EXISTS",
            "area.code",
        ),
        (
            Area {
                boundary_geojson: r#"{"type":"Point","coordinates":[0,0]}"#.into(),
                ..area("320402004", AreaKind::Street, DISTRICT)
            },
            "FIELD_INVALID",
            "area.boundary_geojson",
        ),
        (
            Area {
                end_date: date(2020, 1, 1),
                ..area("320402004", AreaKind::Street, DISTRICT)
            },
            "FIELD_INVALID",
            "area.end_date",
        ),
        (
            Area {
                start_date: date(2022, 2, 30),
                ..area("320402004", AreaKind::Street, DISTRICT)
            },
            "FIELD_INVALID",
            "area.start_date",
        ),
    ] {
        let code = given.code.clone();
        assert_eq!(
            refusal(world.make_area(given).await),
            expected(reason, &[field]),
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_never_used_again() {
    let world = World::with_tree().await;
    let ended = Area {
        code: GRID.into(),
        end_date: date(2021, 1, 1),
        ..Area::default()
    };
    update(&world, "", ended, &["end_date"])
        .await
        .expect("ended");
    let again = world.make_area(area(GRID, AreaKind::Grid, COMMUNITY)).await;
    assert_eq!(refusal(again), expected("RECORD_EXISTS", &["area.code"]));
    let id = new_id();
    let first = Area {
        id: id.clone(),
        ..area("320402004", AreaKind::Street, DISTRICT)
    };
    world.make_area(first).await.expect("made");
    let second = Area {
        id,
        ..area("320402005", AreaKind::Street, DISTRICT)
    };
    assert_eq!(
        refusal(world.make_area(second).await),
        expected("RECORD_EXISTS", &["area.id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_duplicates_have_one_effect() {
    let world = World::with_tree().await;
    let before = world.events().await.len();
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: Some(area("320402004", AreaKind::Street, DISTRICT)),
    };
    let calls = (0..100).map(|_| {
        let (mut client, request) = (world.areas(""), request.clone());
        async move { client.create_area(request).await }
    });
    let answers = futures::future::join_all(calls).await;
    let ids: std::collections::HashSet<_> = answers
        .into_iter()
        .map(|answer| answer.expect("answered").into_inner().id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.events().await.len(), before + 1);
    let other = CreateAreaRequest {
        area: Some(area("320402005", AreaKind::Street, DISTRICT)),
        ..request
    };
    let refused = refusal(world.areas("").create_area(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_field_changes_and_no_other() {
    let world = World::with_tree().await;
    let change = Area {
        code: GRID.into(),
        name: "新名".into(),
        boundary_geojson: square(119.97, 31.78),
        end_date: date(2023, 1, 1),
        ..Area::default()
    };
    let renamed = update(&world, "", change.clone(), &["name"])
        .await
        .expect("renamed");
    assert_eq!((renamed.name.as_str(), renamed.revision), ("新名", 2));
    assert_eq!(
        (renamed.boundary_geojson.as_str(), &renamed.end_date),
        ("", &None)
    );
    let whole = update(
        &world,
        "",
        change.clone(),
        &["boundary_geojson", "end_date"],
    )
    .await;
    let whole = whole.expect("changed");
    assert_eq!(
        (whole.boundary_geojson, whole.end_date),
        (change.boundary_geojson, change.end_date)
    );
    let reopened = Area {
        code: GRID.into(),
        ..Area::default()
    };
    let reopened = update(&world, "", reopened, &["end_date"])
        .await
        .expect("reopened");
    assert_eq!((reopened.end_date, reopened.revision), (None, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_change_is_refused() {
    let world = World::with_tree().await;
    let grid = || Area {
        code: GRID.into(),
        ..Area::default()
    };
    for (given, paths, reason, field) in [
        (grid(), vec!["code"], "FIELD_INVALID", "update_mask"),
        (
            Area {
                name: "第五网格".into(),
                ..grid()
            },
            vec!["name", "nonsense"],
            "FIELD_INVALID",
            "update_mask",
        ),
        (grid(), vec![], "FIELD_INVALID", "update_mask"),
        (grid(), vec!["name"], "FIELD_INVALID", "area.name"),
        (
            Area::default(),
            vec!["end_date"],
            "FIELD_INVALID",
            "area.code",
        ),
        (
            Area {
                boundary_geojson: "x".into(),
                ..grid()
            },
            vec!["boundary_geojson"],
            "FIELD_INVALID",
            "area.boundary_geojson",
        ),
        (
            Area {
                end_date: date(2019, 1, 1),
                ..grid()
            },
            vec!["end_date"],
            "FIELD_INVALID",
            "area.end_date",
        ),
    ] {
        let refused = refusal(update(&world, "", given, &paths).await);
        assert_eq!(refused, expected(reason, &[field]), "{paths:?}");
    }
    let missing = Area {
        code: "320402003005009".into(),
        name: "x".into(),
        ..Area::default()
    };
    let refused = refusal(update(&world, "", missing, &["name"]).await);
    assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_knows_what_was_read() {
    let world = World::with_tree().await;
    let request = GetAreaRequest { code: GRID.into() };
    let read = world
        .areas("")
        .get_area(request)
        .await
        .expect("read")
        .into_inner();
    let first = Area {
        name: "一".into(),
        ..read.clone()
    };
    update(&world, "", first, &["name"])
        .await
        .expect("the tag is right");
    let second = Area {
        name: "二".into(),
        ..read
    };
    let refused = refusal(update(&world, "", second, &["name"]).await);
    assert_eq!(refused, expected("ETAG_MISMATCH", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_change_has_one_effect() {
    let world = World::with_tree().await;
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: GRID.into(),
            name: "新".into(),
            ..Area::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["name".into()],
        }),
    };
    let calls = (0..20).map(|_| {
        let (mut client, request) = (world.areas(""), request.clone());
        async move { client.update_area(request).await }
    });
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.expect("answered").into_inner().revision, 2);
    }
    let other = UpdateAreaRequest {
        area: Some(Area {
            code: GRID.into(),
            name: "旧".into(),
            ..Area::default()
        }),
        ..request
    };
    let refused = refusal(world.areas("").update_area(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_elsewhere_is_not_there() {
    let world = World::with_tree().await;
    for code in [FOREIGN, "320402003005009"] {
        let request = GetAreaRequest { code: code.into() };
        let refused = refusal(world.areas(STREET).get_area(request).await);
        assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]), "{code}");
    }
    // The areas around the scope are visible, but can't be changed.
    let request = GetAreaRequest {
        code: DISTRICT.into(),
    };
    let around = world.areas(STREET).get_area(request).await;
    assert_eq!(around.expect("in sight").into_inner().code, DISTRICT);
    for code in [FOREIGN, DISTRICT] {
        let change = Area {
            code: code.into(),
            name: "x".into(),
            ..Area::default()
        };
        let refused = refusal(update(&world, STREET, change, &["name"]).await);
        assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]), "{code}");
    }
    for (given, field) in [
        (
            area("320403001", AreaKind::Street, FOREIGN),
            "area.parent_code",
        ),
        (area("320405", AreaKind::District, ""), "area.code"),
    ] {
        let request = CreateAreaRequest {
            request_id: request_id(),
            area: Some(given),
        };
        let refused = refusal(world.areas(DISTRICT).create_area(request).await);
        assert_eq!(refused, expected("REFERENCE_UNKNOWN", &[field]));
    }
    let seen = list(&world, STREET, ListAreasRequest::default()).await;
    assert_eq!(seen, [DISTRICT, STREET, COMMUNITY, GRID, OTHER_GRID]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_whole_and_in_order() {
    let world = World::with_tree().await;
    let all = [DISTRICT, STREET, COMMUNITY, GRID, OTHER_GRID, FOREIGN];
    for page_size in [0, 1, 2, 5, 6, 5000] {
        let request = ListAreasRequest {
            page_size,
            ..ListAreasRequest::default()
        };
        assert_eq!(list(&world, "", request).await, all, "{page_size}");
    }
    let grids = ListAreasRequest {
        kind: AreaKind::Grid.into(),
        page_size: 1,
        ..ListAreasRequest::default()
    };
    assert_eq!(list(&world, "", grids).await, [GRID, OTHER_GRID]);
    let within = ListAreasRequest {
        within_code: COMMUNITY.into(),
        ..ListAreasRequest::default()
    };
    assert_eq!(
        list(&world, "", within).await,
        [COMMUNITY, GRID, OTHER_GRID]
    );
    let outside = ListAreasRequest {
        within_code: FOREIGN.into(),
        ..ListAreasRequest::default()
    };
    assert!(list(&world, STREET, outside).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_good_for_its_list_only() {
    let world = World::with_tree().await;
    let request = ListAreasRequest {
        page_size: 1,
        ..ListAreasRequest::default()
    };
    let page = world
        .areas("")
        .list_areas(request)
        .await
        .expect("a page")
        .into_inner();
    for request in [
        ListAreasRequest {
            page_token: "nonsense".into(),
            ..ListAreasRequest::default()
        },
        ListAreasRequest {
            page_token: page.next_page_token.clone(),
            kind: 4,
            ..ListAreasRequest::default()
        },
        ListAreasRequest {
            page_token: page.next_page_token.clone(),
            within_code: DISTRICT.into(),
            ..ListAreasRequest::default()
        },
    ] {
        let refused = refusal(world.areas("").list_areas(request).await);
        assert_eq!(refused, expected("PAGE_TOKEN_INVALID", &["page_token"]));
    }
    // The token grants nothing: another caller gets the next records of their own scope.
    let stolen = ListAreasRequest {
        page_token: page.next_page_token,
        ..ListAreasRequest::default()
    };
    assert_eq!(
        list(&world, COMMUNITY, stolen).await,
        [STREET, COMMUNITY, GRID, OTHER_GRID]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn large_boundaries_make_short_pages_and_no_gaps() {
    let world = World::with_tree().await;
    let mut codes: Vec<String> = [DISTRICT, STREET, COMMUNITY].map(str::to_owned).to_vec();
    for number in 1..=7 {
        let code = format!("320402003005{number:03}");
        codes.push(code.clone());
        let boundary_geojson = large_boundary(1_000_000);
        if number <= 2 {
            let change = Area {
                code,
                boundary_geojson,
                ..Area::default()
            };
            update(&world, "", change, &["boundary_geojson"])
                .await
                .expect("changed");
        } else {
            let given = Area {
                boundary_geojson,
                ..area(&code, AreaKind::Grid, COMMUNITY)
            };
            world.make_area(given).await.expect("made");
        }
    }
    codes.push(FOREIGN.into());
    for page_size in [0, 2, 4] {
        let request = ListAreasRequest {
            page_size,
            ..ListAreasRequest::default()
        };
        assert_eq!(list(&world, "", request).await, codes, "{page_size}");
    }
}
