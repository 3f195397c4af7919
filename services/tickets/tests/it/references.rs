//! What has been entered can be used at once, whoever entered it, however many
//! enter at the same time.

use std::sync::Arc;

use tokio::task::JoinSet;
use wangge_api::tickets::v1::{LimitKind, Ticket};
use wangge_testkit::reason;

use crate::{Bench, report};

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

#[tokio::test]
async fn what_another_replica_entered_is_known() {
    let one = Bench::start().await;
    let other = Bench::start_on(one.database.clone(), false).await;
    // Has its picture from now on, and nothing that renews it.
    other.reported().await;
    let refused = other.report(of("9001")).await.unwrap_err();
    assert_eq!(reason(&refused), "REFERENCE_UNKNOWN");
    one.category("9001", LimitKind::CalendarDays, 3).await;
    other.report(of("9001")).await.expect("known");
}
