//! An update: a new master, of the program that lies at the server's path by then, takes the server over with every session. What fails before
//! that changes nothing.

use nix::sys::signal::Signal;
use std::{
    fs,
    io::{Read, Write},
    net::UdpSocket,
    os::unix::net::{UnixDatagram, UnixStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use system_tests::{
    Client, End, Place, Server,
    script::{self, pattern},
    storm::{Storm, Wind},
    tree, watch,
};

const ONE: &str = env!("CARGO_BIN_EXE_version_one");
const TWO: &str = env!("CARGO_BIN_EXE_version_two");
const OTHER: &str = env!("CARGO_BIN_EXE_version_other");
const SCRIPTED: &str = env!("CARGO_BIN_EXE_scripted");

/// Updates the server; the pid of its master from then on.
fn update(place: &Place) -> u32 {
    let outcome = place.run(&["update"]);
    let said = outcome.information();
    let pid = said.strip_prefix("updated: pid ").and_then(|rest| rest.split(' ').next()).and_then(|pid| pid.parse().ok());
    pid.unwrap_or_else(|| panic!("{said}"))
}

/// Tries to; why it did not come to that.
fn refused(place: &Place) -> String {
    place.run(&["update"]).refusal().to_owned()
}

#[test]
fn an_update_runs_the_program_that_lies_there_and_connections_stay() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    let sessions: Vec<u64> = clients.iter_mut().map(Client::session).collect();
    let mut masters = vec![server.master()];
    for (program, version) in [(TWO, 2), (ONE, 1), (ONE, 1)] {
        place.install(program);
        masters.push(update(&place));
        assert_eq!(place.master(), masters[masters.len() - 1]);
        for (client, session) in clients.iter_mut().zip(&sessions) {
            assert_eq!(client.ask("version"), format!("version {version}"));
            assert_eq!((client.session(), client.ask_fields("stats").number("connections")), (*session, 6));
        }
        assert_eq!(clients[0].ask("task"), format!("task by {version}"));
        assert_eq!(server.connect().ask("version"), format!("version {version}"), "who comes is accepted");
        watch::until("that one's end is known", || clients[0].ask_fields("stats").number("connections") == 6);
        watch::until("the old one has ended", || !tree::lives(masters[masters.len() - 2]));
        // Its three processes have ended with it.
        server.wait_for_all_processes(3);
    }
    assert_eq!(server.journal.of("on_worker_error"), []);
    place.stop(server);
}

#[test]
fn a_session_is_what_it_was_and_hears_no_second_on_connect() {
    let place = Place::installed(SCRIPTED);
    let pid_file = place.path("pid");
    let server = place.launch().arguments([format!("--pid-file={}", pid_file.display()).as_str()]).start();
    let (mut client, mut gone) = (server.connect(), server.connect());
    let (session, other) = (client.session(), gone.session());
    let before = client.ask_fields(&format!("info {session}"));
    let master = update(&place);
    assert_eq!(fs::read_to_string(&pid_file).expect("it is there").trim(), master.to_string());
    let after = client.ask_fields(&format!("info {session}"));
    for word in ["id", "reactor", "listener", "listener_port", "worker", "remote"] {
        assert_eq!(before.text(word), after.text(word), "{word}");
    }
    assert!(after.number("in") > before.number("in") && after.number("out") > before.number("out"), "{before:?} {after:?}");
    gone.say("echo last");
    assert_eq!(gone.line(), "last");
    drop(gone);
    assert_eq!(server.journal.wait_for_session("on_close", other).text("reason"), "peer");
    // In its own time: the old master ran `on_shutdown`, and the old manager `on_manager_stop`.
    server.journal.wait("on_shutdown", |_| true);
    assert_eq!((server.journal.of("on_connect").len(), server.journal.of("on_manager_stop").len()), (2, 1));
    assert_eq!((server.journal.of("on_start").len(), server.journal.of("on_worker_stop").len()), (2, 2));
    place.stop(server);
    assert!(!pid_file.exists());
}

#[test]
fn sessions_go_on_however_they_are_dispatched() {
    for dispatch in ["round_robin", "round_robin_with_events", "idle", "least_req", "function", "ip", "uid", "least_conn", "fixed"] {
        let place = Place::installed(env!("CARGO_BIN_EXE_dispatcher"));
        let server = place.launch().environment("DISPATCH", dispatch).reactors(2).start();
        let mut bound = server.connect();
        assert_eq!(bound.ask_fields("bind 7").text("bound"), "Ok(())");
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut client = server.connect();
                    (0..).take_while(|_| !is_over.load(Ordering::Relaxed)).for_each(|number: u64| {
                        assert_eq!(client.ask_fields(&number.to_string()).number("line"), number, "{dispatch}");
                    });
                });
                // Those that say all at once, and no more.
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let mut client = server.connect();
                        (0..20).for_each(|number| client.say(&number.to_string()));
                        client.finish_talking();
                        let (answers, end) = client.end();
                        assert_eq!((String::from_utf8_lossy(&answers).lines().count(), end), (20, End::Eof), "{dispatch}");
                    }
                });
            }
            for _ in 0..3 {
                update(&place);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let who = bound.ask_fields("hello");
        assert_eq!(who.number("uid"), 7, "{dispatch}");
        assert!(dispatch != "uid" || who.number("worker") == 3, "{who:?}");
        place.stop(server);
    }
}

#[test]
fn settings_may_change_as_they_may_between_two_starts() {
    let place = Place::installed(env!("CARGO_BIN_EXE_ports"));
    let file = place.path("settings.toml");
    let write = |settings: &str| fs::write(&file, settings).expect("a file can be written");
    let local = |number: u32| format!("[listener.local]\nlisten = \"unix://{}\"\n", place.path(&format!("{number}.sock")).display());
    write(&format!("workers = 1\nreactors = 1\nmax_conn = 500\n{}", local(1)));
    let config = format!("--config={}", file.display());
    // Nothing but the address, which is any.
    let server = place.launch().no_arguments().address("tcp://127.0.210.1:0").arguments([config.as_str()]).start();
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let mut by_admin = Client::connect(server.address_of("admin"));
    let who = |client: &mut Client| client.ask_fields("who?").text("by").to_owned();
    assert!(clients.iter_mut().all(|client| who(client) == "main"));
    for (workers, reactors) in [(3, 2), (2, 1), (4, 2)] {
        write(&format!("workers = {workers}\nreactors = {reactors}\nmax_conn = 1500\n{}", local(workers)));
        update(&place);
        let status = place.run(&["status"]);
        assert!(status.information().contains(&format!("processes wanted {workers}")), "{status:?}");
        assert!(clients.iter_mut().all(|client| who(client) == "main"));
        assert_eq!(who(&mut by_admin), "admin");
        // Another address of a listener is listened on, and the one before no more.
        drop(UnixStream::connect(place.path(&format!("{workers}.sock"))).expect("the server listens there"));
        watch::until("nobody listens at the old one", || UnixStream::connect(place.path("1.sock")).is_err());
    }
    write(&format!("workers = 1\nmax_conn = 400\n{}", local(4)));
    assert!(refused(&place).contains("`max_conn` is 400, and 1500 in the server that runs"));
    write("workers = many");
    let said = refused(&place);
    assert!(said.contains("settings.toml"), "a fault of the settings is said: {said}");
    assert!(clients.iter_mut().all(|client| who(client) == "main"));
    write("workers = 2\nmax_conn = 1500\n");
    place.stop(server);
}

#[test]
fn a_thousand_sessions_go_on_at_once() {
    let place = Place::installed(SCRIPTED);
    let server = place.launch().reactors(2).start();
    let mut clients: Vec<Client> = (0..1000).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(Client::is_served);
    update(&place);
    clients.iter_mut().for_each(Client::is_served);
    assert_eq!(clients[0].ask_fields("stats").number("connections"), 1000);
    drop(clients);
    watch::until("all have ended", || server.journal.of("on_close").len() == 1000);
    place.stop(server);
}

#[test]
fn systemd_is_told_who_the_server_is_now() {
    let place = Place::installed(SCRIPTED);
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket can be made there");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    let said = || {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).expect("something is said before the watchdog");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let server = place.launch().environment("NOTIFY_SOCKET", path.to_str().expect("it is text")).start();
    assert!(said().starts_with("READY=1\n"));
    let master = update(&place);
    assert_eq!(said(), format!("MAINPID={master}"));
    assert!(said().starts_with("READY=1\n"));
    place.stop(server);
    assert!(said().starts_with("STOPPING=1\n"));
}

#[test]
fn a_daemon_with_all_its_files_goes_on() {
    let place = Place::installed(SCRIPTED);
    let [log, pid, stats] = ["log", "pid", "stats"].map(|name| place.path(name));
    let arguments =
        [("log-file", &log), ("pid-file", &pid), ("stats-file", &stats)].map(|(key, path)| format!("--{key}={}", path.display()));
    let arguments = arguments.iter().map(String::as_str).chain(["--daemonize=true"]);
    let mut server = place.launch().arguments(arguments).start_unwatched();
    assert_eq!(server.wait_for_end().code(), Some(0));
    let read = |path| fs::read_to_string(path).expect("it is there");
    let first = read(&pid);
    let address = || {
        let log = read(&log);
        let line = log.lines().rev().find_map(|line| line.split_once("listening on tcp://")).expect("it listens").1;
        line.split(' ').next().and_then(|address| address.parse().ok()).expect("an address stands there")
    };
    let mut client = Client::connect(address());
    let session = client.session();
    for _ in 0..2 {
        let master = update(&place);
        assert_eq!(client.session(), session);
        assert_eq!(client.ask("print here I am"), "printed");
        watch::until("it is in the log", || read(&log).lines().any(|line| line.contains("here I am")));
        assert_eq!(read(&pid), format!("{master}\n"));
        watch::until("the counters are its own", || read(&stats).contains("connection_num: 1"));
        watch::until("the old one has ended", || read(&log).contains("this process has ended"));
    }
    assert!(first != read(&pid));
    drop(client);
    assert_eq!(place.run(&["stop"]).information(), "the server has ended\n");
    watch::until("no process is left", || server.processes().is_empty());
    assert!(!pid.exists() && !stats.exists() && log.exists());
}

#[test]
fn user_processes_and_messages_are_those_of_the_new_one() {
    let place = Place::installed(env!("CARGO_BIN_EXE_companion"));
    let server = place.launch().start();
    let mut client = server.connect();
    client.is_served();
    for _ in 0..2 {
        update(&place);
        client.is_served();
    }
    place.stop(server);
}

#[test]
fn updates_under_load_lose_nothing() {
    let place = Place::installed(ONE);
    let server = place.launch().reactors(2).start();
    let storm = Storm::begin(server.address(), Wind { connections: 16, size: 64, depth: 4 });
    for round in 0..12 {
        place.install(if round % 2 == 0 { TWO } else { ONE });
        update(&place);
    }
    let tally = storm.calm_down();
    assert!(tally.echoed > 1000, "{tally:?}");
    assert_eq!((tally.lost, tally.corrupt, tally.dropped.len()), (0, 0, 0), "{tally:?}");
    place.stop(server);
}

#[test]
fn what_a_client_has_not_read_and_what_it_has_half_sent_goes_on() {
    // Output in memory.
    let place = Place::installed(SCRIPTED);
    let server = place.launch().start();
    let (mut slow, mut other) = (server.connect().read_slowly(), server.connect());
    let mut closed = server.connect().read_slowly();
    let (session, last) = (slow.session(), closed.session());
    for _ in 0..4 {
        assert_eq!(other.ask(&format!("send {session} 2000000")), "done");
        assert_eq!(other.ask(&format!("send {last} 2000000")), "done");
    }
    assert_eq!(other.ask(&format!("close {last}")), "done");
    server.journal.wait_for_session("on_close", last);
    update(&place);
    assert!(other.ask_fields(&format!("info {session}")).number("queued") > 0);
    let all = pattern(2_000_000).repeat(4);
    assert!(slow.bytes(all.len()) == all);
    slow.is_served();
    // One that was closed behind its output is closed behind it, and once.
    let (bytes, end) = closed.end();
    assert!(bytes == all && end == End::Eof, "{} {end:?}", bytes.len());
    watch::until("its row is free", || other.ask(&format!("info {last}")) == "none");
    assert_eq!(server.journal.of("on_close").len(), 1);
    place.stop(server);

    // Half a package.
    let place = Place::installed(env!("CARGO_BIN_EXE_framer"));
    let server = place.launch().start();
    let mut client = server.connect();
    let package = [&9_u32.to_be_bytes()[..], b"package 1"].concat();
    client.send(&package);
    assert_eq!(client.bytes(4 + package.len())[4..], package);
    for split in 1..package.len() {
        client.send(&package[..split]);
        update(&place);
        client.send(&package[split..]);
        assert_eq!(client.bytes(4 + package.len())[4..], package, "{split}");
    }
    place.stop(server);
}

#[test]
fn files_that_are_being_sent_go_on() {
    let place = Place::installed(env!("CARGO_BIN_EXE_sender"));
    let server = place.launch().start();
    let content = script::pattern(9_000_000);
    let file = place.path("content");
    fs::write(&file, &content).expect("a file can be written");
    let mut client = server.connect().read_slowly();
    client.say(&format!("around {}", file.display()));
    assert_eq!(client.line(), "before");
    update(&place);
    assert!(client.bytes(content.len()) == content);
    assert_eq!(client.line(), "after");
    place.stop(server);
}

#[test]
fn paused_and_protected_sessions_stay_so_and_idle_ones_end_in_their_time() {
    let place = Place::installed(env!("CARGO_BIN_EXE_keeper"));
    let server = place.launch().start();
    let mut other = server.connect();
    let silent = || Client::connect(server.address_of("silent"));
    let (mut paused, mut safe, mute) = (server.connect(), silent(), silent());
    let session = paused.session();
    assert_eq!(other.ask(&format!("pause {session}")), "Ok(())");
    assert_eq!(safe.ask("protect"), "Ok(())");
    update(&place);
    paused.say("echo at last");
    assert_eq!(mute.end(), (Vec::new(), End::Eof));
    safe.is_served();
    assert_eq!(other.ask(&format!("resume {session}")), "Ok(())");
    assert_eq!(paused.line(), "at last");
    place.stop(server);
}

#[test]
fn listeners_of_every_kind_go_on() {
    let place = Place::installed(env!("CARGO_BIN_EXE_packets"));
    let (path, own) = (place.path("local.sock"), place.path("own.sock"));
    let listen = format!("unix-dgram://{}", path.display());
    let server = place.launch().environment("SWOOLE_LISTENER_LOCAL_LISTEN", &listen).start();
    let local = UnixDatagram::bind(&own).expect("a file can be made");
    local.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    local.connect(&path).expect("the server is there");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    udp.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    udp.connect(server.address_of("udp")).expect("it is an address");
    let mut answer = [0; 64];
    for round in 0..3 {
        let packet = format!("packet {round}").into_bytes();
        // Some come before it, some while it goes on: what nobody receives waits in the socket.
        thread::scope(|scope| {
            let sends = scope.spawn(|| {
                for at in 0..20_u8 {
                    udp.send(&[at]).expect("it is taken");
                    thread::sleep(Duration::from_millis(1));
                }
            });
            update(&place);
            sends.join().expect("no panic");
        });
        for at in 0..20_u8 {
            assert_eq!((udp.recv(&mut answer).expect("an answer comes"), answer[0]), (1, at));
        }
        local.send(&packet).expect("it is taken");
        let length = local.recv(&mut answer).expect("an answer comes");
        assert_eq!(&answer[..length], packet);
        server.connect().is_served();
    }
    place.stop(server);
    assert!(!path.exists(), "its file goes with the last of them");

    let place = Place::installed(env!("CARGO_BIN_EXE_ports"));
    let path = place.path("stream.sock");
    let listen = format!("unix://{}", path.display());
    let server = place.launch().environment("SWOOLE_LISTENER_LOCAL_LISTEN", &listen).start();
    let mut stream = UnixStream::connect(&path).expect("the server listens there");
    stream.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    let mut said = [0; 4];
    for _ in 0..2 {
        update(&place);
        for stream in [&mut stream, &mut UnixStream::connect(&path).expect("the server listens there")] {
            stream.write_all(b"who?\n").expect("it takes bytes");
            stream.read_exact(&mut said).expect("an answer comes");
            assert_eq!(&said, b"said");
            let _ = stream.read(&mut [0; 512]).expect("the rest comes");
        }
    }
    place.stop(server);
    assert!(!path.exists());
}

#[test]
fn a_program_that_cannot_take_over_changes_nothing_and_says_why() {
    let place = Place::installed(OTHER);
    let server = place.launch().arguments(["--ready-timeout=1"]).start();
    let mut client = server.connect();
    let version = client.ask("version");
    let mut unchanged = |why: &str| {
        let said = refused(&place);
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(client.ask("version"), version);
        assert_eq!(place.master(), server.master());
        server.wait_for_all_processes(3);
    };
    place.write(b"#!/bin/sh\nexit 3\n", 0o755);
    // A command of the program that lies there is that one's: here the old one gives it.
    let by_old = |words: &[&str]| {
        let control = format!("--control={}", place.socket().display());
        let launch = system_tests::Launch::new(OTHER).no_arguments();
        launch.arguments(words.iter().copied().chain([control.as_str()])).run().refusal().to_owned()
    };
    assert!(by_old(&["update"]).contains("it has ended; the reason is in the log"));
    place.write(b"not a program", 0o755);
    assert!(by_old(&["update"]).contains("cannot be started"));
    place.write(b"#!/bin/sh\nexec sleep 60\n", 0o755);
    assert!(by_old(&["update"]).contains("it was not ready within ready_timeout"));
    place.install(ONE);
    unchanged("`max_conn` is 1000, and 2000 in the server that runs: by an update it can become more, and not less");
    place.stop(server);
}

/// A server whose new master waits in `on_worker_start`, or does what `behaviour` says.
fn held_up(place: &Place, behaviour: &str) -> Server {
    place.launch().behaviour(behaviour).arguments(["--max-wait-time=20"]).start()
}

#[test]
fn a_new_master_that_dies_at_any_time_before_it_has_the_sessions_changes_nothing() {
    // While its workers start; while an old worker is in a callback; while the old workers end.
    for when in ["starts", "quiet", "stops"] {
        let place = Place::installed(env!("CARGO_BIN_EXE_tasker"));
        let server = held_up(&place, if when == "stops" { "nap_at_stop" } else { "" });
        let mut client = server.connect_to_worker(0);
        let session = client.session();
        if when == "quiet" {
            assert_eq!(server.connect_to_worker(1).ask("nap"), "napping");
        }
        let said = thread::scope(|scope| {
            let asks = scope.spawn(|| refused(&place));
            let new = watch::find("a new master", || {
                let is_new = |line: &String| line.contains("update: the program at");
                let line = server.log().into_iter().rev().find(is_new)?;
                line.rsplit(' ').next()?.parse::<u32>().ok()
            });
            match when {
                "starts" => {}
                "quiet" => drop(server.wait_for_log(&["update: pid", "is ready"])),
                _ => drop(server.journal.wait("on_worker_stop", |_| true)),
            }
            tree::signal(new, Signal::SIGKILL);
            if when == "stops" {
                server.journal.ring_alarm();
            }
            asks.join().expect("no panic")
        });
        assert!(said.contains("nothing has changed"), "{when}: {said}");
        server.journal.ring_alarm();
        client.is_served();
        assert_eq!((client.session(), place.master()), (session, server.master()), "{when}");
        server.connect().is_served();
        server.wait_for_all_processes(4);
        place.stop(server);
    }
}

#[test]
fn a_worker_that_does_not_come_to_its_end_keeps_the_server_as_it_is() {
    let place = Place::installed(SCRIPTED);
    let server = place.launch().arguments(["--max-wait-time=1"]).start();
    let (mut stuck, mut client) = (server.connect_to_worker(0), server.connect_to_worker(1));
    assert_eq!(stuck.ask("nap"), "napping");
    assert!(refused(&place).contains("a worker was in a callback for longer than max_wait_time"));
    client.is_served();
    server.journal.ring_alarm();
    assert_eq!(stuck.line(), "awake");
    assert_eq!(place.master(), server.master());
    update(&place);
    stuck.is_served();
    place.stop(server);
}

#[test]
fn an_old_master_that_is_killed_takes_the_new_one_along_or_leaves_all_to_it() {
    for goes_on in [false, true] {
        let place = Place::installed(SCRIPTED);
        let mut server = held_up(&place, "");
        let address = server.address();
        let mut client = server.connect_to_worker(0);
        let session = client.session();
        let mut busy = server.connect_to_worker(1);
        assert_eq!(busy.ask("nap"), "napping");
        thread::scope(|scope| {
            let asks = scope.spawn(|| place.run(&["update"]));
            let line = server.wait_for_log(&["update: pid", "is ready"]);
            let new = line.split_once("pid ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u32>().ok()).expect("it has a pid");
            if goes_on {
                // It takes what it is given when it goes on, and finds that nobody else is left.
                tree::signal(new, Signal::SIGSTOP);
                server.journal.ring_alarm();
                server.wait_for_log(&["sessions are passed to pid"]);
            }
            server.signal(Signal::SIGKILL);
            if goes_on {
                tree::signal(new, Signal::SIGCONT);
            }
            let outcome = asks.join().expect("no panic");
            assert_eq!(outcome.code, Some(1), "{outcome:?}");
        });
        server.journal.ring_alarm();
        if goes_on {
            client.is_served();
            assert_eq!(client.session(), session);
            assert!(place.master() != server.master());
            assert_eq!(place.run(&["stop"]).information(), "the server has ended\n");
        }
        let _ = server.wait_for_end();
        server.leaves_nothing(address);
    }
}

#[test]
fn jobs_under_way_come_back_before_the_sessions_go_on() {
    let place = Place::installed(env!("CARGO_BIN_EXE_tasker"));
    let server = place.launch().arguments(["--max-wait-time=20"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask_fields("many 6 0 sleep 100").number("count"), 6);
    update(&place);
    let mut tags: Vec<u64> = (0..6).map(|_| system_tests::Entry::read(&client.line()).number("tag")).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..6).collect::<Vec<_>>());
    client.is_served();
    place.stop(server);
}

#[test]
fn a_shutdown_ends_an_update_that_is_under_way() {
    let place = Place::installed(SCRIPTED);
    let mut server = held_up(&place, "");
    let address = server.address();
    let mut busy = server.connect_to_worker(0);
    assert_eq!(busy.ask("nap"), "napping");
    thread::scope(|scope| {
        let asks = scope.spawn(|| place.run(&["update"]));
        server.wait_for_log(&["update: pid", "is ready"]);
        assert!(refused(&place).contains("an update is under way"));
        server.signal(Signal::SIGTERM);
        server.journal.ring_alarm();
        assert_eq!(busy.line(), "awake");
        let outcome = asks.join().expect("no panic");
        assert!(outcome.stderr.contains("the server shuts down"), "{outcome:?}");
    });
    assert!(server.wait_for_end().success());
    server.leaves_nothing(address);
}
