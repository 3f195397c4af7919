//! `wangge descriptors`: prints the contracts for programs that read them from a
//! descriptor set, such as a proxy that takes JSON.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::{Result, bail};

pub(crate) fn run() -> Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if stdout.is_terminal() {
        bail!("the descriptors are binary: write them to a file with `wangge descriptors > FILE`");
    }
    stdout.write_all(&wangge_server::descriptors()?)?;
    Ok(ExitCode::SUCCESS)
}
