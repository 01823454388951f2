//! Where settings come from, which of them counts, and how a bad one is refused: with one line, before anything is left behind.

use std::net::TcpListener;
use system_tests::{File, Launch, Outcome, Server, tree};

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

fn refused(launch: Launch, texts: &[&str]) -> Outcome {
    let outcome = launch.run();
    let line = outcome.refusal();
    for text in texts {
        assert!(line.contains(text), "{text:?} is said: {line}");
    }
    outcome
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
    refused(scripted().arguments(["--check", "--backlog=0"]), &["--backlog", "1 to 65535"]);
    refused(scripted().after("ulimit -n 200").arguments(["--check", "--max-conn=5000"]), &["--max-conn", "5000", "200"]);
    refused(scripted().address("tcp://no-such-host.invalid:0").arguments(["--check"]), &["no-such-host.invalid"]);
    refused(scripted().no_address().arguments(["--check"]), &["no address to listen on"]);
    refused(scripted().arguments(["--check", "--print-config"]), &["--check", "--print-config"]);
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
    refused(launch.address(&url), &[&url, "in use"]);
}

#[test]
fn an_address_of_another_machine_is_refused() {
    refused(scripted().address("tcp://192.0.2.1:9501"), &["tcp://192.0.2.1:9501", "no such address"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for url in ["tcp://127.0.0.1", "tcp://127.0.0.1:99999", "127.0.0.1:1", "http://127.0.0.1:1", "", "tcp://::1:1", "udp://127.0.0.1"] {
        refused(scripted().address(url), &["listen", "tcp://127.0.0.1:9501"]);
        refused(scripted().no_address().environment("SWOOLE_LISTEN", url), &["SWOOLE_LISTEN"]);
    }
}

#[test]
fn a_host_that_nobody_knows_is_refused() {
    refused(scripted().address("tcp://no-such-host.invalid:0"), &["no-such-host.invalid"]);
}

#[test]
fn no_address_at_all_is_refused() {
    refused(scripted().no_address(), &["no address to listen on", "--listen"]);
}

#[test]
fn a_value_out_of_range_is_refused_wherever_it_comes_from() {
    refused(scripted().environment("SWOOLE_WORKERS", "0"), &["SWOOLE_WORKERS", "`workers`", "1 to 1024"]);
    refused(scripted().environment("SWOOLE_WORKERS", "many"), &["SWOOLE_WORKERS", "`workers`", "many"]);
    refused(scripted().workers(0), &["--workers", "1 to 1024"]);
    refused(scripted().arguments(["--max-wait-time=0"]), &["--max-wait-time", "1 to 3600"]);
    refused(scripted().arguments(["--log-level=loud"]), &["--log-level", "debug"]);
    refused(scripted().arguments(["--tcp-nodelay=perhaps"]), &["--tcp-nodelay", "true or false"]);
    refused(scripted().arguments(["--mode=thread"]), &["--mode", "process"]);
    refused(scripted().reactors(257), &["--reactors", "256"]);
}

#[test]
fn an_unknown_name_is_refused_with_the_one_that_was_meant() {
    refused(scripted().environment("SWOOLE_WORKRS", "2"), &["SWOOLE_WORKRS", "did you mean SWOOLE_WORKERS?"]);
    refused(scripted().environment("SWOOLE_COLOUR", "red"), &["SWOOLE_COLOUR", "SWOOLE_MAX_CONN"]);
    refused(scripted().environment("SWOOLE_DISPATCH", "idle"), &["`dispatch` is compiled in, and stands in the attribute alone"]);
    refused(scripted().environment("SWOOLE_APP_GREETING", "hi"), &["SWOOLE_APP_GREETING", "`[app]`", "SWOOLE_CONFIG"]);
    refused(scripted().arguments(["--workrs=2"]), &["--workrs", "--workers"]);
    refused(scripted().arguments(["--colour=red"]), &["--colour", "--max-conn"]);
    refused(scripted().arguments(["--dispatch=idle"]), &["`dispatch` is compiled in, and stands in the attribute alone"]);
    refused(scripted().arguments(["--confg", "x"]), &["--confg", "did you mean --config?"]);
    refused(scripted().arguments(["stray"]), &["stray"]);
    refused(scripted().arguments(["--backlog"]), &["--backlog"]);
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
    let outcome = refused(launch, &["max_conn", "5000", "200"]);
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
    refused(scripted().after("ulimit -n 60"), &["descriptor limit of 60"]);
}

#[test]
fn a_thread_that_runs_before_the_start_is_refused() {
    refused(scripted().behaviour("run_a_thread"), &["2 threads", "on_worker_start"]);
}

#[test]
fn what_is_not_utf_8_is_refused_as_such() {
    let byte = "$(printf 'tcp://\\377')";
    refused(scripted().after(&format!("export SWOOLE_LISTEN={byte}")), &["SWOOLE_LISTEN = \"tcp://\\xFF\"", "not UTF-8"]);
    refused(scripted().no_address().after(&format!("set -- --listen {byte}")), &["--listen = \"tcp://\\xFF\"", "not UTF-8"]);
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
fn the_option_names_the_file_before_the_environment_and_that_before_code() {
    let [by_code, by_variable, by_option] = [3, 4, 5].map(|workers| File::with(&format!("workers = {workers}\n")));
    let launch = || configured().environment("SYSTEM_TEST_FILE_BY_CODE", by_code.path()).arguments(["--print-config"]);
    let printed = |launch: Launch, file: &File, workers: u32| {
        let outcome = launch.run();
        assert!(outcome.information().contains(&format!("workers = {workers}  # file {}, line 1\n", file.path())), "{outcome:?}");
    };
    printed(launch(), &by_code, 3);
    printed(launch().environment("SWOOLE_CONFIG", by_variable.path()), &by_variable, 4);
    printed(launch().environment("SWOOLE_CONFIG", by_variable.path()).arguments(["--config", by_option.path()]), &by_option, 5);
}

#[test]
fn a_file_that_is_none_is_refused() {
    let folder = std::env::temp_dir();
    refused(scripted().arguments(["--config", "/no/such/file"]), &["option --config = \"/no/such/file\"", "No such file"]);
    refused(scripted().environment("SWOOLE_CONFIG", "/no/such/file"), &["SWOOLE_CONFIG", "/no/such/file", "No such file"]);
    refused(scripted().environment("SWOOLE_CONFIG", ""), &["SWOOLE_CONFIG", "No such file"]);
    refused(configured().environment("SYSTEM_TEST_FILE_BY_CODE", "/no/such/file"), &["builder", "/no/such/file"]);
    refused(scripted().arguments(["--config", folder.to_str().expect("text")]), &["--config", "directory"]);
    refused(scripted().arguments(["--config", "/dev/zero"]), &["larger than 1 MiB"]);
    for (bytes, said) in [
        (b"workers = 1\nlog_level = \"\xff\"\n".to_vec(), "line 2 of the file is not UTF-8"),
        (b"workers = 1\nlog_level = \n".to_vec(), "line 2 is no TOML: "),
        (b"workers = 1\nworkers = 1\n".to_vec(), "line 2 is no TOML: duplicate key"),
        (vec![b'#'; 5 << 20], "larger than 1 MiB"),
    ] {
        let file = File::with_bytes(&bytes);
        refused(scripted().arguments(["--config", file.path()]), &[file.path(), said]);
    }
}

#[test]
fn a_line_of_a_file_that_is_wrong_is_refused_with_its_number() {
    for (line, said) in [
        ("workers = 0", "line 2: workers = 0 is refused: `workers` takes a number from 1 to 1024"),
        ("workers = \"4\"", "line 2: workers = \"4\" is refused: `workers` takes a whole number, not a text"),
        ("mode = \"thread\"", "`mode` takes \"process\""),
        ("max_wait_time = \"soon\"", "takes a time, as in `5s` or `2m`"),
        ("ring_memory = \"1K\"", "takes a number of bytes from 65536 to 17179869184"),
        ("workrs = 1", "did you mean `workers`?"),
        ("dispatch = \"idle\"", "`dispatch` is compiled in, and stands in the attribute alone"),
        ("[heartbeat]\ncheck = 1", "`heartbeat` takes true or false, not a table"),
        ("[apps]\nx = 1", "did you mean `[app]`?"),
    ] {
        let file = File::with(&format!("# first\n{line}\n"));
        refused(scripted().arguments(["--config", file.path()]), &[&format!("file {}, line 2", file.path()), said]);
    }
}

#[test]
fn a_file_can_come_through_a_pipe() {
    let launch = scripted().after("exec 3<<END\nbacklog = 77\nEND\n:");
    let outcome = launch.arguments(["--config=/dev/fd/3", "--print-config"]).run();
    assert!(outcome.information().contains("backlog = 77  # file /dev/fd/3, line 1"), "{outcome:?}");
}

#[test]
fn the_section_of_the_program_reaches_every_worker_and_its_successors() {
    let file = File::with("listen = \"tcp://127.0.0.1:0\"\nworkers = 3\n\n[app]\ngreeting = 'hello'\nretries = 7\n");
    let server = configured().arguments(["--config", file.path()]).start();
    server.connect().is_served();
    // Read once: what becomes of the file changes nothing.
    drop(file);
    let has_it = |worker: u64, generation: u64| {
        let start =
            server.journal.wait("on_worker_start", |entry| entry.number("worker") == worker && entry.number("generation") == generation);
        assert_eq!((start.text("greeting"), start.number("retries")), ("hello", 7), "{start:?}");
        start.number("pid") as u32
    };
    let pids = [0, 1, 2].map(|worker| has_it(worker, 1));
    tree::signal(pids[1], nix::sys::signal::Signal::SIGKILL);
    has_it(1, 2);
    server.stop();
}

#[test]
fn a_section_that_does_not_fit_is_refused_before_anything_is_forked_where_the_builder_knows_its_type() {
    for (section, said) in [
        ("[app]\nretries = 1\n", "line 1: `[app]` is refused: missing field `greeting`"),
        ("[app]\ngreeting = 'a'\nretries = 'x'\n", "line 3: `[app]` is refused: invalid type: string \"x\", expected u8 in `retries`"),
        ("[app]\ngreeting = 'a'\nretires = 1\n", "line 3: `[app]` is refused: unknown field `retires`"),
        ("workers = 1\n", "has no `[app]`: missing field `greeting`"),
        ("app = 1\n", "line 1: app is refused: `[app]` is a table"),
    ] {
        let file = File::with(section);
        for check in [None, Some("--check")] {
            refused(configured().behaviour("check_section").arguments(["--config", file.path()]).arguments(check), &[file.path(), said]);
        }
    }
    refused(configured().behaviour("check_section"), &["there is no `[app]`: missing field `greeting`", "--config"]);
}

#[test]
fn a_section_that_does_not_fit_is_the_reason_of_workers_that_do_not_start() {
    let file = File::with("listen = \"tcp://127.0.0.1:0\"\n[app]\nretries = 1\n");
    let outcome = configured().arguments(["--config", file.path()]).run();
    says_why_no_worker_starts(&outcome, &format!("file {}, line 2: `[app]` is refused: missing field `greeting`", file.path()));
}

#[test]
fn a_program_can_keep_its_arguments_to_itself() {
    let launch = scripted().no_arguments().behaviour("read_its_own_arguments").arguments(["serve", "--verbose"]);
    let server = launch.environment("SWOOLE_LISTEN", "tcp://127.0.0.1:0").start();
    assert_eq!(server.journal.wait("main", |_| true).text("arguments"), "serve,--verbose");
    server.stop();
}

/// The server gives up: the reason is in the log, once a worker that failed, and the last line is the error.
fn says_why_no_worker_starts(outcome: &Outcome, reason: &str) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.lines().any(|line| line.contains("no worker becomes ready") && line.contains(reason)), "{outcome:?}");
    assert!(outcome.stderr.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{outcome:?}");
}

fn gives_up(behaviour: &str, reason: &str) {
    says_why_no_worker_starts(&scripted().behaviour(behaviour).run(), reason);
}

#[test]
fn a_server_whose_workers_cannot_start_ends_with_the_reason() {
    gives_up("fail_at_start", "the database is not there");
}

#[test]
fn a_server_whose_workers_panic_at_their_start_ends_with_the_reason() {
    gives_up("panic_at_start", "the database exploded");
}
