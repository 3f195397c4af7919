//! Positions up to which the feeds have been applied.

use wangge_api::{date::timestamp, refusal::Refusal, reporting::v1 as wire};

use crate::{App, queries::positions::list_positions};

pub(super) async fn list(app: &App) -> Result<wire::ListFeedPositionsResponse, Refusal> {
    let positions = list_positions(&app.database.calls).await?;
    let message = |position: crate::queries::positions::FeedPosition| wire::FeedPosition {
        service: position.service,
        token: position.token,
        applied_time: position.applied_time.map(timestamp),
        set_aside_count: position.set_aside,
    };
    Ok(wire::ListFeedPositionsResponse {
        feed_positions: positions.into_iter().map(message).collect(),
    })
}
