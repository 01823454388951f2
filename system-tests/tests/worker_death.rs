//! What holds when a worker dies: it is reported and replaced, its successor serves the sessions that it held, and only the session whose
//! callback it was in is lost, or handed to `on_lost`.

use nix::sys::signal::Signal;
use std::{collections::HashMap, net::SocketAddr, thread, time::Duration};
use system_tests::{Client, End, Entry, Launch, Server, client::wait_for_stats, tree, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

fn mourner() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_mourner")).workers(1)
}

fn error_of(server: &Server, pid: u32) -> Entry {
    server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(pid))
}

fn closes_of(server: &Server, session: u64) -> Vec<Entry> {
    server.journal.of("on_close").into_iter().filter(|entry| entry.number("session") == session).collect()
}

#[test]
fn a_killed_worker_is_reported_and_its_idle_sessions_live_on_with_its_successor() {
    let server = scripted().start();
    let (mut mine, mut others) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let (before, neighbour) = (server.wait_until_idle(0), server.worker(1));
    tree::signal(before, Signal::SIGKILL);
    let error = error_of(&server, before);
    assert_eq!((error.text("worker"), error.text("signal"), error.text("exit")), ("0", "9", ""));
    assert_eq!((error.text("callback"), error.text("session")), ("", ""), "it was in none");
    let after = mine.who();
    assert_eq!((after.number("worker"), after.number("generation")), (0, 2));
    assert_eq!(others.who().number("pid"), u64::from(neighbour), "the other worker is untouched");
    assert_eq!(server.journal.of("on_close").iter().filter(|close| close.text("reason") == "worker_died").count(), 0);
    server.wait_for_all_processes(2);
    server.stop();
}

#[test]
fn a_session_in_a_callback_is_closed_and_the_others_live_on() {
    let server = scripted().start();
    let mut victim = server.connect_to_worker(0);
    let session = victim.session();
    let (mut same_worker, mut other_worker) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let worker = server.worker(0);
    assert_eq!(victim.ask("spin"), "spinning");
    // On its ring when it dies: its successor's.
    same_worker.say("echo queued");
    tree::signal(worker, Signal::SIGKILL);
    let error = error_of(&server, worker);
    assert_eq!((error.text("callback"), error.number("session"), error.text("signal")), ("on_receive", session, "9"));
    assert_eq!(victim.end().1, End::Eof);
    assert_eq!(same_worker.line(), "queued");
    other_worker.is_served();
    let close = server.journal.wait_for_session("on_close", session);
    assert_eq!((close.text("reason"), close.text("known")), ("worker_died", "true"));
    wait_for_stats(server.address(), "the row of the victim is free", |stats| stats.number("closed") >= 1);
    assert_eq!(closes_of(&server, session).len(), 1);
    server.wait_for_log(&["on_receive", &format!("session {session}"), "signal 9"]);
    server.stop();
}

#[test]
fn nothing_is_answered_behind_a_lost_record() {
    let server = scripted().start();
    let (mut victim, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let session = victim.session();
    assert_eq!(victim.ask("spin"), "spinning");
    let mut received = || other.ask_fields(&format!("info {session}")).number("in");
    let before = received();
    victim.say("echo behind it");
    watch::until("it is on the ring", || received() > before);
    tree::signal(server.worker(0), Signal::SIGKILL);
    // An answer with none to the record before it would be a stream with a hole.
    assert_eq!(victim.end(), (Vec::new(), End::Eof));
    server.stop();
}

#[test]
fn what_was_lost_is_handed_to_the_successor_which_can_answer() {
    let server = mourner().start();
    let mut client = server.connect();
    let session = client.session();
    let worker = server.worker(0);
    client.say("die of this");
    assert_eq!(client.line(), "lost Receive die of this");
    let error = error_of(&server, worker);
    assert_eq!((error.text("callback"), error.number("session")), ("on_receive", session));
    client.is_served();
    assert_eq!(server.journal.of("on_lost").len(), 1);
    assert_eq!(closes_of(&server, session).len(), 0);
    server.stop();
}

#[test]
fn a_second_death_over_the_same_record_skips_it_and_closes_its_session() {
    let server = mourner().start();
    let (mut client, mut bystander) = (server.connect(), server.connect());
    let session = client.session();
    client.say("die again");
    assert_eq!(client.end().1, End::Eof);
    let second = server.journal.wait("on_worker_error", |entry| entry.text("callback") == "on_lost");
    assert_eq!(second.number("session"), session);
    assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "worker_died");
    bystander.is_served();
    assert_eq!(server.journal.of("on_lost").len(), 1, "it is not tried a third time");
    assert_eq!(closes_of(&server, session).len(), 1);
    server.stop();
}

#[test]
fn a_job_and_a_message_whose_callback_a_worker_dies_in_are_told_to_the_successor_once() {
    // Large ones lie outside of their cells.
    let large = "x".repeat(5_000);
    for (ask, kind, callback) in
        [("job", "Finish", "on_finish"), ("closure", "Finish", "on_finish"), ("message", "Message", "on_pipe_message")]
    {
        for (what, deaths) in [("die".to_owned(), 1), ("die-again".to_owned(), 2), (format!("die-{large}"), 1)] {
            let server = mourner().workers(2).arguments(["--task-cell=1kib", "--message-cell=1kib"]).start();
            let mut client = server.connect_to_worker(0);
            // A message goes to the other worker.
            let first = server.worker(u64::from(ask == "message"));
            assert_eq!(client.ask(&format!("{ask} {what}")), "taken");
            assert_eq!(error_of(&server, first).text("callback"), callback);
            let lost = server.journal.wait("on_lost", |_| true);
            assert!(lost.text("kind").starts_with(kind), "{lost:?}");
            assert_eq!(lost.text("data"), what);
            if deaths == 2 {
                server.journal.wait("on_worker_error", |entry| entry.text("callback") == "on_lost");
            }
            client.is_served();
            // What comes behind it is as ever.
            assert_eq!(client.ask(&format!("{ask} well")), "taken");
            server.journal.wait(if ask == "closure" { ask } else { callback }, |_| true);
            client.is_served();
            assert_eq!((server.journal.of("on_lost").len(), server.journal.of("on_worker_error").len()), (1, deaths));
            server.stop();
        }
    }
}

#[test]
fn a_queue_of_one_has_room_for_the_next_job_in_on_finish_also_where_there_is_an_on_lost() {
    let server = mourner().arguments(["--task-queue=1"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask("job next-next-end"), "taken");
    server.journal.wait("on_finish", |entry| entry.text("output") == "end");
    // And it is a queue of one.
    client.say("two 1");
    assert_eq!(client.line(), "QueueFull");
    server.stop();
}

#[test]
fn a_death_in_on_connect_closes_that_session() {
    let server = scripted().behaviour("die_in_connect").start();
    let client = server.connect();
    let error = server.journal.wait("on_worker_error", |_| true);
    assert_eq!((error.text("callback"), error.number("session")), ("on_connect", 1));
    assert_eq!(client.end().1, End::Eof);
    assert_eq!(server.journal.wait_for_session("on_close", 1).text("reason"), "worker_died");
    server.stop();
}

#[test]
fn a_death_in_on_connect_can_be_made_good_by_on_lost() {
    let server = mourner().behaviour("die_in_connect").start();
    let mut client = server.connect();
    assert_eq!(client.line(), "lost Connect ");
    client.is_served();
    assert_eq!(server.journal.of("on_connect").len(), 1, "it counts as run");
    server.stop();
}

#[test]
fn a_death_in_on_close_frees_the_session_and_does_not_run_it_again() {
    for launch in [scripted().behaviour("die_in_close"), mourner().behaviour("die_in_close")] {
        let server = launch.start();
        let mut client = server.connect();
        let session = client.session();
        drop(client);
        let error = server.journal.wait("on_worker_error", |_| true);
        assert_eq!((error.text("callback"), error.number("session")), ("on_close", session));
        // The one session there is asks.
        wait_for_stats(server.address(), "its row is free", |stats| stats.number("connections") == 1);
        assert_eq!(closes_of(&server, session).len(), 1);
        server.stop();
    }
}

#[test]
fn a_panic_is_reported_with_callback_and_session_and_its_last_words_reach_the_client() {
    let server = scripted().start();
    let mut client = server.connect_to_worker(0);
    let session = client.session();
    let worker = server.worker(0);
    let line = client.ask("panic");
    assert!(line.starts_with("last words: asked to panic"), "{line}");
    assert_eq!(client.end().1, End::Eof);
    server.wait_for_log(&["panic in on_receive", &format!("session {session}"), "asked to panic"]);
    let error = error_of(&server, worker);
    assert_eq!((error.text("callback"), error.number("session"), error.text("signal")), ("on_receive", session, ""));
    assert!(error.number("exit") != 0 && error.text("message").contains("asked_to_panic"), "{error:?}");
    assert_eq!(server.journal.wait("on_panic", |_| true).number("session"), session);
    assert_eq!(server.connect_to_worker(0).who().number("generation"), 2);
    server.stop();
}

#[test]
fn an_abort_and_an_exit_of_user_code_are_deaths_like_others() {
    let server = scripted().start();
    for (command, signal, exit) in [("abort", "6", ""), ("exit 3", "", "3"), ("exit 0", "", "0"), ("die", "9", "")] {
        let mut client = server.connect_to_worker(1);
        let session = client.session();
        let worker = server.worker(1);
        client.say(command);
        let error = error_of(&server, worker);
        assert_eq!((error.text("signal"), error.text("exit")), (signal, exit), "{command}");
        assert_eq!((error.text("callback"), error.number("session")), ("on_receive", session), "{command}");
        assert_eq!(client.end().1, End::Eof, "{command}");
        assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "worker_died", "{command}");
    }
    server.stop();
}

#[test]
fn every_worker_may_die_at_once() {
    let server = scripted().start();
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(Client::is_served);
    let workers = [server.wait_until_idle(0), server.wait_until_idle(1)];
    workers.iter().for_each(|&worker| tree::signal(worker, Signal::SIGKILL));
    clients.iter_mut().for_each(Client::is_served);
    workers.iter().for_each(|&worker| assert_eq!(error_of(&server, worker).text("signal"), "9"));
    server.wait_for_all_processes(2);
    server.stop();
}

#[test]
fn a_stopped_worker_harms_nobody_and_loses_nothing() {
    let server = scripted().start();
    let (mut mine, mut others) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let worker = server.worker(0);
    tree::stop(worker);
    for n in 0..100 {
        mine.say(&format!("echo {n}"));
        assert_eq!(others.ask(&format!("echo {n}")), n.to_string());
    }
    tree::signal(worker, Signal::SIGCONT);
    for n in 0..100 {
        assert_eq!(mine.line(), n.to_string());
    }
    assert_eq!(server.worker(0), worker, "the same process goes on");
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.stop();
}

fn at_least_once(count: &mut usize) {
    *count = (*count).max(1);
}

#[test]
fn a_worker_that_can_start_no_more_leaves_the_others_serving() {
    let server = scripted().behaviour("fail_later").start();
    let (mut mine, mut others) = (server.connect_to_worker(0), server.connect_to_worker(1));
    tree::signal(server.wait_until_idle(0), Signal::SIGKILL);
    let failures = |entry: &&Entry| entry.text("exit") == "1" && entry.text("worker") == "0";
    watch::until("it fails three times", || server.journal.of("on_worker_error").iter().filter(failures).count() >= 3);
    others.is_served();
    mine.say("echo somebody there?");
    let stats = others.ask_fields("stats");
    assert_eq!((stats.number("pid1"), stats.text("state1")), (u64::from(server.worker(1)), "Ready"));
    server.wait_for_log(&["worker 0", "the database has gone"]);
    server.stop();
}

#[test]
fn commands_that_a_dead_worker_started_are_reaped_and_end_with_the_server() {
    let server = scripted().start();
    let mut client = server.connect_to_worker(0);
    let brief = client.ask_fields("command 0.1").number("pid") as u32;
    let long = client.ask_fields("command 1000").number("pid") as u32;
    tree::signal(server.wait_until_idle(0), Signal::SIGKILL);
    client.is_served();
    watch::until("the command that has ended is reaped", || tree::look(brief).is_none());
    assert!(tree::lives(long), "what runs goes on");
    server.stop();
    assert!(!tree::lives(long));
}

#[test]
fn a_worker_that_dies_while_it_sends_leaves_whole_messages_and_all_its_cells() {
    let server = scripted().start();
    let mut to = server.connect_to_worker(1);
    let session = to.session();
    let mut whole = 0;
    for round in 0..12 {
        let mut from = server.connect_to_worker(0);
        from.say(&format!("burst {session} a 8"));
        let head = to.bytes(5);
        to.bytes(u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize);
        thread::sleep(Duration::from_millis(round));
        tree::signal(server.worker(0), Signal::SIGKILL);
        // What is on its way ends with the answer of the other worker: nothing comes after the last whole message.
        watch::until("it is seen", || server.journal.of("on_worker_error").len() == round as usize + 1);
        to.say("echo end");
        loop {
            let letter = to.bytes(1)[0];
            if letter != b'a' {
                assert_eq!((letter, to.line().as_str()), (b'e', "nd"));
                break;
            }
            let length = to.bytes(4);
            let message = to.bytes(u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize);
            assert!(message.iter().all(|&byte| byte == b'a'));
            whole += 1;
        }
    }
    assert!(whole > 0);
    // As many large messages as ever find room.
    let mut from = server.connect_to_worker(0);
    from.say(&format!("burst {session} a 8"));
    for _ in 0..8 {
        let head = to.bytes(5);
        to.bytes(u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize);
    }
    from.is_served();
    server.stop();
}

/// How often `on_connect` and `on_close` of each session were begun, where that is not once each. A callback that was cut off before it
/// could note anything counts by the report of it.
fn sessions_with_other_than_one(server: &Server) -> HashMap<u64, (usize, usize)> {
    let mut counts: HashMap<u64, (usize, usize)> = HashMap::new();
    let entries = server.journal.entries();
    for entry in &entries {
        match entry.callback.as_str() {
            "on_connect" => counts.entry(entry.number("session")).or_default().0 += 1,
            "on_close" => counts.entry(entry.number("session")).or_default().1 += 1,
            _ => {}
        }
    }
    for entry in entries.iter().filter(|entry| entry.callback == "on_worker_error") {
        match entry.text("callback") {
            "on_connect" => at_least_once(&mut counts.entry(entry.number("session")).or_default().0),
            "on_close" => at_least_once(&mut counts.entry(entry.number("session")).or_default().1),
            _ => {}
        }
    }
    counts.retain(|_, count| *count != (1, 1));
    counts
}

#[test]
fn each_session_gets_one_on_connect_and_one_on_close_however_often_workers_die() {
    let server = scripted().start();
    let address: SocketAddr = server.address();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                for round in 0..400 {
                    let mut client = Client::connect(address);
                    client.say(if round % 5 == 0 { "close" } else { "echo here" });
                    // Answered, or ended by the death of the worker; every other one leaves at once.
                    if round % 2 == 0 {
                        client.finish_talking();
                        client.end();
                    }
                }
            })
        })
        .collect();
    let mut kills = 0;
    while clients.iter().any(|client| !client.is_finished()) {
        let worker = server.worker(kills % 2);
        thread::sleep(Duration::from_millis(kills % 16));
        tree::signal(worker, Signal::SIGKILL);
        kills += 1;
    }
    clients.into_iter().for_each(|client| client.join().expect("a client does not panic"));
    wait_for_stats(address, "all sessions but this have ended", |stats| stats.number("connections") == 1);
    watch::until("one on_connect and one on_close of every session are noted", || {
        let odd = sessions_with_other_than_one(&server);
        assert!(odd.values().all(|&(connects, closes)| connects <= 1 && closes <= 1), "{odd:?}");
        odd.is_empty()
    });
    assert!(kills > 5, "it was a storm");
    server.stop();
}
