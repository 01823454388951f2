//! A shutdown: what is under way comes back, clients get what they were sent, processes stop; and each for so long as its phase may take.

use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use system_tests::{
    End, Entry, Launch,
    jobs::{NEVER, begun},
    watch,
};

fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

#[test]
fn a_shutdown_takes_the_outputs_of_jobs_that_are_under_way() {
    let mut server = tasker().arguments(["--max-wait-time=20"]).start();
    let address = server.address();
    let mut clients = [0, 1].map(|worker| {
        let mut client = server.connect_to_worker(worker);
        assert_eq!(client.ask_fields(&format!("many 6 {} sleep 150", worker * 100)).number("count"), 6);
        client
    });
    begun(&server, 0);
    server.signal(Signal::SIGTERM);
    for (worker, client) in clients.iter_mut().enumerate() {
        let mut tags: Vec<usize> = (0..6).map(|_| Entry::read(&client.line()).number("tag") as usize).collect();
        tags.sort_unstable();
        assert_eq!(tags, (worker * 100..worker * 100 + 6).collect::<Vec<_>>(), "its session is there when `on_finish` sends");
    }
    let status = server.wait_for_end();
    assert!(status.success(), "{status}");
    server.leaves_nothing(address);
    let entries = server.journal.entries();
    for tag in (0..6).chain(100..106) {
        let ends = entries.iter().filter(|entry| entry.callback == "finished" && entry.number("tag") == tag).count();
        assert_eq!(ends, 1, "{tag}");
    }
    // Task workers outlive workers.
    let stops: Vec<u64> =
        entries.iter().filter(|entry| entry.callback == "on_worker_stop").map(|entry| entry.number("worker") / 2).collect();
    assert_eq!(stops, [0, 0, 1, 1], "{entries:?}");
    assert_eq!(server.journal.of("on_worker_error"), []);
}

#[test]
fn a_call_that_waits_gets_its_output_in_a_shutdown_and_its_client_the_answer() {
    let mut server = tasker().arguments(["--max-wait-time=20"]).start();
    let mut client = server.connect();
    client.say(&format!("wait {NEVER} 1 sleep 300"));
    begun(&server, 1);
    server.signal(Signal::SIGTERM);
    assert_eq!(Entry::read(&client.line()).number("tag"), 1);
    let status = server.wait_for_end();
    assert!(status.success(), "{status}");
}

#[test]
fn a_shutdown_does_not_wait_for_a_job_that_never_ends() {
    let mut server = tasker().arguments(["--max-wait-time=1"]).start();
    let address = server.address();
    let mut client = server.connect();
    client.ask("task 1 sleep 3600000");
    begun(&server, 1);
    server.signal(Signal::SIGTERM);
    let _ = server.wait_for_end();
    server.leaves_nothing(address);
    assert_eq!(server.journal.of("finished"), []);
}

#[test]
fn a_job_that_is_not_waited_for_has_its_task_worker_stop_in_its_own_time() {
    let arguments = ["--max-wait-time=3600", "--jobs-timeout=0"];
    let mut server = tasker().arguments(arguments).start();
    let mut client = server.connect();
    client.ask("task 1 sleep 3000");
    begun(&server, 1);
    server.signal(Signal::SIGTERM);
    assert_eq!(client.end().1, End::Eof, "while the job is under way");
    assert!(server.wait_for_end().success());
    assert_eq!(server.journal.of("on_worker_error"), []);
    assert_eq!(server.journal.of("finished"), []);
}

#[test]
fn a_job_that_takes_longer_is_waited_for_as_long_as_jobs_timeout_says() {
    let mut server = tasker().arguments(["--max-wait-time=3600", "--jobs-timeout=1"]).start();
    let mut client = server.connect();
    client.ask("task 1 sleep 3000");
    begun(&server, 1);
    let told = Instant::now();
    server.signal(Signal::SIGTERM);
    assert_eq!(client.end().1, End::Eof, "while the job is under way");
    watch::is_not_before(told, Duration::from_secs(1));
    assert!(server.wait_for_end().success());
    assert_eq!(server.journal.of("on_worker_error"), []);
    assert_eq!(server.journal.of("finished"), []);
}

#[test]
fn what_does_not_stop_is_killed_when_stop_timeout_is_over() {
    let arguments = ["--max-wait-time=3600", "--jobs-timeout=0", "--stop-timeout=1"];
    let mut server = tasker().arguments(arguments).start();
    server.connect().ask("task 1 sleep 3600000");
    begun(&server, 1);
    let told = Instant::now();
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["did not stop within stop_timeout and is killed: in on_task"]);
    watch::is_not_before(told, Duration::from_secs(1));
    server.wait_for_end();
}

#[test]
fn a_worker_that_is_stuck_to_the_end_leaves_task_workers_the_half_of_stop_timeout_to_stop_in() {
    let arguments = ["--max-wait-time=3600", "--jobs-timeout=0", "--drain-timeout=0", "--stop-timeout=6"];
    let mut server = tasker().arguments(arguments).start();
    let mut client = server.connect_to_worker(0);
    assert_eq!(client.ask("spin"), "spinning");
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["worker 0 did not stop within stop_timeout and is killed: in on_receive"]);
    server.wait_for_end();
    // Task workers stop behind workers: who waited for the stuck one would come to it when it is too late.
    let mut stops: Vec<u64> = server.journal.of("on_worker_stop").iter().map(|stop| stop.number("worker")).collect();
    stops.sort_unstable();
    assert_eq!(stops, [1, 2, 3]);
    assert_eq!(server.log().iter().filter(|line| line.contains("is killed")).count(), 1, "{:#?}", server.log());
}

#[test]
fn a_client_that_does_not_read_is_waited_for_as_long_as_drain_timeout_says() {
    let arguments = ["--max-wait-time=3600", "--drain-timeout=1"];
    let mut server = Launch::new(env!("CARGO_BIN_EXE_scripted")).arguments(arguments).start();
    let (mut mine, mut deaf) = (server.connect(), server.connect().read_slowly());
    let session = deaf.session();
    assert_eq!(mine.ask_fields(&format!("fill {session} 2097152")).text("then"), "BufferFull");
    let told = Instant::now();
    server.signal(Signal::SIGTERM);
    assert!(server.wait_for_end().success());
    watch::is_not_before(told, Duration::from_secs(1));
    drop(deaf);
}
