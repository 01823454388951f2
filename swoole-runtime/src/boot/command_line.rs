//! `--listen …`, `--help`: every setting as an option, from the one vocabulary.

use crate::error::{Error, Result};
use clap::{Arg, Command, error::ErrorKind};
use swoole_vocabulary::{KEYS, Key};

/// The options that were given, as key and text. Prints the help and ends the process where that is asked for.
pub(super) fn read() -> Result<Vec<(String, String)>> {
    match command().try_get_matches() {
        Ok(matches) => {
            Ok(KEYS.iter().filter_map(|key| matches.get_one::<String>(key.name).map(|text| (key.name.to_owned(), text.clone()))).collect())
        }
        Err(e) if e.kind() == ErrorKind::DisplayHelp => {
            // Where standard output is closed there is nobody to tell.
            let _ = e.print();
            std::process::exit(0);
        }
        Err(e) => {
            // The first paragraph says what is wrong, the next what was probably meant; the rest repeats the help.
            let text = e.to_string();
            let said: Vec<_> = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("Usage:") && !line.starts_with("For more"))
                .collect();
            Err(Error::start(said.join("; ").trim_start_matches("error: ").to_owned(), "`--help` lists the options"))
        }
    }
}

fn command() -> Command {
    let program =
        std::env::args_os().next().and_then(|path| Some(std::path::PathBuf::from(path).file_name()?.to_string_lossy().into_owned()));
    Command::new(program.unwrap_or_else(|| "server".to_owned()))
        .no_binary_name(false)
        .disable_version_flag(true)
        .about("A server of the swoole family. Every option can also come from the environment: SWOOLE_WORKERS=4.")
        .args(KEYS.iter().map(argument))
}

fn argument(key: &'static Key) -> Arg {
    let help = format!(
        "{} [default: {}]",
        key.doc.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "),
        key.default
    );
    Arg::new(key.name).long(key.name.replace('_', "-")).alias(key.name).value_name("VALUE").help(help)
}
