//! An update: a new master, of the program that lies at the server's path by then, takes the server over with every session. What fails before
//! that changes nothing.

use std::{
    fs,
    io::{Read, Write},
    net::UdpSocket,
    os::unix::net::{UnixDatagram, UnixStream},
    thread,
    time::Duration,
};
use system_tests::{
    Client, End, Place,
    script::{self, pattern},
    storm::{Storm, Wind},
    tree, watch,
};

const ONE: &str = env!("CARGO_BIN_EXE_version_one");
const TWO: &str = env!("CARGO_BIN_EXE_version_two");
const SCRIPTED: &str = env!("CARGO_BIN_EXE_scripted");

#[test]
fn an_update_runs_the_program_that_lies_there_and_connections_stay() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    let sessions: Vec<u64> = clients.iter_mut().map(Client::session).collect();
    let mut masters = vec![server.master()];
    for (program, version) in [(TWO, 2), (ONE, 1), (ONE, 1)] {
        place.install(program);
        masters.push(place.update());
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
    let master = place.update();
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
fn a_thousand_sessions_go_on_at_once() {
    let place = Place::installed(SCRIPTED);
    let server = place.launch().reactors(2).start();
    let mut clients: Vec<Client> = (0..1000).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(Client::is_served);
    place.update();
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
    let master = place.update();
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
        let master = place.update();
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
    let server = place.launch().behaviour("greet_nobody").start();
    let mut client = server.connect();
    client.is_served();
    for _ in 0..2 {
        place.update();
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
        place.update();
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
    place.update();
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
        place.update();
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
    place.update();
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
    place.update();
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
            place.update();
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
        place.update();
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
fn jobs_under_way_come_back_before_the_sessions_go_on() {
    let place = Place::installed(env!("CARGO_BIN_EXE_tasker"));
    let server = place.launch().arguments(["--max-wait-time=20"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask_fields("many 6 0 sleep 100").number("count"), 6);
    place.update();
    let mut tags: Vec<u64> = (0..6).map(|_| system_tests::Entry::read(&client.line()).number("tag")).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..6).collect::<Vec<_>>());
    client.is_served();
    place.stop(server);
}

#[test]
fn what_is_due_of_a_session_while_workers_end_comes_to_the_next_ones() {
    let place = Place::installed(env!("CARGO_BIN_EXE_keeper"));
    let arguments = ["--buffer-high-watermark=1M", "--buffer-low-watermark=64K", "--max-wait-time=20"];
    let server = place.launch().behaviour("nap_at_stop").arguments(arguments).start();
    let (mut slow, mut gone) = (server.connect().read_slowly(), server.connect().read_slowly());
    let (session, other) = (slow.session(), gone.session());
    for client in [&mut slow, &mut gone] {
        client.say("fill 7000000");
    }
    server.journal.wait_for_session("on_buffer_full", session);
    server.journal.wait_for_session("filled", session);
    server.journal.wait_for_session("filled", other);
    thread::scope(|scope| {
        let updates = scope.spawn(|| place.update());
        server.journal.wait("on_worker_stop", |_| true);
        // One is read, and one is ended, where no worker hears of it.
        slow.bytes(7_000_000);
        gone.reset();
        server.journal.ring_alarm();
        updates.join().expect("no panic")
    });
    server.journal.wait_for_session("on_buffer_empty", session);
    assert_eq!(server.journal.wait_for_session("on_close", other).text("reason"), "peer");
    slow.is_served();
    assert_eq!((server.journal.of("on_close").len(), server.journal.of("on_buffer_empty").len()), (1, 1));
    place.stop(server);
}
