//! User processes beside the workers: they send, hear and are replaced as workers are, and nothing is left of them.

use nix::sys::signal::Signal;
use system_tests::{
    Entry, Launch, Place,
    companion::{CLOCK, HELPER, PROCESSES, begins, connect_to_worker, errors, process, wait_for_generation},
    tree, watch,
};

fn companion() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_companion"))
}

#[test]
fn user_processes_stand_behind_the_task_workers_and_have_their_names() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    let who = client.ask_fields("tell helper who");
    assert_eq!((who.text("name"), who.number("id"), who.number("generation")), ("helper", HELPER, 1));
    assert_eq!(who.number("pid"), u64::from(process(&server, HELPER)));
    assert_eq!(begins(&server, CLOCK)[0].text("name"), "clock");
    let titles = [HELPER, CLOCK].map(|id| std::fs::read_to_string(format!("/proc/{}/comm", process(&server, id))).expect("it lives"));
    assert_eq!(titles, ["process helper\n", "process clock\n"]);
    let stats = client.ask_fields("tell helper stats");
    assert_eq!((stats.number("workers"), stats.number("task_workers"), stats.number("user_processes")), (2, 1, 2));
    assert_eq!((stats.text("name"), stats.number("pid"), stats.number("connections")), ("helper", who.number("pid"), 1));
    assert_eq!(client.ask("tell helper info"), "info known=true workers=2");
    // It waits, which is to be idle.
    watch::until("the helper is idle", || client.ask(&format!("status {HELPER}")) == "Some(Idle)");
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_user_process_sends_from_its_first_moment_and_closes() {
    let server = companion().start();
    let mut clients = [connect_to_worker(&server, 0), connect_to_worker(&server, 1)];
    for generation in 2..5 {
        let before = process(&server, CLOCK);
        tree::signal(before, Signal::SIGKILL);
        for client in &mut clients {
            let hello = Entry::read(&client.line());
            assert_eq!((hello.number("generation"), hello.number("pid") != u64::from(before)), (generation, true));
        }
    }
    let [mut client, other] = clients;
    client.say("tell helper large 1500");
    assert_eq!(client.bytes(1500 * 1024), system_tests::script::pattern(1500 * 1024));
    drop(other);
    let session = client.session();
    client.say("tell helper close");
    client.end();
    let close = server.journal.wait("on_close", |entry| entry.number("session") == session);
    assert_eq!(close.text("reason"), "server");
    server.stop();
}

#[test]
fn messages_go_both_ways_and_in_order() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 1);
    // The last is a task worker.
    for worker in [0, 1, 2] {
        let relayed = client.ask_fields(&format!("tell helper relay {worker}"));
        assert_eq!((relayed.number("by"), relayed.number("from"), relayed.text("words")), (worker, HELPER, "hello"));
    }
    assert_eq!(client.ask_fields(&format!("tell helper relay {HELPER}")).text("error"), "ToItself");
    assert_eq!(client.ask_fields("tell helper relay 9").text("error"), "NoSuchWorker");
    // One is received within the other.
    client.say("tell helper next");
    assert_eq!(client.ask("tell helper abcde"), "next length=5");
    for number in 0..200 {
        client.say(&format!("tell helper relay 0 {number}"));
        assert_eq!(Entry::read(&client.line()).text("words"), "hello");
    }
    assert_eq!(client.ask("tell helper thread"), "thread sum=55");
    server.stop();
}

#[test]
fn sigusr1_replaces_each_once_and_sigusr2_none() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    server.signal(Signal::SIGUSR2);
    server.wait_for_log(&["all task workers are replaced"]);
    for round in 1..4 {
        server.signal(Signal::SIGUSR1);
        server.wait_for_lines("all user processes are replaced", round);
        for id in [HELPER, CLOCK] {
            wait_for_generation(&server, id, round as u64 + 1);
            assert_eq!(begins(&server, id).len(), round + 1);
        }
    }
    assert_eq!(server.journal.of("process_ends").len(), 6, "each has come to its end");
    assert_eq!(server.journal.of("on_worker_error"), []);
    // Greeted by three clocks.
    for generation in 2..5 {
        assert_eq!(Entry::read(&client.line()).number("generation"), generation);
    }
    // From within one, and one alone.
    client.say("tell helper reload");
    wait_for_generation(&server, HELPER, 5);
    server.wait_for_lines("all user processes are replaced", 4);
    let _ = client.line();
    assert_eq!(client.ask(&format!("tell helper stop {HELPER}")), "stop true");
    wait_for_generation(&server, HELPER, 6);
    assert_eq!(client.ask(&format!("stop {CLOCK}")), "true");
    wait_for_generation(&server, CLOCK, 6);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn one_that_does_not_hear_is_killed_by_a_reload_and_by_the_end_in_time() {
    let server = companion().behaviour("deaf").arguments(["--max-wait-time=1"]).start();
    let before = process(&server, CLOCK);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["user process clock did not stop within max_wait_time and is killed"]);
    wait_for_generation(&server, CLOCK, 2);
    assert_eq!(errors(&server, before)[0].text("signal"), "9");
    server.wait_for_log(&["all user processes are replaced"]);
    server.stop();
}

#[test]
fn what_workers_send_as_they_stop_arrives() {
    let mut server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    client.say("tell helper shutdown");
    let address = server.address();
    assert!(server.wait_for_end().success());
    server.leaves_nothing(address);
    let byes = server.journal.of("heard").iter().filter(|entry| entry.text("words") == "bye").count();
    assert_eq!(byes, 3, "two workers and a task worker");
    assert_eq!(server.journal.of("process_ends").len(), 2);
    assert_eq!(server.journal.of("on_worker_error"), []);
}

#[test]
fn one_may_shut_the_server_down_before_it_serves() {
    for _ in 0..10 {
        let mut server = companion().behaviour("shut_down_at_once").start_unwatched();
        let status = server.wait_for_end();
        assert!(status.success(), "{status}: {:#?}", server.log());
        assert_eq!(server.processes(), []);
        let stats = server.journal.of("early_stats");
        assert!(
            stats.iter().all(|stats| (stats.number("workers"), stats.number("connections")) == (2, 0)) && !stats.is_empty(),
            "{stats:?}"
        );
        assert_eq!(server.journal.of("on_worker_error"), []);
    }
}

#[test]
fn commands_know_them() {
    let place = Place::of(env!("CARGO_BIN_EXE_companion"));
    let server = place.launch().start();
    connect_to_worker(&server, 0);
    let status = place.status();
    let all = status["user_processes"].as_array().expect("it is a list");
    assert_eq!(all.iter().map(|its| its["name"].as_str()).collect::<Vec<_>>(), [Some("helper"), Some("clock")]);
    assert_eq!(all[0]["pid"].as_u64(), Some(process(&server, HELPER).into()));
    assert_eq!((status["wanted"].as_u64(), all[0]["state"].as_str()), (Some(5), Some("ready")));
    let table = place.said(&["status"]);
    assert!(table.contains("user_process") && table.contains("helper: -"), "{table}");
    let before = process(&server, CLOCK);
    place.said(&["kill-worker", &CLOCK.to_string()]);
    wait_for_generation(&server, CLOCK, 2);
    assert_eq!(errors(&server, before)[0].text("signal"), "9");
    place.said(&["reload"]);
    wait_for_generation(&server, HELPER, 2);
    assert_eq!(begins(&server, HELPER).len(), 2);
    server.stop();
}

#[test]
fn reload_by_exec_runs_them_from_the_new_program() {
    let server = companion().arguments(["--reload=exec"]).start();
    let mut client = connect_to_worker(&server, 0);
    let before = process(&server, HELPER);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["all user processes are replaced"]);
    wait_for_generation(&server, CLOCK, 2);
    let hello = Entry::read(&client.line());
    assert_eq!(hello.number("generation"), 2);
    let who = client.ask_fields("tell helper who");
    assert_eq!((who.number("generation"), who.number("pid") != u64::from(before)), (2, true));
    client.say("tell helper return");
    wait_for_generation(&server, HELPER, 3);
    tree::signal(process(&server, CLOCK), Signal::SIGKILL);
    wait_for_generation(&server, CLOCK, 3);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}
