//! The command line: what was asked for, and what is said of an option that is none.

use super::help::{self, INFORMATION, Information};
use crate::{
    error::{Error, Result},
    settings::{Settings, option, unknown},
};
use clap::{
    Arg, ArgAction, Command,
    builder::ValueParser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{ffi::OsString, path::PathBuf};
use swoole_vocabulary::{KEYS, nearest};

/// What stands on the command line.
pub(super) struct Options {
    /// Keys, by their place in the vocabulary, and what was typed for each.
    pub(super) settings: Vec<(usize, OsString)>,
    pub(super) file: Option<PathBuf>,
    pub(super) wanted: Wanted,
}

/// What the program is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Service,
    Check,
    Settings,
}

/// The options that were given, or the help where that was asked for.
pub(super) fn read(attribute: &Settings, builder: &Settings) -> Result<Result<Options, String>> {
    let mut arguments = std::env::args_os().skip(1);
    if let Some(asked) = arguments.find(|argument| argument == "--help" || argument == "-h") {
        return Ok(Err(help::help(asked == "--help", attribute, builder)));
    }
    match options(std::env::args_os().skip(1)) {
        Ok(options) => Ok(Ok(options)),
        Err(fault) => Err(Error::start(fault, "`--help` lists the options")),
    }
}

fn options(arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let matches = command().try_get_matches_from(arguments).map_err(|e| fault(&e))?;
    let (check, settings) = (matches.get_flag("check"), matches.get_flag("print_config"));
    let wanted = match (check, settings) {
        (true, true) => return Err("option --check is refused: there is --print-config too, and the server does one of them".to_owned()),
        (true, false) => Wanted::Check,
        (false, true) => Wanted::Settings,
        (false, false) => Wanted::Service,
    };
    let typed = |name| matches.get_one::<OsString>(name).cloned();
    Ok(Options {
        settings: KEYS.iter().enumerate().filter_map(|(at, key)| Some((at, typed(key.name)?))).collect(),
        file: typed("config").map(PathBuf::from),
        wanted,
    })
}

/// The parser alone: texts and values are the vocabulary's, and what it says of errors would be a second way to say them.
fn command() -> Command {
    let takes_value = |name| spelled(name).value_parser(ValueParser::os_string()).allow_negative_numbers(true);
    let information = |Information { name, value, .. }: &Information| match value {
        Some(_) => takes_value(name),
        None => spelled(name).action(ArgAction::SetTrue),
    };
    Command::new("server")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(KEYS.iter().map(|key| takes_value(key.name)))
        .args(INFORMATION.iter().map(information))
}

/// With dashes, and as the key is written.
fn spelled(name: &'static str) -> Arg {
    let long: &'static str = option(name).leak();
    Arg::new(name).long(long.trim_start_matches('-')).alias(name)
}

/// What is wrong with the command line.
fn fault(e: &clap::Error) -> String {
    let said = |kind| match e.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    // One line a fault, whatever is in its name.
    let argument = &*said(ContextKind::InvalidArg).escape_debug().to_string();
    // Where it is known, what it takes stands behind it.
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    match e.kind() {
        ErrorKind::UnknownArgument if argument.starts_with("--") => format!("option {argument} is refused: {}", no_such_option(argument)),
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("option {argument} is refused: there is no such option"),
        ErrorKind::UnknownArgument => format!("the argument {argument:?} is refused: everything is an option"),
        // Values themselves are read later, so here one can only be missing.
        ErrorKind::InvalidValue => format!("option {name} is refused: it has no value; write `{name} {}`", value_of(name)),
        ErrorKind::ArgumentConflict => format!("option {name} is refused: it stands there twice"),
        ErrorKind::TooManyValues => format!("option {name} is refused: it takes no value"),
        other => format!("the arguments are refused: {other}"),
    }
}

fn value_of(option_name: &str) -> &'static str {
    match KEYS.iter().find(|key| option(key.name) == option_name) {
        Some(key) => help::value_name(key),
        None => "FILE",
    }
}

fn no_such_option(argument: &str) -> String {
    let name = argument.trim_start_matches('-').replace('-', "_");
    match nearest(&name, INFORMATION.iter().map(|known| (known.name, known.also))) {
        Some(near) => format!("there is no such option; did you mean {}?", option(near)),
        None => unknown(&name, option).replace("no such setting", "no such option"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, String> {
        options(arguments.iter().map(OsString::from))
    }

    #[test]
    fn an_option_has_its_value_behind_a_space_or_an_equals_sign() {
        let workers = KEYS.iter().position(|key| key.name == "max_conn").expect("a key");
        for arguments in [["--max-conn", "-5"].as_slice(), &["--max-conn=-5"], &["--max_conn", "-5"], &["--max_conn=-5", "--check"]] {
            let options = read(arguments).unwrap_or_else(|why| panic!("{arguments:?}: {why}"));
            assert_eq!(options.settings, [(workers, OsString::from("-5"))], "{arguments:?}");
        }
        let options = read(&["--config", "a b", "--print-config"]).unwrap_or_else(|why| panic!("{why}"));
        assert!(options.file == Some(PathBuf::from("a b")) && options.wanted == Wanted::Settings);
    }

    #[test]
    fn an_option_that_is_none_is_answered_by_the_nearest() {
        for (arguments, why) in [
            (["--workrs=2"].as_slice(), "option --workrs is refused: there is no such option; did you mean --workers?"),
            (&["--worker-num", "2"], "option --worker-num is refused: there is no such option; did you mean --workers?"),
            (&["--dispatch", "idle"], "option --dispatch is refused: the setting `dispatch` is not there yet"),
            (&["--dispatch-mode=2"], "option --dispatch-mode is refused: there is no such option, and `dispatch` is not there yet"),
            (&["--confg", "a"], "option --confg is refused: there is no such option; did you mean --config?"),
            (&["--dry-run"], "option --dry-run is refused: there is no such option; did you mean --check?"),
            (&["--printconfig"], "option --printconfig is refused: there is no such option; did you mean --print-config?"),
            (&["-w", "2"], "option -w is refused: there is no such option"),
            (&["stray"], "the argument \"stray\" is refused: everything is an option"),
            (&["--backlog"], "option --backlog is refused: it has no value; write `--backlog NUMBER`"),
            (&["--config"], "option --config is refused: it has no value; write `--config FILE`"),
            (&["--backlog", "--workers", "2"], "option --backlog is refused: it has no value; write `--backlog NUMBER`"),
            (&["--check", "--print-config"], "option --check is refused: there is --print-config too, and the server does one of them"),
            (&["--check=yes"], "option --check is refused: it takes no value"),
            (&["--workers=1", "--workers=2"], "option --workers is refused: it stands there twice"),
        ] {
            assert_eq!(read(arguments).err().as_deref(), Some(why), "{arguments:?}");
        }
        let unknown = read(&["--colour"]).err().unwrap_or_default();
        assert!(unknown.contains("there is no such option; the settings are --mode, --listen"), "{unknown}");
    }
}
