//! The control of a running server: commands of its own program, from whatever state the server is in.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::{collections::BTreeSet, fs, io::Read, os::unix::net::UnixStream, time::Duration};
use system_tests::{Client, Place, tree, watch};

fn scripted() -> Place {
    Place::of(env!("CARGO_BIN_EXE_scripted"))
}

fn tasker() -> Place {
    Place::of(env!("CARGO_BIN_EXE_tasker"))
}

#[test]
fn status_says_how_the_server_and_each_process_is() {
    let place = tasker();
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
    let place = scripted();
    let server = place.launch().start();
    let mut clients = [0, 1].map(|worker| server.connect_to_worker(worker));
    let sessions = clients.each_mut().map(Client::session);
    for client in &mut clients {
        assert_eq!(client.ask("spin"), "spinning");
    }
    let manager = server.manager();
    tree::stop(manager);
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
    let place = scripted();
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
    let place = scripted();
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
    let place = scripted();
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
    let place = scripted();
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
    let place = tasker();
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
    let place = scripted();
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
    let place = scripted();
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
fn one_that_has_taken_over_and_dies_leaves_nothing_that_gets_ready() {
    let place = scripted();
    let server = place.launch().start();
    for round in 1..=2 {
        place.said(&["reload"]);
        let before = server.wait_until_idle(0);
        tree::signal(before, Signal::SIGKILL);
        place.wait_for_status("another serves, and nothing gets ready beside it", |status| {
            let worker = &status["workers"][0];
            worker["generation"] == 1 + 2 * round && worker["state"] == "ready"
        });
    }
    server.stop();
}

#[test]
fn kill_worker_ends_that_one_and_another_comes() {
    let place = scripted();
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
    let place = scripted();
    let server = place.launch().start();
    place.refused(&["log-reopen"], &["standard error"]);
    server.stop();
}

#[test]
fn log_reopen_goes_on_in_a_new_file() {
    let place = scripted();
    let [file, old] = ["log", "log.1"].map(|name| place.directory().path().join(name));
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
    let place = scripted();
    let log = format!("--log-file={}", place.directory().path().join("log").display());
    let mut server = place.launch().arguments([log.as_str(), "--daemonize=true"]).start_unwatched();
    assert!(server.wait_for_end().success(), "the command returns, and the server goes on");
    let master = place.status()["pid"].as_u64().expect("a number") as u32;
    assert!(tree::lives(master));
    assert_eq!(place.said(&["stop"]), "the server has ended\n");
    assert!(!tree::lives(master));
    assert_eq!(server.processes(), []);
}

#[test]
fn a_server_without_a_master_that_goes_on_is_said_to_be_stuck() {
    let place = scripted();
    let server = place.launch().start();
    tree::stop(server.master());
    place.refused(&["status"], &["the server does not answer"]);
    tree::signal(server.master(), Signal::SIGCONT);
    place.status();
    server.stop();
}

#[test]
fn a_word_that_is_no_command_is_refused_with_the_one_that_was_meant() {
    let place = scripted();
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
