//! Updates that come to nothing, and what a shutdown or a death does to one that is under way: the server goes on as it was, or ends as ever.

use nix::sys::signal::Signal;
use std::thread;
use system_tests::{Launch, Place, Server, tree, watch};

const ONE: &str = env!("CARGO_BIN_EXE_version_one");
const OTHER: &str = env!("CARGO_BIN_EXE_version_other");
const SCRIPTED: &str = env!("CARGO_BIN_EXE_scripted");

/// Tries to update the server; why it did not come to that.
fn refused(place: &Place) -> String {
    place.run(&["update"]).refusal().to_owned()
}

#[test]
fn a_program_that_cannot_take_over_changes_nothing_and_says_why() {
    let place = Place::installed(OTHER);
    let server = place.launch().arguments(["--ready-timeout=1"]).start();
    let mut client = server.connect();
    let version = client.ask("version");
    let mut unchanged = |why: &str| {
        let said = refused(&place);
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(client.ask("version"), version);
        assert_eq!(place.master(), server.master());
        server.wait_for_all_processes(3);
    };
    place.write(b"#!/bin/sh\nexit 3\n", 0o755);
    // A command of the program that lies there is that one's: here the old one gives it.
    let by_old = |words: &[&str]| {
        let control = format!("--control={}", place.socket().display());
        let launch = Launch::new(OTHER).no_arguments();
        launch.arguments(words.iter().copied().chain([control.as_str()])).run().refusal().to_owned()
    };
    assert!(by_old(&["update"]).contains("it has ended; the reason is in the log"));
    place.write(b"not a program", 0o755);
    assert!(by_old(&["update"]).contains("cannot be started"));
    place.write(b"#!/bin/sh\nexec sleep 60\n", 0o755);
    assert!(by_old(&["update"]).contains("it was not ready within ready_timeout"));
    place.install(ONE);
    unchanged("`max_conn` is 1000, and 2000 in the server that runs: by an update it can become more, and not less");
    place.stop(server);
}

/// A server whose new master waits in `on_worker_start`, or does what `behaviour` says.
fn held_up(place: &Place, behaviour: &str) -> Server {
    held_up_by(place.launch().behaviour(behaviour))
}

/// One that waits for callbacks for as long as a test takes.
fn held_up_by(launch: Launch) -> Server {
    launch.arguments(["--max-wait-time=20"]).start()
}

#[test]
fn a_new_master_that_dies_at_any_time_before_it_has_the_sessions_changes_nothing() {
    // While its workers start; while an old worker is in a callback; while the old workers end.
    for when in ["starts", "quiet", "stops"] {
        let place = Place::installed(env!("CARGO_BIN_EXE_tasker"));
        let server = held_up(&place, if when == "stops" { "nap_at_stop" } else { "" });
        let mut client = server.connect_to_worker(0);
        let session = client.session();
        if when == "quiet" {
            assert_eq!(server.connect_to_worker(1).ask("nap"), "napping");
        }
        let said = thread::scope(|scope| {
            let asks = scope.spawn(|| refused(&place));
            let new = watch::find("a new master", || {
                let is_new = |line: &String| line.contains("update: the program at");
                let line = server.log().into_iter().rev().find(is_new)?;
                line.rsplit(' ').next()?.parse::<u32>().ok()
            });
            match when {
                "starts" => {}
                "quiet" => drop(server.wait_for_log(&["update: pid", "is ready"])),
                _ => drop(server.journal.wait("on_worker_stop", |_| true)),
            }
            tree::signal(new, Signal::SIGKILL);
            if when == "stops" {
                server.journal.ring_alarm();
            }
            asks.join().expect("no panic")
        });
        assert!(said.contains("nothing has changed"), "{when}: {said}");
        server.journal.ring_alarm();
        client.is_served();
        assert_eq!((client.session(), place.master()), (session, server.master()), "{when}");
        server.connect().is_served();
        server.wait_for_all_processes(4);
        place.stop(server);
    }
}

#[test]
fn a_worker_that_does_not_come_to_its_end_keeps_the_server_as_it_is() {
    let place = Place::installed(SCRIPTED);
    let server = place.launch().arguments(["--max-wait-time=1"]).start();
    let (mut stuck, mut client) = (server.connect_to_worker(0), server.connect_to_worker(1));
    assert_eq!(stuck.ask("nap"), "napping");
    assert!(refused(&place).contains("a worker did not come to the end of what it has within max_wait_time"));
    client.is_served();
    server.journal.ring_alarm();
    assert_eq!(stuck.line(), "awake");
    assert_eq!(place.master(), server.master());
    place.update();
    stuck.is_served();
    place.stop(server);
}

#[test]
fn an_old_master_that_is_killed_takes_the_new_one_along_or_leaves_all_to_it() {
    for goes_on in [false, true] {
        let place = Place::installed(SCRIPTED);
        let mut server = held_up(&place, "");
        let address = server.address();
        let mut client = server.connect_to_worker(0);
        let session = client.session();
        let mut busy = server.connect_to_worker(1);
        assert_eq!(busy.ask("nap"), "napping");
        thread::scope(|scope| {
            let asks = scope.spawn(|| place.run(&["update"]));
            let line = server.wait_for_log(&["update: pid", "is ready"]);
            let new = line.split_once("pid ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u32>().ok()).expect("it has a pid");
            if goes_on {
                // It takes what it is given when it goes on, and finds that nobody else is left.
                tree::signal(new, Signal::SIGSTOP);
                server.journal.ring_alarm();
                server.wait_for_log(&["sessions are passed to pid"]);
            }
            server.signal(Signal::SIGKILL);
            if goes_on {
                tree::signal(new, Signal::SIGCONT);
            }
            let outcome = asks.join().expect("no panic");
            assert_eq!(outcome.code, Some(1), "{outcome:?}");
        });
        server.journal.ring_alarm();
        if goes_on {
            client.is_served();
            assert_eq!(client.session(), session);
            // Sessions first, and then its names.
            watch::until("it takes commands", || place.run(&["status"]).code == Some(0));
            assert!(place.master() != server.master());
            assert_eq!(place.run(&["stop"]).information(), "the server has ended\n");
        }
        let _ = server.wait_for_end();
        server.leaves_nothing(address);
    }
}

#[test]
fn a_shutdown_ends_an_update_that_is_under_way() {
    let place = Place::installed(SCRIPTED);
    let mut server = held_up(&place, "");
    let address = server.address();
    let mut busy = server.connect_to_worker(0);
    assert_eq!(busy.ask("nap"), "napping");
    thread::scope(|scope| {
        let asks = scope.spawn(|| place.run(&["update"]));
        server.wait_for_log(&["update: pid", "is ready"]);
        assert!(refused(&place).contains("an update is under way"));
        server.signal(Signal::SIGTERM);
        server.journal.ring_alarm();
        assert_eq!(busy.line(), "awake");
        let outcome = asks.join().expect("no panic");
        assert!(outcome.stderr.contains("the server shuts down"), "{outcome:?}");
    });
    assert!(server.wait_for_end().success());
    server.leaves_nothing(address);
}

#[test]
fn the_file_of_a_unix_socket_stays_whatever_becomes_of_a_new_master() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let place = Place::installed(env!("CARGO_BIN_EXE_packets"));
        let path = place.path("local.sock");
        let listen = format!("unix-dgram://{}", path.display());
        let server = held_up_by(place.launch().environment("SWOOLE_LISTENER_LOCAL_LISTEN", &listen));
        let mut busy = server.connect();
        assert_eq!(busy.ask("nap"), "napping");
        thread::scope(|scope| {
            let asks = scope.spawn(|| refused(&place));
            let line = server.wait_for_log(&["update: pid", "is ready"]);
            let new = line.split_once("update: pid ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).expect("it has a pid");
            tree::signal(new, signal);
            assert!(asks.join().expect("no panic").contains("nothing has changed"));
        });
        server.journal.ring_alarm();
        assert_eq!(busy.line(), "awake");
        // Master, manager, standby and two workers.
        watch::until("nothing is left of it", || server.processes().len() == 5);
        assert!(path.exists(), "{signal}");
        assert_eq!(place.master(), server.master());
        place.stop(server);
        assert!(!path.exists());
    }
}

#[test]
fn a_frame_cannot_go() {
    let place = Place::installed(env!("CARGO_BIN_EXE_framer"));
    let server = place.launch().start();
    place.install(SCRIPTED);
    let said = refused(&place);
    assert!(said.contains("the listener `main` has no frame") && said.contains("there is no listener `split`"), "{said}");
    place.stop(server);
}

#[test]
fn a_shutdown_while_workers_end_has_every_session_closed_by_a_worker() {
    for by_command in [false, true] {
        let place = Place::installed(env!("CARGO_BIN_EXE_keeper"));
        let mut server = held_up(&place, "nap_at_stop");
        let address = server.address();
        let mut client = server.connect();
        let session = client.session();
        thread::scope(|scope| {
            let asks = scope.spawn(|| place.run(&["update"]));
            server.journal.wait("on_worker_stop", |_| true);
            let stops = by_command.then(|| scope.spawn(|| place.said(&["stop"])));
            if !by_command {
                server.signal(Signal::SIGTERM);
            }
            server.wait_for_log(&["shutting down"]);
            server.journal.ring_alarm();
            assert!(asks.join().expect("no panic").stderr.contains("the update is given up: the server shuts down"));
            if let Some(stops) = stops {
                assert_eq!(stops.join().expect("no panic"), "the server has ended\n");
            }
        });
        assert!(server.wait_for_end().success());
        assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "shutdown");
        server.leaves_nothing(address);
    }
}

#[test]
fn a_lame_duck_takes_no_update_along() {
    let place = Place::installed(SCRIPTED);
    let mut server = place.launch().arguments(["--max-wait-time=20", "--lame-duck=1"]).start();
    let address = server.address();
    let mut busy = server.connect_to_worker(0);
    assert_eq!(busy.ask("nap"), "napping");
    thread::scope(|scope| {
        let asks = scope.spawn(|| place.run(&["update"]));
        server.wait_for_log(&["update: pid", "is ready"]);
        server.signal(Signal::SIGTERM);
        assert!(asks.join().expect("no panic").stderr.contains("the server shuts down"));
        server.journal.ring_alarm();
        assert_eq!(busy.line(), "awake");
        server.connect().is_served();
    });
    assert!(server.wait_for_end().success());
    server.leaves_nothing(address);
}

#[test]
fn manager_and_standby_that_die_while_workers_end_are_the_end_of_the_server_and_of_the_update() {
    let place = Place::installed(env!("CARGO_BIN_EXE_tasker"));
    let mut server = held_up(&place, "nap_at_stop");
    let address = server.address();
    let (manager, standby) = (server.manager(), server.standby(4));
    thread::scope(|scope| {
        let asks = scope.spawn(|| place.run(&["update"]));
        server.journal.wait("on_worker_stop", |_| true);
        tree::signal(standby, Signal::SIGKILL);
        tree::signal(manager, Signal::SIGKILL);
        assert_eq!(asks.join().expect("no panic").code, Some(1));
    });
    assert_eq!(server.wait_for_end().code(), Some(1));
    server.leaves_nothing(address);
}
