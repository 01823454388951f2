//! `--help` and `-h`: each setting from its one row in the vocabulary, with what it is in this server, the options that tell about them,
//! and the commands.

use crate::settings::{Readable, Settings, option, variable};
use core::fmt::Write;
use swoole_vocabulary::{KEYS, Key, Kind, Value};

/// An option that is no setting.
pub(super) struct Information {
    pub(super) name: &'static str,
    /// What it takes, if anything.
    pub(super) value: Option<&'static str>,
    pub(super) says: &'static str,
    /// What else it is called.
    pub(super) also: &'static [&'static str],
}

/// The options that are no settings.
pub(super) const INFORMATION: [Information; 5] = [
    Information {
        name: "config",
        value: Some("FILE"),
        says: "Read settings from this TOML file: keys as these options, with _ instead of -, and what is the program's own in [app]",
        also: &["file", "conf", "config_file", "settings"],
    },
    Information {
        name: "listener",
        value: Some("NAME.KEY=VALUE"),
        says: "Set a key of one listener beside the main one, as in `--listener admin.listen=tcp://127.0.0.1:9502`; as often as there are keys",
        also: &["set_listener", "listener_option"],
    },
    Information {
        name: "check",
        value: None,
        says: "Check every setting and that the host is known, say what is wrong, and end; binds nothing",
        also: &["test", "validate", "dry_run", "check_config"],
    },
    Information {
        name: "print_config",
        value: None,
        says: "Print every setting and where it comes from, as a file for --config, and end",
        also: &["print", "dump", "show_config", "dump_config"],
    },
    Information { name: "help", value: None, says: "Print this and end; -h prints a line for each option", also: &["usage"] },
];

/// A word that says what to do.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// What it takes, if anything.
    pub(super) value: Option<&'static str>,
    /// Which of [`OPTIONS_OF_COMMANDS`] may stand beside it.
    pub(super) options: &'static [&'static str],
    says: &'static str,
    /// What else it is called.
    pub(super) also: &'static [&'static str],
}

/// Options that commands alone have.
pub(super) const OPTIONS_OF_COMMANDS: [&str; 3] = ["now", "tasks", "json"];

/// The commands: all but the first are for a server that runs, the one that listens where this one would, or has the same `control`.
pub(super) const COMMANDS: [Command; 8] = [
    Command { name: "start", value: None, options: &[], says: "Serve, which is what happens without a command", also: &["run", "serve"] },
    Command {
        name: "stop",
        value: None,
        options: &["now"],
        says: "End the server in good order, or at once, and wait until it has ended",
        also: &["shutdown", "quit", "end", "terminate"],
    },
    Command {
        name: "reload",
        value: None,
        options: &["tasks", "json"],
        says: "Replace all workers and task workers, or task workers alone, and wait until that is through",
        also: &["restart", "refresh"],
    },
    Command {
        name: "update",
        value: None,
        options: &[],
        says: "Have the program at the server's path take its place, master and all, with every connection, and wait until it has",
        also: &["upgrade", "handover", "exec"],
    },
    Command {
        name: "status",
        value: None,
        options: &["json"],
        says: "Print how the server and each of its processes is",
        also: &["stat", "stats", "info", "ps"],
    },
    Command {
        name: "connections",
        value: None,
        options: &["json"],
        says: "Print every session",
        also: &["sessions", "clients", "conns", "list"],
    },
    Command {
        name: "kill-worker",
        value: Some("NUMBER"),
        options: &[],
        says: "End the process of this worker or task worker by SIGKILL; another takes its place",
        also: &["kill", "killworker"],
    },
    Command {
        name: "log-reopen",
        value: None,
        options: &[],
        says: "Have the server open its log anew, as SIGHUP does",
        also: &["reopen", "logreopen", "rotate", "logrotate"],
    },
];

const ABOUT: &str = "A server of the swoole family.

A setting comes from the program itself, from a file (--config), from the environment or from an option; each of these counts more than \
the one before.";

const AFTER: &str = "A time is written as 5s, 2m or 1m 30s, a size as 4096, 64K or 2M.

Exit codes: 0 after a shutdown in good order, after a command that was done, and after --help, --check and --print-config; 1 after an error, \
which stands on standard error; 3 after a command where no server runs.";

/// How wide a line is, and how far what is said of an option is indented in it.
const WIDTH: usize = 100;
const INDENT: &str = "          ";

/// What is said of one option.
struct Entry {
    /// With what it takes: `--workers NUMBER`.
    option: String,
    brief: String,
    long: String,
}

/// The help: a line for each option, or all that is known of it.
pub(super) fn help(is_long: bool, attribute: &Settings, builder: &Settings) -> String {
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let program = program.as_deref().and_then(std::path::Path::file_name).map_or("server".into(), |name| name.to_string_lossy());
    let settings: Vec<_> = KEYS.iter().enumerate().map(|(at, key)| setting(key, attribute.get(at), builder.get(at))).collect();
    let information: Vec<_> = INFORMATION.iter().map(information).collect();
    let commands: Vec<_> = COMMANDS.iter().map(command).collect();
    let widest = settings.iter().chain(&information).chain(&commands).map(|entry| entry.option.len()).max().unwrap_or(0);
    let mut text = format!("{}\n\nUsage: {program} [COMMAND] [OPTIONS]\n", wrapped(ABOUT, ""));
    for (group, entries) in [("Commands", commands), ("Settings", settings), ("Information", information)] {
        let _ = write!(text, "\n{group}:\n");
        for (at, Entry { option, brief, long }) in entries.into_iter().enumerate() {
            let _ = if is_long {
                write!(text, "{}  {option}\n{}\n", if at == 0 { "" } else { "\n" }, wrapped(&long, INDENT))
            } else {
                writeln!(text, "  {option:widest$}  {brief}")
            };
        }
    }
    let _ = write!(text, "\n{}\n", wrapped(AFTER, ""));
    text
}

fn setting(key: &Key, attribute: Option<Value<'_>>, builder: Option<Value<'_>>) -> Entry {
    let default = match (builder, attribute) {
        (Some(value), _) => format!("[set by the program itself: {}]", Readable(key.kind, value)),
        (None, Some(value)) => format!("[default: {}, from the attribute]", Readable(key.kind, value)),
        (None, None) => format!("[default: {}]", key.default),
    };
    let doc = key.doc.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    // Up to the first stop of any kind it says what it is.
    let brief = doc.find([':', ';', '.']).map_or(doc.as_str(), |end| &doc[..end]);
    let range = key.range.map_or_else(String::new, |(least, greatest)| {
        format!("[{} to {}] ", Readable(key.kind, Value::Number(least)), Readable(key.kind, Value::Number(greatest)))
    });
    Entry {
        option: format!("{} {}", option(key.name), value_name(key)),
        brief: format!("{brief} {default}"),
        long: format!("{doc}\n{range}{default} [environment: {}]", variable(key.name)),
    }
}

/// What a key takes, in one word.
pub(super) fn value_name(key: &Key) -> &'static str {
    match key.kind {
        Kind::Text => "TEXT",
        Kind::Number => "NUMBER",
        Kind::Seconds => "TIME",
        Kind::Bytes => "SIZE",
        Kind::Switch => "BOOL",
        Kind::Periods => "LIST",
    }
}

fn information(Information { name, value, says, .. }: &Information) -> Entry {
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    Entry { option: format!("{}{value}", option(name)), brief: (*says).to_owned(), long: (*says).to_owned() }
}

fn command(Command { name, value, options, says, .. }: &Command) -> Entry {
    let value = value.map_or_else(String::new, |value| format!(" {value}"));
    let options = options.iter().map(|option| format!(" [--{option}]")).collect::<String>();
    Entry { option: format!("{name}{value}{options}"), brief: (*says).to_owned(), long: (*says).to_owned() }
}

/// The text, indented, its lines broken.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(core::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { indent } else { " " });
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_there_with_documentation_range_and_default() {
        let (mut attribute, mut builder) = (Settings::new(), Settings::new());
        attribute.workers(2);
        attribute.max_wait_time(90);
        builder.backlog(7);
        let long = help(true, &attribute, &builder);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let all = words(&long);
        for key in KEYS {
            assert!(all.contains(&words(&key.doc.join(" "))), "{}: {long}", key.name);
            assert!(long.contains(&format!("\n  {} {}\n", option(key.name), value_name(key))), "{}: {long}", key.name);
        }
        for line in [
            "[1 to 1024] [default: 2, from the attribute] [environment: SWOOLE_WORKERS]",
            "[1s to 1h] [default: 1m 30s, from the attribute] [environment: SWOOLE_MAX_WAIT_TIME]",
            "[64K to 16G] [default: 64M] [environment: SWOOLE_RING_MEMORY]",
            "[1 to 65535] [set by the program itself: 7] [environment: SWOOLE_BACKLOG]",
        ] {
            assert!(all.contains(line), "{line}: {long}");
        }
        assert!(long.lines().all(|line| line.chars().count() <= WIDTH), "{long}");

        let brief = help(false, &attribute, &builder);
        assert_eq!(brief.lines().filter(|line| line.starts_with("  --")).count(), KEYS.len() + INFORMATION.len(), "{brief}");
        assert!(
            words(&brief).contains("--workers NUMBER How many worker processes run your callbacks [default: 2, from the attribute]"),
            "{brief}"
        );
    }
}
