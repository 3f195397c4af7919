//! `wangge bench`: measures a running system beside its bare database.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::output::Output;

/// Arguments of `wangge bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {}

pub(crate) async fn run(_: BenchArgs, _: Output) -> Result<ExitCode> {
    anyhow::bail!("not measured yet")
}
