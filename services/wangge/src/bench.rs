//! `wangge bench`: a load generator for a running system, at a fixed rate or with a fixed
//! number of calls in flight. As a baseline, the same run measures the bare database:
//! the same statements, executed by pgbench without our services.

mod address;
mod bare;
mod calls;
mod drive;
mod fill;
mod filled_city;
mod operation;
mod script;
pub(crate) mod setting;
mod table;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Result;
use clap::Args;
use wangge_server::process::stop_on_signal;

use crate::{
    connect::ConnectArgs,
    output::{Output, note},
};
use bare::Bare;
use calls::Calls;
use drive::{Pace, drive};
use operation::Operation;
use table::Measured;

/// Number of tickets to create for reading operations.
const READABLE: usize = 1000;
/// Maximum number of tickets that are prepared for an operation.
const MAX_PREPARED: usize = 50_000;
/// Duration of the unmeasured calls before each measurement, which open connections and
/// prepare plans.
const WARM_UP: Duration = Duration::from_millis(500);

/// Arguments of `wangge bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Calls due per second, whether or not earlier ones have returned. Latency is
    /// measured from the time at which a call was due.
    #[arg(long, conflicts_with = "in_flight", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Calls in flight at any time, and clients of pgbench, as far as the server has
    /// free connections for them. Several values are measured one after another.
    #[arg(long, value_delimiter = ',', default_value = "8", value_parser = read_in_flight)]
    in_flight: Vec<usize>,
    /// Duration of the measurement of each operation, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Operations to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Operation::ALL)]
    operations: Vec<Operation>,
    /// Number of connections that share the calls.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// Measures the most common lists instead, first with 10,000 tickets, then with
    /// this many. They are copied into the database of tickets and remain there: use a
    /// data directory made for this purpose.
    #[arg(long, value_name = "TICKETS", conflicts_with_all = ["rate", "operations", "connections"])]
    fill: Option<u64>,
    /// URL of any database on the server that tickets uses; a scratch database for the
    /// bare statements is created there. With --fill, the database of tickets itself.
    /// Defaults to the private server of the data directory.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true)]
    bare_database_url: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

fn read_in_flight(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=drive::CAP).contains(number))
        .ok_or_else(|| format!("must be a number from 1 to {}", drive::CAP))
}

pub(crate) async fn run(args: BenchArgs, output: Output) -> Result<ExitCode> {
    let stop = stop_on_signal()?;
    if let Some(size) = args.fill {
        let in_flight = args.in_flight.first().copied().unwrap_or(1);
        let url = args.filled_database()?;
        let filling = fill::run(&args.connect, &url, size, in_flight, args.seconds, output);
        return tokio::select! {
            measured = filling => measured,
            () = stop.cancelled() => {
                note("stopped before everything was measured");
                Ok(ExitCode::FAILURE)
            }
        };
    }
    let calls = Arc::new(Calls::prepared(&args.connect, args.connections).await?);
    let bare = Bare::make(&args.bare_server()?, calls.setting()).await?;
    let measured = tokio::select! {
        measured = args.measure(&calls, &bare, output) => measured.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    // The error of the measurement is returned only after this, so that the scratch
    // database is dropped in any case.
    bare.remove().await?;
    if measured?.is_none() {
        note("stopped before everything was measured");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl BenchArgs {
    /// Returns the URL of a database on the server of the baseline.
    fn bare_server(&self) -> Result<String> {
        match &self.bare_database_url {
            Some(url) => Ok(url.clone()),
            None => {
                let data_dir = self.connect.data_dir().path().join("postgres");
                Ok(wangge_private_postgres::url_of(&data_dir, "postgres")?)
            }
        }
    }

    /// Returns the URL of the database of tickets.
    fn filled_database(&self) -> Result<String> {
        match &self.bare_database_url {
            Some(url) => Ok(url.clone()),
            None => {
                let data_dir = self.connect.data_dir().path().join("postgres");
                Ok(wangge_private_postgres::url_of(&data_dir, "tickets")?)
            }
        }
    }

    fn paces(&self) -> Vec<Pace> {
        match self.rate {
            Some(rate) => vec![Pace::Rate(rate)],
            None => self.in_flight.iter().copied().map(Pace::InFlight).collect(),
        }
    }

    async fn measure(&self, calls: &Arc<Calls>, bare: &Bare, output: Output) -> Result<()> {
        table::print_header(output);
        for pace in self.paces() {
            for operation in &self.operations {
                let measured = self.measure_one(calls, bare, *operation, pace).await?;
                table::print(&measured, output)?;
            }
        }
        Ok(())
    }

    /// Measures one operation between two halves of the baseline, so that other load on
    /// the machine affects both.
    async fn measure_one(
        &self,
        calls: &Arc<Calls>,
        bare: &Bare,
        operation: Operation,
        pace: Pace,
    ) -> Result<Measured> {
        let in_flight = match pace {
            Pace::InFlight(number) => number,
            // A rate has no number of clients; this is the default of `--in-flight`.
            Pace::Rate(_) => 8,
        };
        let clients = bare.clients(in_flight).await?;
        let half = self.seconds.div_ceil(2);
        // Background work of earlier calls would slow the baseline and flatter our ratio.
        bare.wait_until_quiet().await?;
        let before = bare.run(operation, clients, half).await?;
        calls
            .prepare(operation, self.needed(operation, pace, before))
            .await?;
        bare.wait_until_quiet().await?;
        let call = calls.caller(operation);
        drive(call.clone(), Pace::InFlight(in_flight), WARM_UP).await?;
        let ours = drive(call, pace, Duration::from_secs(self.seconds)).await?;
        bare.wait_until_quiet().await?;
        let after = bare.run(operation, clients, half).await?;
        Ok(Measured {
            operation,
            pace,
            ours,
            clients,
            bare: [before, after],
        })
    }

    /// Returns the number of tickets that must exist before an operation is measured.
    fn needed(&self, operation: Operation, pace: Pace, bare: f64) -> usize {
        let seconds = Duration::from_secs(self.seconds).as_secs_f64();
        match (operation, pace) {
            (Operation::Create, _) => 0,
            (Operation::Get | Operation::List, _) => READABLE,
            // 1.5 times what the bare database processes, so that tickets don't run out.
            (Operation::Dispatch, Pace::InFlight(_)) => whole(bare * (seconds + 1.0) * 1.5),
            (Operation::Dispatch, Pace::Rate(rate)) => {
                whole(f64::from(rate) * seconds) + whole(bare * 1.5)
            }
        }
        .min(MAX_PREPARED)
    }
}

/// Truncates a count to an integer.
fn whole(count: f64) -> usize {
    // Counts are far below `usize::MAX`, so the cast can't saturate.
    count.max(0.0) as usize
}
