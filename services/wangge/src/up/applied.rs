//! Waits until reporting has applied the imported records. The time this takes
//! depends on the machine, so there is no overall timeout: the wait continues for as
//! long as reporting makes progress, and times out when it stalls.

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

/// Poll interval while the records have not been applied.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Timeout without any progress.
const STALL_TIMEOUT: Duration = Duration::from_secs(120);
/// Interval of the notes to the operator.
const NOTE_INTERVAL: Duration = Duration::from_secs(15);

/// Returns the case table once it includes what the query asks for.
///
/// # Errors
/// Returns the status of the last call if it can't succeed later, or if reporting has
/// made no progress for two minutes.
pub(super) async fn table(reporting: ServiceChannel, query: &CaseQuery) -> Result<CaseTable> {
    let mut tokens = Vec::new();
    let (mut moved, mut noted) = (Instant::now(), Instant::now());
    loop {
        let status = match case::get_once(&reporting, query).await {
            Ok(table) => return Ok(table),
            Err(status) if may_succeed_later(&status) => status,
            Err(status) => return Err(refused(status)),
        };
        // An error counts as no progress: while reporting is unreachable, the stall
        // timeout must run.
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
            note("waiting for reporting to apply the imported records");
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Returns reporting's position in each feed, as tokens.
async fn positions(reporting: &ServiceChannel) -> Result<Vec<String>, Status> {
    let mut client = ReportServiceClient::new(reporting.clone());
    let response = client.list_feed_positions(ListFeedPositionsRequest {});
    let positions = response.await?.into_inner().feed_positions;
    Ok(positions
        .into_iter()
        .map(|position| position.token)
        .collect())
}
