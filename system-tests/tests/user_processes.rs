//! User processes beside the workers: they send, hear and are replaced as workers are, and nothing is left of them.

use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use system_tests::{
    Client, Directory, Entry, Launch, Server,
    storm::{Storm, Wind},
    tree, watch,
};

/// Two workers, a task worker, and behind them two user processes.
const PROCESSES: usize = 5;
const HELPER: u64 = 3;
const CLOCK: u64 = 4;

fn companion() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_companion"))
}

fn begins(server: &Server, id: u64) -> Vec<Entry> {
    server.journal.of("process").into_iter().filter(|entry| entry.number("id") == id).collect()
}

/// Its process of now.
fn process(server: &Server, id: u64) -> u32 {
    watch::find("a live user process", || {
        let pid = begins(server, id).last()?.number("pid") as u32;
        tree::lives(pid).then_some(pid)
    })
}

fn wait_for_generation(server: &Server, id: u64, generation: u64) -> u32 {
    watch::find("the generation", || {
        let begin = begins(server, id).into_iter().find(|entry| entry.number("generation") == generation)?;
        Some(begin.number("pid") as u32)
    })
}

/// A client that is through with what greets it.
fn connect_to_worker(server: &Server, worker: u64) -> Client {
    process(server, HELPER);
    process(server, CLOCK);
    server.connect_to_worker(worker)
}

fn errors(server: &Server, pid: u32) -> Vec<Entry> {
    server.journal.of("on_worker_error").into_iter().filter(|entry| entry.number("pid") == u64::from(pid)).collect()
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
fn what_is_sent_to_one_that_dies_is_for_its_successor() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    let before = process(&server, HELPER);
    tree::signal(before, Signal::SIGSTOP);
    for number in 0..20 {
        client.say(&format!("tell helper who {number}"));
    }
    client.is_served();
    tree::signal(before, Signal::SIGKILL);
    for _ in 0..20 {
        let who = Entry::read(&client.line());
        assert_eq!((who.number("generation"), who.number("pid") != u64::from(before)), (2, true));
    }
    // The one it is in is not begun again.
    client.say("tell helper panic");
    client.say("tell helper who");
    assert_eq!(Entry::read(&client.line()).number("generation"), 3);
    let heard = server.journal.of("heard").iter().filter(|entry| entry.text("words") == "panic").count();
    assert_eq!(heard, 1);
    server.stop();
}

#[test]
fn one_that_returns_is_begun_again_and_that_is_no_error() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    for generation in 2..6 {
        client.say("tell helper return");
        wait_for_generation(&server, HELPER, generation);
    }
    client.say("tell helper exit 0");
    wait_for_generation(&server, HELPER, 6);
    assert_eq!(client.ask_fields("tell helper who").number("generation"), 6);
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn one_that_dies_in_whatever_way_is_begun_again_and_the_manager_is_told() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    for (generation, (command, signal, exit, message)) in
        [("fail", "", "1", "the_helper_has_had_enough"), ("panic", "", "101", "asked_to_panic"), ("exit 7", "", "7", "")]
            .into_iter()
            .enumerate()
    {
        let before = process(&server, HELPER);
        client.say(&format!("tell helper {command}"));
        wait_for_generation(&server, HELPER, generation as u64 + 2);
        let errors = errors(&server, before);
        assert_eq!(errors.len(), 1, "{errors:?}");
        let error = &errors[0];
        assert_eq!((error.number("worker"), error.text("remote")), (HELPER, "helper"));
        assert_eq!((error.text("signal"), error.text("exit")), (signal, exit));
        assert!(error.text("message").starts_with(message), "{error:?}");
        server.wait_for_log(&[&format!("user process helper (pid {before}, generation {}", generation + 1)]);
    }
    let before = process(&server, CLOCK);
    tree::signal(before, Signal::SIGABRT);
    wait_for_generation(&server, CLOCK, 2);
    assert_eq!(errors(&server, before)[0].text("signal"), "6");
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn one_that_keeps_failing_does_not_hold_up_the_server() {
    let server = companion().behaviour("fail_five_times").start();
    server.connect_to_worker(0).is_served();
    wait_for_generation(&server, HELPER, 6);
    assert_eq!(begins(&server, HELPER).len(), 6);
    assert_eq!(server.journal.of("on_worker_error").len(), 5);
    assert_eq!(connect_to_worker(&server, 1).ask_fields("tell helper who").number("generation"), 6);
    server.stop();
}

#[test]
fn one_that_returns_at_once_again_and_again_does_not_hold_up_a_reload_or_the_end() {
    let server = companion().behaviour("return_at_once").start();
    wait_for_generation(&server, HELPER, 4);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["all user processes are replaced"]);
    server.connect_to_worker(0).is_served();
    assert_eq!(server.journal.of("on_worker_error"), []);
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
        watch::until("the reload is through", || {
            server.log().iter().filter(|line| line.contains("all user processes are replaced")).count() == round
        });
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
    watch::until("the reload is through", || {
        server.log().iter().filter(|line| line.contains("all user processes are replaced")).count() == 4
    });
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
fn a_second_manager_leaves_them_alone_and_replaces_them() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    let before = [HELPER, CLOCK].map(|id| process(&server, id));
    for _ in 0..3 {
        let manager = server.manager();
        tree::signal(manager, Signal::SIGKILL);
        watch::until("another manager", || server.manager() != manager);
        server.wait_for_all_processes(PROCESSES);
    }
    assert_eq!([HELPER, CLOCK].map(|id| process(&server, id)), before);
    assert_eq!(client.ask_fields("tell helper who").number("generation"), 1);
    tree::signal(before[1], Signal::SIGKILL);
    wait_for_generation(&server, CLOCK, 2);
    assert_eq!(errors(&server, before[1])[0].text("signal"), "9");
    assert_eq!(Entry::read(&client.line()).number("generation"), 2);
    client.say("tell helper return");
    wait_for_generation(&server, HELPER, 2);
    assert!(errors(&server, before[0]).is_empty(), "an orphan may return, too");
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["all user processes are replaced"]);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn processes_killed_at_random_leave_the_wanted_ones_and_lose_nothing() {
    let server = companion().behaviour("greet_nobody").start();
    process(&server, CLOCK);
    let storm = Storm::begin(server.address(), Wind { connections: 8, size: 64, depth: 4 });
    let begin = Instant::now();
    let mut seed = 0x2545_f491_u64;
    let mut kills = 0;
    while begin.elapsed() < Duration::from_secs(6) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        match seed % 6 {
            0 => tree::signal(server.worker(seed / 6 % 2), Signal::SIGKILL),
            1 => tree::signal(server.manager(), Signal::SIGKILL),
            2 => server.signal(Signal::SIGUSR1),
            3 => tree::signal(process(&server, CLOCK), Signal::SIGKILL),
            _ => tree::signal(process(&server, HELPER), Signal::SIGKILL),
        }
        kills += 1;
        std::thread::sleep(Duration::from_millis(20 + seed % 80));
    }
    assert!(kills > 20);
    server.wait_for_all_processes(PROCESSES);
    storm.wait_for_more(100);
    let tally = storm.calm_down();
    assert_eq!((tally.lost, tally.corrupt), (0, 0), "{tally:?}");
    let mut client = connect_to_worker(&server, 0);
    assert_eq!(client.ask_fields("tell helper who").text("name"), "helper");
    server.stop();
}

#[test]
fn messages_to_one_that_is_killed_again_and_again_arrive_once_but_for_those_it_dies_in() {
    const MESSAGES: usize = 1500;
    let server = companion().behaviour("greet_nobody").start();
    let mut client = connect_to_worker(&server, 0);
    let mut kills = 0;
    for number in 0..MESSAGES {
        // Answered by the worker, so that no queue is ever full for long.
        client.say(&format!("tell helper mark {number}"));
        if number % 60 == 59 {
            let whom = if number % 240 == 239 { server.manager() } else { process(&server, HELPER) };
            kills += usize::from(whom != server.manager());
            tree::signal(whom, Signal::SIGKILL);
        }
        // Until the helper hears again: what waits must fit.
        watch::until("few wait", || {
            let heard = server.journal.of("heard").iter().filter(|entry| entry.text("words").starts_with("mark")).count();
            number + 1 - heard.min(number + 1) < 60
        });
    }
    let marks = || -> Vec<usize> {
        let heard = server.journal.of("heard");
        let words =
            heard.iter().filter_map(|entry| entry.text("words").strip_prefix("mark_").map(|number| number.parse().expect("a number")));
        words.collect()
    };
    watch::until("the last is heard", || marks().last() == Some(&(MESSAGES - 1)));
    let heard = marks();
    assert!(heard.windows(2).all(|two| two[0] < two[1]), "once each, in order: {heard:?}");
    assert!(heard.len() + kills >= MESSAGES, "{} of {MESSAGES}, {kills} kills", heard.len());
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn commands_know_them() {
    let directory = Directory::new();
    let option = format!("--control={}", directory.path().join("control.sock").display());
    let server = companion().arguments([option.as_str()]).start();
    let run = |words: &[&str]| {
        let outcome = companion().no_arguments().arguments(words.iter().copied().chain([option.as_str()])).run();
        outcome.information().to_owned()
    };
    connect_to_worker(&server, 0);
    let status: serde_json::Value = serde_json::from_str(&run(&["status", "--json"])).expect("it is JSON");
    let all = status["user_processes"].as_array().expect("it is a list");
    assert_eq!(all.iter().map(|its| its["name"].as_str()).collect::<Vec<_>>(), [Some("helper"), Some("clock")]);
    assert_eq!(all[0]["pid"].as_u64(), Some(process(&server, HELPER).into()));
    assert_eq!((status["wanted"].as_u64(), all[0]["state"].as_str()), (Some(5), Some("ready")));
    let table = run(&["status"]);
    assert!(table.contains("user_process") && table.contains("helper: -"), "{table}");
    let before = process(&server, CLOCK);
    run(&["kill-worker", &CLOCK.to_string()]);
    wait_for_generation(&server, CLOCK, 2);
    assert_eq!(errors(&server, before)[0].text("signal"), "9");
    run(&["reload"]);
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
