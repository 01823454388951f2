//! Where settings come from, which of them counts, and how a bad one is refused: with one line, before anything is left behind.

use std::net::TcpListener;
use system_tests::{Launch, Outcome, Server};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
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
    let server = scripted().environment("SWOOLE_WORKERS", "1").start();
    assert_eq!(workers(&server), 1, "the environment");
    server.stop();
    let server = scripted().environment("SWOOLE_WORKERS", "1").workers(4).start();
    assert_eq!(workers(&server), 4, "the command line");
    server.stop();
    let server = scripted().environment("SWOOLE_WORKERS", "1").workers(4).behaviour("build_with_3_workers").start();
    assert_eq!(workers(&server), 3, "the builder");
    server.stop();
}

#[test]
fn help_lists_every_setting() {
    let outcome = scripted().arguments(["--help"]).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    for option in ["listen", "workers", "reactors", "max-conn", "backlog", "tcp-nodelay", "log-level", "max-wait-time", "mode"] {
        assert!(outcome.stdout.contains(&format!("--{option} ")), "--{option}: {}", outcome.stdout);
    }
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
    for url in ["tcp://127.0.0.1", "tcp://127.0.0.1:99999", "127.0.0.1:1", "http://127.0.0.1:1", "", "tcp://::1:1", "udp://127.0.0.1:1"] {
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
    refused(scripted().environment("SWOOLE_WORKRS", "2"), &["SWOOLE_WORKRS", "workers"]);
    refused(scripted().environment("SWOOLE_COLOUR", "red"), &["SWOOLE_COLOUR", "max_conn"]);
    refused(scripted().arguments(["--workrs=2"]), &["--workrs", "--workers"]);
    refused(scripted().arguments(["--colour=red"]), &["--colour"]);
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

/// The server gives up: the reason is in the log, and the last line is the error.
fn gives_up(behaviour: &str, reason: &str) {
    let outcome = scripted().behaviour(behaviour).run();
    assert!(matches!(outcome.code, Some(code) if code != 0), "{outcome:?}");
    assert!(outcome.stderr.lines().any(|line| line.contains("no worker becomes ready") && line.contains(reason)), "{outcome:?}");
    assert!(outcome.stderr.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{outcome:?}");
}

#[test]
fn a_server_whose_workers_cannot_start_ends_with_the_reason() {
    gives_up("fail_at_start", "the database is not there");
}

#[test]
fn a_server_whose_workers_panic_at_their_start_ends_with_the_reason() {
    gives_up("panic_at_start", "the database exploded");
}
