//! A table as a file.

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
    /// The records behind a figure.
    Records,
    /// What stands on the wall.
    Wall,
}

impl Table {
    /// As the contract names it.
    pub(crate) fn wire(self) -> ReportTable {
        match self {
            Self::Case => ReportTable::CaseTable,
            Self::Records => ReportTable::FigureRecords,
            Self::Wall => ReportTable::Wall,
        }
    }
}

/// Writes the file's parts to the standard output as they come.
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
