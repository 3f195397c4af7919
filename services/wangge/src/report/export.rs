//! Exports a table as a CSV or JSON file.

use std::io::Write as _;

use anyhow::Result;
use clap::ValueEnum;
use wangge_api::reporting::v1::{
    ExportTableRequest, ReportTable, report_service_client::ReportServiceClient,
};
use wangge_client::ServiceChannel;

use crate::connect::refused;

/// A table that can be exported.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Table {
    /// The case table.
    Case,
    /// The records that a figure counts.
    Records,
    /// The contents of the wall.
    Wall,
}

impl Table {
    /// Returns the contract's enum value.
    pub(crate) fn wire(self) -> ReportTable {
        match self {
            Self::Case => ReportTable::CaseTable,
            Self::Records => ReportTable::FigureRecords,
            Self::Wall => ReportTable::Wall,
        }
    }
}

/// Writes the file to stdout, part by part as it is streamed, so a table of any size
/// needs little memory.
pub(crate) async fn print(reporting: ServiceChannel, request: ExportTableRequest) -> Result<()> {
    // Not retried: after a failure in the middle of the stream, the parts that are
    // already on stdout would be written twice.
    let mut client = ReportServiceClient::new(reporting);
    let mut parts = client
        .export_table(request)
        .await
        .map_err(refused)?
        .into_inner();
    let mut out = std::io::stdout();
    while let Some(part) = parts.message().await.map_err(refused)? {
        out.write_all(&part.content)?;
    }
    Ok(out.flush()?)
}
