//! What the settings file may say, and what is said of what it may not.

use super::*;
use crate::settings::{Listener, Settings};

fn read(text: &str) -> (Collected, App) {
    let mut collected = Collected::new(Settings::new(), &[]);
    let app = collected.file("x.toml", text.to_owned().leak()).unwrap_or_default();
    (collected, app)
}

fn refusals(text: &str) -> Vec<String> {
    read(text).0.refusals
}

#[test]
fn values_are_natural_to_toml_and_times_and_sizes_may_be_texts() {
    let (Collected { settings, refusals, .. }, app) = read(concat!(
        "\u{feff}# a comment\r\nlisten = 'tcp://127.0.0.1:0'\r\nworkers = 3\nmax_wait_time = \"2m\"\nring_memory = \"1M\"\n",
        "buffer_output_size = 4_096\nsocket_buffer_size = 0x400\ntcp_nodelay = false\nmode = \"process\"\n[app]\nworkers = \"mine\"\n",
    ));
    assert_eq!(refusals, [""; 0]);
    assert_eq!((settings.listen, settings.workers, settings.max_wait_time), (Some("tcp://127.0.0.1:0"), Some(3), Some(120)));
    assert_eq!((settings.ring_memory, settings.buffer_output_size, settings.socket_buffer_size), (Some(1 << 20), Some(4096), Some(1024)));
    assert_eq!((settings.tcp_nodelay, settings.mode), (Some(false), Some("process")));
    assert!(app.section.is_some());
    assert_eq!(read("").0.refusals, [""; 0], "an empty file is one");
}

#[test]
fn periods_are_a_list_and_print_as_one() {
    let (collected, app) = read("timers = [1_000, 0x14]\nmax_timers = 7\n");
    assert_eq!(collected.refusals, [""; 0]);
    assert_eq!((collected.settings.timers, collected.settings.max_timers), (Some([1000, 20].as_slice()), Some(7)));
    let printed = crate::settings::printed(&collected, &app);
    assert!(printed.contains("timers = [1000, 20]  # file x.toml, line 1\n"), "{printed}");
    assert_eq!(
        refusals("timers = [5, 0]\nmax_timers = 0\n"),
        [
            "file x.toml, line 1: timers = [5, 0] is refused: `timers` takes periods of 1 millisecond or more; write `timers = [1000]`",
            "file x.toml, line 2: max_timers = 0 is refused: `max_timers` takes a number from 1 to 10000000",
        ]
    );
    for wrong in ["1000", "'1000'", "[1.5]", "['1s']", "[-1]", "[99999999999999999999]"] {
        let refusal = refusals(&format!("timers = {wrong}\n")).concat();
        assert!(refusal.contains("`timers` takes a list of milliseconds, as in [1000, 20], not "), "{refusal}");
    }
}

#[test]
fn every_fault_is_said_with_line_and_value() {
    assert_eq!(
        refusals(
            "workers = 0\nbacklog = \"512\"\ntcp_nodelay = 1\nmax_wait_time = 2.5\nring_memory = \"many\"\nlisten = 9501\n\
             log_level = \"loud\"\nreactors = [1,\n2]\nmax_wait = 3\nworkrs = 3\ndispatch = 'idle'\ncolour = 'red'\n\
             max_conn = 99999999999999999999999999999999999999999999\nbuffer_output_size.x = 1\n[heartbeat]\ncheck = 1\n[ap]\n[[listeners]]\n"
        )
        .iter()
        .map(|line| line.split("; the settings are").next().unwrap_or(line))
        .collect::<Vec<_>>(),
        [
            "file x.toml, line 1: workers = 0 is refused: `workers` takes a number from 1 to 1024",
            "file x.toml, line 2: backlog = \"512\" is refused: `backlog` takes a whole number, not a text",
            "file x.toml, line 3: tcp_nodelay = 1 is refused: `tcp_nodelay` takes true or false, not an integer",
            "file x.toml, line 4: max_wait_time = 2.5 is refused: `max_wait_time` takes a number of seconds, or a time in quotes as in \"5s\", not \
             a number with a point",
            "file x.toml, line 5: ring_memory = \"many\" is refused: `ring_memory` takes a size, as in `64K` or `2M`, not a text",
            "file x.toml, line 6: listen = 9501 is refused: `listen` takes a text, not an integer",
            "file x.toml, line 7: log_level = \"loud\" is refused: `log_level` takes \"off\", \"error\", \"warn\", \"info\", \"debug\" or \
             \"trace\"; write `log_level = \"info\"`",
            "file x.toml, line 8: reactors = [1,… is refused: `reactors` takes a whole number, not an array",
            "file x.toml, line 10: max_wait is refused: there is no such setting; did you mean `max_wait_time`?",
            "file x.toml, line 11: workrs is refused: there is no such setting; did you mean `workers`?",
            "file x.toml, line 12: dispatch is refused: `dispatch` is compiled in, and stands in the attribute alone",
            "file x.toml, line 13: colour is refused: there is no such setting",
            "file x.toml, line 14: max_conn = 99999999999999999999999999999999999999999999 is refused: `max_conn` takes a number from 1 to \
             1000000",
            "file x.toml, line 15: buffer_output_size, a table, is refused: `buffer_output_size` takes a number of bytes, or a size in quotes \
             as in \"2M\", not a table",
            "file x.toml, line 16: heartbeat, a table, is refused: `heartbeat` takes true or false, not a table",
            "file x.toml, line 18: ap is refused: there is no such table; did you mean `[app]`?",
            "file x.toml, line 19: listeners is refused: there is no such setting; did you mean `listen`?",
        ]
    );
}

#[test]
fn a_listener_has_a_table_of_its_own() {
    let listeners = [Listener { name: "admin", settings: Settings::new() }];
    let mut collected = Collected::new(Settings::new(), &listeners);
    collected.file(
        "x.toml",
        "backlog = 7\n[listener.admin]\nlisten = 'unix:///run/x.sock'\nbacklog = 8\ntcp_nodelay = 1\nworkers = 2\n\
         [listener.other]\n[listener.main]\n",
    );
    let admin = collected.listeners[0].settings;
    assert_eq!((collected.settings.backlog, admin.backlog, admin.listen), (Some(7), Some(8), Some("unix:///run/x.sock")));
    assert_eq!(
        collected.refusals,
        [
            "file x.toml, line 5: listener.admin.tcp_nodelay = 1 is refused: `tcp_nodelay` takes true or false, not an integer",
            "file x.toml, line 6: listener.admin.workers is refused: `workers` belongs to the server, and not to one listener",
            "file x.toml, line 7: listener.other is refused: this program has no such listener; beside the main one it has admin",
            "file x.toml, line 8: listener.main is refused: the settings of the main listener are those of the server, which stand by themselves",
        ]
    );
}

#[test]
fn what_is_no_toml_is_one_line_with_its_number() {
    for (text, line) in [("workers = \n", 1), ("a = 1\nworkers 3", 2), ("workers = 1\nworkers = 2", 2), ("\n\n[app", 3), ("x = \"a", 1)] {
        let said = refusals(text);
        assert_eq!(said.len(), 1, "{text:?}: {said:?}");
        assert!(said[0].starts_with(&format!("file x.toml, line {line} is no TOML: ")) && !said[0].contains('\n'), "{text:?}: {said:?}");
    }
    assert!(refusals("workers = 1\nworkers = 2")[0].contains("duplicate key"));
    assert_eq!(refusals("app = 3"), ["file x.toml, line 1: app is refused: `[app]` is a table of your own"]);
}

#[test]
fn the_users_own_section_has_the_users_own_type() {
    use serde::Deserialize;
    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(deny_unknown_fields)]
    struct Mine {
        name: String,
        #[serde(default)]
        retries: u8,
        limits: Option<Limits>,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    struct Limits {
        rate: u32,
    }
    let value = |text: &str| read(text).1.value::<Mine>();
    let mine = |retries, rate: Option<u32>| Mine { name: "n".to_owned(), retries, limits: rate.map(|rate| Limits { rate }) };
    assert_eq!(value("[app]\nname = 'n'"), Ok(mine(0, None)));
    assert_eq!(value("workers = 1\napp.name = 'n'\napp.limits.rate = 7\n"), Ok(mine(0, Some(7))));
    for (text, why) in [
        ("\n[app]\nretries = 1", "file x.toml, line 2: `[app]` is refused: missing field `name`"),
        (
            "[app]\nname = 'n'\nretries = 'many'",
            "file x.toml, line 3: `[app]` is refused: invalid type: string \"many\", expected u8 in `retries`",
        ),
        (
            "[app]\nname = 'n'\nretries = 256",
            "file x.toml, line 3: `[app]` is refused: invalid value: integer `256`, expected u8 in `retries`",
        ),
        ("[app]\nname = 'n'\n\n[app.limits]\n", "file x.toml, line 4: `[app]` is refused: missing field `rate` in `limits`"),
        ("workers = 1", "file x.toml has no `[app]`: missing field `name`"),
    ] {
        assert_eq!(value(text), Err(why.to_owned()));
    }
    let unknown = value("[app]\nname = 'n'\nretires = 1").expect_err("denied");
    assert!(unknown.starts_with("file x.toml, line 3: `[app]` is refused: unknown field `retires`, expected one of"), "{unknown}");
    let nowhere = App::default().value::<Mine>();
    assert_eq!(nowhere, Err("there is no `[app]`: missing field `name`; name a file that has one: `--config FILE`".to_owned()));

    #[derive(Deserialize, Default, PartialEq, Debug)]
    #[serde(default)]
    struct Lenient {
        size: usize,
    }
    assert_eq!(App::default().value(), Ok(Lenient { size: 0 }));
    assert_eq!(read("[app]").1.value(), Ok(Lenient { size: 0 }));
}
