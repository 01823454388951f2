//! Sessions: how they begin and end, what is known about them, and who may end them.

use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    signal::Signal,
};
use system_tests::{Client, End, Entry, Launch, Server, client::wait_for_stats, script::pattern, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

fn close_of(server: &Server, session: u64) -> Entry {
    server.journal.wait_for_session("on_close", session)
}

fn ids(line: &str) -> Vec<u64> {
    line.split_whitespace().map(|id| id.parse().expect("an id")).collect()
}

#[test]
fn a_client_that_has_finished_talking_still_gets_its_answer() {
    let server = scripted().start();
    let mut client = server.connect();
    client.say("sleep 50");
    client.finish_talking();
    assert_eq!(client.end(), (b"sleeping\nawake\n".to_vec(), End::Eof));
    let mut client = server.connect();
    client.say("big 2097152");
    client.finish_talking();
    let (answer, end) = client.end();
    assert!(answer == pattern(2 << 20), "{} bytes", answer.len());
    assert_eq!(end, End::Eof);
    server.stop();
}

#[test]
fn a_client_that_leaves_without_a_word_is_closed() {
    let server = scripted().start();
    drop(server.connect());
    let close = close_of(&server, 1);
    assert_eq!((close.text("reason"), close.number("in")), ("peer", 0));
    assert_eq!(server.journal.of("on_connect").len(), 1);
    server.stop();
}

#[test]
fn a_client_that_resets_is_closed_and_its_row_is_free() {
    let server = scripted().start();
    let mut client = server.connect();
    let session = client.session();
    client.reset();
    assert_eq!(close_of(&server, session).text("reason"), "peer");
    // One that resets while its worker sends to it.
    let mut client = server.connect();
    let session = client.session();
    client.say("big 2097152");
    client.one_byte();
    client.reset();
    assert_eq!(close_of(&server, session).text("reason"), "peer");
    wait_for_stats(server.address(), "only this one is left", |stats| stats.number("connections") == 1);
    server.stop();
}

#[test]
fn a_client_that_says_nothing_is_greeted() {
    let server = scripted().behaviour("greet").start();
    assert_eq!(server.connect().line(), "welcome 1");
    server.stop();
}

#[test]
fn more_sessions_than_max_conn_are_refused_and_counted() {
    let server = scripted().arguments(["--max-conn=3"]).start();
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(Client::is_served);
    for _ in 0..2 {
        assert_eq!(server.connect().end().0, b"");
    }
    watch::until("both are counted", || clients[0].ask_fields("stats").number("refused") == 2);
    let stats = clients[0].ask_fields("stats");
    assert_eq!((stats.number("connections"), stats.number("accepted")), (3, 3));
    server.wait_for_log(&["max_conn of 3 sessions is reached"]);
    clients.pop();
    watch::until("there is room again", || clients[0].ask_fields("stats").number("connections") == 2);
    server.connect().is_served();
    server.stop();
}

#[test]
fn connection_info_tells_what_is_known_in_on_receive_and_in_on_close() {
    let server = scripted().reactors(2).start();
    let mut client = server.connect();
    let who = client.who();
    let info = client.ask_fields("info");
    assert_eq!((info.number("id"), info.number("worker")), (who.number("session"), who.number("worker")));
    assert!(info.number("reactor") < 2 && info.number("listener") == 0);
    assert_eq!(info.number("listener_port"), u64::from(server.address().port()));
    assert_eq!(info.text("remote"), client.local().to_string());
    assert_eq!((info.text("connected"), info.text("received"), info.text("sent")), ("true", "true", "true"));
    assert_eq!((info.number("in"), info.text("closing")), ("who\ninfo\n".len() as u64, ""));
    assert!(info.number("out") > 0);
    let (local, session) = (client.local(), who.number("session"));
    drop(client);
    let close = close_of(&server, session);
    assert_eq!((close.text("known"), close.text("exist"), close.text("closing")), ("true", "false", "peer"));
    assert_eq!((close.text("remote"), close.number("in")), (local.to_string().as_str(), 9));
    let mut other = server.connect();
    watch::until("the session is forgotten", || other.ask(&format!("info {session}")) == "none");
    assert_eq!(other.ask("info 987654321"), "none");
    server.stop();
}

#[test]
fn all_sessions_are_listed_by_pages_and_by_the_iterator() {
    let server = scripted().reactors(2).start();
    let mut clients: Vec<Client> = (0..250).map(|_| server.connect()).collect();
    let mut expected: Vec<u64> = clients.iter_mut().map(Client::session).collect();
    expected.sort_unstable();
    let asker = &mut clients[17];
    let mut listed: Vec<u64> = Vec::new();
    loop {
        let page = ids(&asker.ask(&format!("list {} 100", listed.last().unwrap_or(&0))));
        assert!(page.len() <= 100 && page.is_sorted());
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, expected);
    assert_eq!(ids(&asker.ask("list 0 7")), expected[..7]);
    assert_eq!(ids(&asker.ask("list 0 0")), [0; 0]);
    assert_eq!(ids(&asker.ask("sessions")), expected);
    assert!(asker.ask("list 0 101").contains("a page of 101 sessions"));
    server.stop();
}

#[test]
fn any_worker_may_close_a_session_and_on_close_runs_in_the_worker_of_the_session() {
    let server = scripted().start();
    let (mut mine, mut victim) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let session = victim.session();
    assert_eq!(mine.ask(&format!("exist {session}")), "true");
    assert_eq!(mine.ask(&format!("close {session}")), "done");
    assert_eq!(mine.ask(&format!("exist {session}")), "false");
    assert_eq!(victim.end(), (Vec::new(), End::Eof));
    let close = close_of(&server, session);
    assert_eq!((close.number("worker"), close.text("reason")), (1, "server"));
    watch::until("the session is forgotten", || mine.ask(&format!("send {session} 5")) == "NoSuchSession");
    assert_eq!(mine.ask(&format!("close {session}")), "NoSuchSession");
    assert_eq!(mine.ask(&format!("close_now {session}")), "NoSuchSession");
    assert_eq!(server.journal.of("on_close").iter().filter(|close| close.number("session") == session).count(), 1);
    server.stop();
}

#[test]
fn close_first_sends_what_was_sent_before() {
    let server = scripted().start();
    for connect in [Server::connect, |server: &Server| server.connect().read_slowly()] {
        let mut client = connect(&server);
        client.say("last 2097152");
        let (all, end) = client.end();
        assert!(all == pattern(2 << 20), "{} bytes", all.len());
        assert_eq!(end, End::Eof);
    }
    server.stop();
}

#[test]
fn close_now_resets_and_throws_away_what_was_not_read() {
    let server = scripted().start();
    let (mut mine, mut victim) = (server.connect(), server.connect().read_slowly());
    let session = victim.session();
    assert_eq!(mine.ask(&format!("send {session} 2097152")), "done");
    assert_eq!(mine.ask(&format!("close_now {session}")), "done");
    let (read, end) = victim.end();
    assert_eq!(end, End::Reset);
    assert!(read.len() < 2 << 20);
    assert_eq!(close_of(&server, session).text("reason"), "server");
    server.stop();
}

#[test]
fn each_failed_call_says_what_is_the_matter() {
    let server = scripted().start();
    let (mut mine, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let session = other.session();
    assert_eq!(mine.ask("send 987654321 5"), "NoSuchSession");
    assert_eq!(mine.ask(&format!("send {session} {}", (2 << 20) + 1)), "TooLarge");
    // While its worker is busy, `on_close` cannot run: the session stays closing.
    assert_eq!(other.ask("nap"), "napping");
    assert_eq!(mine.ask(&format!("close {session}")), "done");
    assert_eq!(mine.ask(&format!("send {session} 5")), "Closed");
    assert_eq!(mine.ask(&format!("close {session}")), "Closed");
    assert_eq!(mine.ask(&format!("exist {session}")), "false");
    server.journal.ring_alarm();
    assert_eq!(other.end().1, End::Eof);
    server.stop();
}

#[test]
fn two_workers_that_close_one_session_at_once_run_on_close_once() {
    let server = scripted().start();
    let (mut left, mut right) = (server.connect_to_worker(0), server.connect_to_worker(1));
    for _ in 0..50 {
        let mut victim = server.connect();
        let session = victim.session();
        left.say(&format!("close {session}"));
        right.say(&format!("close {session}"));
        drop(victim);
        left.line();
        right.line();
        close_of(&server, session);
        assert_eq!(server.journal.of("on_close").iter().filter(|close| close.number("session") == session).count(), 1);
    }
    server.stop();
}

#[test]
fn no_row_is_left_of_many_connections_one_after_the_other() {
    let server = scripted().reactors(2).start();
    for n in 0..2000 {
        let mut client = server.connect();
        match n % 4 {
            0 => client.is_served(),
            1 => client.say("echo nobody reads this"),
            2 => client.finish_talking(),
            _ => client.reset(),
        }
    }
    let stats = wait_for_stats(server.address(), "only this one is left", |stats| stats.number("connections") == 1);
    assert_eq!((stats.number("accepted"), stats.number("closed"), stats.number("refused")), (2001, 2000, 0));
    watch::until("each on_close is noted", || server.journal.of("on_close").len() == 2001);
    assert_eq!(server.journal.of("on_connect").len(), 2001);
    server.stop();
}

#[test]
fn the_counters_answer_when_every_other_worker_is_stuck() {
    let server = scripted().arguments(["--max-wait-time=1"]).start();
    let (mut mine, mut stuck) = (server.connect_to_worker(0), server.connect_to_worker(1));
    assert_eq!(stuck.ask("spin"), "spinning");
    let stats = mine.ask_fields("stats");
    assert_eq!((stats.text("state0"), stats.text("state1")), ("Ready", "Ready"));
    assert_eq!((stats.number("pid0"), stats.number("pid1")), (u64::from(server.worker(0)), u64::from(server.worker(1))));
    assert!(stats.number("requests1") >= 1 && stats.number("rss1") > 0);
    system_tests::tree::signal(server.worker(1), Signal::SIGKILL);
    watch::until("the restart is counted", || mine.ask_fields("stats").number("restarts1") == 1);
    server.stop();
}

#[test]
fn ten_thousand_sessions_are_open_at_once_where_the_descriptor_limit_permits() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    // The server says so itself where it does not; see the tests of the settings.
    let sessions = 10_000.min(hard.saturating_sub(200)) as usize;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the soft limit can be raised to the hard one");
    let server = scripted().reactors(2).start();
    let mut clients: Vec<Client> = (0..sessions).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.say("echo all of us");
    }
    for client in &mut clients {
        assert_eq!(client.line(), "all of us");
    }
    assert_eq!(clients[0].ask_fields("stats").number("connections"), sessions as u64);
    if sessions == 10_000 {
        assert_eq!(server.connect().end().0, b"", "one more is refused");
    }
    drop(clients);
    wait_for_stats(server.address(), "only this one is left", |stats| stats.number("connections") == 1);
    server.stop();
}
