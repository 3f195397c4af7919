//! `wangge report`: prints and exports reports.

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
    /// Print the case table: each figure as computed, next to its published value.
    Case(CaseArgs),
    /// Export a table as a CSV or JSON file to standard output.
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
    /// Figure whose records are exported; for `records` only.
    #[arg(long, value_name = "FIGURE")]
    figure: Option<String>,
    /// Last day whose records are counted (YYYY-MM-DD); for `case` and `records` only.
    #[arg(long)]
    as_of: Option<NaiveDate>,
    /// Period to count, instead of each figure's own; for `case` and `records` only.
    #[arg(long, value_enum)]
    period: Option<Period>,
    /// Start the CSV file with a byte order mark, which some spreadsheets need.
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
    /// Last day whose records are counted (YYYY-MM-DD). Default: the day of each figure's
    /// published value, or today.
    #[arg(long)]
    as_of: Option<NaiveDate>,
    /// Period to count, instead of each figure's own.
    #[arg(long, value_enum)]
    period: Option<Period>,
    /// List the records behind this figure instead: service, kind, id, id of the parent
    /// record, and contribution to the figure.
    #[arg(long, value_name = "FIGURE")]
    records: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// A period of a figure.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Period {
    /// From 1 January of the year of that day.
    YearToDate,
    /// The 12 months that end on that day.
    PerYear,
    /// Since records began.
    SinceRecordsBegan,
}

/// Maps a period to the contract's value.
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
