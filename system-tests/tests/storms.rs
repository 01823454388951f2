//! Storms: processes are killed or stopped at random under a client that checks every byte. Afterwards all is as it was.

use nix::sys::signal::Signal;
use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};
use system_tests::{
    Launch, Server,
    client::wait_for_stats,
    storm::{Storm, Tally, Wind},
    tree,
};

const WIND: Wind = Wind { connections: 16, size: 256, depth: 4 };

/// How long each storm blows.
const BLOWS: Duration = Duration::from_secs(5);

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

/// Does something to the server, and again after a while, as long as the storm blows; what the clients saw.
fn blow(server: &Server, pause: Duration, mut harm: impl FnMut(u64)) -> Tally {
    let storm = Storm::begin(server.address(), WIND);
    let start = Instant::now();
    let mut round = 0;
    while start.elapsed() < BLOWS {
        thread::sleep(pause);
        harm(round);
        round += 1;
    }
    storm.wait_for_more(100);
    let tally = storm.calm_down();
    assert!(tally.echoed > 1000, "it was a storm: {tally:?}");
    assert_eq!((tally.corrupt, tally.lost), (0, 0), "{tally:?}");
    tally
}

/// Every connection that the server ended is one that it has reported.
fn all_dropped_are_reported(server: &Server, tally: &Tally) {
    let reports = server.journal.of("on_worker_error");
    let reported: HashSet<&str> = reports.iter().map(|report| report.text("remote")).collect();
    let unreported: Vec<_> = tally.dropped.iter().filter(|client| !reported.contains(client.to_string().as_str())).collect();
    assert!(unreported.is_empty(), "{unreported:?} of {:?}, reported: {reported:?}", tally.dropped);
    for report in &reports {
        assert_eq!(report.text("signal"), "9", "{report:?}");
    }
}

/// The wanted processes, all ready, no session left, the counters consistent.
fn all_is_as_before(server: Server) {
    server.wait_for_all_processes(2);
    let stats = wait_for_stats(server.address(), "all are ready and only this session is left", |stats| {
        stats.number("connections") == 1 && stats.text("state0") == "Ready" && stats.text("state1") == "Ready"
    });
    assert_eq!(stats.number("accepted") - stats.number("closed"), 1);
    server.stop();
}

#[test]
fn workers_may_be_killed_again_and_again_and_only_what_is_reported_is_lost() {
    let server = scripted().start();
    let tally = blow(&server, Duration::from_millis(150), |round| tree::signal(server.worker(round * 7 / 3 % 2), Signal::SIGKILL));
    assert!(server.journal.of("on_worker_error").len() > 10);
    all_dropped_are_reported(&server, &tally);
    all_is_as_before(server);
}

#[test]
fn workers_may_be_stopped_again_and_again_and_nothing_is_lost() {
    let server = scripted().start();
    let tally = blow(&server, Duration::from_millis(30), |round| {
        let worker = server.worker(round * 7 / 3 % 2);
        tree::signal(worker, Signal::SIGSTOP);
        thread::sleep(Duration::from_millis(100));
        tree::signal(worker, Signal::SIGCONT);
    });
    assert_eq!(tally.dropped, []);
    assert_eq!(server.journal.of("on_worker_error"), []);
    all_is_as_before(server);
}

#[test]
fn managers_may_be_killed_again_and_again_and_nothing_is_lost() {
    let server = scripted().start();
    let tally = blow(&server, Duration::from_millis(100), |_| {
        tree::signal(server.manager(), Signal::SIGKILL);
        server.wait_for_all_processes(2);
    });
    assert_eq!(tally.dropped, []);
    assert_eq!(server.journal.of("on_worker_error"), []);
    all_is_as_before(server);
}

#[test]
fn managers_and_workers_may_be_killed_at_once_and_only_what_is_reported_is_lost() {
    let server = scripted().reactors(2).start();
    let tally = blow(&server, Duration::from_millis(100), |round| {
        let (manager, worker) = (server.manager(), server.worker(round % 2));
        tree::signal(if round % 4 < 2 { manager } else { worker }, Signal::SIGKILL);
        thread::sleep(Duration::from_micros(round * 37 % 2000));
        tree::signal(if round % 4 < 2 { worker } else { manager }, Signal::SIGKILL);
        server.wait_for_all_processes(2);
    });
    all_dropped_are_reported(&server, &tally);
    all_is_as_before(server);
}
