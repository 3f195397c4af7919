//! `wangge report`: reads reports.

pub(crate) mod case;

use std::process::ExitCode;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use wangge_api::policy::Role;

use crate::{connect::ConnectArgs, output::Output};

/// Arguments of `wangge report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    /// The case table: each figure as computed, beside what was published.
    Case(CaseArgs),
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
    /// List the records behind this figure instead.
    #[arg(long, value_name = "FIGURE")]
    records: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: ReportArgs, output: Output) -> Result<ExitCode> {
    let Report::Case(args) = args.report;
    let reporting = args.connect.channels(Role::Leader)?.reporting;
    let query = case::CaseQuery {
        area_code: args.area,
        as_of: args.as_of,
        at_least: Vec::new(),
    };
    match args.records {
        Some(figure) => case::print_records(reporting, &query, &figure, output).await?,
        None => case::print(&case::get(reporting, &query).await?, output)?,
    }
    Ok(ExitCode::SUCCESS)
}
