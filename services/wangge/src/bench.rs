//! `wangge bench`: drives a running system at a fixed rate or with a fixed number of calls
//! in flight. In the same run, it measures the bare database with the same statements as a
//! baseline.

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

/// Number of tickets to read, where none were created before.
const READABLE: usize = 1000;
/// Maximum number of tickets prepared for dispatching.
const MOST_FILED: usize = 50_000;
/// Duration of the calls before the measured ones, which open connections and warm up plans.
const WARM_UP: Duration = Duration::from_millis(500);

/// Arguments of `wangge bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Calls per second, started whether or not earlier ones have returned. Latency is
    /// counted from the time at which a call was due.
    #[arg(long, conflicts_with = "in_flight", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Number of calls in flight; also pgbench's number of clients, as far as the server has
    /// free connections. Several values are measured one after another.
    #[arg(long, value_delimiter = ',', default_value = "8", value_parser = read_in_flight)]
    in_flight: Vec<usize>,
    /// Seconds for which each operation is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Operations to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Operation::ALL)]
    operations: Vec<Operation>,
    /// Number of connections that the calls are spread over.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// Measure the most common lists instead: first with 10,000 tickets, then with this many.
    /// They are copied into the tickets database and stay there, so use a data folder made
    /// for the purpose.
    #[arg(long, value_name = "TICKETS", conflicts_with_all = ["rate", "operations", "connections"])]
    fill: Option<u64>,
    /// URL of any database on the server that tickets uses; a scratch database for the bare
    /// statements is created beside it. Default: the private server of the data folder.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true)]
    bare_database_url: Option<String>,
    #[command(flatten)]
    connect: ConnectArgs,
}

fn read_in_flight(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=drive::CAP).contains(number))
        .ok_or_else(|| format!("give a number from 1 to {}", drive::CAP))
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
        // Raced against the signal rather than checked between calls: a measurement may take an
        // hour.
        measured = args.measure(&calls, &bare, output) => measured.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    // Even after a failure or a signal, so that no scratch database is left on the server.
    bare.remove().await?;
    if measured?.is_none() {
        note("stopped before everything was measured");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl BenchArgs {
    /// Returns the URL of a database on the server whose bare performance is measured.
    fn bare_server(&self) -> Result<String> {
        match &self.bare_database_url {
            Some(url) => Ok(url.clone()),
            None => {
                let data_dir = self.connect.data_dir().path().join("postgres");
                Ok(wangge_private_postgres::url_of(&data_dir, "postgres")?)
            }
        }
    }

    /// Returns the URL of the tickets database.
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

    /// Measures one operation between two halves of the bare measurement, so that other load on
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
            Pace::Rate(_) => 8,
        };
        let clients = bare.clients(in_flight).await?;
        // Calls leave background work behind, such as numbering events, that would slow down
        // the bare database.
        let half = self.seconds.div_ceil(2);
        bare.wait_until_quiet().await?;
        let before = bare.run(operation, clients, half).await?;
        calls
            .prepare(operation, self.needed(operation, pace, before))
            .await?;
        bare.wait_until_quiet().await?;
        let call = calls.caller(operation);
        // Discarded: the first calls open connections and plan statements.
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

    /// Returns the number of tickets that an operation needs before it can be measured.
    fn needed(&self, operation: Operation, pace: Pace, bare: f64) -> usize {
        let seconds = Duration::from_secs(self.seconds).as_secs_f64();
        match (operation, pace) {
            (Operation::Create, _) => 0,
            (Operation::Get | Operation::List, _) => READABLE,
            // 1.5 times what the bare database handles, so that the tickets can't run out.
            (Operation::Dispatch, Pace::InFlight(_)) => whole(bare * (seconds + 1.0) * 1.5),
            (Operation::Dispatch, Pace::Rate(rate)) => {
                whole(f64::from(rate) * seconds) + whole(bare * 1.5)
            }
        }
        .min(MOST_FILED)
    }
}

/// Converts a count to a whole number.
fn whole(count: f64) -> usize {
    // A count is neither negative nor beyond the range of `usize`.
    count.max(0.0) as usize
}
