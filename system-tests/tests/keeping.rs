//! Clients in check: those who say nothing, those who read nothing, those who send more than their worker comes to.

use nix::sys::signal::Signal;
use std::{
    thread,
    time::{Duration, Instant},
};
use system_tests::{Client, Directory, End, Launch, Server, local, script, tree, watch};

fn keeper() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_keeper"))
}

fn silent(server: &Server) -> Client {
    Client::connect(server.address_of("silent"))
}

fn close_of(server: &Server, session: u64) -> system_tests::Entry {
    server.journal.wait_for_session("on_close", session)
}

#[test]
fn who_says_nothing_is_closed_and_nobody_else() {
    let server = keeper().start();
    let (mut other, mut mute, mut chatty) = (server.connect(), silent(&server), silent(&server));
    let (quiet, talking) = (mute.session(), chatty.session());
    other.is_served();
    // Only what the client sends is a sign of life.
    mute.say("fill 1000");
    let (bytes, end) = thread::scope(|scope| {
        let waits = scope.spawn(|| mute.end());
        while !waits.is_finished() {
            chatty.ask("echo here");
            thread::sleep(Duration::from_millis(50));
        }
        waits.join().expect("no panic")
    });
    assert_eq!((bytes.len(), end), (1000, End::Eof));
    assert_eq!(close_of(&server, quiet).text("reason"), "idle");
    chatty.is_served();
    other.is_served();
    assert!(server.journal.of("on_close").iter().all(|close| close.number("session") != talking));
    server.stop();
}

#[test]
fn a_stuck_worker_keeps_no_idle_client() {
    let server = keeper().start();
    let (mut stuck, mut mute) = (silent(&server), silent(&server));
    while stuck.who().text("worker") != mute.who().text("worker") {
        mute = silent(&server);
    }
    let session = mute.session();
    assert_eq!(stuck.ask("nap"), "napping");
    // The socket goes while the worker sleeps; `on_close` comes when it wakes.
    assert_eq!(mute.end().1, End::Eof);
    assert!(server.journal.of("on_close").iter().all(|close| close.number("session") != session));
    server.journal.ring_alarm();
    assert_eq!(close_of(&server, session).text("reason"), "idle");
    server.stop();
}

#[test]
fn who_has_spoken_while_the_server_stood_still_is_not_idle() {
    let server = keeper().environment("SWOOLE_LISTENER_SILENT_HEARTBEAT_IDLE", "3").start();
    let mut clients: Vec<Client> = (0..40).map(|_| silent(&server)).collect();
    clients.iter_mut().for_each(Client::is_served);
    tree::stop(server.master());
    clients.iter_mut().for_each(|client| client.say("echo in time"));
    thread::sleep(Duration::from_millis(3200));
    tree::signal(server.master(), Signal::SIGCONT);
    for client in &mut clients {
        assert_eq!(client.line(), "in time");
    }
    server.stop();
}

#[test]
fn who_has_waited_for_an_answer_while_the_machine_stood_still_gets_it() {
    let server = keeper().environment("SWOOLE_LISTENER_SILENT_HEARTBEAT_IDLE", "3").start();
    let mut client = silent(&server);
    assert_eq!(client.ask("nap"), "napping");
    let all = server.processes();
    all.iter().for_each(|process| tree::stop(process.pid));
    // Not before: the answer is not to go out while nothing stands still yet.
    server.journal.ring_alarm();
    thread::sleep(Duration::from_millis(3700));
    all.iter().for_each(|process| tree::signal(process.pid, Signal::SIGCONT));
    assert_eq!(client.line(), "awake");
    client.is_served();
    server.stop();
}

#[test]
fn a_protected_session_may_be_silent_until_it_is_not_protected() {
    let server = keeper().start();
    let mut other = server.connect();
    let (mut safe, mut mute) = (silent(&server), silent(&server));
    let (session, unsafe_one) = (safe.session(), mute.session());
    assert_eq!(safe.ask("protect"), "Ok(())");
    assert_eq!(mute.end().1, End::Eof);
    assert_eq!(close_of(&server, unsafe_one).text("reason"), "idle");
    assert_eq!(other.ask("heartbeat false"), "idle ", "neither the protected one nor that of a listener without a heartbeat");
    safe.is_served();
    assert_eq!(other.ask(&format!("unprotect {session}")), "Ok(())");
    assert_eq!(safe.end().1, End::Eof);
    assert_eq!(close_of(&server, session).text("reason"), "idle");
    server.stop();
}

#[test]
fn heartbeat_names_idle_sessions_and_closes_them_when_asked() {
    // The server looks so seldom that the call is first.
    let server = keeper()
        .environment("SWOOLE_LISTENER_SILENT_HEARTBEAT_CHECK", "60")
        .environment("SWOOLE_LISTENER_SILENT_HEARTBEAT_IDLE", "60")
        .start();
    let mut other = server.connect();
    let mut mute = silent(&server);
    mute.is_served();
    assert_eq!(other.ask("heartbeat true"), "idle ");
    mute.is_served();
    server.stop();
    let refused = keeper().environment("SWOOLE_LISTENER_SILENT_HEARTBEAT_CHECK", "60").run();
    assert!(refused.refusal().contains("`heartbeat_idle` is 2 seconds, less than `heartbeat_check`, which is 60"), "{refused:?}");
}

#[test]
fn two_thousand_who_say_nothing_are_all_closed() {
    let server = keeper().start();
    let clients: Vec<Client> = (0..2000).map(|_| silent(&server)).collect();
    let mut other = server.connect();
    watch::until("all are there", || other.ask_fields("stats").number("accepted") >= 2001);
    for client in clients {
        assert_eq!(client.end().1, End::Eof);
    }
    watch::until("no row is left", || other.ask_fields("stats").number("connections") == 1);
    assert!(server.journal.of("on_close").iter().all(|close| close.text("reason") == "idle"));
    server.stop();
}

#[test]
fn a_paused_session_is_not_read_until_it_is_resumed_and_nothing_is_lost() {
    let server = keeper().start();
    let (mut other, mut client) = (server.connect(), server.connect());
    let session = client.session();
    let came = |other: &mut Client| other.ask_fields(&format!("info {session}")).number("in");
    assert_eq!(other.ask(&format!("pause {session}")), "Ok(())");
    let before = came(&mut other);
    let sent = script::pattern(16 << 20);
    let written = client.send_beside(sent.clone());
    for _ in 0..20 {
        other.is_served();
        assert_eq!(came(&mut other), before, "nothing is read");
    }
    assert!(!written.is_finished(), "the client feels it");
    assert_eq!(other.ask(&format!("resume {session}")), "Ok(())");
    assert!(client.bytes(sent.len()) == sent);
    written.join().expect("no panic").expect("all is taken");
    assert_eq!(other.ask("pause 999999"), "Err(NoSuchSession)");
    server.stop();
}

#[test]
fn a_client_that_leaves_while_it_is_paused_is_closed_and_what_it_sent_before_is_not_lost() {
    let server = keeper().start();
    let mut other = server.connect();
    let paused = |other: &mut Client| {
        let mut client = server.connect();
        let session = client.session();
        assert_eq!(other.ask(&format!("pause {session}")), "Ok(())");
        // Behind this answer the reactor has heard of it.
        other.is_served();
        (client, session)
    };
    // In order: its last words are read when it is resumed.
    let (mut client, session) = paused(&mut other);
    client.say("echo last words");
    client.finish_talking();
    assert_eq!(other.ask(&format!("resume {session}")), "Ok(())");
    assert_eq!(client.end(), (b"last words\n".to_vec(), End::Eof));
    assert_eq!(close_of(&server, session).text("reason"), "peer");
    // By a reset: nobody has to resume it.
    let (client, session) = paused(&mut other);
    client.reset();
    assert_eq!(close_of(&server, session).text("reason"), "peer");
    // The server closes it: what was sent before comes.
    let (client, session) = paused(&mut other);
    assert_eq!(other.ask(&format!("send {session} 2000000")), "done");
    assert_eq!(other.ask(&format!("close {session}")), "done");
    let (bytes, end) = client.end();
    assert!(bytes == script::pattern(2_000_000) && end == End::Eof, "{} bytes, {end:?}", bytes.len());
    assert_eq!(close_of(&server, session).text("reason"), "server");
    watch::until("no row is left", || other.ask_fields("stats").number("connections") == 1);
    server.stop();
}

#[test]
fn the_worker_hears_when_a_client_reads_too_slowly_and_when_it_has_caught_up() {
    let server = keeper().arguments(["--buffer-high-watermark=1M", "--buffer-low-watermark=64K"]).start();
    let mut client = server.connect().read_slowly();
    let session = client.session();
    client.say("fill 7000000");
    let full = server.journal.wait_for_session("on_buffer_full", session);
    assert!(full.number("queued") >= 1 << 20, "{full:?}");
    assert_eq!(server.journal.of("on_buffer_empty"), []);
    client.bytes(7_000_000);
    server.journal.wait_for_session("on_buffer_empty", session);
    assert_eq!((server.journal.of("on_buffer_full").len(), server.journal.of("on_buffer_empty").len()), (1, 1));
    // And again.
    client.say("fill 7000000");
    watch::until("it is full again", || server.journal.of("on_buffer_full").len() == 2);
    client.bytes(7_000_000);
    watch::until("it is empty again", || server.journal.of("on_buffer_empty").len() == 2);
    server.stop();
    let refused = keeper().arguments(["--buffer-low-watermark=8M"]).run();
    assert!(refused.refusal().contains("`buffer_low_watermark` is 8388608, and `buffer_high_watermark`"), "{refused:?}");
}

#[test]
fn send_waits_for_a_client_as_long_as_it_may() {
    let server = keeper().arguments(["--socket-buffer-size=1M", "--send-yield=30"]).start();
    let mut client = server.connect().read_slowly();
    let session = client.session();
    client.say("fill 20000000");
    server.journal.wait_for_session("fill", session);
    assert_eq!(client.bytes(20_000_000).len(), 20_000_000, "more than its buffer takes");
    assert_eq!(server.journal.wait_for_session("filled", session).number("left"), 0);
    // One that leaves meanwhile is no reason to wait on.
    client.say("fill 20000000");
    client.bytes(1);
    drop(client);
    watch::until("the end of the wait", || server.journal.of("filled").len() == 2);
    server.stop();
    let server = keeper().arguments(["--socket-buffer-size=1M", "--send-yield=1"]).start();
    let mut client = server.connect().read_slowly();
    client.say("fill 20000000");
    assert_eq!(server.journal.wait("filled", |_| true).text("error"), "BufferFull");
    server.stop();
}

#[test]
fn a_session_with_much_on_its_way_is_not_read_and_others_are() {
    let server = keeper().workers(1).arguments(["--max-queued-bytes=64K"]).start();
    let (mut client, mut other) = (server.connect(), server.connect());
    assert_eq!(client.ask("nap"), "napping");
    let sent = script::pattern(8 << 20);
    let written = client.send_beside(sent.clone());
    // The other one still finds room on the ring of the same worker.
    other.say("echo me too");
    watch::until("the client feels it", || {
        tree::look(server.worker(0)).is_some_and(|worker| worker.state == 'S') && !written.is_finished()
    });
    server.journal.ring_alarm();
    assert_eq!(client.line(), "awake");
    assert_eq!(other.line(), "me too");
    assert!(client.bytes(sent.len()) == sent, "nothing is lost, and all in order");
    written.join().expect("no panic").expect("all is taken");
    server.stop();
}

#[test]
fn what_a_client_sent_that_is_gone_is_thrown_away_where_that_is_wanted() {
    for (discards, answers) in [("false", 1), ("true", 0)] {
        let option = format!("--discard-timeout-request={discards}");
        let server = keeper().arguments([option.as_str()]).start();
        let (mut stuck, mut client, mut other) = (server.connect_to_worker(0), server.connect_to_worker(0), server.connect_to_worker(1));
        let session = client.session();
        let received = || server.journal.of("on_receive").iter().filter(|entry| entry.number("session") == session).count();
        let before = received();
        assert_eq!(stuck.ask("nap"), "napping");
        client.say("echo too late");
        drop(client);
        watch::until("the server knows that it has gone", || other.ask_fields(&format!("info {session}")).text("closing") == "peer");
        server.journal.ring_alarm();
        close_of(&server, session);
        assert_eq!(received() - before, answers, "{discards}");
        server.stop();
    }
}

#[test]
fn a_limit_smaller_than_what_is_read_at_once_stops_nothing() {
    let server = keeper().arguments(["--max-queued-bytes=100"]).start();
    let mut client = server.connect();
    let sent = script::pattern(2_000_000);
    let written = client.send_beside(sent.clone());
    assert!(client.bytes(sent.len()) == sent);
    written.join().expect("no panic").expect("all is taken");
    server.stop();
}

#[test]
fn each_listener_has_an_idle_time_of_its_own() {
    let directory = Directory::new();
    let idle = ["--heartbeat-check=1", "--heartbeat-idle=1", "--listener=admin.heartbeat_idle=2", "--listener=local.heartbeat=false"];
    let server = local::ports(env!("CARGO_BIN_EXE_ports"), &directory).arguments(idle).start();
    let open = local::connect(&directory.socket());
    for (address, idle) in [(server.address(), 1), (server.address_of("admin"), 2)] {
        let began = Instant::now();
        assert_eq!(Client::connect(address).end(), (Vec::new(), End::Eof));
        watch::is_not_before(began, Duration::from_secs(idle));
    }
    watch::until("both ends are noted", || server.journal.of("on_close").len() == 2);
    assert!(server.journal.of("on_close").iter().all(|close| close.text("reason") == "idle"));
    // Silent for longer than both.
    assert_eq!(local::ask(&open, "who?").text("by"), "local");
    drop(open);
    server.stop();
}

#[test]
fn a_session_that_is_closed_over_output_that_nobody_reads_ends_all_the_same() {
    // It is idle as well: neither end is in the way of the other.
    let server = keeper().arguments(["--max-wait-time=1"]).start();
    let (mut other, mut deaf) = (server.connect(), silent(&server).read_slowly());
    let session = deaf.session();
    deaf.say("fill 7000000");
    server.journal.wait_for_session("filled", session);
    assert_eq!(other.ask(&format!("close {session}")), "done");
    assert_eq!(close_of(&server, session).text("reason"), "server");
    watch::until("its row is free", || other.ask(&format!("info {session}")) == "none");
    assert_eq!(server.journal.of("on_close").len(), 1);
    assert!(deaf.end().0.len() < 7_000_000);
    server.stop();
}

#[test]
fn who_has_taken_its_last_output_while_the_server_stood_still_gets_the_rest_of_it() {
    let server = keeper().arguments(["--max-wait-time=2"]).start();
    let (mut other, mut client) = (server.connect(), server.connect().read_slowly());
    let session = client.session();
    client.say("fill 7000000");
    server.journal.wait_for_session("filled", session);
    assert_eq!(other.ask(&format!("close {session}")), "done");
    close_of(&server, session);
    // Behind this answer the server waits for the client alone.
    other.is_served();
    tree::stop(server.master());
    let bytes = thread::scope(|scope| {
        let reads = scope.spawn(|| client.end());
        thread::sleep(Duration::from_millis(2500));
        tree::signal(server.master(), Signal::SIGCONT);
        reads.join().expect("no panic")
    });
    assert_eq!((bytes.0.len(), bytes.1), (7_000_000, End::Eof));
    server.stop();
}

#[test]
fn a_worker_goes_on_while_the_master_stands_still() {
    let server = keeper().start();
    let (mut napping, mut client, mut other) = (server.connect_to_worker(0), server.connect_to_worker(0), server.connect_to_worker(1));
    let session = client.session();
    assert_eq!(napping.ask("nap"), "napping");
    let mut came = || other.ask_fields(&format!("info {session}")).number("in");
    let before = came();
    client.say("fill 3000000");
    watch::until("the command is on its way", || came() > before);
    tree::stop(server.master());
    server.journal.ring_alarm();
    assert_eq!(server.journal.wait_for_session("filled", session).number("left"), 0);
    tree::signal(server.master(), Signal::SIGCONT);
    assert!(client.bytes(3_000_000).iter().all(|&byte| byte == b'x'));
    assert_eq!(napping.line(), "awake");
    server.stop();
}
