//! Messages between processes: each arrives once, in the order of its sender, whoever floods whom and whoever dies.

use nix::sys::signal::Signal;
use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};
use system_tests::{Client, Directory, Entry, Launch, Server, client::ask, tree, watch};

/// How long each storm blows.
const BLOWS: Duration = Duration::from_secs(4);

/// The processes of a messenger: two workers, and two task workers behind them.
const PROCESSES: usize = 4;

fn messenger() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_messenger"))
}

fn heard(server: &Server, tag: u64) -> Entry {
    server.journal.wait("heard", |entry| entry.number("tag") == tag)
}

fn tell(client: &mut Client, to: u64, tag: u64, length: usize, what: &str) {
    assert_eq!(client.ask(&format!("tell {to} {tag} {length} {what}")), format!("told tag={tag}"));
}

/// Tells it, and has it answer; what it answers.
fn tell_and_hear(client: &mut Client, to: u64, tag: u64, length: usize) -> Entry {
    client.say(&format!("tell {to} {tag} {length} answer"));
    let mut lines = [client.line(), client.line()];
    // Two processes send to the session.
    lines.sort();
    assert_eq!(lines[1], format!("told tag={tag}"));
    Entry::read(&lines[0])
}

/// Waits until all these were heard, once each, in the order of their sender.
fn wait_for_all_heard(server: &Server, tags: core::ops::Range<u64>) {
    watch::until_or("every message is heard", || {
        let heard: Vec<u64> = server.journal.of("heard").iter().map(|entry| entry.number("tag")).filter(|tag| tags.contains(tag)).collect();
        assert!(heard.is_sorted() && heard.windows(2).all(|two| two[0] < two[1]), "{heard:?}");
        if heard.len() as u64 == tags.end - tags.start { Ok(()) } else { Err(format!("{} of {tags:?}", heard.len())) }
    });
}

#[test]
fn a_message_reaches_every_process_but_its_sender() {
    let server = messenger().start();
    for from in 0..2 {
        let mut client = server.connect_to_worker(from);
        for to in (0..4).filter(|to| *to != from) {
            let tag = 10 * from + to;
            let entry = tell_and_hear(&mut client, to, tag, 12);
            assert_eq!((entry.number("from"), entry.number("by"), entry.number("pid")), (from, to, u64::from(server.worker(to))));
            assert_eq!((entry.number("tag"), entry.number("length"), entry.text("whole")), (tag, 12, "true"));
        }
        assert_eq!(client.ask_fields(&format!("tell {from} 99 1 hear")).text("error"), "ToItself");
        assert_eq!(client.ask_fields("tell 4 99 1 hear").text("error"), "NoSuchWorker");
    }
    server.stop();
}

#[test]
fn task_workers_send_messages_too() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    for (by, to) in [(0, 0), (0, 1), (0, 3), (1, 0), (1, 1), (1, 2)] {
        let tag = 10 * by + to;
        // What one worker answers and another sends may overtake each other.
        let lines = [client.ask(&format!("tell_by {by} {to} {tag}")), client.line()];
        let heard = lines.iter().find(|line| !line.starts_with("Ok(")).expect("one of them is no answer");
        let entry = Entry::read(heard);
        assert_eq!((entry.number("by"), entry.number("from"), entry.number("tag")), (to, by + 2, tag));
    }
    client.ask("tell_by 0 2 99");
    assert_eq!(server.journal.wait("refused", |_| true).text("error"), "ToItself");
    server.stop();
}

#[test]
fn the_manager_sends_messages_too() {
    let server = messenger().behaviour("manager_tells").start();
    for tag in 0..16 {
        let entry = heard(&server, tag);
        assert_eq!((entry.number("from"), entry.number("by")), (4, tag % 4));
    }
    // To one that is not there yet.
    for worker in [0, 3] {
        let dead = server.worker(worker);
        tree::signal(dead, Signal::SIGKILL);
        let entry = heard(&server, 1000 + u64::from(dead));
        assert_eq!((entry.number("by"), entry.number("pid")), (worker, u64::from(server.worker(worker))));
    }
    // A second manager goes on with it.
    tree::signal(server.manager(), Signal::SIGKILL);
    watch::until("the second manager tells", || server.journal.of("heard").iter().filter(|entry| entry.number("tag") < 16).count() == 32);
    server.stop();
}

#[test]
fn messages_of_all_sizes_arrive_whole() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    let sizes = [0, 1, 8000, 8192, 8193, 100 << 10, 1 << 20, (2 << 20) - 100, 2 << 20, 5 << 20];
    for (tag, length) in sizes.into_iter().enumerate() {
        for to in [1, 2] {
            let tag = (tag * 10 + to) as u64;
            tell(&mut client, to as u64, tag, length, "hear");
            let entry = heard(&server, tag);
            assert_eq!((entry.number("length"), entry.text("whole")), (length as u64, "true"));
        }
    }
    server.stop();
}

#[test]
fn those_who_flood_each_other_both_go_on() {
    let server = messenger().start();
    let mut clients = [server.connect_to_worker(0), server.connect_to_worker(1)];
    // Neither reads before both have said all they can.
    let other = server.wait_until_idle(1);
    tree::stop(other);
    for (at, client) in clients.iter_mut().enumerate() {
        client.say(&format!("flood_and_nap {} {} 100000 3000 hear", 1 - at, at * 1_000_000));
    }
    assert_eq!(clients[0].line(), "napping");
    tree::signal(other, Signal::SIGCONT);
    assert_eq!(clients[1].line(), "napping");
    let counts: Vec<u64> = server.journal.of("flooded").iter().map(|entry| entry.number("count")).collect();
    assert!(counts == [96, 96], "{counts:?}");
    server.journal.ring_alarm();
    for (at, client) in clients.iter_mut().enumerate() {
        assert_eq!(Entry::read(&client.line()).text("then"), "QueueFull");
        let first = at as u64 * 1_000_000;
        wait_for_all_heard(&server, first..first + counts[at]);
    }
    server.stop();
}

#[test]
fn floods_before_anybody_reads_harm_nobody() {
    let server = messenger().behaviour("flood_at_start").start();
    for worker in 0..2 {
        let flooded = server.journal.wait("flooded", |entry| entry.number("worker") == worker);
        watch::until("all are heard", || {
            let heard = server.journal.of("heard");
            let whole = heard
                .iter()
                .filter(|entry| entry.number("from") == worker && entry.text("whole") == "true" && entry.number("length") == 300_000);
            whole.count() as u64 == flooded.number("count")
        });
    }
    server.connect().is_served();
    server.stop();
}

#[test]
fn a_stuck_receiver_leaves_room_for_the_others() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    tell(&mut client, 1, 1, 0, "nap");
    heard(&server, 1);
    let flooded = client.ask_fields("flood 1 1000 100000 10 hear");
    assert_eq!(flooded.text("then"), "QueueFull");
    for tag in 10..20 {
        assert_eq!(tell_and_hear(&mut client, 2, tag, 10).number("tag"), tag);
    }
    server.journal.ring_alarm();
    wait_for_all_heard(&server, 1000..1000 + flooded.number("count"));
    server.stop();
}

#[test]
fn messages_go_back_and_forth() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    for (tag, to) in [(1, 1), (2, 2), (3, 3)] {
        tell(&mut client, to, tag, 100, "bounce 300");
    }
    for tag in 1..=3 {
        server.journal.wait("bounced", |entry| entry.number("tag") == tag);
        assert_eq!(server.journal.of("heard").iter().filter(|entry| entry.number("tag") == tag).count(), 301);
    }
    server.stop();
}

#[test]
fn what_was_sent_to_one_that_dies_comes_to_its_successor_but_for_the_one_it_was_at() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    for (worker, tag) in [(1, 100), (3, 200)] {
        let dead = server.worker(worker);
        tree::stop(dead);
        tell(&mut client, worker, tag, 10, "die");
        assert_eq!(client.ask_fields(&format!("flood {worker} {} 50 10000 hear", tag + 1)).number("count"), 50);
        tree::signal(dead, Signal::SIGCONT);
        wait_for_all_heard(&server, tag..tag + 51);
        let heard = server.journal.of("heard");
        let by = |tag: u64| heard.iter().find(|entry| entry.number("tag") == tag).map(|entry| entry.number("pid"));
        assert_eq!(by(tag), Some(u64::from(dead)));
        assert_eq!(by(tag + 1), Some(u64::from(server.worker(worker))));
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(dead));
        assert_eq!((error.text("callback"), error.text("signal")), ("on_pipe_message", "9"));
    }
    server.stop();
}

#[test]
fn in_a_task_worker_on_pipe_message_hands_over_no_job() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    tell(&mut client, 1, 1, 0, "work");
    tell(&mut client, 2, 2, 0, "work");
    assert!(server.journal.wait("worked", |entry| entry.number("by") == 1).text("how").starts_with("Ok("));
    assert_eq!(server.journal.wait("worked", |entry| entry.number("by") == 2).text("how"), "Err(InTaskWorker)");
    server.stop();
}

#[test]
fn a_job_that_died_is_an_error_for_whoever_asked() {
    let server = messenger().start();
    let mut client = server.connect_to_worker(0);
    let id = client.ask("job die");
    let end = server.journal.wait("finished", |_| true);
    assert_eq!((format!("Ok({})", end.text("id")), end.text("output")), (id, "Err(Task(WorkerDied))"));
    assert!(client.ask("with die").starts_with("Ok("));
    assert_eq!(client.line(), "closure output=Err(Task(WorkerDied))");
    assert_eq!(client.ask("wait die"), "Err(WorkerDied)");
    assert_eq!(client.ask("wait refuse"), "Ok(Err(Refused))");
    assert_eq!(client.ask("wait echo 7"), "Ok(Ok(7))");
    server.stop();
}

#[test]
fn a_message_sent_right_before_the_shutdown_is_heard() {
    let mut server = messenger().start();
    let mut client = server.connect_to_worker(0);
    // More than are read in one turn, to one that comes to none of them before it is told to stop.
    let receiver = server.wait_until_idle(3);
    tree::stop(receiver);
    let flooded = client.ask_fields("flood 3 0 90 100 hear");
    assert_eq!(flooded.number("count"), 90);
    server.signal(Signal::SIGTERM);
    server.journal.wait("on_worker_stop", |entry| entry.number("worker") == 0);
    tree::signal(receiver, Signal::SIGCONT);
    assert!(server.wait_for_end().success());
    assert_eq!(server.journal.of("heard").len() as u64, flooded.number("count"));
}

/// Everybody floods everybody while somebody is killed again and again.
fn storm(kill: impl Fn(&Server, u64)) {
    let directory = Directory::new();
    let server = messenger().arguments([directory.argument().as_str()]).start();
    let address = server.address();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let told: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|at| {
                let is_over = &is_over;
                scope.spawn(move || {
                    let mut told = Vec::new();
                    let mut tag = at * 1_000_000;
                    let mut client = None;
                    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        tag += 1;
                        let length = if tag % 64 == 5 { 2_200_000 } else { [10, 3000, 20_000, 200_000][tag as usize / 4 % 4] };
                        let line = format!("tell {} {tag} {length} hear\n", tag % 4);
                        if ask(&mut client, address, &line, |_| true).is_some_and(|answer| answer.starts_with("told")) {
                            told.push(tag);
                        }
                    }
                    told
                })
            })
            .collect();
        let (start, mut round) = (Instant::now(), 0);
        while start.elapsed() < BLOWS {
            thread::sleep(Duration::from_millis(50));
            kill(&server, round);
            round += 1;
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    });
    server.wait_for_all_processes(PROCESSES);
    // Heard at most once, and at least once but for what a process was at when it was killed.
    let cut_off = || server.journal.of("on_worker_error").iter().filter(|error| error.text("callback") == "on_pipe_message").count();
    watch::until_or("what was told is heard", || {
        let mut times: HashMap<u64, usize> = HashMap::new();
        for entry in server.journal.of("heard") {
            assert_eq!(entry.text("whole"), "true", "{entry:?}");
            *times.entry(entry.number("tag")).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "a message was heard twice");
        let heard: HashSet<u64> = times.into_keys().collect();
        let missing = told.iter().filter(|tag| !heard.contains(tag)).count();
        if missing <= cut_off() { Ok(()) } else { Err(format!("{missing} missing, {} cut off", cut_off())) }
    });
    eprintln!("{} told, {} cut off, {} deaths", told.len(), cut_off(), server.journal.of("on_worker_error").len());
    assert!(told.len() > 50, "it was a storm: {}", told.len());
    watch::until("no file is left", || directory.files().is_empty());
    // Every cell is free: as many messages as ever are taken. Every large cell is: eight messages of each sender lie in no file.
    let receiver = server.wait_until_idle(2);
    tree::stop(receiver);
    for worker in 0..2 {
        let mut client = server.connect_to_worker(worker);
        let flooded = client.ask_fields(&format!("flood 2 {} 1000 20000 hear", 90_000_000 + worker * 1000));
        assert_eq!((flooded.number("count"), flooded.text("then")), (96, "QueueFull"));
        assert_eq!(directory.files().len() as u64, (96 - 8) * (worker + 1));
    }
    tree::signal(receiver, Signal::SIGCONT);
    watch::until("no file is left", || directory.files().is_empty());
    server.stop();
    assert_eq!(directory.entries(), Vec::<String>::new());
}

#[test]
fn receivers_and_senders_may_be_killed_again_and_again_and_no_message_is_heard_twice() {
    storm(|server, round| tree::signal(server.worker(round % 4), Signal::SIGKILL));
}

#[test]
fn managers_may_be_killed_meanwhile() {
    storm(|server, round| match round % 5 {
        4 => tree::signal(server.manager(), Signal::SIGKILL),
        at => tree::signal(server.worker(at), Signal::SIGKILL),
    });
}
