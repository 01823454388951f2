//! Jobs, outputs and messages that do not fit their cell: they come whole, by large cells and by files, and leave neither behind, whoever
//! dies.

use nix::sys::signal::Signal;
use std::{fs, thread, time::Duration};
use system_tests::{
    Client, Directory, Entry, Launch, Load, Server,
    jobs::{NEVER, PROCESSES, begun, finished, go_on, stop_task_workers},
    tree, watch,
};

/// So many large cells has each worker, of so many bytes.
const LARGE_CELLS: u64 = 8;
const LARGE: u64 = 2 << 20;

const NONE: Vec<String> = Vec::new();

fn tasker(directory: &Directory) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker")).arguments([directory.argument().as_str()])
}

/// How many of ten jobs lie in large cells of this worker; the others lie in files, as may jobs that others have left under way.
fn in_large_cells(server: &Server, directory: &Directory, worker: u64, tag: u64) -> Option<u64> {
    let mut client = server.connect_to_worker(worker);
    let stopped = stop_task_workers(server);
    let all = LARGE_CELLS + 2;
    assert_eq!(client.ask_fields(&format!("many {all} {tag} echo 100000")).number("count"), all);
    let in_files = directory.files().len() as u64;
    go_on(stopped);
    (0..all).for_each(|_| assert_eq!(Entry::read(&client.line()).text("whole"), "true"));
    all.checked_sub(in_files)
}

/// Nothing is in use: neither a large cell nor a file, once what is under way has ended.
fn is_all_free(server: &Server, directory: &Directory, tag: u64) {
    for worker in 0..2 {
        watch::until_or("every large cell is free", || {
            let free = in_large_cells(server, directory, worker, tag);
            if free == Some(LARGE_CELLS) { Ok(()) } else { Err(format!("{free:?} of worker {worker}")) }
        });
    }
    watch::until_or("no file is left", || if directory.files() == NONE { Ok(()) } else { Err(format!("{:?}", directory.files())) });
}

/// A job with so large a payload, by this call; its output.
fn output_of(client: &mut Client, call: &str, tag: u64, what: &str) -> Entry {
    if call == "wait" {
        return client.ask_fields(&format!("wait {NEVER} {tag} {what}"));
    }
    client.ask(&format!("{call} {tag} {what}"));
    Entry::read(&client.line())
}

#[test]
fn payloads_of_all_sizes_go_both_ways_and_leave_nothing() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let mut client = server.connect();
    let around_a_cell = 8192 - 24..=8193;
    let larger = [100 << 10, LARGE - 24, LARGE, LARGE + 1, 5 << 20];
    for (tag, length) in (0..).zip([0, 1, 100].into_iter().chain(around_a_cell).chain(larger)) {
        for (call, what) in [("task", "echo"), ("with", "grow"), ("wait", "echo"), ("wait", "early")] {
            let output = output_of(&mut client, call, tag, &format!("{what} {length}"));
            assert_eq!((output.callback.as_str(), output.number("tag"), output.number("length")), ("finished", tag, length));
            assert_eq!(output.text("whole"), "true", "{call} {what} {length}");
        }
    }
    is_all_free(&server, &directory, 1000);
    server.stop();
    assert_eq!(directory.entries(), NONE);
}

#[test]
fn more_large_jobs_than_large_cells_go_through_files() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let (mut one, mut two) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let stopped = stop_task_workers(&server);
    assert_eq!(one.ask_fields("many 20 0 echo 100000").number("count"), 20);
    assert_eq!(directory.files().len(), 12, "{:?}", directory.files());
    // Another worker has its own.
    assert_eq!(two.ask_fields("many 9 100 echo 1000000").number("count"), 9);
    assert_eq!(directory.files().len(), 13);
    // What is larger than they are needs a file anyway.
    assert_eq!(two.ask_fields("task 200 echo 3000000").callback, "queued");
    assert_eq!(directory.files().len(), 14);
    go_on(stopped);
    for (client, count) in [(&mut one, 20), (&mut two, 10)] {
        (0..count).for_each(|_| assert_eq!(Entry::read(&client.line()).text("whole"), "true"));
    }
    is_all_free(&server, &directory, 1000);
    server.stop();
}

#[test]
fn outputs_that_nobody_has_read_yet_keep_their_large_cells() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let mut client = server.connect_to_worker(0);
    // The worker is stuck in a callback, and its outputs wait.
    assert_eq!(client.ask("many_and_nap 12 0 grow 100000"), "napping");
    (0..12).for_each(|tag| drop(server.journal.wait("done", |entry| entry.number("tag") == tag)));
    watch::until("four outputs lie in files", || directory.files().len() == 4);
    assert!(directory.files().iter().all(|name| name.ends_with(".out")), "{:?}", directory.files());
    // It dies, and they are for its successor.
    tree::signal(server.worker(0), Signal::SIGKILL);
    server.journal.ring_alarm();
    for tag in 0..12 {
        let end = finished(&server, tag);
        assert_eq!((end.text("whole"), end.number("length")), ("true", 100_000));
    }
    is_all_free(&server, &directory, 1000);
    server.stop();
}

#[test]
fn jobs_that_are_late_or_die_with_who_is_at_them_leave_nothing() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let mut client = server.connect();
    let stopped = stop_task_workers(&server);
    for (tag, length) in [(1, 100_000), (2, 3_000_000)] {
        assert_eq!(client.ask_fields(&format!("wait 50 {tag} echo {length}")).text("error"), "TimedOut");
    }
    assert_eq!(directory.files(), NONE, "the jobs never run");
    client.ask("task 3 echo 3000000");
    client.ask("task 4 echo 100000");
    assert_eq!(directory.files().len(), 1);
    stopped.into_iter().for_each(|pid| tree::signal(pid, Signal::SIGKILL));
    // They were not begun: they go to a successor.
    (0..2).for_each(|_| assert_eq!(Entry::read(&client.line()).text("whole"), "true"));
    assert_eq!(server.journal.of("begun").len(), 2, "{:?}", server.journal.of("begun"));
    // Given up while a task worker is at them, which then writes an output for nobody, or dies.
    client.ask("task 5 nap");
    client.ask("task 6 nap");
    (5..7).for_each(|tag| drop(begun(&server, tag)));
    server.journal.ring_alarm();
    (0..2).for_each(|_| drop(client.line()));
    for round in 0..10 {
        let what = if round % 2 == 0 { "grow 100000" } else { "grow 3000000" };
        let answer = client.ask_fields(&format!("wait 1 {} {what}", 10 + round));
        assert!(answer.callback == "finished" || answer.text("error") == "TimedOut", "{answer:?}");
    }
    is_all_free(&server, &directory, 1000);
    server.stop();
}

#[test]
fn who_dies_while_it_writes_into_a_large_cell_leaves_it_free() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    for round in 0..10 {
        // The worker, over a job.
        let mut client = server.connect_to_worker(0);
        let dead = server.worker(0);
        client.say(&format!("task {round} brittle 100000"));
        server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(dead));
        // The task worker, over an output: one that is waited for, one that is not.
        let mut client = server.connect_to_worker(1);
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {} grow_brittle 100000", 100 + round)).text("error"), "WorkerDied");
        let id = client.ask_fields(&format!("task {} grow_brittle 100000", 200 + round)).number("id");
        server.wait_for_log(&[&format!("task {id}:"), "died"]);
    }
    server.wait_for_all_processes(PROCESSES);
    is_all_free(&server, &directory, 1000);
    server.stop();
}

/// The jobs of the storm: in their cells, in large cells, in files.
const JOBS: &[&str] = &["echo 10", "echo 9000", "grow 9000", "echo 300000", "sleep 1", "grow 300000", "echo 2200000", "early 9000"];

#[test]
fn a_storm_over_large_payloads_leaves_nothing() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let load = Load::begin(server.address(), 6, JOBS);
    for round in 0..60_u64 {
        thread::sleep(Duration::from_millis(70));
        match round % 9 {
            8 => tree::signal(server.manager(), Signal::SIGKILL),
            at => tree::signal(server.worker(at * 3 % 4), Signal::SIGKILL),
        }
    }
    let asked = load.calm_down();
    eprintln!("{asked} asked");
    assert!(asked > 20, "it was a storm");
    server.wait_for_all_processes(PROCESSES);
    is_all_free(&server, &directory, 100_000_000);
    server.connect().is_served();
    server.stop();
    assert_eq!(directory.entries(), NONE);
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let mut client = server.connect_to_worker(0);
    assert_eq!(client.ask("limit 1000000"), "limited");
    for (tag, call) in (0..).zip(["task", "with"]) {
        assert_eq!(client.ask_fields(&format!("{call} {tag} echo 3000000")).text("error"), "Storage");
    }
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 3 echo 3000000")).text("error"), "Storage");
    assert_eq!(client.ask(&format!("multi {NEVER} 4 echo:3000000")), "Storage");
    server.wait_for_log(&["directory/swoole-", "does not take its 3000"]);
    // Nothing was queued, and nothing is left; what needs no file goes on.
    assert_eq!(directory.files(), NONE);
    assert_eq!(server.journal.of("begun"), []);
    assert_eq!(output_of(&mut client, "wait", 5, "echo 100000").text("whole"), "true");
    assert_eq!(client.ask("limit 0"), "limited");
    assert_eq!(output_of(&mut client, "wait", 6, "echo 3000000").text("whole"), "true");
    // The same for outputs.
    for task_worker in 0..2 {
        client.ask(&format!("to {task_worker} {} limit 1000000", 10 + task_worker));
        assert_eq!(Entry::read(&client.line()).callback, "finished");
    }
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 20 grow 3000000")).text("error"), "Storage");
    assert_eq!(output_of(&mut client, "wait", 21, "grow 100000").text("whole"), "true");
    client.ask(&format!("wait {NEVER} 22 early 3000000"));
    let early = server.journal.wait("early", |entry| entry.number("tag") == 22);
    assert_eq!(early.text("first"), "Err(Storage)");
    assert_eq!(server.journal.of("on_worker_error"), []);
    is_all_free(&server, &directory, 1000);
    server.stop();
}

#[test]
fn large_messages_take_large_cells_and_files_of_their_own() {
    let directory = Directory::new();
    let server = Launch::new(env!("CARGO_BIN_EXE_messenger")).arguments([directory.argument().as_str()]).start();
    let mut client = server.connect_to_worker(0);
    let heard = |count: usize| watch::until("all are heard", || server.journal.of("heard").len() == count);
    let receiver = server.wait_until_idle(1);
    tree::stop(receiver);
    assert_eq!(client.ask_fields("flood 1 0 20 100000 hear").number("count"), 20);
    assert_eq!(directory.files().len(), 12);
    assert!(directory.files().iter().all(|name| name.starts_with("message-0-")), "{:?}", directory.files());
    // A full disk.
    assert_eq!(client.ask("limit 1000000"), "limited");
    assert_eq!(client.ask_fields("tell 1 100 3000000 hear").text("error"), "Storage");
    server.wait_for_log(&["message", "does not take its 3000"]);
    assert_eq!(directory.files().len(), 12, "nothing is left of it");
    tree::signal(receiver, Signal::SIGCONT);
    heard(20);
    assert_eq!(client.ask("limit 0"), "limited");
    // Its receiver dies before it comes to them, then over one of them.
    let receiver = server.wait_until_idle(1);
    tree::stop(receiver);
    assert_eq!(client.ask_fields("flood 1 200 10 100000 hear").number("count"), 10);
    tree::signal(receiver, Signal::SIGKILL);
    heard(30);
    for (tag, length) in [(300, 100_000), (301, 3_000_000)] {
        let dead = server.worker(1);
        client.ask(&format!("tell 1 {tag} {length} die"));
        server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(dead));
        let _ = server.worker(1);
    }
    heard(32);
    assert!(server.journal.of("heard").iter().all(|entry| entry.text("whole") == "true"));
    watch::until("no file is left", || directory.files() == NONE);
    let receiver = server.wait_until_idle(1);
    tree::stop(receiver);
    assert_eq!(client.ask_fields("flood 1 400 10 100000 hear").number("count"), 10);
    assert_eq!(directory.files().len() as u64, 10 - LARGE_CELLS);
    tree::signal(receiver, Signal::SIGCONT);
    heard(42);
    server.stop();
    assert_eq!(directory.entries(), NONE);
}

#[test]
fn a_server_without_a_directory_does_what_needs_none() {
    let directory = Directory::new();
    let nowhere = directory.path().join("nowhere");
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).arguments([format!("--task-tmpdir={}", nowhere.display()).as_str()]).start();
    server.wait_for_log(&["WARN", "task_tmpdir", "nowhere"]);
    let mut client = server.connect_to_worker(0);
    for (tag, length) in (0..).zip([100, 100_000]) {
        assert_eq!(output_of(&mut client, "task", tag, &format!("echo {length}")).text("whole"), "true");
    }
    assert_eq!(client.ask_fields("task 3 echo 3000000").text("error"), "Storage");
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 4 grow 3000000")).text("error"), "Storage");
    let stopped = stop_task_workers(&server);
    let many = client.ask_fields("many 100 10 echo 100000");
    assert_eq!((many.number("count"), many.text("then")), (LARGE_CELLS, "Storage"));
    go_on(stopped);
    (0..LARGE_CELLS).for_each(|_| assert_eq!(Entry::read(&client.line()).text("whole"), "true"));
    server.stop();
    assert!(!nowhere.exists());
}

#[test]
fn two_servers_share_a_directory_and_nothing_else() {
    let directory = Directory::new();
    let one = tasker(&directory).start();
    let mut of_one = one.connect_to_worker(0);
    let stopped = stop_task_workers(&one);
    of_one.ask("task 1 echo 3000000");
    // The same worker, cell and number of a job in both.
    let two = tasker(&directory).start();
    let mut of_two = two.connect_to_worker(0);
    let stopped_too = stop_task_workers(&two);
    of_two.ask("task 1 echo 4000000");
    assert_eq!((directory.entries().len(), directory.files().len()), (2, 2), "{:?}", directory.files());
    go_on(stopped_too);
    let output = Entry::read(&of_two.line());
    assert_eq!((output.number("length"), output.text("whole")), (4_000_000, "true"));
    two.stop();
    assert_eq!((directory.entries().len(), directory.files().len()), (1, 1), "{:?}", directory.files());
    go_on(stopped);
    let output = Entry::read(&of_one.line());
    assert_eq!((output.number("length"), output.text("whole")), (3_000_000, "true"));
    one.stop();
    assert_eq!(directory.entries(), NONE);
}

#[test]
fn what_a_server_has_left_is_removed_when_the_next_one_starts_and_nothing_else() {
    let directory = Directory::new();
    let server = tasker(&directory).start();
    let stopped = stop_task_workers(&server);
    server.connect_to_worker(0).ask("many 3 0 echo 3000000");
    let left = directory.entries();
    assert_eq!((left.len(), directory.files().len()), (1, 3));
    // All at once: nobody comes to anything any more.
    let all = server.processes();
    all.iter().for_each(|process| tree::stop(process.pid));
    all.iter().for_each(|process| tree::signal(process.pid, Signal::SIGKILL));
    watch::until("no process is left", || server.processes().is_empty());
    drop((server, stopped));
    assert_eq!(directory.entries(), left);
    // What looks alike: a file, a link, a directory with something of somebody else.
    let alike = ["swoole-1-0123456789abcdef", "swoole-2-0123456789abcdef", "swoole-3-0123456789abcdef", "swoole-tasks"];
    let [file, link, taken, other] = alike.map(|name| directory.path().join(name));
    fs::write(&file, "mine").expect("a file can be written");
    std::os::unix::fs::symlink(directory.path(), &link).expect("a link can be made");
    fs::create_dir(&taken).expect("a directory can be made");
    fs::write(taken.join("notes"), "mine").expect("a file can be written");
    fs::create_dir(&other).expect("a directory can be made");
    let server = tasker(&directory).start();
    let there = directory.entries();
    assert!(alike.iter().all(|name| there.iter().any(|entry| entry == name)), "{there:?}");
    assert_eq!(there.len(), alike.len() + 1, "{there:?}");
    assert!(!there.contains(&left[0]), "{there:?}");
    assert!(taken.join("notes").exists());
    assert_eq!(output_of(&mut server.connect(), "wait", 1, "echo 3000000").text("whole"), "true");
    server.stop();
    assert_eq!(directory.entries(), alike);
}

#[test]
fn a_master_that_is_killed_leaves_what_the_next_one_removes() {
    let directory = Directory::new();
    let mut server = tasker(&directory).start();
    tree::signal(server.master(), Signal::SIGKILL);
    let _ = server.wait_for_end();
    watch::until("no process is left", || server.processes().is_empty());
    assert_eq!(directory.entries().len(), 1);
    tasker(&directory).start().stop();
    assert_eq!(directory.entries(), NONE);
}

#[test]
fn a_server_that_cannot_start_leaves_no_directory() {
    let directory = Directory::new();
    let outcome = tasker(&directory).behaviour("fail_at_start").run();
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(directory.entries(), NONE);
}
