//! The log as a file: what every process prints is in it, whole and in order, and it can be moved away.

use nix::sys::signal::Signal;
use std::{fs, net::TcpListener};
use system_tests::{Directory, Launch, Logged, logged::lines_of, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

fn ends_well(logged: &mut Logged) {
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0), "{:#?}", logged.lines());
    assert_eq!(logged.server.processes(), [], "when the master ends, all have ended");
    assert!(logged.lines().iter().any(|line| line.contains("the server has ended")));
    assert_eq!(logged.server.log(), [""; 0], "nothing is on standard error");
}

#[test]
fn prints_and_panics_of_workers_are_in_the_log_file_with_process_and_pid() {
    let mut logged = Logged::start(scripted());
    for worker in [0, 1] {
        let mut client = logged.connect_to_worker(worker);
        let pid = client.who().number("pid");
        client.say("print some words");
        assert_eq!(client.line(), "printed");
        let line = logged.wait(&[&format!(" PRINT [worker {worker} {pid}] some words")]);
        assert!(line.starts_with("20"), "the time is before it: {line}");
        client.say("panic");
        client.line();
        let line = logged.wait(&[&format!("ERROR [worker {worker} {pid}] panic in on_receive"), "asked to panic"]);
        assert!(!line.contains("PRINT"), "a line of the log is whole: {line}");
        logged.wait(&["ERROR [manager ", &format!("(pid {pid}")]);
    }
    ends_well(&mut logged);
}

#[test]
fn many_prints_at_once_come_whole_and_in_order() {
    let mut logged = Logged::start(scripted());
    let mut clients = [logged.connect_to_worker(0), logged.connect_to_worker(1)];
    let rounds = 2000;
    for round in 0..rounds {
        for client in &mut clients {
            client.say(&format!("print round {round} {}", "x".repeat(round % 300)));
        }
        for client in &mut clients {
            assert_eq!(client.line(), "printed");
        }
    }
    ends_well(&mut logged);
    for worker in [0, 1] {
        let lines = logged.lines();
        let printed: Vec<&str> = lines
            .iter()
            .filter(|line| line.contains(&format!("[worker {worker} ")))
            .filter_map(|line| line.split_once("] "))
            .map(|l| l.1)
            .collect();
        let expected: Vec<String> =
            (0..rounds).map(|round| format!("round {round} {}", "x".repeat(round % 300)).trim_end().to_owned()).collect();
        assert_eq!(printed.iter().map(|line| line.trim_end()).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn sighup_opens_the_log_anew_for_idle_and_for_stuck_workers() {
    let mut logged = Logged::start(scripted());
    let (mut stuck, mut idle) = (logged.connect_to_worker(0), logged.connect_to_worker(1));
    stuck.say("nap\nprint of the stuck one");
    assert_eq!(stuck.line(), "napping");
    let old = logged.file().with_extension("old");
    fs::rename(logged.file(), &old).expect("it is there");
    logged.server.signal(Signal::SIGHUP);
    logged.wait(&["SIGHUP", "opened anew"]);
    idle.say("print of the idle one");
    logged.wait(&["PRINT [worker 1 ", "of the idle one"]);
    logged.server.journal.ring_alarm();
    logged.wait(&["PRINT [worker 0 ", "of the stuck one"]);
    ends_well(&mut logged);
    let before = lines_of(&old);
    assert!(before.iter().any(|line| line.contains("listening on")) && !before.iter().any(|line| line.contains("SIGHUP")), "{before:#?}");
}

#[test]
fn a_log_that_cannot_be_opened_anew_stays_as_it_is() {
    let mut logged = Logged::start(scripted());
    let old = logged.file().with_extension("old");
    fs::rename(logged.file(), &old).expect("it is there");
    fs::create_dir(logged.file()).expect("a directory can be made");
    logged.server.signal(Signal::SIGHUP);
    watch::until("it is said in the old file", || {
        lines_of(&old).iter().any(|line| line.contains("ERROR") && line.contains("stays as it is"))
    });
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0));
    let server = scripted().start();
    server.signal(Signal::SIGHUP);
    server.wait_for_log(&["SIGHUP", "nothing to open anew"]);
    server.stop();
}

#[test]
fn a_start_that_fails_says_why_on_standard_error_and_in_the_log_file() {
    let directory = Directory::new();
    let log = directory.path().join("log");
    let taken = TcpListener::bind("127.0.200.1:0").expect("a free port");
    let address = format!("tcp://{}", taken.local_addr().expect("it is bound"));
    let outcome = scripted().address(&address).arguments([format!("--log-file={}", log.display()).as_str()]).run();
    assert!(outcome.refusal().contains("cannot listen on"), "{outcome:?}");
    assert!(lines_of(&log).iter().any(|line| line.contains("ERROR [master") && line.contains("cannot listen on")), "{:?}", lines_of(&log));
    let outcome = scripted().arguments(["--log-file=/nowhere/log"]).run();
    assert!(outcome.refusal().contains("/nowhere/log") && outcome.refusal().contains("`log_file`"), "{outcome:?}");
}

#[test]
fn the_last_words_of_a_manager_whose_master_is_killed_are_in_the_log_file() {
    let mut logged = Logged::start(scripted());
    logged.server.signal(Signal::SIGKILL);
    logged.server.wait_for_end();
    logged.wait(&["ERROR [manager ", "the master has ended"]);
    watch::until("no process is left", || logged.server.processes().is_empty());
}
