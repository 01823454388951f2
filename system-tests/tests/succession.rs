//! What holds when manager, standby or master die: the first two are replaced and nobody notices; with the master all ends.

use nix::sys::signal::Signal;
use std::{thread, time::Duration};
use system_tests::{
    Client, Launch, Server,
    storm::{Storm, Wind},
    tree, watch,
};

const BREEZE: Wind = Wind { connections: 8, size: 64, depth: 4 };

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

fn workers(server: &Server) -> [u32; 2] {
    [server.worker(0), server.worker(1)]
}

/// Kills the manager and waits for the one that takes over, with a standby of its own.
fn depose_manager(server: &Server) -> u32 {
    let before = server.manager();
    tree::signal(before, Signal::SIGKILL);
    watch::until("the old manager has ended", || !tree::lives(before));
    let after = server.manager();
    assert_ne!(before, after);
    server.wait_for_all_processes(2);
    after
}

#[test]
fn a_killed_manager_is_replaced_and_no_client_notices() {
    let server = scripted().start();
    let before = workers(&server);
    let storm = Storm::begin(server.address(), BREEZE);
    let mut standby = server.standby(2);
    for _ in 0..2 {
        storm.wait_for_more(100);
        assert_eq!(depose_manager(&server), standby, "the standby takes over");
        let next = server.standby(2);
        assert_ne!(next, standby, "and has a standby again");
        standby = next;
        storm.wait_for_more(100);
    }
    assert_eq!(workers(&server), before, "the workers are untouched");
    let worker = server.worker(1);
    tree::signal(worker, Signal::SIGKILL);
    let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(worker));
    assert_eq!((error.text("worker"), error.text("signal")), ("1", "9"), "an orphan's end is still seen as it was");
    watch::until("a worker in its place", || server.worker(1) != worker);
    storm.wait_for_more(100);
    let tally = storm.calm_down();
    assert_eq!((tally.lost, tally.corrupt), (0, 0), "{tally:?}");
    assert!(tally.dropped.len() <= 1, "one kill, at most one record in a callback: {tally:?}");
    server.wait_for_all_processes(2);
    server.stop();
}

#[test]
fn a_manager_that_has_taken_over_is_left_alone() {
    let server = scripted().start();
    for _ in 0..5 {
        let manager = depose_manager(&server);
        // Longer than the master waits for one that it has called.
        thread::sleep(Duration::from_millis(1200));
        assert!(tree::lives(manager));
    }
    assert!(!server.log().iter().any(|line| line.contains("does not take over")), "{:#?}", server.log());
    server.stop();
}

#[test]
fn managers_may_die_again_and_again_and_nothing_is_lost() {
    let server = scripted().start();
    let storm = Storm::begin(server.address(), BREEZE);
    for _ in 0..10 {
        depose_manager(&server);
        storm.wait_for_more(10);
    }
    let tally = storm.calm_down();
    assert_eq!((tally.lost, tally.corrupt, tally.dropped.len()), (0, 0, 0), "{tally:?}");
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.stop();
}

#[test]
fn a_worker_forked_by_the_second_manager_is_replaced_by_the_third() {
    let server = scripted().start();
    let mut client = server.connect_to_worker(0);
    for generation in 2..5 {
        depose_manager(&server);
        let worker = server.wait_until_idle(0);
        tree::signal(worker, Signal::SIGKILL);
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(worker));
        assert_eq!(error.text("signal"), "9");
        assert_eq!(client.who().number("generation"), generation);
    }
    server.wait_for_all_processes(2);
    server.stop();
}

#[test]
fn a_killed_standby_is_replaced_whoever_forked_it() {
    let server = scripted().start();
    let mut client = server.connect();
    for _ in 0..2 {
        for _ in 0..2 {
            let standby = server.standby(2);
            tree::signal(standby, Signal::SIGKILL);
            watch::until("the standby has ended", || !tree::lives(standby));
            server.wait_for_all_processes(2);
            assert_ne!(server.standby(2), standby);
        }
        client.is_served();
        depose_manager(&server);
    }
    client.is_served();
    server.stop();
}

#[test]
fn manager_and_worker_may_die_at_the_same_instant() {
    for round in 0..6 {
        let server = scripted().start();
        let mut client = server.connect_to_worker(0);
        let (manager, worker) = (server.manager(), server.wait_until_idle(0));
        let order = if round % 2 == 0 { [worker, manager] } else { [manager, worker] };
        order.iter().for_each(|&pid| tree::signal(pid, Signal::SIGKILL));
        // The old manager may have had time to open a generation that nobody became.
        assert!(client.who().number("generation") >= 2);
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(worker));
        assert_eq!(error.text("signal"), "9");
        server.wait_for_all_processes(2);
        server.stop();
    }
}

#[test]
fn all_but_the_master_may_die_and_it_says_so_and_leaves_nothing() {
    let mut server = scripted().start();
    let address = server.address();
    let (manager, standby) = (server.manager(), server.standby(2));
    // Stopped, so that neither does anything between the two deaths.
    [manager, standby].into_iter().for_each(tree::stop);
    for pid in [standby, manager] {
        tree::signal(pid, Signal::SIGKILL);
    }
    let status = server.wait_for_end();
    assert!(!status.success());
    server.wait_for_log(&["Error: ", "manager and standby"]);
    server.leaves_nothing(address);
}

#[test]
fn a_killed_master_takes_all_with_it_even_a_worker_that_blocks_every_signal_and_one_that_is_stopped() {
    let mut server = scripted().workers(3).start();
    let address = server.address();
    let mut client: Client = server.connect_to_worker(0);
    assert_eq!(client.ask("block"), "blocking");
    let stopped = server.worker(1);
    tree::stop(stopped);
    server.signal(Signal::SIGKILL);
    assert!(!server.wait_for_end().success());
    server.leaves_nothing(address);
}

#[test]
fn nothing_is_left_of_a_killed_master_whose_manager_is_stopped() {
    let mut server = scripted().start();
    let address = server.address();
    [server.manager(), server.standby(2)].into_iter().for_each(tree::stop);
    server.signal(Signal::SIGKILL);
    assert!(!server.wait_for_end().success());
    server.leaves_nothing(address);
}

#[test]
fn a_killed_master_takes_the_adopted_workers_of_a_dead_manager_with_it() {
    let mut server = scripted().start();
    let address = server.address();
    depose_manager(&server);
    server.signal(Signal::SIGKILL);
    assert!(!server.wait_for_end().success());
    server.leaves_nothing(address);
}

#[test]
fn a_server_whose_manager_was_replaced_still_shuts_down_in_order() {
    let server = scripted().start();
    depose_manager(&server);
    let journal = server.journal.entries().len();
    assert!(journal > 0);
    server.stop();
}
