//! The control of a running server: commands of its own program, over a socket of its own, from whatever state the server is in.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    time::Duration,
};
use system_tests::{Client, Directory, Launch, Outcome, Server, tree, watch};

/// What says that no server runs.
const NOBODY: Option<i32> = Some(3);

/// A server's program, and the socket that its commands go through.
struct Place {
    directory: Directory,
    program: &'static str,
}

impl Place {
    fn of(program: &'static str) -> Self {
        Self { directory: Directory::new(), program }
    }

    fn scripted() -> Self {
        Self::of(env!("CARGO_BIN_EXE_scripted"))
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("control.sock")
    }

    fn option(&self) -> String {
        format!("--control={}", self.socket().display())
    }

    fn launch(&self) -> Launch {
        Launch::new(self.program).arguments([self.option().as_str()])
    }

    /// Gives a command, to its end.
    fn run(&self, words: &[&str]) -> Outcome {
        Launch::new(self.program).no_arguments().arguments(words.iter().copied().chain([self.option().as_str()])).run()
    }

    fn said(&self, words: &[&str]) -> String {
        self.run(words).information().to_owned()
    }

    fn json(&self, words: &[&str]) -> Value {
        let said = self.said(words);
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
    }

    fn status(&self) -> Value {
        self.json(&["status", "--json"])
    }

    /// Gives a command that is refused with these words.
    fn refused(&self, words: &[&str], why: &[&str]) {
        let outcome = self.run(words);
        why.iter().for_each(|why| assert!(outcome.refusal().contains(why), "{why:?}: {outcome:?}"));
    }

    fn wait_for_status(&self, awaited: &str, fact: impl Fn(&Value) -> bool) -> Value {
        watch::find(awaited, || Some(self.status()).filter(&fact))
    }

    fn has_no_server(&self) {
        let outcome = self.run(&["status"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (NOBODY, ""), "{outcome:?}");
        assert!(outcome.stderr.starts_with("Error: no server runs here") && outcome.stderr.lines().count() == 1, "{outcome:?}");
    }

    /// Whoever says this on the socket, as no program of ours does.
    fn knock(&self, words: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(self.socket()).expect("the server listens");
        let _ = stream.write_all(words);
        stream
    }
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives").count()
}

#[test]
fn status_says_how_the_server_and_each_process_is() {
    let place = Place::of(env!("CARGO_BIN_EXE_tasker"));
    let server = place.launch().start();
    let mut client = server.connect();
    client.ask("task 1 echo 10");
    client.line();
    let status = place.wait_for_status("all are ready", |status| status["ready"] == 4);
    for (name, number) in [("wanted", 4), ("draining", 0), ("failed", 0), ("sessions", 1), ("accepted", 1), ("refused", 0), ("tasks", 1)] {
        assert_eq!(status[name], number, "{name}: {status}");
    }
    assert_eq!((status["pid"].as_u64(), status["phase"].as_str()), (Some(server.master().into()), Some("running")));
    assert_eq!(status["manager"], server.manager());
    assert_eq!(status["layout"].as_str().map(str::len), Some(16));
    for (group, slots) in [("workers", 0..2_u64), ("task_workers", 2..4)] {
        for (process, slot) in status[group].as_array().expect("a list").iter().zip(slots.clone()) {
            assert_eq!((process["id"].as_u64(), &process["state"], &process["generation"]), (Some(slot), &"ready".into(), &1.into()));
            assert_eq!(process["pid"], server.worker(slot));
            assert!(process["rss"].as_u64() > Some(1 << 16) && process["age_ms"].is_u64() && process["callback"].is_null(), "{process}");
        }
        assert_eq!(status[group].as_array().map(Vec::len), Some(slots.count()));
    }
    let table = place.said(&["status"]);
    for said in [&format!("pid {}", server.master()), "ready 4", "worker       ready", "task_worker  ready", "CALLBACK"] {
        assert!(table.contains(said), "{said}: {table}");
    }
    server.stop();
}

#[test]
fn status_answers_when_every_worker_and_the_manager_is_stuck() {
    let place = Place::scripted();
    let server = place.launch().start();
    let mut clients = [0, 1].map(|worker| server.connect_to_worker(worker));
    let sessions = clients.each_mut().map(Client::session);
    for client in &mut clients {
        assert_eq!(client.ask("spin"), "spinning");
    }
    let manager = server.manager();
    tree::signal(manager, Signal::SIGSTOP);
    let status = place.status();
    for (worker, session) in sessions.into_iter().enumerate() {
        let process = &status["workers"][worker];
        assert_eq!((&process["callback"], &process["session"]), (&"on_receive".into(), &session.into()), "{status}");
        assert!(process["callback_ms"].is_u64());
    }
    assert!(place.said(&["status"]).contains(&format!("on_receive of session {} for ", sessions[0])));
    assert_eq!(place.json(&["connections", "--json"]).as_array().map(Vec::len), Some(2));
    // One that is ended by force is not replaced before the manager goes on.
    place.said(&["kill-worker", "0"]);
    tree::signal(manager, Signal::SIGCONT);
    place.wait_for_status("another is there", |status| status["workers"][0]["generation"] == 2 && status["workers"][0]["state"] == "ready");
    assert_eq!(place.said(&["stop", "--now"]), "the server has ended\n");
}

#[test]
fn status_names_what_is_starting_and_what_has_failed() {
    let place = Place::scripted();
    let server = place.launch().behaviour("spin_at_start").start_unwatched();
    watch::until("the socket is there", || place.socket().exists());
    let status = place.wait_for_status("they are starting", |status| status["workers"][1]["callback"] == "on_worker_start");
    assert_eq!((&status["phase"], &status["workers"][0]["state"]), (&"starting".into(), &"starting".into()), "{status}");
    place.refused(&["reload"], &["nothing is replaced while the server starts or ends"]);
    place.said(&["stop", "--now"]);
    drop(server);

    let server = place.launch().behaviour("fail_later").start();
    place.said(&["kill-worker", "1"]);
    let status = place.wait_for_status("it waits", |status| status["failed"] == 1);
    let failed = &status["workers"][1];
    assert_eq!((&failed["state"], &failed["pid"]), (&"failed".into(), &Value::Null), "{status}");
    assert!(failed["retry_ms"].is_u64());
    server.stop();
}

#[test]
fn connections_are_all_there_however_many_pages_they_are() {
    let place = Place::scripted();
    let server = place.launch().start();
    let mut clients: Vec<Client> = (0..600).map(|_| server.connect()).collect();
    let sessions: BTreeSet<u64> = clients.iter_mut().map(Client::session).collect();
    let all = place.json(&["connections", "--json"]);
    let all = all.as_array().expect("a list");
    let listed: BTreeSet<u64> = all.iter().filter_map(|session| session["id"].as_u64()).collect();
    assert_eq!((listed, all.len()), (sessions, 600), "each once");
    let first = clients[0].session();
    let one = all.iter().find(|session| session["id"] == first).expect("it is there");
    assert_eq!(one["remote"], clients[0].local().to_string());
    assert!(one["bytes_in"].as_u64() > Some(0) && one["closing"].is_null() && one["worker"].is_u64(), "{one}");
    let table = place.said(&["connections"]);
    assert_eq!(table.lines().count(), 601);
    assert!(table.contains(&clients[599].local().to_string()));
    server.stop();
}

#[test]
fn stop_waits_until_the_server_has_ended() {
    let place = Place::scripted();
    for word in [None, Some("--now")] {
        let mut server = place.launch().arguments(["start"]).start();
        let _client = server.connect();
        assert_eq!(place.run(&["stop"].into_iter().chain(word).collect::<Vec<_>>()).information(), "the server has ended\n");
        let left = server.processes();
        assert_eq!(left, [], "all of it has ended");
        assert!(server.wait_for_end().success());
        assert_eq!(server.journal.of("on_shutdown").len(), 1);
        assert!(!place.socket().exists());
        place.has_no_server();
    }
}

#[test]
fn stop_does_not_wait_for_a_stuck_worker_when_it_is_to_be_now() {
    let place = Place::scripted();
    let mut server = place.launch().arguments(["--max-wait-time=3600"]).start();
    let mut client = server.connect_to_worker(0);
    assert_eq!(client.ask("spin"), "spinning");
    // Who asked to wait waits on, and hears of the end as well.
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| place.said(&["stop"]));
        server.wait_for_log(&["a command: shutting down"]);
        assert_eq!(place.status()["phase"], "draining");
        place.said(&["stop", "--now"]);
        assert_eq!(waits.join().expect("it ends"), "the server has ended\n");
    });
    assert!(server.wait_for_end().success());
}

#[test]
fn reload_waits_until_it_is_through() {
    let place = Place::of(env!("CARGO_BIN_EXE_tasker"));
    let server = place.launch().start();
    let mut client = server.connect();
    let generations = |status: &Value| {
        let of = |group: &str| status[group].as_array().into_iter().flatten().map(|one| one["generation"].as_u64()).collect::<Vec<_>>();
        [of("workers"), of("task_workers")].concat()
    };
    place.wait_for_status("all are ready", |status| status["ready"] == 4);
    assert_eq!(place.said(&["reload"]), "reloaded\n");
    assert_eq!(generations(&place.status()), [Some(2); 4]);
    let said = place.json(&["reload", "--tasks", "--json"]);
    assert_eq!(said, serde_json::json!({"through": true, "joined": false, "reason": null}));
    assert_eq!(generations(&place.status()), [Some(2), Some(2), Some(3), Some(3)]);
    client.is_served();
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.stop();
}

#[test]
fn a_reload_that_is_given_up_is_a_failure_with_its_reason() {
    let place = Place::scripted();
    let server = place.launch().behaviour("fail_later").start();
    place.wait_for_status("all are ready", |status| status["ready"] == 2);
    let outcome = place.run(&["reload"]);
    let refusal = outcome.refusal();
    assert!(refusal.starts_with("Error: the reload was given up: ") && refusal.contains("the database has gone"), "{outcome:?}");
    let outcome = place.run(&["reload", "--json"]);
    assert_eq!(outcome.code, Some(1));
    let said: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert!(said["through"] == false && said["reason"].is_string(), "{said}");
    assert!(server.processes().len() == 5 && place.status()["ready"] == 2, "what was there stays");
    server.stop();
}

#[test]
fn a_reload_under_way_is_joined_and_so_many_may_wait() {
    let place = Place::scripted();
    let server = place.launch().behaviour("nap_later").start();
    place.wait_for_status("all are ready", |status| status["ready"] == 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.said(&["reload"]));
        place.wait_for_status("one gets ready beside another", |status| status["workers"][0]["state"] == "replacing");
        let second = scope.spawn(|| place.json(&["reload", "--json"]));
        server.wait_for_log(&["a command: a reload is under way"]);
        let mut others: Vec<UnixStream> = (0..20).map(|_| place.knock(b"swoole-control 1 reload 1\n")).collect();
        let refused = others.iter_mut().filter_map(|other| {
            let mut said = String::new();
            other.set_read_timeout(Some(Duration::from_millis(200))).expect("it can be set");
            other.read_to_string(&mut said).is_ok().then_some(said)
        });
        assert_eq!(refused.filter(|said| said.contains("no too many wait already")).count(), 14);
        // Who has gone waits no more.
        drop(others);
        assert_eq!(place.status()["ready"], 2);
        server.journal.ring_alarm();
        assert_eq!(first.join().expect("it ends"), "reloaded\n");
        assert_eq!(second.join().expect("it ends")["joined"], true);
    });
    server.stop();
}

#[test]
fn kill_worker_ends_that_one_and_another_comes() {
    let place = Place::scripted();
    let server = place.launch().start();
    let before = [server.worker(0), server.worker(1)];
    let said = place.said(&["kill-worker", "1"]);
    assert_eq!(said, format!("worker 1 (pid {}, generation 1) is killed\n", before[1]));
    let error = server.journal.wait("on_worker_error", |error| error.number("worker") == 1);
    assert_eq!((error.number("pid"), error.text("signal")), (before[1].into(), "9"));
    place.wait_for_status("another is there", |status| status["workers"][1]["generation"] == 2 && status["ready"] == 2);
    assert_eq!(server.worker(0), before[0]);
    place.refused(&["kill-worker", "2"], &["there is no worker 2; they are 0 to 1"]);
    server.stop();
}

#[test]
fn a_log_that_is_no_file_is_not_opened_again() {
    let place = Place::scripted();
    let server = place.launch().start();
    place.refused(&["log-reopen"], &["standard error"]);
    server.stop();
}

#[test]
fn log_reopen_goes_on_in_a_new_file() {
    let place = Place::scripted();
    let [file, old] = ["log", "log.1"].map(|name| place.directory.path().join(name));
    let option = format!("--log-file={}", file.display());
    let mut server = place.launch().arguments([option.as_str()]).start_unwatched();
    watch::until("it listens", || fs::read_to_string(&file).is_ok_and(|log| log.contains("listening on")));
    fs::rename(&file, &old).expect("it is there");
    assert_eq!(place.said(&["log-reopen"]), "the log goes on in a new file\n");
    assert!(fs::read_to_string(&file).expect("it is there").contains("log-reopen"));
    // The line of the end is in it, and no command's is.
    place.said(&["stop"]);
    assert!(server.wait_for_end().success());
    assert!(fs::read_to_string(&file).expect("it is there").contains("the server has ended"));
    assert!(!fs::read_to_string(&old).expect("it is there").contains("the server has ended"));
}

#[test]
fn a_server_in_the_background_takes_commands() {
    let place = Place::scripted();
    let log = format!("--log-file={}", place.directory.path().join("log").display());
    let mut server = place.launch().arguments([log.as_str(), "--daemonize=true"]).start_unwatched();
    assert!(server.wait_for_end().success(), "the command returns, and the server goes on");
    let master = place.status()["pid"].as_u64().expect("a number") as u32;
    assert!(tree::lives(master));
    assert_eq!(place.said(&["stop"]), "the server has ended\n");
    assert!(!tree::lives(master));
    assert_eq!(server.processes(), []);
}

#[test]
fn silly_clients_keep_nobody_from_anything() {
    let place = Place::scripted();
    let server = place.launch().start();
    let mut client = server.connect();
    place.status();
    let before = descriptors(server.master());
    let long = [b'x'; 100_000];
    let sayings: [&[u8]; 6] = [b"", b"swoole-control 1 sta", b"swoole-control 1 status\n", b"\xff\n", &long, b"GET / HTTP/1.1\r\n\r\n"];
    let mut clients = Vec::new();
    for round in 0..100 {
        clients.push(place.knock(sayings[round % sayings.len()]));
        if round % 10 == 0 {
            client.is_served();
            assert_eq!(place.status()["ready"], 2);
        }
    }
    assert!(descriptors(server.master()) <= before + 16, "so many are bounded");
    // Who says nothing is dropped, even where nobody else comes.
    watch::until("they are dropped", || descriptors(server.master()) == before);
    drop(clients);
    client.is_served();
    server.stop();
}

#[test]
fn a_server_without_a_master_that_goes_on_is_said_to_be_stuck() {
    let place = Place::scripted();
    let server = place.launch().start();
    tree::signal(server.master(), Signal::SIGSTOP);
    place.refused(&["status"], &["the server does not answer"]);
    tree::signal(server.master(), Signal::SIGCONT);
    place.status();
    server.stop();
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not() {
    let place = Place::scripted();
    let mut dead = place.launch().start();
    tree::signal(dead.master(), Signal::SIGKILL);
    dead.wait_for_end();
    let is_socket = || fs::symlink_metadata(place.socket()).is_ok_and(|there| there.file_type().is_socket());
    assert!(is_socket(), "it was left");
    place.has_no_server();
    let server = place.launch().start();
    assert_eq!(place.status()["pid"], server.master());

    let outcome = place.launch().run();
    let path = place.socket().display().to_string();
    assert!(outcome.refusal().contains(&format!("another server runs, and takes commands at {path}")), "{outcome:?}");
    assert_eq!(place.status()["pid"], server.master());
    // A master that does not come to listen lives as well.
    tree::signal(server.master(), Signal::SIGSTOP);
    assert!(place.launch().run().refusal().contains("another server runs"));
    tree::signal(server.master(), Signal::SIGCONT);
    server.stop();
    assert!(!is_socket());
}

#[test]
fn a_server_that_ends_late_takes_away_its_own_socket_alone() {
    let place = Place::scripted();
    let server = place.launch().start();
    fs::remove_file(place.socket()).expect("it is there");
    let other = place.launch().start();
    server.stop();
    assert_eq!(place.status()["pid"], other.master());
    other.stop();
    place.has_no_server();
}

#[test]
fn a_file_that_is_no_socket_stays_as_it_is() {
    let place = Place::scripted();
    fs::write(place.socket(), "mine").expect("it can be written");
    let outcome = place.launch().run();
    assert!(outcome.refusal().contains("no socket"), "{outcome:?}");
    assert_eq!(fs::read_to_string(place.socket()).expect("it is there"), "mine");
    let nowhere = place.socket().join("x");
    let outcome = Launch::new(place.program).arguments([format!("--control={}", nowhere.display()).as_str()]).run();
    assert!(outcome.refusal().contains("cannot be made"), "{outcome:?}");
}

#[test]
fn the_socket_is_its_users_alone() {
    let place = Place::scripted();
    let server = place.launch().after("umask 0").start();
    assert_eq!(fs::metadata(place.socket()).expect("it is there").permissions().mode() & 0o777, 0o600);
    // Neither manager nor workers have it.
    let holds = |pid: u32| {
        let names = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let sockets: BTreeSet<String> =
            names.filter_map(|fd| fs::read_link(fd.path()).ok()).map(|link| link.display().to_string()).collect();
        let listening = fs::read_to_string("/proc/net/unix").expect("it can be read");
        let path = place.socket().display().to_string();
        let inode = listening.lines().find(|line| line.ends_with(&path)).and_then(|line| line.split_whitespace().nth(6)).unwrap_or("?");
        sockets.contains(&format!("socket:[{inode}]"))
    };
    assert!(holds(server.master()));
    for process in server.processes().iter().filter(|process| process.pid != server.master()) {
        assert!(!holds(process.pid), "{process:?}");
    }
    server.stop();
}

#[test]
fn two_servers_have_two_sockets_and_none_may_be_wanted() {
    let (one, other) = (Place::scripted(), Place::scripted());
    let servers = [one.launch().start(), other.launch().start()];
    assert_eq!((&one.status()["pid"], &other.status()["pid"]), (&servers[0].master().into(), &servers[1].master().into()));
    let [first, second] = servers;
    one.said(&["stop"]);
    other.status();
    second.stop();
    drop(first);

    for off in ["off", ""] {
        let option = format!("--control={off}");
        let server = Launch::new(one.program).arguments([option.as_str()]).start();
        let outcome = Launch::new(one.program).arguments(["status", option.as_str()]).run();
        assert!(outcome.refusal().contains("`control` is off"), "{outcome:?}");
        server.stop();
    }
    let outcome = Launch::new(one.program).arguments(["status"]).run();
    assert!(outcome.refusal().contains("port 0 is any port"), "{outcome:?}");
}

/// An address of its own, with a port that is known before.
fn launch_at(program: &str) -> (Launch, String) {
    let launch = Launch::new(program);
    let address = launch.own_address().replace(":0", ":9501");
    (launch.address(&address), address)
}

#[test]
fn where_nobody_says_it_the_socket_lies_by_user_and_address() {
    let program = env!("CARGO_BIN_EXE_scripted");
    let directory = Directory::new();
    let session = directory.path().to_string_lossy().into_owned();
    let (launch, address) = launch_at(program);
    let status_in = |session: &str| {
        let launch = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", session);
        let outcome = launch.arguments(["status", "--json"]).run();
        serde_json::from_str::<Value>(outcome.information()).expect("JSON")["pid"].clone()
    };
    let name = format!("swoole-{}.sock", address.trim_start_matches("tcp://"));
    let server = launch.environment("XDG_RUNTIME_DIR", &session).start();
    assert!(directory.path().join(&name).exists());
    assert_eq!(status_in(&session), server.master());
    server.stop();
    assert_eq!(directory.entries(), [""; 0]);

    // Without one of its session it is in one of the user; and is found from a session as well.
    let server = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", "").start();
    let of_user = PathBuf::from(format!("/tmp/swoole-{}", nix::unistd::geteuid()));
    assert_eq!(fs::metadata(&of_user).expect("it is there").permissions().mode() & 0o777, 0o700);
    assert!(of_user.join(&name).exists());
    assert_eq!((status_in(""), status_in(&session)), (server.master().into(), server.master().into()));
    server.stop();
    assert!(!of_user.join(&name).exists());

    // One in which others may write is none.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("it can be set");
    let server = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", &session).start();
    assert!(!Path::new(&session).join(&name).exists() && of_user.join(&name).exists());
    server.stop();
}

#[test]
fn a_word_that_is_no_command_is_refused_with_the_one_that_was_meant() {
    let place = Place::scripted();
    place.refused(&["stauts"], &["did you mean `status`?"]);
    place.refused(&["stop", "--tasks"], &["--tasks", "it belongs to `reload`"]);
    place.refused(&["status", "--workers=0"], &["--workers", "1 to 1024"]);
    let help = place.said(&["--help"]);
    for command in [
        "start",
        "stop [--now]",
        "reload [--tasks] [--json]",
        "status [--json]",
        "connections [--json]",
        "kill-worker NUMBER",
        "log-reopen",
    ] {
        assert!(help.lines().any(|line| line.trim() == command), "{command}: {help}");
    }
}

#[test]
fn callbacks_of_a_worker_ask_for_reloads_and_for_another_in_a_place() {
    let server = Launch::new(env!("CARGO_BIN_EXE_scripted")).start();
    let mut client = server.connect_to_worker(0);
    assert_eq!(client.ask("status 0"), "Some(Busy)", "it is in this callback");
    watch::until("the other is idle", || client.ask("status 1") == "Some(Idle)");
    assert_eq!(client.ask("status 2"), "None");
    assert_eq!((client.ask("stop 2"), client.ask("stop 1")), ("false".to_owned(), "true".to_owned()));
    server.journal.wait("on_worker_start", |start| start.number("worker") == 1 && start.number("generation") == 2);
    server.journal.wait("on_worker_stop", |stop| stop.number("worker") == 1);
    // Itself, and the session stays.
    assert_eq!(client.ask("stop 0"), "true");
    watch::until("it is another", || client.who().number("generation") == 2);
    assert_eq!(client.who().number("worker"), 0);
    client.ask("reload");
    watch::until("it is a third", || client.who().number("generation") == 3);
    server.wait_for_log(&["all workers are replaced"]);
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.stop();
}

#[test]
fn a_stuck_worker_is_busy_and_is_replaced_when_it_is_late() {
    let server = Launch::new(env!("CARGO_BIN_EXE_scripted")).arguments(["--max-wait-time=1"]).start();
    let mut stuck = server.connect_to_worker(1);
    let mut client = server.connect_to_worker(0);
    assert_eq!(stuck.ask("spin"), "spinning");
    assert_eq!((client.ask("status 1").as_str(), client.ask("stop 1").as_str()), ("Some(Busy)", "true"));
    server.wait_for_log(&["worker 1 did not stop within max_wait_time and is killed: in on_receive of session"]);
    watch::until("another is there", || client.ask("status 1") == "Some(Idle)");
    server.stop();
}

#[test]
fn callbacks_of_a_task_worker_ask_for_the_same() {
    let place = Place::of(env!("CARGO_BIN_EXE_tasker"));
    let server = place.launch().start();
    let mut client = server.connect();
    client.ask("to 0 1 stop 3");
    let stop = server.journal.wait("stop", |_| true);
    assert_eq!((stop.text("done"), stop.text("status")), ("true", "Some(Busy)"));
    client.line();
    place.wait_for_status("another is there", |status| status["task_workers"][1]["generation"] == 2);
    client.ask("to 0 2 reload_tasks 0");
    client.line();
    place.wait_for_status("all are others", |status| {
        let generation = |group: &str, at: usize| status[group][at]["generation"].as_u64();
        (generation("task_workers", 0), generation("task_workers", 1), generation("workers", 0)) == (Some(2), Some(3), Some(1))
    });
    server.stop();
}

#[test]
fn callbacks_of_master_and_manager_ask_for_the_same() {
    let others = |server: &Server| {
        for worker in 0..2 {
            server.journal.wait("on_worker_start", |start| start.number("worker") == worker && start.number("generation") == 2);
        }
        server.wait_for_log(&["a callback: reloading"]);
    };
    for behaviour in ["reload_by_the_master", "reload_by_the_manager"] {
        let server = Launch::new(env!("CARGO_BIN_EXE_scripted")).behaviour(behaviour).start();
        others(&server);
        server.connect().is_served();
        server.stop();
    }
    let server = Launch::new(env!("CARGO_BIN_EXE_scripted")).behaviour("stop_worker_1_on_error").start();
    server.wait_until_idle(1);
    tree::signal(server.worker(0), Signal::SIGKILL);
    let stop = server.journal.wait("stop", |_| true);
    assert_eq!(stop.text("done"), "true");
    server.journal.wait("on_worker_start", |start| start.number("worker") == 1 && start.number("generation") == 2);
    server.stop();
}
