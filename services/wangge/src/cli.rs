//! The command line: global options and the list of commands.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use wangge_telemetry::{Telemetry, TelemetryArgs};

use crate::{
    bench, contracts, doctor, drill, import, migrate, output::Output, report, secrets, serve,
    settings, token, up, watch,
};

/// Runs and operates Wangge, the platform for a city's neighbourhoods.
#[derive(Debug, Parser)]
#[command(name = "wangge", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Output format of data.
    #[arg(long, value_enum, default_value = "text", global = true)]
    output: Output,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all four services on this machine, on a private PostgreSQL.
    Up(up::UpArgs),
    /// Run one service.
    Serve(serve::ServeArgs),
    /// Migrate the services' databases.
    Migrate(migrate::MigrateArgs),
    /// Import a community's files.
    Import(import::ImportArgs),
    /// Read reports.
    Report(report::ReportArgs),
    /// Watch a service's feed of events.
    Watch(watch::WatchArgs),
    /// Issue a token with the development key or the key of an installation.
    Token(token::TokenArgs),
    /// Generate the secrets of an installation.
    Secrets(secrets::SecretsArgs),
    /// List all settings of a deployment.
    Settings,
    /// Hand out the contracts, for programs that generate clients or translate calls.
    #[command(subcommand)]
    Contracts(contracts::ContractsCommand),
    /// Benchmark a running system against its bare database.
    Bench(bench::BenchArgs),
    /// Report matters while parts are stopped, and check that none is lost.
    Drill(drill::DrillArgs),
    /// Report what is missing or wrong in the setup, and how to fix it.
    Doctor(doctor::DoctorArgs),
}

impl Cli {
    /// Runs the command on a new tokio runtime and returns its exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let telemetry = Telemetry::start(&self.telemetry, "wangge")
                .map_err(|error| anyhow::anyhow!("telemetry: {error}"))?;
            let code = self.command.run(self.output).await;
            // Flushed before a failure is returned, too: the last spans of a failed
            // command are the useful ones. The flush blocks, so not on a worker.
            tokio::task::spawn_blocking(|| telemetry.shut_down()).await?;
            code
        })
    }
}

impl Command {
    async fn run(self, output: Output) -> Result<ExitCode> {
        match self {
            Self::Up(args) => up::run(args, output).await,
            Self::Serve(args) => serve::run(args).await,
            Self::Migrate(args) => migrate::run(args).await,
            Self::Import(args) => import::run(args, output).await,
            Self::Report(args) => report::run(args, output).await,
            Self::Watch(args) => watch::run(args, output).await,
            Self::Token(args) => token::run(args, output),
            Self::Secrets(args) => secrets::run(&args),
            Self::Settings => settings::run(output),
            Self::Contracts(command) => contracts::run(command),
            Self::Bench(args) => bench::run(args, output).await,
            Self::Drill(args) => drill::run(args, output).await,
            Self::Doctor(args) => doctor::run(args, output).await,
        }
    }
}
