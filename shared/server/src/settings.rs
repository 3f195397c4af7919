//! Settings of a process, from its arguments and environment: every mistake is
//! named at once, and the value of a secret is never shown.

use std::{
    error::Error as _,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use clap::{
    Arg, Command, CommandFactory, Parser,
    error::{ContextKind, ErrorKind},
};

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let what = if count == 1 {
            "setting is"
        } else {
            "settings are"
        };
        write!(f, "{count} {what} wrong:")?;
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Reads the settings. Asked for help or the version, it tells that and ends the
/// process.
///
/// # Errors
/// Every setting that is missing or can't be read.
pub fn read<C: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<C, Mistakes> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let error = match C::try_parse_from(&arguments) {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        error.exit();
    }
    let command = asked::<C>(&arguments);
    let mut mistakes: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| mistake(&command, argument, &arguments))
        .collect();
    match error.kind() {
        // The value may be a secret's, so it is not repeated.
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string);
            let flag = flag.unwrap_or_default();
            let flag = flag.split(' ').next().unwrap_or_default();
            if given(flag, &arguments) {
                let why = error.source().map(ToString::to_string);
                mistakes.push(format!("{flag}: {}", why.unwrap_or_else(unreadable)));
            }
        }
        // An argument that is none: nothing of the environment is told of it.
        _ if mistakes.is_empty() => error.exit(),
        _ => {}
    }
    if mistakes.is_empty() {
        mistakes.push(unreadable());
    }
    Err(Mistakes(mistakes))
}

/// The command that is asked for: a subcommand, if the program has some.
fn asked<C: CommandFactory>(arguments: &[OsString]) -> Command {
    let mut command = C::command();
    command.build();
    for argument in arguments.iter().skip(1) {
        if let Some(sub) = command.find_subcommand(argument) {
            command = sub.clone();
        }
    }
    command
}

/// Whether a flag stands on the command line.
fn given(flag: &str, arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        argument == flag || argument.starts_with(&format!("{flag}="))
    })
}

fn unreadable() -> String {
    "can't be read".to_owned()
}

/// What is wrong with one setting as the environment gives it.
fn mistake(command: &Command, argument: &Arg, arguments: &[OsString]) -> Option<String> {
    let name = argument.get_env()?.to_string_lossy().into_owned();
    let flag = format!("--{}", argument.get_long()?);
    if given(&flag, arguments) {
        return None;
    }
    if std::env::var_os(&name).is_none() {
        return argument
            .is_required_set()
            .then(|| format!("{name} (or {flag}) is required"));
    }
    // All the others count as not given, so that what is wrong is wrong with
    // this one.
    let alone = command.clone().mut_args(|other| {
        let other = other.required(false);
        if other.get_id() == argument.get_id() {
            other
        } else {
            other.env(None::<&str>)
        }
    });
    let error = alone.try_get_matches_from([""]).err()?;
    match error.kind() {
        ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict => None,
        kind => Some(format!("{name}: {}", why(kind, &error, argument))),
    }
}

fn why(kind: ErrorKind, error: &clap::Error, argument: &Arg) -> String {
    if let Some(source) = error.source() {
        return source.to_string();
    }
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if kind == ErrorKind::InvalidValue && !possible.is_empty() {
        format!("must be one of {}", possible.join(", "))
    } else {
        unreadable()
    }
}

/// A file that is there and can be read, for `value_parser`.
///
/// # Errors
/// Why it can't be read.
pub fn readable_file(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(data) if data.is_file() => Ok(path.to_owned()),
        Ok(_) => Err(format!("{} is no file", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// An address that can be called, for `value_parser`.
///
/// # Errors
/// Why it is none.
pub fn address(url: &str) -> Result<String, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(url.to_owned()),
        _ => Err("must be like http://host:port".to_owned()),
    }
}
