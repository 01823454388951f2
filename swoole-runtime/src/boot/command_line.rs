//! The command line: what was asked for, and what is said of an option or a command that is none.

use super::{
    control::Command as Given,
    help::{self, COMMANDS, INFORMATION, Information, OPTIONS_OF_COMMANDS},
};
use crate::{
    error::{Error, Result},
    process::Request,
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
    /// What was typed for keys of listeners.
    pub(super) listeners: Vec<OsString>,
    pub(super) file: Option<PathBuf>,
    pub(super) wanted: Wanted,
}

/// What the program is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Service,
    Check,
    Settings,
    /// What another process of this program is to do, which serves.
    Command(Given),
}

/// The options that were given, or the help where that was asked for.
pub(super) fn read(attribute: &Settings, builder: &Settings) -> Result<Result<Options, String>> {
    let mut arguments = std::env::args_os().skip(1);
    if let Some(asked) = arguments.find(|argument| argument == "--help" || argument == "-h") {
        return Ok(Err(help::help(asked == "--help", attribute, builder)));
    }
    match options(std::env::args_os().skip(1)) {
        Ok(options) => Ok(Ok(options)),
        Err(fault) => Err(Error::start(fault, "`--help` lists the options and commands")),
    }
}

fn options(arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let matches = command().try_get_matches_from(arguments).map_err(|e| fault(&e))?;
    let (check, settings) = (matches.get_flag("check"), matches.get_flag("print_config"));
    let words: Vec<String> = matches.get_raw(COMMAND).into_iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect();
    let given = given(&words, &|name| matches.get_flag(name))?;
    let wanted = match (check, settings) {
        (true, _) | (_, true) if given.is_some() => {
            let (first, name) = (&words[0], if check { "check" } else { "print_config" });
            return Err(format!("option {} is refused: there is `{first}` too, which is done by a server that runs", option(name)));
        }
        (true, true) => return Err("option --check is refused: there is --print-config too, and the server does one of them".to_owned()),
        (true, false) => Wanted::Check,
        (false, true) => Wanted::Settings,
        (false, false) => given.map_or(Wanted::Service, Wanted::Command),
    };
    let typed = |name| matches.get_one::<OsString>(name).cloned();
    Ok(Options {
        settings: KEYS.iter().enumerate().filter_map(|(at, key)| Some((at, typed(key.name)?))).collect(),
        listeners: matches.get_raw(LISTENER).into_iter().flatten().map(OsString::from).collect(),
        file: typed("config").map(PathBuf::from),
        wanted,
    })
}

/// The option that may stand there many times.
const LISTENER: &str = "listener";

/// What the parser calls the words that are no options.
const COMMAND: &str = "command";

/// The command in these words, if it is not to serve; `has` says whether an option stands beside it.
fn given(words: &[String], has: &dyn Fn(&'static str) -> bool) -> Result<Option<Given>, String> {
    let (name, rest) = words.split_first().map_or(("start", words), |(name, rest)| (name, rest));
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(format!("the argument {name:?} is refused: {}", no_such_command(name)));
    };
    if let Some(option) = OPTIONS_OF_COMMANDS.into_iter().find(|&option| has(option) && !command.options.contains(&option)) {
        let of: Vec<_> = COMMANDS.iter().filter(|command| command.options.contains(&option)).map(|command| command.name).collect();
        return Err(format!("option --{option} is refused: it belongs to `{}`", of.join("` and `")));
    }
    let slot = match (command.value, rest) {
        (None, []) => 0,
        (Some(_), [number]) => {
            number.parse::<u16>().map_err(|_| format!("the argument {number:?} is refused: `{name}` takes the number of a worker"))?.into()
        }
        (Some(value), []) => return Err(format!("`{name}` is refused: it takes the number of a worker; write `{name} {value}`")),
        (None, [more, ..]) | (Some(_), [_, more, ..]) => {
            return Err(format!("the argument {more:?} is refused: `{name}` takes no more than that"));
        }
    };
    let request = match name {
        "stop" => Request::Stop { now: has("now") },
        "reload" => Request::Reload { workers: !has("tasks") },
        "status" => Request::Status,
        "connections" => Request::Connections { from: 0 },
        "kill-worker" => Request::Kill { slot },
        "log-reopen" => Request::ReopenLog,
        "update" => Request::Update,
        _ => return Ok(None),
    };
    Ok(Some(Given { request, json: has("json") }))
}

fn no_such_command(name: &str) -> String {
    if let Some(near) = nearest(&name.replace('-', "_"), COMMANDS.iter().map(|known| (known.name, known.also))) {
        return format!("there is no such command; did you mean `{near}`?");
    }
    let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    format!("there is no such command; the commands are {}, and everything else is an option", names.join(", "))
}

/// The parser alone: texts and values are the vocabulary's, and what it says of errors would be a second way to say them.
fn command() -> Command {
    let settings = KEYS.iter().map(|key| (key.name, ArgAction::Set));
    let information = INFORMATION.iter().map(|Information { name, value, .. }| match value {
        Some(_) if *name == LISTENER => (*name, ArgAction::Append),
        Some(_) => (*name, ArgAction::Set),
        None => (*name, ArgAction::SetTrue),
    });
    let of_commands = OPTIONS_OF_COMMANDS.iter().map(|name| (*name, ArgAction::SetTrue));
    let bare = Command::new("server").no_binary_name(true).disable_help_flag(true).disable_version_flag(true);
    // One loop over all: each place that makes an argument is a few KB of the program.
    let all = settings.chain(information).chain(of_commands).chain([(COMMAND, ArgAction::Append)]);
    all.fold(bare, |command, (name, action)| command.arg(argument(name, action)))
}

/// Spelled with dashes, and as the key is written; but for the command, which is spelled as nothing.
fn argument(name: &'static str, action: ArgAction) -> Arg {
    let takes_value = !matches!(action, ArgAction::SetTrue);
    let mut argument = Arg::new(name).action(action);
    if name != COMMAND {
        let long: &'static str = option(name).leak();
        argument = argument.long(long.trim_start_matches('-')).alias(name);
    }
    if takes_value { argument.value_parser(ValueParser::os_string()).allow_negative_numbers(true) } else { argument }
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
        None => INFORMATION.iter().find(|known| option(known.name) == option_name).and_then(|known| known.value).unwrap_or("VALUE"),
    }
}

fn no_such_option(argument: &str) -> String {
    let name = argument.trim_start_matches('-').replace('-', "_");
    let of_commands = OPTIONS_OF_COMMANDS.iter().map(|known| (*known, [].as_slice()));
    match nearest(&name, INFORMATION.iter().map(|known| (known.name, known.also)).chain(of_commands)) {
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
    fn a_command_stands_anywhere_among_the_options() {
        let stop = |now| Wanted::Command(Given { request: Request::Stop { now }, json: false });
        for (arguments, wanted) in [
            (["start"].as_slice(), Wanted::Service),
            (&["start", "--workers", "2"], Wanted::Service),
            (&["--workers", "2", "stop"], stop(false)),
            (&["stop", "--workers=2", "--now"], stop(true)),
            (&["--json", "reload", "--tasks"], Wanted::Command(Given { request: Request::Reload { workers: false }, json: true })),
            (&["kill-worker", "--workers=2", "7"], Wanted::Command(Given { request: Request::Kill { slot: 7 }, json: false })),
        ] {
            assert!(read(arguments).unwrap_or_else(|why| panic!("{arguments:?}: {why}")).wanted == wanted, "{arguments:?}");
        }
    }

    #[test]
    fn an_option_that_is_none_is_answered_by_the_nearest() {
        for (arguments, why) in [
            (["--workrs=2"].as_slice(), "option --workrs is refused: there is no such option; did you mean --workers?"),
            (&["--worker-num", "2"], "option --worker-num is refused: there is no such option; did you mean --workers?"),
            (&["--dispatch", "idle"], "option --dispatch is refused: `dispatch` is compiled in, and stands in the attribute alone"),
            (
                &["--dispatch-mode=2"],
                "option --dispatch-mode is refused: there is no such option, and `dispatch` is compiled in, and stands in the attribute alone",
            ),
            (&["--confg", "a"], "option --confg is refused: there is no such option; did you mean --config?"),
            (&["--dry-run"], "option --dry-run is refused: there is no such option; did you mean --check?"),
            (&["--printconfig"], "option --printconfig is refused: there is no such option; did you mean --print-config?"),
            (&["-w", "2"], "option -w is refused: there is no such option"),
            (
                &["stray"],
                "the argument \"stray\" is refused: there is no such command; the commands are start, stop, reload, update, status, \
                 connections, kill-worker, log-reopen, and everything else is an option",
            ),
            (&["stat"], "the argument \"stat\" is refused: there is no such command; did you mean `status`?"),
            (&["restart"], "the argument \"restart\" is refused: there is no such command; did you mean `reload`?"),
            (&["status", "now"], "the argument \"now\" is refused: `status` takes no more than that"),
            (&["kill-worker"], "`kill-worker` is refused: it takes the number of a worker; write `kill-worker NUMBER`"),
            (&["kill-worker", "all"], "the argument \"all\" is refused: `kill-worker` takes the number of a worker"),
            (&["kill-worker", "1", "2"], "the argument \"2\" is refused: `kill-worker` takes no more than that"),
            (&["--now"], "option --now is refused: it belongs to `stop`"),
            (&["stop", "--json"], "option --json is refused: it belongs to `reload` and `status` and `connections`"),
            (&["--jsn", "status"], "option --jsn is refused: there is no such option; did you mean --json?"),
            (&["stop", "--check"], "option --check is refused: there is `stop` too, which is done by a server that runs"),
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
