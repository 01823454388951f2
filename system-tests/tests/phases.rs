//! Every kind of process is killed in every phase of a server: while it starts, while it runs, in the middle of a reload, while it shuts
//! down. What is left is a server that is whole, or nothing.

use nix::sys::signal::Signal;
use std::{thread, time::Duration};
use system_tests::{
    Entry, Launch, Server,
    storm::{Storm, Wind},
    tree, watch,
};

/// The processes of a tasker: two workers, and two task workers behind them.
const PROCESSES: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Master,
    Manager,
    Standby,
    Worker,
    OtherWorker,
    TaskWorker,
    /// Of the first worker, in a reload.
    Successor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// No worker is ready yet.
    Starts,
    Runs,
    /// A successor gets ready.
    SuccessorStarts,
    /// A successor is ready, and its predecessor in a callback still.
    PredecessorLeaves,
    /// Workers are in `on_worker_stop`.
    Stops,
}

fn started(server: &Server, worker: u64, generation: u64) -> Entry {
    server.journal.wait("on_worker_start", |entry| entry.number("worker") == worker && entry.number("generation") == generation)
}

/// A server in the middle of this.
fn in_phase(phase: Phase) -> Server {
    let behaviour = match phase {
        Phase::Starts => "nap_first",
        Phase::SuccessorStarts => "nap_later",
        Phase::Stops => "nap_at_stop",
        Phase::Runs | Phase::PredecessorLeaves => "",
    };
    let launch = Launch::new(env!("CARGO_BIN_EXE_tasker")).behaviour(behaviour).arguments(["--max-wait-time=20"]);
    let server = if phase == Phase::Starts { launch.start_unwatched() } else { launch.start() };
    for worker in 0..PROCESSES as u64 {
        started(&server, worker, 1);
    }
    server.wait_for_all_processes(PROCESSES);
    match phase {
        Phase::Starts | Phase::Runs => {}
        Phase::SuccessorStarts => {
            server.signal(Signal::SIGUSR1);
            started(&server, 0, 2);
        }
        Phase::PredecessorLeaves => {
            let mut client = server.connect_to_worker(0);
            client.say("many_and_nap 0 0 echo");
            assert_eq!(client.line(), "napping");
            server.signal(Signal::SIGUSR1);
            started(&server, 0, 2);
            started(&server, 2, 2);
        }
        Phase::Stops => {
            server.signal(Signal::SIGTERM);
            server.journal.wait("on_worker_stop", |entry| entry.number("worker") == 1);
            server.journal.wait("on_worker_stop", |entry| entry.number("worker") == 0);
        }
    }
    server
}

fn pid_of(server: &Server, role: Role) -> u32 {
    let known = |worker, generation| started(server, worker, generation).number("pid") as u32;
    match role {
        Role::Master => server.master(),
        Role::Manager => server.manager(),
        Role::Worker => known(0, 1),
        Role::OtherWorker => known(1, 1),
        Role::TaskWorker => known(3, 1),
        Role::Successor => known(0, 2),
        Role::Standby => {
            let starts = server.journal.of("on_worker_start");
            let others = |pid: u32| {
                pid != server.master() && pid != server.manager() && starts.iter().all(|start| start.number("pid") != u64::from(pid))
            };
            watch::find("the standby", || server.processes().into_iter().map(|process| process.pid).find(|&pid| others(pid)))
        }
    }
}

fn walk(phase: Phase, roles: &[Role]) {
    for &role in roles {
        eprintln!("{phase:?}: {role:?} is killed");
        let mut server = in_phase(phase);
        let address = (phase != Phase::Starts).then(|| server.address());
        tree::signal(pid_of(&server, role), Signal::SIGKILL);
        if role == Role::Master {
            // Whatever the others are in: nothing is left, and nobody had to ring an alarm for it.
            server.wait_for_end();
            watch::until("no process is left", || server.processes().is_empty());
            if let Some(address) = address {
                server.leaves_nothing(address);
            }
            continue;
        }
        if role == Role::Manager {
            server.wait_for_log(&["this process takes over"]);
        }
        server.journal.ring_alarm();
        if phase == Phase::Stops {
            let status = server.wait_for_end();
            assert_eq!(status.code(), Some(0), "{role:?}: {:#?}", server.log());
        } else {
            server.wait_for_log(&["listening on"]);
            if phase != Phase::Starts && phase != Phase::Runs {
                server.wait_for_log(&["all workers are replaced"]);
                server.wait_for_log(&["all task workers are replaced"]);
            }
            server.wait_for_all_processes(PROCESSES);
            for worker in 0..2 {
                let mut client = server.connect_to_worker(worker);
                client.is_served();
                assert_eq!(client.ask_fields("wait 20000 1 echo 5").number("tag"), 1);
            }
            server.signal(Signal::SIGTERM);
            assert_eq!(server.wait_for_end().code(), Some(0), "{role:?}: {:#?}", server.log());
        }
        let address = server.address();
        server.leaves_nothing(address);
    }
}

const EVERYBODY: [Role; 6] = [Role::Master, Role::Manager, Role::Standby, Role::Worker, Role::OtherWorker, Role::TaskWorker];
const IN_A_RELOAD: [Role; 7] =
    [Role::Master, Role::Manager, Role::Standby, Role::Worker, Role::OtherWorker, Role::TaskWorker, Role::Successor];

#[test]
fn anybody_may_be_killed_while_the_server_starts() {
    walk(Phase::Starts, &EVERYBODY);
}

#[test]
fn anybody_may_be_killed_while_it_runs() {
    walk(Phase::Runs, &EVERYBODY);
}

#[test]
fn anybody_may_be_killed_while_a_successor_gets_ready() {
    walk(Phase::SuccessorStarts, &IN_A_RELOAD);
}

#[test]
fn anybody_may_be_killed_while_a_predecessor_leaves() {
    walk(Phase::PredecessorLeaves, &IN_A_RELOAD);
}

#[test]
fn anybody_may_be_killed_while_the_server_shuts_down() {
    walk(Phase::Stops, &EVERYBODY);
}

/// A number that looks like chance, and is the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, many: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % many
    }
}

#[test]
fn whatever_happens_in_whatever_order_the_server_is_whole_afterwards() {
    for seed in [1, 2, 3] {
        let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).arguments(["--max-wait-time=2"]).start();
        server.wait_for_all_processes(PROCESSES);
        let storm = Storm::begin(server.address(), Wind { connections: 12, size: 64, depth: 4 });
        let mut dice = Dice(seed);
        let mut stopped: Vec<u32> = Vec::new();
        for _ in 0..60 {
            thread::sleep(Duration::from_millis(20 + dice.below(40)));
            let anybody = server.worker(dice.below(PROCESSES as u64));
            match dice.below(10) {
                0..3 => server.signal(Signal::SIGUSR1),
                3 => server.signal(Signal::SIGUSR2),
                4..6 => tree::signal(anybody, Signal::SIGKILL),
                6 | 7 => {
                    tree::signal(anybody, Signal::SIGSTOP);
                    stopped.push(anybody);
                }
                8 => {
                    tree::signal(server.manager(), Signal::SIGKILL);
                    // One more before there is another standby, and nobody could take over.
                    server.wait_for_standby();
                }
                _ => {}
            }
            if stopped.len() > 1 {
                tree::signal(stopped.remove(0), Signal::SIGCONT);
            }
        }
        stopped.into_iter().for_each(|pid| tree::signal(pid, Signal::SIGCONT));
        let tally = storm.calm_down();
        assert_eq!((tally.lost, tally.corrupt), (0, 0), "seed {seed}: {tally:?}");
        eprintln!(
            "seed {seed}: {} echoed, {} dropped, {} deaths",
            tally.echoed,
            tally.dropped.len(),
            server.journal.of("on_worker_error").len()
        );
        server.wait_for_all_processes(PROCESSES);
        // A reload that was under way ends.
        server.signal(Signal::SIGUSR1);
        system_tests::client::wait_for_stats(server.address(), "everybody is ready, and no session is left but this", |stats| {
            stats.number("connections") == 1
                && stats.number("accepted") - stats.number("closed") == 1
                && (0..PROCESSES).all(|worker| stats.text(&format!("state{worker}")) == "Ready")
        });
        server.stop();
    }
}
