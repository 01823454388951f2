//! Answers of a server, as tables for people and as JSON for programs.

use crate::{process::REASON, sys::limits};
use core::time::Duration;

/// What a row may be of that is a process, and what all of them are called.
const PROCESS_KINDS: [(&str, &str); 3] = [("worker", "workers"), ("task_worker", "task_workers"), ("user_process", "user_processes")];

/// One line of an answer: what it is of, and its values by name, in the order in which they came.
pub(super) struct Row {
    pub(super) kind: String,
    values: Vec<(String, String)>,
}

impl Row {
    pub(super) fn read(line: &str) -> Self {
        if let Some(reason) = line.strip_prefix(REASON) {
            return Self { kind: REASON.to_owned(), values: vec![(String::new(), printable(reason))] };
        }
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default().to_owned();
        let values = words.filter_map(|word| word.split_once('=')).map(|(name, value)| (printable(name), printable(value))).collect();
        Self { kind, values }
    }

    /// Its value of this name, `-` where it has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("-", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name).parse().ok()
    }

    /// A number of milliseconds as people say it.
    fn time(&self, name: &str) -> String {
        self.number(name).map_or_else(|| "-".to_owned(), spoken)
    }

    fn size(&self, name: &str) -> String {
        self.number(name).map_or_else(|| "-".to_owned(), |bytes| if bytes < 10 << 10 { format!("{bytes}") } else { large(bytes) })
    }
}

/// It goes to a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn large(bytes: u64) -> String {
    if bytes < 10 << 20 { format!("{}K", bytes >> 10) } else { format!("{}M", bytes >> 20) }
}

fn spoken(ms: u64) -> String {
    // Finer than people want to know it.
    let fine = if ms < 1000 { Duration::from_millis(ms) } else { Duration::from_secs(ms / 1000) };
    let coarse = if ms < 3_600_000 { fine } else { Duration::from_secs(ms / 60_000 * 60) };
    humantime::format_duration(coarse).to_string().replace(' ', "")
}

/// Why a reload was given up.
pub(super) fn reason(rows: &[Row]) -> &str {
    rows.iter().find(|row| row.kind == REASON).map_or("", |row| row.get(""))
}

/// What the server's master is not asked for, since it would have to read a file for each.
pub(super) fn add_memory(rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| PROCESS_KINDS.iter().any(|(kind, _)| row.kind == *kind)) {
        let resident = row.number("pid").and_then(|pid| limits::resident(u32::try_from(pid).ok()?));
        row.values.push(("rss".to_owned(), resident.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string())));
    }
}

/// How a value is shown.
#[derive(Clone, Copy)]
enum Shown {
    AsItIs,
    Time,
    Size,
}

/// A column: its head, the value that stands in it, how wide that is, less than 0 for one that begins at its left, and how it is shown.
type Column = (&'static str, &'static str, i8, Shown);

const PROCESSES: [Column; 9] = [
    ("ID", "id", 5, Shown::AsItIs),
    ("KIND", "", -12, Shown::AsItIs),
    ("STATE", "state", -9, Shown::AsItIs),
    ("PID", "pid", 8, Shown::AsItIs),
    ("GENERATION", "generation", 10, Shown::AsItIs),
    ("AGE", "age_ms", 7, Shown::Time),
    ("REQUESTS", "requests", 10, Shown::AsItIs),
    ("RESTARTS", "restarts", 8, Shown::AsItIs),
    ("RSS", "rss", 8, Shown::Size),
];

const SESSIONS: [Column; 10] = [
    ("ID", "id", 10, Shown::AsItIs),
    ("REMOTE", "remote", -23, Shown::AsItIs),
    ("WORKER", "worker", 6, Shown::AsItIs),
    ("REACTOR", "reactor", 7, Shown::AsItIs),
    ("AGE", "age_ms", 7, Shown::Time),
    ("LAST IN", "received_ms", 8, Shown::Time),
    ("LAST OUT", "sent_ms", 8, Shown::Time),
    ("IN", "bytes_in", 8, Shown::Size),
    ("OUT", "bytes_out", 8, Shown::Size),
    ("QUEUED", "queued", 8, Shown::Size),
];

/// One line of a table: of its heads where there is no row; behind the columns comes what has no width.
fn line(columns: &[Column], row: Option<&Row>, last: &str, text: &mut String) {
    for &(head, name, width, shown) in columns {
        let value = match (row, shown) {
            (None, _) => head.to_owned(),
            (Some(row), Shown::AsItIs) if name.is_empty() => row.kind.clone(),
            (Some(row), Shown::AsItIs) => row.get(name).to_owned(),
            (Some(row), Shown::Time) => row.time(name),
            (Some(row), Shown::Size) => row.size(name),
        };
        let space = usize::from(width.unsigned_abs()).saturating_sub(value.chars().count());
        let (before, behind) = if width < 0 { (0, space) } else { (space, 0) };
        text.extend(core::iter::repeat_n(' ', before));
        text.push_str(&value);
        text.extend(core::iter::repeat_n(' ', behind + 1));
    }
    text.push_str(last);
    text.push('\n');
}

/// What is said of the server: words, and the value behind each.
const SERVER: [(&str, &str); 16] = [
    ("pid ", "pid"),
    (", manager ", "manager"),
    (", ", "phase"),
    (" for ", "uptime_ms"),
    (", layout ", "layout"),
    ("\nsessions ", "sessions"),
    (", accepted ", "accepted"),
    (", closed ", "closed"),
    (", refused ", "refused"),
    (", violations ", "violations"),
    ("; tasks ", "tasks"),
    (", under way ", "tasks_under_way"),
    ("\nprocesses wanted ", "wanted"),
    (", ready ", "ready"),
    (", draining ", "draining"),
    (", failed ", "failed"),
];

pub(super) fn status(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        if row.kind == "server" {
            for (words, name) in SERVER {
                text.push_str(words);
                text.push_str(&if name.ends_with("_ms") { row.time(name) } else { row.get(name).to_owned() });
            }
            text.push_str("\n\n");
            line(&PROCESSES, None, "CALLBACK", &mut text);
        } else {
            let last = if row.get("name") == "-" { current(row) } else { format!("{}: {}", row.get("name"), current(row)) };
            line(&PROCESSES, Some(row), &last, &mut text);
        }
    }
    text
}

/// What it is in, or when there will be something.
fn current(row: &Row) -> String {
    match (row.get("callback"), row.get("session")) {
        ("-", _) if row.get("retry_ms") != "-" => format!("again in {}", row.time("retry_ms")),
        ("-", _) => "-".to_owned(),
        (callback, "-") => format!("{callback} for {}", row.time("callback_ms")),
        (callback, session) => format!("{callback} of session {session} for {}", row.time("callback_ms")),
    }
}

/// A session, or the head of the table of all.
pub(super) fn connection(row: Option<&Row>, text: &mut String) {
    line(&SESSIONS, row, row.map_or("CLOSING", |row| row.get("closing")), text);
}

pub(super) fn status_as_json(rows: &[Row]) -> String {
    let mut text = String::from("{");
    rows.iter().filter(|row| row.kind == "server").for_each(|row| members(row, &mut text));
    for (kind, name) in PROCESS_KINDS {
        text.push_str(if text.len() > 1 { "," } else { "" });
        quoted(name, &mut text);
        text.push_str(":[");
        for (at, row) in rows.iter().filter(|row| row.kind == kind).enumerate() {
            text.push_str(if at == 0 { "\n" } else { ",\n" });
            object(row, &mut text);
        }
        text.push(']');
    }
    text.push_str("}\n");
    text
}

pub(super) fn reload_as_json(reload: &Row, reason: &str) -> String {
    let mut text = String::from("{");
    members(reload, &mut text);
    text.push_str(",\"reason\":");
    if reason.is_empty() {
        text.push_str("null");
    } else {
        quoted(reason, &mut text);
    }
    text.push_str("}\n");
    text
}

pub(super) fn object(row: &Row, text: &mut String) {
    text.push('{');
    members(row, text);
    text.push('}');
}

fn members(row: &Row, text: &mut String) {
    for (at, (name, value)) in row.values.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { "," });
        quoted(name, text);
        text.push(':');
        match &**value {
            "-" => text.push_str("null"),
            "true" | "false" => text.push_str(value),
            // A layout of digits alone is a text all the same.
            _ if name != "layout" && value.parse::<u64>().is_ok() => text.push_str(value),
            _ => quoted(value, text),
        }
    }
}

/// Without control characters, as rows have none, two letters alone need care.
fn quoted(value: &str, text: &mut String) {
    text.push('"');
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        [
            "server pid=7 manager=8 phase=running uptime_ms=90061000 layout=0000000000000001 wanted=2",
            "worker id=0 state=ready pid=9 age_ms=12 callback=on_receive session=3 callback_ms=1500",
            "task_worker id=1 state=failed pid=- callback=- retry_ms=6400",
            "user_process id=2 name=metrics state=ready pid=10",
        ]
        .map(Row::read)
        .into()
    }

    #[test]
    fn json_has_numbers_texts_and_nothing_where_they_belong() {
        assert_eq!(
            status_as_json(&rows()),
            "{\"pid\":7,\"manager\":8,\"phase\":\"running\",\"uptime_ms\":90061000,\"layout\":\"0000000000000001\",\"wanted\":2,\
             \"workers\":[\n{\"id\":0,\"state\":\"ready\",\"pid\":9,\"age_ms\":12,\"callback\":\"on_receive\",\"session\":3,\
             \"callback_ms\":1500}],\"task_workers\":[\n{\"id\":1,\"state\":\"failed\",\"pid\":null,\"callback\":null,\"retry_ms\":6400}],\"user_processes\":[\n\
             {\"id\":2,\"name\":\"metrics\",\"state\":\"ready\",\"pid\":10}]}\n"
        );
        let mut text = String::new();
        quoted(&printable("a \"b\" \\ \u{1b}[1m"), &mut text);
        assert_eq!(text, "\"a \\\"b\\\" \\\\ \u{fffd}[1m\"");
        assert_eq!(
            reload_as_json(&Row::read("reload through=false joined=true"), "x y"),
            "{\"through\":false,\"joined\":true,\"reason\":\"x y\"}\n"
        );
    }

    #[test]
    fn a_table_says_what_a_process_is_in() {
        let table = status(&rows());
        for said in ["pid 7, manager 8, running for 1day1h1m, layout", "on_receive of session 3 for 1s", "again in 6s", "metrics: -"] {
            assert!(table.contains(said), "{said}: {table}");
        }
        let mut line = String::new();
        connection(Some(&Row::read("session id=5 remote=127.0.0.1:4 bytes_in=20480")), &mut line);
        assert!(line.contains(" 127.0.0.1:4 ") && line.contains(" 20K "), "{line}");
    }
}
