//! Exports of reporting tables as files.

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
    /// The case table of an area.
    Case,
    /// The records behind a figure.
    Records,
    /// The entries of the wall.
    Wall,
}

impl Table {
    /// Maps a table to the contract's value.
    pub(crate) fn wire(self) -> ReportTable {
        match self {
            Self::Case => ReportTable::CaseTable,
            Self::Records => ReportTable::FigureRecords,
            Self::Wall => ReportTable::Wall,
        }
    }
}

/// Streams the file to standard output.
pub(crate) async fn print(reporting: ServiceChannel, request: ExportTableRequest) -> Result<()> {
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
