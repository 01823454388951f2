//! User processes that end: by returning, by an error, or killed. Each is begun again, and the others do not notice.

use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use system_tests::{
    Entry, Launch,
    companion::{CLOCK, HELPER, PROCESSES, begins, connect_to_worker, errors, process, wait_for_generation},
    storm::{Storm, Wind},
    tree, watch,
};

fn companion() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_companion"))
}

#[test]
fn what_is_sent_to_one_that_dies_is_for_its_successor() {
    let server = companion().start();
    let mut client = connect_to_worker(&server, 0);
    let before = process(&server, HELPER);
    tree::stop(before);
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
    // None is killed over the last one, which is waited for.
    const MESSAGES: usize = 1530;
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
