//! Reads a process's settings from arguments and environment. All invalid settings are
//! reported at once, and values of secrets are never printed.

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

/// All errors found in the settings.
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
        write!(f, "{count} {what} invalid:")?;
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Reads the settings. For `--help` or `--version`, prints the text and exits.
///
/// # Errors
/// Returns every setting that is missing or invalid.
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
    // clap stops at the first error, so each setting is parsed again by itself to find
    // all of them.
    let command = asked::<C>(&arguments);
    let mut mistakes: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| mistake(&command, argument, &arguments))
        .collect();
    match error.kind() {
        // The value may be a secret, so clap's message, which quotes it, isn't used.
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string);
            let flag = flag.unwrap_or_default();
            let flag = flag.split(' ').next().unwrap_or_default();
            if given(flag, &arguments) {
                let why = error.source().map(ToString::to_string);
                mistakes.push(format!("{flag}: {}", why.unwrap_or_else(unreadable)));
            }
        }
        // An unknown argument: clap's own message contains no value of the environment.
        _ if mistakes.is_empty() => error.exit(),
        _ => {}
    }
    if mistakes.is_empty() {
        mistakes.push(unreadable());
    }
    Err(Mistakes(mistakes))
}

/// Returns the command to be run: the innermost subcommand, if the program has any.
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

/// Returns true if a flag is set on the command line.
fn given(flag: &str, arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        argument == flag || argument.starts_with(&format!("{flag}="))
    })
}

fn unreadable() -> String {
    "can't be read".to_owned()
}

/// Returns what is wrong with one setting as set in the environment.
fn mistake(command: &Command, argument: &Arg, arguments: &[OsString]) -> Option<String> {
    let name = argument.get_env()?.to_string_lossy().into_owned();
    let flag = format!("--{}", argument.get_long()?);
    // The command line overrides the environment.
    if given(&flag, arguments) {
        return None;
    }
    if std::env::var_os(&name).is_none() {
        return argument
            .is_required_set()
            .then(|| format!("{name} (or {flag}) is required"));
    }
    // All others are treated as unset, so that any error is this setting's own.
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

/// Checks that a file exists and can be read; a `value_parser`.
///
/// # Errors
/// Returns why the file can't be read.
pub fn readable_file(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(data) if data.is_file() => Ok(path.to_owned()),
        Ok(_) => Err(format!("{} is not a file", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Checks that a URL is an `http` or `https` address with a host; a `value_parser`.
///
/// # Errors
/// Returns why the URL is invalid.
pub fn address(url: &str) -> Result<String, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(url.to_owned()),
        _ => Err("must have the form http://host:port".to_owned()),
    }
}
