//! Where settings come from, which of them counts, and how a bad one is refused: with one line, before anything is left behind.

use std::net::TcpListener;
use system_tests::{File, Launch, Server};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

fn configured() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_configured")).no_arguments()
}

/// How many workers it has, by its own counters.
fn workers(server: &Server) -> usize {
    let stats = server.connect().ask_fields("stats");
    stats.fields.keys().filter(|key| key.starts_with("state")).count()
}

#[test]
fn the_address_comes_from_the_environment_or_the_command_line() {
    let launch = scripted();
    let address = launch.own_address();
    let host = address.trim_start_matches("tcp://").trim_end_matches(":0").to_owned();
    let server = launch.no_address().environment("SWOOLE_LISTEN", &address).start();
    assert_eq!(server.address().ip().to_string(), host);
    server.connect().is_served();
    server.stop();

    let server = scripted().environment("SWOOLE_LISTEN", "tcp://192.0.2.1:0").start();
    server.connect().is_served();
    server.stop();
}

#[test]
fn each_source_of_a_setting_beats_the_one_before() {
    let server = scripted().start();
    assert_eq!(workers(&server), 2, "the attribute");
    server.stop();
    let file = File::with("workers = 5\n");
    let server = scripted().arguments(["--config", file.path()]).start();
    assert_eq!(workers(&server), 5, "the file");
    server.stop();
    let server = scripted().arguments(["--config", file.path()]).environment("SWOOLE_WORKERS", "1").start();
    assert_eq!(workers(&server), 1, "the environment");
    server.stop();
    let server = scripted().environment("SWOOLE_WORKERS", "1").workers(4).start();
    assert_eq!(workers(&server), 4, "the command line");
    server.stop();
    let server = scripted().environment("SWOOLE_WORKERS", "1").workers(4).behaviour("build_with_3_workers").start();
    assert_eq!(workers(&server), 3, "the builder");
    server.stop();
}

/// A value of each kind, from each source: key, then attribute or default, file, environment, option, and what code sets.
const SOURCES: [[&str; 6]; 5] = [
    ["workers", "2", "3", "4", "5", "6"],
    ["max_wait_time", "\"4s\"", "\"1m 30s\"", "\"2m\"", "\"1h\"", "\"6s\""],
    ["ring_memory", "\"32M\"", "\"1M\"", "\"2M\"", "\"1048577\"", "\"6M\""],
    ["listen", "\"tcp://127.0.0.1:1\"", "\"tcp://127.0.0.1:3\"", "\"tcp://127.0.0.1:4\"", "\"tcp://[::1]:5\"", "\"tcp://127.0.0.1:6\""],
    ["tcp_nodelay", "false", "true", "false", "true", "false"],
];

#[test]
fn a_value_of_each_kind_from_each_source_is_printed_with_where_it_comes_from() {
    let mut text = String::from("# the settings\n");
    for [key, _, file, ..] in SOURCES {
        text += &format!("{key} = {file}\n");
    }
    let file = File::with(&text);
    let bare = |value: &str| value.trim_matches('"').to_owned();
    for level in 1..=5 {
        let mut launch = configured();
        for (line, [key, _, _, variable, option, _]) in SOURCES.into_iter().enumerate() {
            if level == 2 && line == 0 {
                launch = launch.environment("SWOOLE_CONFIG", file.path());
            }
            if level > 2 && line == 0 {
                launch = launch.arguments(["--config", file.path()]);
            }
            if level >= 3 {
                launch = launch.environment(&format!("SWOOLE_{}", key.to_uppercase()), &bare(variable));
            }
            if level >= 4 {
                launch = launch.arguments([format!("--{}={}", key.replace('_', "-"), bare(option)).as_str()]);
            }
        }
        if level == 5 {
            launch = launch.behaviour("build_all");
        }
        let outcome = launch.arguments(["--print-config"]).run();
        for (line, values) in SOURCES.into_iter().enumerate() {
            let key = values[0];
            let origin = match level {
                1 => "attribute".to_owned(),
                2 => format!("file {}, line {}", file.path(), line + 2),
                3 => format!("environment variable SWOOLE_{}", key.to_uppercase()),
                4 => format!("option --{}", key.replace('_', "-")),
                _ => "builder".to_owned(),
            };
            let expected = format!("{key} = {}  # {origin}", values[level]);
            assert!(outcome.information().lines().any(|line| line == expected), "{expected}: {outcome:?}");
        }
    }
}

/// A printed configuration without its comments.
fn values(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| !line.starts_with('#')).map(|line| line.split("  #").next().unwrap_or(line)).collect()
}

#[test]
fn what_print_config_prints_can_be_fed_back() {
    let file =
        File::with("max_conn = 0x40\n[app]\ngreeting = 'hello \\ \"you\"'\nlist = [1, { a = 1.5 }]\n[app.more]\nwhen = 2020-01-01\n");
    let first = configured().arguments(["--config", file.path(), "--max-wait-time=90", "--reactors=3", "--print-config"]).run();
    let again = File::with(first.information());
    let second = configured().arguments(["--config", again.path(), "--print-config"]).run();
    assert_eq!(values(second.information()), values(first.information()));
    for line in
        ["max_conn = 64", "max_wait_time = \"1m 30s\"", "reactors = 3", "greeting = \"hello \\\\ \\\"you\\\"\"", "when = 2020-01-01"]
    {
        assert!(values(first.information()).contains(&line), "{line}: {first:?}");
    }
    assert!(!second.information().contains("# default") && second.information().contains(&format!("# file {}, line 4", again.path())));

    let none = scripted().no_arguments().arguments(["--print-config"]).run();
    assert!(none.information().contains("# listen = \"tcp://127.0.0.1:9501\"  # not set"), "{none:?}");
}

#[test]
fn check_says_that_all_is_fine_and_binds_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("tcp://{}", taken.local_addr().expect("it is bound"));
    let outcome = scripted().address(&url).workers(3).arguments(["--check"]).run();
    assert_eq!(outcome.information().lines().count(), 1);
    assert!(outcome.stdout.contains("the configuration is fine") && outcome.stdout.contains(&url), "{outcome:?}");
    assert!(outcome.stdout.contains("3 workers and 1 reactor "), "{outcome:?}");
}

#[test]
fn check_refuses_what_a_start_would_refuse() {
    scripted().arguments(["--check", "--backlog=0"]).refused(&["--backlog", "1 to 65535"]);
    scripted().after("ulimit -n 200").arguments(["--check", "--max-conn=5000"]).refused(&["--max-conn", "5000", "200"]);
    scripted().address("tcp://no-such-host.invalid:0").arguments(["--check"]).refused(&["no-such-host.invalid"]);
    scripted().no_address().arguments(["--check"]).refused(&["no address to listen on"]);
    scripted().arguments(["--check", "--print-config"]).refused(&["--check", "--print-config"]);
}

#[test]
fn all_faults_are_said_at_once() {
    let file = File::with("workers = 0\nbacklog = \"many\"\n");
    for check in [None, Some("--check")] {
        let launch = scripted().arguments(["--config", file.path(), "--max-wait-time=0"]).arguments(check);
        let outcome = launch.environment("SWOOLE_BACKLOG", "0").environment("SWOOLE_COLOUR", "red").run();
        let lines = outcome.refusals();
        assert_eq!(lines.len(), 5, "{lines:#?}");
        for (line, begins) in
            lines.iter().zip(["file ", "file ", "environment variable SWOOLE_BACKLOG", "environment variable SWOOLE_COLOUR"])
        {
            assert!(line.starts_with(&format!("Error: {begins}")), "{line}");
        }
    }
    let outcome = scripted().after("ulimit -n 200").no_address().arguments(["--max-conn=5000"]).run();
    assert_eq!(outcome.refusals().len(), 2, "{outcome:?}");
}

#[test]
fn help_lists_every_option_with_what_it_is_in_this_server() {
    let long = scripted().arguments(["--help"]).run();
    let brief = scripted().arguments(["-h"]).run();
    let keys = swoole_vocabulary::KEYS.iter().map(|key| key.name.replace('_', "-"));
    for option in keys.chain(["config", "check", "print-config", "help"].map(str::to_owned)) {
        for text in [long.information(), brief.information()] {
            assert!(text.lines().any(|line| line.split_whitespace().next() == Some(&format!("--{option}"))), "--{option}: {text}");
        }
    }
    for said in ["[1 to 1024] [default: 2, from the attribute] [environment: SWOOLE_WORKERS]", "[default: 512]", "--max-wait-time TIME"] {
        assert!(long.stdout.contains(said), "{said}: {}", long.stdout);
    }
    assert!(
        brief.stdout.lines().count() < swoole_vocabulary::KEYS.len() + 35 && brief.stdout.contains("--ring-memory SIZE"),
        "{}",
        brief.stdout
    );
    assert!(scripted().arguments(["--help", "stray"]).run().information().contains("Usage: scripted"));
    let built = scripted().behaviour("build_with_3_workers").arguments(["-h"]).run();
    assert!(built.information().contains("[set by the program itself: 3]"), "{built:?}");
}

#[test]
fn the_log_level_is_kept() {
    let server = scripted().arguments(["--log-level=debug"]).start();
    server.wait_for_log(&["DEBUG", "settings: "]);
    server.stop();
}

#[test]
fn a_port_in_use_is_refused() {
    let launch = scripted();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("tcp://{}", taken.local_addr().expect("it is bound"));
    launch.address(&url).refused(&[&url, "in use"]);
}

#[test]
fn an_address_of_another_machine_is_refused() {
    scripted().address("tcp://192.0.2.1:9501").refused(&["tcp://192.0.2.1:9501", "no such address"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for url in ["tcp://127.0.0.1", "tcp://127.0.0.1:99999", "127.0.0.1:1", "http://127.0.0.1:1", "", "tcp://::1:1", "udp://127.0.0.1"] {
        scripted().address(url).refused(&["listen", "tcp://127.0.0.1:9501"]);
        scripted().no_address().environment("SWOOLE_LISTEN", url).refused(&["SWOOLE_LISTEN"]);
    }
}

#[test]
fn a_host_that_nobody_knows_is_refused() {
    scripted().address("tcp://no-such-host.invalid:0").refused(&["no-such-host.invalid"]);
}

#[test]
fn no_address_at_all_is_refused() {
    scripted().no_address().refused(&["no address to listen on", "--listen"]);
}

#[test]
fn a_value_out_of_range_is_refused_wherever_it_comes_from() {
    scripted().environment("SWOOLE_WORKERS", "0").refused(&["SWOOLE_WORKERS", "`workers`", "1 to 1024"]);
    scripted().environment("SWOOLE_WORKERS", "many").refused(&["SWOOLE_WORKERS", "`workers`", "many"]);
    scripted().workers(0).refused(&["--workers", "1 to 1024"]);
    scripted().arguments(["--max-wait-time=0"]).refused(&["--max-wait-time", "1 to 3600"]);
    scripted().arguments(["--log-level=loud"]).refused(&["--log-level", "debug"]);
    scripted().arguments(["--tcp-nodelay=perhaps"]).refused(&["--tcp-nodelay", "true or false"]);
    scripted().arguments(["--mode=thread"]).refused(&["--mode", "process"]);
    scripted().reactors(257).refused(&["--reactors", "256"]);
}

#[test]
fn an_unknown_name_is_refused_with_the_one_that_was_meant() {
    scripted().environment("SWOOLE_WORKRS", "2").refused(&["SWOOLE_WORKRS", "did you mean SWOOLE_WORKERS?"]);
    scripted().environment("SWOOLE_COLOUR", "red").refused(&["SWOOLE_COLOUR", "SWOOLE_MAX_CONN"]);
    scripted().environment("SWOOLE_DISPATCH", "idle").refused(&["`dispatch` is compiled in, and stands in the attribute alone"]);
    scripted().environment("SWOOLE_APP_GREETING", "hi").refused(&["SWOOLE_APP_GREETING", "`[app]`", "SWOOLE_CONFIG"]);
    scripted().arguments(["--workrs=2"]).refused(&["--workrs", "--workers"]);
    scripted().arguments(["--colour=red"]).refused(&["--colour", "--max-conn"]);
    scripted().arguments(["--dispatch=idle"]).refused(&["`dispatch` is compiled in, and stands in the attribute alone"]);
    scripted().arguments(["--confg", "x"]).refused(&["--confg", "did you mean --config?"]);
    scripted().arguments(["stray"]).refused(&["stray"]);
    scripted().arguments(["--backlog"]).refused(&["--backlog"]);
}

#[test]
fn the_variable_that_a_server_hands_to_its_successor_is_no_setting() {
    let server = scripted().environment("SWOOLE_ATTACH", "1:2").start();
    server.connect().is_served();
    server.stop();
}

#[test]
fn more_sessions_than_the_descriptor_limit_allows_are_refused_with_both_figures() {
    let launch = scripted().after("ulimit -n 200").arguments(["--max-conn=5000"]);
    let outcome = launch.refused(&["max_conn", "5000", "200"]);
    assert!(outcome.refusal().contains("ulimit -n"));
}

#[test]
fn the_default_number_of_sessions_fits_the_descriptor_limit() {
    let server = scripted().after("ulimit -n 200").start();
    let mut clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(system_tests::Client::is_served);
    drop(clients);
    server.stop();
}

#[test]
fn a_descriptor_limit_that_leaves_no_session_is_refused() {
    scripted().after("ulimit -n 60").refused(&["descriptor limit of 60"]);
}

#[test]
fn a_thread_that_runs_before_the_start_is_refused() {
    scripted().behaviour("run_a_thread").refused(&["2 threads", "on_worker_start"]);
}

#[test]
fn what_is_not_utf_8_is_refused_as_such() {
    let byte = "$(printf 'tcp://\\377')";
    scripted().after(&format!("export SWOOLE_LISTEN={byte}")).refused(&["SWOOLE_LISTEN = \"tcp://\\xFF\"", "not UTF-8"]);
    scripted().no_address().after(&format!("set -- --listen {byte}")).refused(&["--listen = \"tcp://\\xFF\"", "not UTF-8"]);
}

#[test]
fn the_builder_is_held_to_the_same_words() {
    let outcome = configured().behaviour("build_nonsense").run();
    let lines = outcome.refusals();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains("builder: listen = \"nowhere\" is refused: `listen` names no kind of socket"), "{lines:#?}");
    assert_eq!(lines[1], "Error: builder: workers = 0 is refused: `workers` takes a number from 1 to 1024");
    assert_eq!(lines[2], "Error: builder: max_wait_time = 0 is refused: `max_wait_time` takes a number of seconds from 1 to 3600");
}

#[test]
fn a_program_can_keep_its_arguments_to_itself() {
    let launch = scripted().no_arguments().behaviour("read_its_own_arguments").arguments(["serve", "--verbose"]);
    let server = launch.environment("SWOOLE_LISTEN", "tcp://127.0.0.1:0").start();
    assert_eq!(server.journal.wait("main", |_| true).text("arguments"), "serve,--verbose");
    server.stop();
}

#[test]
fn a_server_whose_workers_cannot_start_ends_with_the_reason() {
    scripted().behaviour("fail_at_start").run().no_worker_starts("the database is not there");
}

#[test]
fn a_server_whose_workers_panic_at_their_start_ends_with_the_reason() {
    scripted().behaviour("panic_at_start").run().no_worker_starts("the database exploded");
}
