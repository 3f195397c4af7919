//! Waits for reporting to apply imported records, as long as it makes progress, since the
//! duration depends on the machine. Aborts only when nothing has moved for a while.

use std::time::{Duration, Instant};

use anyhow::Result;
use tonic::Status;
use wangge_api::reporting::v1::{
    CaseTable, ListFeedPositionsRequest, report_service_client::ReportServiceClient,
};
use wangge_client::{ServiceChannel, may_succeed_later};

use crate::{
    connect::refused,
    output::note,
    report::case::{self, CaseQuery},
};

/// Poll interval of the case table.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Maximum time without any progress before the wait is aborted.
const STALL_TIMEOUT: Duration = Duration::from_secs(120);
/// Interval between messages that explain the wait to the operator.
const NOTE_INTERVAL: Duration = Duration::from_secs(15);

/// Returns the case table once it includes what the query asks for.
///
/// # Errors
/// The refusal of the last call, if a retry can't succeed or nothing has moved for two
/// minutes.
pub(super) async fn table(reporting: ServiceChannel, query: &CaseQuery) -> Result<CaseTable> {
    let mut tokens = Vec::new();
    let (mut moved, mut noted) = (Instant::now(), Instant::now());
    loop {
        let status = match case::get_once(&reporting, query).await {
            Ok(table) => return Ok(table),
            Err(status) if may_succeed_later(&status) => status,
            Err(status) => return Err(refused(status)),
        };
        // While reporting can't be reached, no progress is known.
        if let Ok(reached) = positions(&reporting).await
            && reached != tokens
        {
            (tokens, moved) = (reached, Instant::now());
        }
        if moved.elapsed() >= STALL_TIMEOUT {
            note("reporting has applied nothing for two minutes");
            return Err(refused(status));
        }
        if noted.elapsed() >= NOTE_INTERVAL {
            noted = Instant::now();
            note("waiting for reporting to apply what was loaded");
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Returns the position up to which each feed has been applied.
async fn positions(reporting: &ServiceChannel) -> Result<Vec<String>, Status> {
    let mut client = ReportServiceClient::new(reporting.clone());
    let response = client.list_feed_positions(ListFeedPositionsRequest {});
    let positions = response.await?.into_inner().positions;
    Ok(positions
        .into_iter()
        .map(|position| position.token)
        .collect())
}
