//! Timers run when they are due, in order, once, and as long as nobody ends them, whatever else their process does, and whoever dies.

use nix::sys::signal::Signal;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};
use system_tests::{Entry, Launch, Server, client::Client, tree, watch};

/// The processes of a ticker: one worker, one task worker.
const PROCESSES: usize = 2;

fn ticker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_ticker"))
}

/// Waits until both timers of the attribute have run in this process.
fn both_run_in(server: &Server, pid: u32) {
    for period in [20, 7] {
        server.journal.wait("on_timer", |entry| entry.number("pid") == u64::from(pid) && entry.number("period") == period);
    }
}

#[test]
fn every_worker_has_the_timers_of_the_attribute() {
    let server = ticker().workers(2).start();
    for worker in [0, 1] {
        both_run_in(&server, server.worker(worker));
    }
    let of_task_worker = server.journal.of("on_timer").into_iter().filter(|entry| entry.number("worker") > 1).count();
    assert_eq!(of_task_worker, 0, "task workers have none of them");
    for period in [20, 7] {
        server.journal.wait("on_timer", |entry| entry.number("count") == 3 && entry.number("period") == period);
    }
    server.stop();
}

#[test]
fn the_periods_can_be_overridden_and_not_be_taken_away() {
    let server = ticker().environment("SWOOLE_TIMERS", "11,7").start();
    server.journal.wait("on_timer", |entry| entry.number("period") == 11);
    assert!(server.journal.of("on_timer").iter().all(|entry| entry.number("period") != 20));
    server.stop();
    let refused = ticker().environment("SWOOLE_TIMERS", "").run();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("`timers` has no period, and this program was compiled with an `on_timer`"), "{refused:?}");
    let refused = ticker().environment("SWOOLE_TIMERS", "5,0").run();
    assert!(refused.stderr.contains("`timers` takes periods of 1 millisecond or more"), "{refused:?}");
    let refused = Launch::new(env!("CARGO_BIN_EXE_scripted")).environment("SWOOLE_TIMERS", "5").run();
    assert!(refused.stderr.contains("this program was compiled without `on_timer`"), "{refused:?}");
}

#[test]
fn timers_that_are_due_together_run_in_order() {
    let server = ticker().start();
    let mut client = server.connect();
    assert_eq!(client.ask("order"), "a b c d", "by deadline, and of one deadline by creation");
    assert_eq!(client.ask("chain 10"), "1 2 3 4 5 6 7 8 9 10");
    assert_eq!(client.ask("next_round"), "outer beside inner");
    server.stop();
}

#[test]
fn no_timer_is_early() {
    let server = ticker().start();
    let mut client = server.connect();
    for _ in 0..5 {
        assert_eq!(client.ask("early"), vec!["false"; 40].join(" "));
    }
    server.stop();
}

#[test]
fn a_late_timer_runs_once() {
    let server = ticker().start();
    assert_eq!(server.connect().ask("late"), "late all");
    server.stop();
}

#[test]
fn a_timer_that_was_cleared_does_not_run() {
    let server = ticker().start();
    assert_eq!(server.connect().ask("clear"), "first:[false,true]", "one that runs once is gone when it runs; the other was there");
    server.stop();
}

#[test]
fn long_times_are_long_and_none_is_refused() {
    let server = ticker().start();
    let mut client = server.connect();
    assert_eq!(client.ask("long"), "short");
    assert_eq!(client.ask("chain 3"), "1 2 3");
    server.stop();
}

#[test]
fn a_thousand_timers_are_listed_as_they_are() {
    let server = ticker().start();
    let mut client = server.connect();
    let info = client.ask_fields("info");
    assert_eq!(["with", "cleared", "again", "all", "left"].map(|field| info.number(field)), [1000, 500, 0, 500, 0]);
    let before = client.ask("ticks");
    assert_eq!(client.ask("chain 20").split(' ').count(), 20);
    assert_eq!(client.ask("ticks"), before, "those of the attribute are cleared as well");
    server.stop();
}

#[test]
fn a_hundred_thousand_timers_run_once_each_while_sessions_are_served() {
    let server = ticker().start();
    let mut client = server.connect();
    let many = client.ask_fields("many");
    assert_eq!((many.number("started"), many.text("refused")), (100_000 - 2, "Some(TooManyTimers)"), "beside the two of the attribute");
    let counts = watch::find("all have run", || Some(client.ask_fields("counts")).filter(|counts| counts.number("left") == 2));
    assert_eq!((counts.number("once"), counts.number("more")), (100_000 - 2, 0));
    let many = client.ask_fields("many");
    assert_eq!(many.number("started"), 100_000 - 2, "there is room again");
    server.stop();
}

#[test]
fn the_most_there_may_be_is_a_setting() {
    let server = ticker().environment("SWOOLE_MAX_TIMERS", "10").start();
    assert_eq!(server.connect().ask_fields("many").number("started"), 8);
    server.stop();
}

#[test]
fn a_task_worker_ticks_every_millisecond_and_does_jobs_meanwhile() {
    let server = ticker().start();
    let mut client = server.connect();
    client.say("task 166 333 500");
    assert_eq!([client.line(), client.line(), client.line()], ["166", "333", "500"]);
    let cleared = server.journal.wait("cleared", |_| true);
    assert_eq!((cleared.text("both"), cleared.number("left")), ("true", 0));
    client.say("task 1 2 3");
    assert_eq!([client.line(), client.line(), client.line()], ["1", "2", "3"]);
    server.stop();
}

#[test]
fn the_successor_of_a_dead_worker_starts_its_timers() {
    let server = ticker().start();
    let first = server.worker(0);
    both_run_in(&server, first);
    server.connect_to_worker(0).say("keep");
    tree::signal(first, Signal::SIGKILL);
    let second = watch::find("another process", || Some(server.worker(0)).filter(|pid| *pid != first));
    both_run_in(&server, second);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_reload_waits_for_no_timer_and_the_successor_starts_its_own() {
    let server = ticker().start();
    let first = server.worker(0);
    both_run_in(&server, first);
    assert_eq!(server.connect().ask("keep"), "kept");
    server.signal(Signal::SIGUSR1);
    let second = watch::find("another process", || Some(server.worker(0)).filter(|pid| *pid != first));
    both_run_in(&server, second);
    server.journal.wait("dropped", |entry| entry.text("what") == "pending");
    watch::until("the first one is gone", || !tree::lives(first));
    server.stop();
}

#[test]
fn a_worker_that_waits_for_closures_goes_on_ticking() {
    let server = ticker().arguments(["--max-wait-time", "30s"]).start();
    let first = server.worker(0);
    assert_eq!(server.connect().ask("linger"), "lingers");
    server.signal(Signal::SIGUSR1);
    let ticked = server.journal.wait("tick_of_who_leaves", |_| true);
    assert_eq!(ticked.number("pid"), u64::from(first));
    assert_eq!(server.journal.of("lingered"), []);
    server.journal.ring_alarm();
    server.journal.wait("lingered", |_| true);
    watch::until("the first one is gone", || !tree::lives(first));
    server.stop();
}

#[test]
fn a_panic_an_error_and_a_slow_one_are_named_as_what_they_are() {
    let server = ticker().arguments(["--watchdog", "1s"]).start();
    let mut client = server.connect();
    client.say("fail");
    server.wait_for_log(&["on_timer: asked to fail"]);
    client.say("panic");
    server.wait_for_log(&["panic in on_timer: asked to panic in a timer"]);
    let exit = server.journal.wait("on_worker_error", |_| true);
    assert_eq!((exit.text("callback"), exit.text("session")), ("on_timer", ""));
    watch::until("the session is served on", || client.ask("echo on") == "on");
    client.say("nap");
    server.wait_for_log(&["on_timer", "1."]);
    server.journal.ring_alarm();
    client.is_served();
    server.stop();
}

/// Clients that ask and ask again.
fn load(server: &Server, clients: usize, calm: &Arc<AtomicBool>, answers: &Arc<AtomicU64>) -> Vec<thread::JoinHandle<()>> {
    let one = |mut client: Client| {
        let (calm, answers) = (Arc::clone(calm), Arc::clone(answers));
        thread::spawn(move || {
            while !calm.load(Ordering::Relaxed) {
                client.is_served();
                answers.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    (0..clients).map(|_| one(server.connect())).collect()
}

#[test]
fn timers_and_clients_both_go_on_under_load() {
    let server = ticker().start();
    let (calm, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients = load(&server, 64, &calm, &answers);
    let mut asker = server.connect();
    let mut ticks = || -> Entry { asker.ask_fields("ticks") };
    for _ in 0..3 {
        let (before, answered) = (ticks(), answers.load(Ordering::Relaxed));
        watch::until("both timers go on", || {
            let now = ticks();
            now.number("slow") > before.number("slow") + 3 && now.number("fast") > before.number("fast") + 3
        });
        watch::until("the clients do", || answers.load(Ordering::Relaxed) > answered + 640);
    }
    calm.store(true, Ordering::Relaxed);
    clients.into_iter().for_each(|client| client.join().expect("every one was answered"));
    server.stop();
}
