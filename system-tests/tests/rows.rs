//! What the original does under its own tests, as far as it makes sense here and no other file shows it.

use nix::sys::signal::Signal;
use system_tests::{End, Launch, Server, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

fn starts(server: &Server) -> usize {
    server.journal.of("on_worker_start").len()
}

#[test]
fn a_shutdown_that_on_start_asks_for_ends_the_server_well() {
    let mut server = scripted().behaviour("shutdown_by_the_master").start();
    let address = server.address();
    let ends = watch::find("the last callback", || {
        let ends = server.journal.of("on_shutdown");
        (!ends.is_empty()).then_some(ends)
    });
    assert_eq!(ends.len(), 1);
    assert!(server.wait_for_end().success(), "{:#?}", server.log());
    server.leaves_nothing(address);
}

#[test]
fn everybody_knows_the_pids_of_master_and_manager() {
    let server = scripted().start();
    let mut client = server.connect();
    let mut pids = || {
        let pids = client.ask_fields("pids");
        (pids.number("master") as u32, pids.number("manager") as u32)
    };
    assert_eq!(pids(), (server.master(), server.manager()));
    let before = server.manager();
    system_tests::tree::signal(before, Signal::SIGKILL);
    watch::until("the next manager is known", || pids().1 != before && pids().1 == server.manager());
    server.stop();
}

#[test]
fn a_reload_does_not_wait_for_a_worker_that_never_came_through_its_start() {
    let server = scripted().arguments(["--max-wait-time=1", "--ready-timeout=1"]).behaviour("spin_first_in_worker_0").start();
    let mut client = server.connect_to_worker(1);
    client.ask("reload");
    watch::until("the other worker is new", || client.who().number("generation") == 2);
    watch::until("so is the stuck one", || server.connect().who().number("worker") == 0);
    server.stop();
}

#[test]
fn a_reload_of_task_workers_where_there_are_none_replaces_nobody_and_says_so() {
    let server = scripted().start();
    server.signal(Signal::SIGUSR2);
    server.wait_for_log(&["WARN", "SIGUSR2: there are no task workers to replace"]);
    let mut client = server.connect();
    client.ask("reload_tasks");
    server.wait_for_log(&["WARN", "a callback: there are no task workers to replace"]);
    assert_eq!(client.who().number("generation"), 1);
    assert_eq!(starts(&server), 2);
    server.stop();
}

#[test]
fn what_a_worker_closes_as_it_stops_is_closed_once_in_the_worker_of_the_session() {
    let server = scripted().behaviour("close_all_at_stop").start();
    let mut client = server.connect_to_worker(0);
    let session = client.session();
    // The other worker goes, and its last act is to close this session.
    assert_eq!(client.ask("stop 1"), "true");
    assert_eq!(client.end().1, End::Eof);
    let closes = || server.journal.of("on_close").into_iter().filter(|close| close.number("session") == session).collect::<Vec<_>>();
    let close = server.journal.wait_for_session("on_close", session);
    assert_eq!((close.number("worker"), close.text("reason")), (0, "server"));
    server.journal.wait("on_worker_start", |start| start.number("worker") == 1 && start.number("generation") == 2);
    assert_eq!((closes().len(), starts(&server)), (1, 3));
    server.stop();
}
