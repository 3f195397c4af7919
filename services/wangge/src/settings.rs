//! `wangge settings`: prints the reference of all settings, as Markdown or JSON. It
//! is generated from the argument definitions, so it can't differ from them.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Arg, Command, CommandFactory as _};
use serde::Serialize;

use crate::{
    cli::Cli,
    output::{self, Output, line},
};

/// Commands with settings of a deployment, each with its title in the reference.
const COMMANDS: [(&str, &str); 2] = [
    (
        "serve",
        "The services: `wangge serve` and the binaries `wangge-organization`, `wangge-tickets`, \
         `wangge-volunteers` and `wangge-reporting`",
    ),
    (
        "migrate",
        "The job that prepares the databases: `wangge migrate`",
    ),
];

/// A setting in the reference.
#[derive(Debug, Serialize)]
struct Setting {
    /// Name of the environment variable.
    name: String,
    /// Flag on the command line.
    flag: String,
    /// Command that the setting belongs to.
    command: &'static str,
    /// Default value; `None` if there is none.
    default: Option<String>,
    required: bool,
    /// Allowed values; empty if any value is allowed.
    values: Vec<String>,
    about: String,
}

pub(crate) fn run(output: Output) -> Result<ExitCode> {
    let mut cli = Cli::command();
    // Propagates global arguments (logs, telemetry) to the subcommands; without it
    // they would be missing from the reference.
    cli.build();
    let mut all = Vec::new();
    for (name, _) in COMMANDS {
        let command = cli.find_subcommand(name).context("a command of ours")?;
        all.extend(of(name, command));
    }
    match output {
        Output::Json => output::json(&all)?,
        Output::Text => tell(&all),
    }
    Ok(ExitCode::SUCCESS)
}

fn of(name: &'static str, command: &Command) -> Vec<Setting> {
    let settings = command.get_arguments().filter_map(|argument| {
        // Arguments without a flag or an environment variable belong to a single run
        // (e.g. the name of the service), not to a deployment.
        let long = argument.get_long()?;
        Some(Setting {
            name: argument.get_env()?.to_string_lossy().into_owned(),
            flag: format!("--{long}"),
            command: name,
            default: default(argument),
            required: argument.is_required_set(),
            values: values(argument),
            about: about(argument),
        })
    });
    let mut settings: Vec<Setting> = settings.collect();
    // Required settings first.
    settings.sort_by(|one, other| (!one.required, &one.name).cmp(&(!other.required, &other.name)));
    settings
}

fn default(argument: &Arg) -> Option<String> {
    let given = argument.get_default_values();
    let given: Vec<String> = given
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    (!given.is_empty()).then(|| given.join(","))
}

fn values(argument: &Arg) -> Vec<String> {
    let values = argument.get_possible_values();
    let shown = values.iter().filter(|value| !value.is_hide_set());
    shown.map(|value| value.get_name().to_owned()).collect()
}

fn about(argument: &Arg) -> String {
    let told = argument.get_long_help().or(argument.get_help());
    let told = told.map(ToString::to_string).unwrap_or_default();
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tell(settings: &[Setting]) {
    line("<!-- Written by `wangge settings > deploy/settings.md`; a test compares. -->");
    line("# Settings\n");
    line(
        "Each is set in the environment or by its flag. All invalid settings are reported at \
         once when the process starts; secrets are read from files, and never shown.",
    );
    for (command, title) in COMMANDS {
        line(format!("\n## {title}\n"));
        line("| Setting | Flag | Default | Description |\n|---|---|---|---|");
        for setting in settings.iter().filter(|one| one.command == command) {
            let default = match (&setting.default, setting.required) {
                (_, true) => "**required**".to_owned(),
                (Some(default), _) => format!("`{default}`"),
                (None, _) => "none".to_owned(),
            };
            let values = if setting.values.is_empty() {
                String::new()
            } else {
                format!(" One of `{}`.", setting.values.join("`, `"))
            };
            let (name, flag) = (&setting.name, &setting.flag);
            // A `|` in a text would end the table cell.
            let about = setting.about.trim_end_matches('.').replace('|', "\\|");
            line(format!(
                "| `{name}` | `{flag}` | {default} | {about}.{values} |"
            ));
        }
    }
}
