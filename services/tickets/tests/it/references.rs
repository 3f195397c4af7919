//! Stored reference data can be used at once, whichever replica has stored it and however
//! many callers do so concurrently.

use std::sync::Arc;

use tokio::task::JoinSet;
use tonic::Code;
use wangge_api::{
    policy::Role,
    tickets::v1::{
        Category, CreateCategoryRequest, Limit, LimitKind, Ticket,
        category_service_client::CategoryServiceClient,
    },
};
use wangge_testkit::{channel, fields, reason, token};

use crate::{Bench, COMMUNITY, report, request_id};

fn of(category_code: &str) -> Ticket {
    Ticket {
        category_code: category_code.to_owned(),
        ..report()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_can_be_used_as_soon_as_it_is_answered() {
    let bench = Arc::new(Bench::start().await);
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let bench = bench.clone();
        callers.spawn(async move {
            for number in 0..12 {
                let code = format!("9{caller}{number:02}");
                bench.category(&code, LimitKind::CalendarDays, 3).await;
                bench.report(of(&code)).await.expect(&code);
            }
        });
    }
    callers.join_all().await;
}

/// A category applies to the whole platform, so an admin of an area can't create one.
#[tokio::test]
async fn categories_are_the_platforms() {
    let bench = Bench::start().await;
    for area in [COMMUNITY, "320402"] {
        let token = token(&[Role::Admin], Some(area), None);
        let mut categories = CategoryServiceClient::new(channel(&bench.url, &token));
        let request = CreateCategoryRequest {
            request_id: request_id(),
            category: Some(Category {
                code: "9001".into(),
                name: "占道经营".into(),
                handling_limit: Some(Limit {
                    kind: LimitKind::CalendarDays.into(),
                    amount: 3,
                }),
                ..Category::default()
            }),
        };
        let status = categories.create_category(request).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "AREA_TOO_NARROW");
        assert_eq!(fields(&status), ["category.code"]);
        let refused = bench.report(of("9001")).await.unwrap_err();
        assert_eq!(reason(&refused), "REFERENCE_UNKNOWN");
    }
}

#[tokio::test]
async fn what_another_replica_entered_is_known() {
    let one = Bench::start().await;
    let other = Bench::start_on(one.database.clone(), false).await;
    // Loads its snapshot now; without background tasks nothing refreshes it.
    other.reported().await;
    let refused = other.report(of("9001")).await.unwrap_err();
    assert_eq!(reason(&refused), "REFERENCE_UNKNOWN");
    one.category("9001", LimitKind::CalendarDays, 3).await;
    other.report(of("9001")).await.expect("known");
}
