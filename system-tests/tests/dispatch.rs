//! Dispatch: which worker gets what a session sends, by each way there is; and what a worker that naps or dies does to the others.

use nix::sys::signal::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use system_tests::{Client, Directory, End, Entry, Launch, Server, client, talk::while_clients_talk, tree, watch};

const WORKERS: u64 = 4;

fn dispatcher(dispatch: &str) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_dispatcher")).environment("DISPATCH", dispatch)
}

/// Says a line and reads which worker it came to.
fn worker_of(client: &mut Client, line: &str) -> u64 {
    client.ask_fields(line).number("worker")
}

/// The first line that each of so many asks, of so many clients, by the worker that it came to.
fn spread(server: &Server, clients: usize, requests: usize) -> BTreeMap<u64, usize> {
    let counts: Vec<AtomicUsize> = (0..WORKERS).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..clients {
            let mut client = server.connect();
            let counts = &counts;
            scope.spawn(move || {
                for _ in 0..requests {
                    counts[worker_of(&mut client, "hello") as usize].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (0..).zip(counts.iter().map(|count| count.load(Ordering::Relaxed))).filter(|(_, count)| *count > 0).collect()
}

fn evenly(each: usize) -> BTreeMap<u64, usize> {
    (0..WORKERS).map(|worker| (worker, each)).collect()
}

/// Waits until all workers are ready.
fn wait_for_workers(server: &Server) {
    server.wait_for_all_processes(WORKERS as usize);
}

#[test]
fn round_robin_gives_each_worker_exactly_its_share_over_all_reactors() {
    for dispatch in ["round_robin", "round_robin_without_frame"] {
        let server = dispatcher(dispatch).reactors(2).start();
        assert_eq!(spread(&server, 16, 50), evenly(200), "{dispatch}");
        // Ends of sessions take no turn: one request each, of clients that come and go.
        let one_each: Vec<u64> = (0..40).map(|_| worker_of(&mut server.connect(), "hello")).collect();
        let counts = (0..WORKERS).map(|worker| one_each.iter().filter(|one| **one == worker).count()).collect::<Vec<_>>();
        assert_eq!(counts, [10; 4], "{dispatch}");
        assert_eq!(server.journal.of("on_connect").len() + server.journal.of("on_close").len(), 0);
        server.stop();
    }
}

#[test]
fn round_robin_with_unsafe_events_runs_on_connect_and_on_close_once_and_on_close_last() {
    let server = dispatcher("round_robin_with_events").reactors(2).start();
    assert_eq!(spread(&server, 16, 50), evenly(200), "events take no turn");
    watch::until("each session has ended", || server.journal.of("on_close").len() == 16);
    let mut client = server.connect();
    let session = client.ask_fields("hello").number("session");
    client.send(&b"hello\n".repeat(40));
    client.finish_talking();
    let (answers, end) = client.end();
    assert_eq!((String::from_utf8_lossy(&answers).lines().count(), end), (40, End::Eof), "what came before the end is answered");
    server.journal.wait_for_session("on_close", session);
    assert_eq!((server.journal.of("on_connect").len(), server.journal.of("on_close").len()), (17, 17));
    server.stop();
}

#[test]
fn what_came_before_the_end_is_answered_by_each_worker_that_has_something_of_it() {
    for dispatch in ["round_robin", "round_robin_without_frame", "idle", "least_req", "function"] {
        let server = dispatcher(dispatch).reactors(2).start();
        for _ in 0..20 {
            let mut client = server.connect();
            (0..8).for_each(|number| client.say(&format!("{number}")));
            client.finish_talking();
            let (answers, end) = client.end();
            let answers = String::from_utf8_lossy(&answers).into_owned();
            if dispatch != "round_robin_without_frame" {
                let lines: BTreeSet<_> = answers.lines().filter_map(|line| line.split(' ').nth(1)).collect();
                assert_eq!(lines.len(), 8, "{dispatch}: {answers}");
            }
            assert_eq!(end, End::Eof);
        }
        client::wait_until_closed(&server, 20);
        server.stop();
    }
}

#[test]
fn idle_and_least_req_leave_out_workers_that_nap() {
    for dispatch in ["idle", "least_req"] {
        let server = dispatcher(dispatch).reactors(2).start();
        wait_for_workers(&server);
        let mut client = server.connect();
        let all: BTreeSet<_> = (0..12).map(|_| worker_of(&mut client, "hello")).collect();
        assert_eq!(all.len(), 4, "{dispatch}: all are used where all are idle");
        // Two nap; which ones, the journal says.
        let mut nappers = [server.connect(), server.connect()];
        nappers.iter_mut().for_each(|napper| napper.say("nap"));
        let naps = || (0..WORKERS).filter(|worker| server.journal.of("nap").iter().any(|nap| nap.number("worker") == *worker));
        watch::until("two workers nap", || naps().count() == 2);
        let awake: BTreeSet<u64> = (0..WORKERS).filter(|worker| naps().all(|napping| napping != *worker)).collect();
        for _ in 0..200 {
            // Who has as much to do as one that naps is no better than it: also one that has answered, and is not through yet.
            for &worker in &awake {
                server.wait_until_idle(worker);
            }
            let worker = worker_of(&mut client, "hello");
            assert!(awake.contains(&worker), "{dispatch}: {worker} of {awake:?}");
        }
        server.journal.ring_alarm();
        for napper in &mut nappers {
            assert_eq!(Entry::read(&napper.line()).text("line"), "nap");
        }
        server.stop();
    }
}

#[test]
fn where_all_nap_idle_and_least_req_give_each_as_much() {
    for dispatch in ["idle", "least_req"] {
        let directory = Directory::new();
        let control = format!("--control={}", directory.path().join("control.sock").display());
        let server = dispatcher(dispatch).arguments([control.as_str()]).start();
        wait_for_workers(&server);
        let mut nappers: Vec<Client> = (0..WORKERS).map(|_| server.connect()).collect();
        for (count, napper) in (1..).zip(&mut nappers) {
            napper.say("nap");
            watch::until("it naps", || server.journal.of("nap").len() == count);
        }
        let mut client = server.connect();
        client.send(&b"hello\n".repeat(8));
        // No worker could say that all of it is read.
        watch::until("it is read", || {
            let said = dispatcher(dispatch).no_arguments().arguments(["connections", "--json", control.as_str()]).run();
            said.information().contains("\"bytes_in\":48,")
        });
        server.journal.ring_alarm();
        let workers: Vec<u64> = (0..8).map(|_| Entry::read(&client.line()).number("worker")).collect();
        let counts: Vec<usize> = (0..WORKERS).map(|worker| workers.iter().filter(|one| **one == worker).count()).collect();
        assert!(counts.iter().all(|count| (1..4).contains(count)), "{dispatch}: {counts:?}");
        server.stop();
    }
}

#[test]
fn round_robin_waits_for_a_worker_that_naps_over_a_full_ring() {
    let server = dispatcher("round_robin").arguments(["--ring-memory=1M"]).start();
    let mut napper = server.connect();
    napper.say("nap");
    watch::until("a worker naps", || !server.journal.of("nap").is_empty());
    let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    let stream: Vec<u8> = (0..400).flat_map(|number| format!("{number} {}\n", "x".repeat(500)).into_bytes()).collect();
    for client in &mut clients {
        client.send(&stream);
    }
    server.journal.ring_alarm();
    for client in &mut clients {
        let lines: BTreeSet<String> = (0..400).map(|_| client.line().split('_').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(lines.len(), 400, "each came once");
    }
    server.stop();
}

#[test]
fn ip_gives_all_sessions_of_an_address_to_one_worker() {
    let server = dispatcher("ip").reactors(2).start();
    for last in 1..=12 {
        let from = Ipv4Addr::new(127, 0, 0, last);
        for _ in 0..4 {
            let mut client = Client::connect_from(from, server.address());
            assert_eq!(worker_of(&mut client, "hello"), u64::from(u32::from(from)) % WORKERS);
        }
    }
    server.stop();
    let server = dispatcher("ip").reactors(2).address("tcp://[::1]:0").start();
    let workers: BTreeSet<u64> = (0..12).map(|_| worker_of(&mut server.connect(), "hello")).collect();
    assert_eq!(workers.len(), 1);
    server.stop();
}

#[test]
fn least_conn_gives_a_session_to_the_worker_with_the_fewest() {
    let server = dispatcher("least_conn").reactors(2).start();
    let mut clients: Vec<(u64, Client)> = (0..40)
        .map(|_| {
            let mut client = server.connect();
            (worker_of(&mut client, "hello"), client)
        })
        .collect();
    let count = |clients: &[(u64, Client)]| (0..WORKERS).map(|one| clients.iter().filter(|(worker, _)| *worker == one).count()).collect();
    let counts: Vec<usize> = count(&clients);
    assert_eq!(counts, [10; 4]);
    // Those of two workers leave: the next ones are for these.
    clients.retain(|(worker, _)| *worker > 1);
    watch::until("their sessions have ended", || server.journal.of("on_close").len() == 20);
    client::wait_until_closed(&server, 20);
    let mut more: Vec<_> = (0..20)
        .map(|_| {
            let mut client = server.connect();
            (worker_of(&mut client, "hello"), client)
        })
        .collect();
    assert!(more.iter().all(|(worker, _)| *worker < 2));
    clients.append(&mut more);
    let counts: Vec<usize> = count(&clients);
    assert_eq!(counts, [10; 4]);
    // A session stays where it is.
    for (worker, client) in &mut clients {
        assert_eq!(worker_of(client, "hello"), *worker);
    }
    server.stop();
}

#[test]
fn uid_moves_a_session_when_it_is_bound_and_keeps_its_order() {
    let server = dispatcher("uid").reactors(2).start();
    for uid in 0..12_u64 {
        let mut client = server.connect();
        let first = client.ask_fields("hello");
        assert_eq!(first.text("uid"), "");
        let stream: String = (0..300).map(|number| format!("{number}\n")).collect();
        client.send(format!("bind {uid}\n{stream}").as_bytes());
        let bind = client.ask_fields("last");
        assert_eq!((bind.text("line"), bind.text("bound"), bind.number("worker")), ("bind", "Ok(())", first.number("worker")));
        let mut workers = Vec::new();
        for number in 0..300 {
            let answer = Entry::read(&client.line());
            assert_eq!(answer.number("line"), number, "in order, whoever answers");
            workers.push(answer.number("worker"));
        }
        workers.dedup();
        assert!(workers.len() <= 2, "it moves once: {workers:?}");
        assert_eq!(Entry::read(&client.line()).text("line"), "last");
        watch::until("it has moved", || worker_of(&mut client, "hello") == uid % WORKERS);
        let answer = client.ask_fields("bind 77");
        assert_eq!(answer.text("bound"), "Err(AlreadyBound)");
        let after = client.ask_fields("hello");
        assert_eq!((after.number("uid"), after.number("worker")), (uid, uid % WORKERS));
        client.finish_talking();
        let close = server.journal.wait_for_session("on_close", first.number("session"));
        assert_eq!(close.number("worker"), uid % WORKERS, "in the worker of then");
    }
    assert_eq!(server.journal.of("on_close").len(), 12);
    server.stop();
}

#[test]
fn a_session_moves_and_ends_while_the_worker_it_had_naps_and_dies() {
    for dispatch in ["uid", "uid_without_frame"] {
        for is_killed in [false, true] {
            let server = dispatcher(dispatch).start();
            wait_for_workers(&server);
            // The first has worker 1: of the ids that come, each fourth.
            let mut first = server.connect();
            let worker = worker_of(&mut first, "hello");
            let mut second = watch::find("a second session in that worker", || {
                let mut client = server.connect();
                (worker_of(&mut client, "hello") == worker).then_some(client)
            });
            let session = second.ask_fields("hello").number("session");
            let process = server.worker(worker);
            first.say("nap");
            watch::until("it naps", || !server.journal.of("nap").is_empty());
            second.say("before");
            // Bound by another worker, over the head of the one that naps.
            let mut third = watch::find("a session in another worker", || {
                let mut client = server.connect();
                (worker_of(&mut client, "hello") != worker).then_some(client)
            });
            let uid = worker + 1;
            assert_eq!(third.ask_fields(&format!("bind {uid} {session}")).text("bound"), "Ok(())");
            watch::until("it is bound", || third.ask_fields(&format!("uid {session}")).text("uid") == uid.to_string());
            second.say("after");
            second.finish_talking();
            if is_killed {
                tree::signal(process, Signal::SIGKILL);
                assert!(first.end().0.is_empty(), "the session that it was at is closed");
            } else {
                server.journal.ring_alarm();
                assert_eq!(first.ask_fields("hello").text("line"), "nap");
            }
            let answers: Vec<_> = (0..2).map(|_| Entry::read(&second.line())).collect();
            let answers: Vec<_> = answers.iter().map(|answer| (answer.text("line"), answer.number("worker"))).collect();
            assert_eq!(answers, [("before", worker), ("after", uid % WORKERS)], "by a successor where it has one");
            assert_eq!(second.end(), (Vec::new(), End::Eof));
            let close = server.journal.wait_for_session("on_close", session);
            assert_eq!((close.text("reason"), close.number("worker")), ("peer", uid % WORKERS));
            server.stop();
        }
    }
}

#[test]
fn a_function_names_the_worker_of_each_package_or_discards_it() {
    for dispatch in ["function", "function_without_frame"] {
        let server = dispatcher(dispatch).reactors(2).start();
        let mut client = server.connect();
        for number in 0..40_u64 {
            let answer = client.ask_fields(&format!("{number} please"));
            assert_eq!((answer.number("worker"), answer.text("line")), (number % WORKERS, &*format!("{number}_please")));
        }
        client.say("drop this");
        // Not in one read with the last, where there is no frame.
        watch::until("it is counted", || server.connect().ask_fields("1").number("discarded") == 1);
        assert_eq!(client.ask_fields("2").text("line"), "2", "the session goes on");
        let session = client.ask_fields("3").number("session");
        client.finish_talking();
        assert_eq!(client.end(), (Vec::new(), End::Eof));
        assert_eq!(server.journal.wait_for_session("on_close", session).number("worker"), 3, "in the worker of the last package");
        server.stop();
    }
}

#[test]
fn a_function_that_panics_closes_that_session_and_no_other() {
    let server = dispatcher("function").start();
    let (mut client, mut other) = (server.connect(), server.connect());
    let session = client.ask_fields("1").number("session");
    client.send(b"2\npanic\n3\n");
    let (answers, end) = client.end();
    assert_eq!((String::from_utf8_lossy(&answers).lines().count(), end), (1, End::Eof));
    assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "protocol");
    assert_eq!(worker_of(&mut other, "3"), 3);
    server.stop();
}

#[test]
fn ordered_ways_keep_the_order_of_a_session() {
    for dispatch in ["fixed", "ip", "uid", "least_conn"] {
        let server = dispatcher(dispatch).reactors(2).start();
        let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
        let stream: String = (0..500).map(|number| format!("{number}\n")).collect();
        for client in &mut clients {
            client.send(stream.as_bytes());
        }
        for client in &mut clients {
            let answers: Vec<_> = (0..500).map(|_| Entry::read(&client.line())).collect();
            assert!((0..).zip(&answers).all(|(number, answer)| answer.number("line") == number), "{dispatch}");
            assert!(answers.windows(2).all(|two| two[0].number("worker") == two[1].number("worker")), "{dispatch}");
        }
        server.stop();
    }
}

#[test]
fn a_killed_worker_loses_nothing_but_what_it_was_at() {
    for dispatch in ["ip", "uid", "least_conn", "round_robin", "round_robin_with_events", "idle", "least_req", "function"] {
        let server = dispatcher(dispatch).reactors(2).start();
        wait_for_workers(&server);
        let kills = 4;
        let ended = AtomicUsize::new(0);
        thread::scope(|scope| {
            for of in 0..6 {
                let (server, ended) = (&server, &ended);
                scope.spawn(move || {
                    let mut stream = None;
                    for number in 0..400 {
                        let line = format!("{}\n", of * 1000 + number);
                        let is_answer = |answer: &str| answer.starts_with(&format!("at line={} ", line.trim_end()));
                        if client::ask(&mut stream, server.address(), &line, is_answer).is_none() {
                            ended.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            for worker in 0..kills {
                let process = server.worker(worker);
                tree::signal(process, Signal::SIGKILL);
                watch::until("it has a successor", || server.worker(worker) != process);
            }
        });
        assert!(ended.load(Ordering::Relaxed) <= kills as usize, "{dispatch}: {ended:?} sessions ended of {kills} kills");
        server.stop();
    }
}

#[test]
fn reloads_lose_nothing_however_sessions_are_dispatched() {
    for dispatch in ["round_robin", "round_robin_with_events", "idle", "least_req", "function", "ip", "uid", "least_conn"] {
        let server = dispatcher(dispatch).reactors(2).start();
        wait_for_workers(&server);
        eprintln!("{dispatch}");
        while_clients_talk(&server, || {
            for round in 1..4 {
                server.signal(Signal::SIGUSR1);
                server.wait_for_reloads(round);
            }
        });
        server.stop();
    }
}
