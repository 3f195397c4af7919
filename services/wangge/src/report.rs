//! `wangge report`: prints the case table and exports reports. All figures are
//! computed by reporting; this tool computes none.

pub(crate) mod case;
mod export;

use std::process::ExitCode;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use wangge_api::{
    date::to_wire,
    organization::v1::FigurePeriod,
    policy::Role,
    reporting::v1::{ExportFormat, ExportTableRequest},
};

use crate::{connect::ConnectArgs, output::Output};

/// Arguments of `wangge report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    /// Print the case table: each figure as computed, next to the published value.
    Case(CaseArgs),
    /// Write a table to stdout, as a CSV or JSON file.
    Export(ExportArgs),
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// Code of the area.
    #[arg(long)]
    area: String,
    /// Table to export.
    #[arg(long, value_enum, default_value = "case")]
    table: export::Table,
    /// Key of the figure whose records are exported; for `records` only.
    #[arg(long, value_name = "FIGURE")]
    figure: Option<String>,
    /// Day up to which records are counted (YYYY-MM-DD); for `case` and `records`
    /// only.
    #[arg(long)]
    as_of: Option<NaiveDate>,
    /// Period over which events are counted, instead of each figure's own; for `case`
    /// and `records` only.
    #[arg(long, value_enum)]
    period: Option<Period>,
    /// Start a CSV file with a byte order mark, for spreadsheets that need one.
    #[arg(long)]
    byte_order_mark: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

#[derive(Debug, Args)]
struct CaseArgs {
    /// Code of the area.
    #[arg(long)]
    area: String,
    /// Day up to which records are counted (YYYY-MM-DD); by default each
    /// figure's published day, or today.
    #[arg(long)]
    as_of: Option<NaiveDate>,
    /// Period over which events are counted, instead of each figure's own.
    #[arg(long, value_enum)]
    period: Option<Period>,
    /// List the records that this figure counts instead: service, kind, id, id of the
    /// parent record (or its own), and contribution to the figure.
    #[arg(long, value_name = "FIGURE")]
    records: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// A period over which events are counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Period {
    /// From 1 January of the year up to the day.
    YearToDate,
    /// The 12 months that end on the day.
    PerYear,
    /// Since records began.
    SinceRecordsBegan,
}

/// Converts a period to the contract's enum; without one, each figure's own applies.
fn wire(period: Option<Period>) -> FigurePeriod {
    match period {
        None => FigurePeriod::Unspecified,
        Some(Period::YearToDate) => FigurePeriod::YearToDate,
        Some(Period::PerYear) => FigurePeriod::PerYear,
        Some(Period::SinceRecordsBegan) => FigurePeriod::SinceRecordsBegan,
    }
}

pub(crate) async fn run(args: ReportArgs, output: Output) -> Result<ExitCode> {
    let args = match args.report {
        Report::Case(args) => args,
        Report::Export(args) => {
            let reporting = args.connect.channels(Role::Leader)?.reporting;
            let request = ExportTableRequest {
                area_code: args.area,
                table: args.table.wire().into(),
                figure_key: args.figure.unwrap_or_default(),
                as_of_date: args.as_of.map(to_wire),
                period: wire(args.period).into(),
                byte_order_mark: args.byte_order_mark,
                format: match output {
                    Output::Json => ExportFormat::Json.into(),
                    Output::Text => ExportFormat::Csv.into(),
                },
            };
            export::print(reporting, request).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let reporting = args.connect.channels(Role::Leader)?.reporting;
    let query = case::CaseQuery {
        area_code: args.area,
        as_of: args.as_of,
        period: wire(args.period),
        at_least: Vec::new(),
    };
    match args.records {
        Some(figure) => case::print_records(reporting, &query, &figure, output).await?,
        None => case::print(&case::get(reporting, &query).await?, output)?,
    }
    Ok(ExitCode::SUCCESS)
}
