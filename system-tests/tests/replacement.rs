//! Planned replacement: reloads, and task workers that have done their share. Nothing that was queued is lost, and connections stay.

use nix::sys::signal::Signal;
use std::{thread, time::Duration};
use system_tests::{
    Client, Entry, Launch, Server,
    jobs::{PROCESSES, begun},
    storm::{Storm, Wind},
    tree, watch,
};

fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

fn generations(server: &Server) -> [u64; PROCESSES] {
    let starts = server.journal.of("on_worker_start");
    core::array::from_fn(|at| {
        starts.iter().rev().find(|entry| entry.number("worker") == at as u64).map_or(0, |entry| entry.number("generation"))
    })
}

fn wait_for_generations(server: &Server, wanted: [u64; PROCESSES]) {
    watch::until_or("the generations", || {
        let found = generations(server);
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

fn no_worker_has_died(server: &Server) {
    assert_eq!(server.journal.of("on_worker_error"), []);
}

/// Jobs one after the other, each answered.
fn echo_jobs(client: &mut Client, tags: core::ops::Range<u64>) {
    for tag in tags {
        client.ask(&format!("task {tag} echo 100"));
        assert_eq!(Entry::read(&client.line()).number("tag"), tag);
    }
}

#[test]
fn sigusr2_replaces_the_task_workers_and_no_job_is_lost() {
    let server = tasker().start();
    let mut client = server.connect();
    let workers = [server.worker(0), server.worker(1)];
    for round in 0..5 {
        assert_eq!(client.ask_fields(&format!("many 40 {} sleep 2", round * 1000)).number("count"), 40);
        server.signal(Signal::SIGUSR2);
        let mut tags: Vec<u64> = (0..40).map(|_| Entry::read(&client.line()).number("tag")).collect();
        tags.sort_unstable();
        assert_eq!(tags, (round * 1000..round * 1000 + 40).collect::<Vec<_>>());
        wait_for_generations(&server, [1, 1, round + 2, round + 2]);
        server.wait_for_lines("all task workers are replaced", round as usize + 1);
    }
    assert_eq!([server.worker(0), server.worker(1)], workers);
    assert_eq!(server.journal.of("on_worker_stop").len(), 10);
    no_worker_has_died(&server);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn sigusr1_replaces_everybody_and_connections_stay() {
    let server = tasker().start();
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    for round in 1..5 {
        // To the manager too, which hands it on.
        let whom = if round % 2 == 0 { server.manager() } else { server.master() };
        tree::signal(whom, Signal::SIGUSR1);
        let mut tag = round * 100_000;
        while generations(&server) != [round + 1; PROCESSES] {
            for client in &mut clients {
                client.is_served();
                echo_jobs(client, tag..tag + 3);
                tag += 3;
            }
        }
        server.wait_for_lines("are replaced", 2 * round as usize);
    }
    no_worker_has_died(&server);
    server.wait_for_all_processes(PROCESSES);
    clients.iter_mut().for_each(Client::is_served);
    server.stop();
}

#[test]
fn a_reload_during_a_reload_is_absorbed() {
    let server = tasker().start();
    let mut client = server.connect();
    client.ask("to 0 1 nap");
    begun(&server, 1);
    server.signal(Signal::SIGUSR2);
    server.wait_for_log(&["SIGUSR2: reloading"]);
    for _ in 0..3 {
        server.signal(Signal::SIGUSR2);
        thread::sleep(Duration::from_millis(20));
    }
    server.wait_for_log(&["SIGUSR2: a reload is under way"]);
    // One task worker is stuck; the other goes on as it is until that one is replaced.
    echo_jobs(&mut client, 10..20);
    assert_eq!(generations(&server), [1, 1, 2, 1], "its successor is ready, and waits");
    server.journal.ring_alarm();
    assert_eq!(Entry::read(&client.line()).number("tag"), 1, "a job under way is not cut short");
    server.wait_for_log(&["all task workers are replaced"]);
    assert_eq!(generations(&server), [1, 1, 2, 2]);
    no_worker_has_died(&server);
    server.stop();
}

#[test]
fn who_does_not_stop_within_max_wait_time_is_named_and_killed() {
    let server = tasker().arguments(["--max-wait-time=1"]).start();
    let mut client = server.connect_to_worker(1);
    client.ask("to 1 1 nap");
    begun(&server, 1);
    client.say("many_and_nap 0 0 echo");
    assert_eq!(client.line(), "napping");
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["worker 3 did not stop within max_wait_time and is killed: in on_task for"]);
    server.wait_for_log(&["worker 1 did not stop within max_wait_time and is killed: in on_receive of session"]);
    wait_for_generations(&server, [2; PROCESSES]);
    server.wait_for_log(&["task 1: the task worker died in the job"]);
    let errors = server.journal.of("on_worker_error");
    assert!(errors.len() == 2 && errors.iter().all(|error| error.text("signal") == "9"), "{errors:?}");
    server.journal.ring_alarm();
    server.connect().is_served();
    server.stop();
}

#[test]
fn a_worker_waits_for_its_closures_before_it_goes() {
    let server = tasker().start();
    let mut client = server.connect_to_worker(0);
    client.ask("with 1 sleep 200");
    server.signal(Signal::SIGUSR1);
    let output = Entry::read(&client.line());
    assert_eq!((output.text("how"), output.number("worker")), ("closure", 0));
    wait_for_generations(&server, [2; PROCESSES]);
    assert_eq!(server.journal.of("dropped"), []);
    no_worker_has_died(&server);
    server.stop();
}

#[test]
fn a_worker_that_waits_for_its_closures_serves_on_and_says_so() {
    let server = tasker().start();
    let mut client = server.connect_to_worker(0);
    client.ask("with 1 nap");
    begun(&server, 1);
    server.signal(Signal::SIGUSR1);
    watch::until("on_worker_exit runs again and again", || server.journal.of("on_worker_exit").len() > 2);
    client.is_served();
    assert_eq!(client.who().number("generation"), 1);
    server.journal.ring_alarm();
    assert_eq!(Entry::read(&client.line()).text("how"), "closure");
    wait_for_generations(&server, [2; PROCESSES]);
    assert!(server.journal.of("on_worker_exit").iter().all(|entry| entry.number("worker") == 0));
    server.stop();
}

#[test]
fn without_reload_async_a_worker_waits_for_nothing() {
    let server = tasker().arguments(["--reload-async=false"]).start();
    let mut client = server.connect_to_worker(0);
    client.ask("with 1 nap");
    begun(&server, 1);
    server.signal(Signal::SIGUSR1);
    watch::until("a successor serves", || client.who().number("generation") == 2);
    server.journal.ring_alarm();
    let output = Entry::read(&client.line());
    assert_eq!((output.text("how"), output.number("wpid")), ("on_finish", u64::from(server.worker(0))));
    assert_eq!(server.journal.of("on_worker_exit"), []);
    server.stop();
}

#[test]
fn the_manager_is_told_before_and_after_each_reload() {
    let server = tasker().start();
    for round in 1..4 {
        server.signal(if round == 2 { Signal::SIGUSR2 } else { Signal::SIGUSR1 });
        watch::until("the reload is through", || server.journal.of("on_after_reload").len() == round);
        let told: Vec<String> =
            server.journal.entries().into_iter().map(|entry| entry.callback).filter(|name| name.ends_with("_reload")).collect();
        assert_eq!(told, ["on_before_reload", "on_after_reload"].repeat(round));
    }
    let entries = server.journal.entries();
    let at = |name: &str| entries.iter().position(|entry| entry.callback == name);
    let first_of_the_second = entries.iter().position(|entry| entry.callback == "on_worker_start" && entry.number("generation") == 2);
    assert!(at("on_before_reload") < first_of_the_second && first_of_the_second < at("on_after_reload"));
    server.stop();
}

#[test]
fn the_watchdog_names_a_callback_that_takes_long_once() {
    let server = tasker().arguments(["--watchdog=1"]).start();
    let mut client = server.connect_to_worker(1);
    let session = client.session();
    client.say("many_and_nap 0 0 echo");
    assert_eq!(client.line(), "napping");
    let mut other = server.connect_to_worker(0);
    other.ask("to 1 7 nap");
    server.wait_for_log(&[&format!("watchdog: worker 1 (pid {}) is in on_receive of session {session} for", server.worker(1))]);
    server.wait_for_log(&["watchdog: worker 3", "is in on_task for"]);
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.log().iter().filter(|line| line.contains("watchdog")).count(), 2);
    server.journal.ring_alarm();
    server.stop();
}

#[test]
fn a_task_worker_that_has_done_its_share_is_replaced_and_no_job_is_lost() {
    let server = tasker().arguments(["--task-max-request=10", "--task-max-request-grace=5"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask_fields("many 100 0 sleep 1").number("count"), 100);
    let mut tags: Vec<u64> = (0..100).map(|_| Entry::read(&client.line()).number("tag")).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..100).collect::<Vec<_>>());
    let begun = server.journal.of("begun");
    let processes: std::collections::HashMap<u64, usize> = begun.iter().fold(Default::default(), |mut count, entry| {
        *count.entry(entry.number("pid")).or_default() += 1;
        count
    });
    assert!(processes.len() >= 4, "{processes:?}");
    let of_the_replaced = |pid: u64| server.journal.of("on_worker_stop").iter().any(|stop| stop.number("pid") == pid);
    assert!(processes.iter().all(|(&pid, &jobs)| jobs >= 10 || !of_the_replaced(pid)), "{processes:?}");
    no_worker_has_died(&server);
    server.stop();
}

#[test]
fn a_worker_that_has_had_its_requests_is_replaced_and_nothing_is_lost() {
    let server = tasker().arguments(["--max-request=200", "--max-request-grace=50"]).start();
    let storm = Storm::begin(server.address(), Wind { connections: 8, size: 64, depth: 1 });
    watch::until("several generations", || generations(&server)[..2].iter().all(|&generation| generation > 5));
    let tally = storm.calm_down();
    assert_eq!((tally.lost, tally.corrupt, tally.dropped.len()), (0, 0, 0), "{tally:?}");
    assert_eq!(generations(&server)[2..], [1, 1]);
    no_worker_has_died(&server);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_process_that_gets_too_old_or_too_large_is_replaced() {
    for limit in ["--max-worker-age=1", "--max-worker-rss=1"] {
        let server = tasker().arguments([limit]).start();
        let mut client = server.connect();
        watch::until("every process is replaced", || generations(&server).iter().all(|&generation| generation > 1));
        client.is_served();
        echo_jobs(&mut client, 0..3);
        no_worker_has_died(&server);
        server.stop();
        // User processes as well.
        let server = Launch::new(env!("CARGO_BIN_EXE_companion")).arguments([limit]).start();
        for name in ["helper", "clock"] {
            server.journal.wait("process", |begins| begins.text("name") == name && begins.number("generation") > 1);
        }
        no_worker_has_died(&server);
        server.stop();
    }
}

#[test]
fn a_reload_goes_on_when_the_manager_dies_in_it() {
    for _ in 0..3 {
        let server = tasker().start();
        let mut client = server.connect();
        client.ask("to 0 1 nap");
        begun(&server, 1);
        server.signal(Signal::SIGUSR2);
        server.wait_for_log(&["SIGUSR2: reloading"]);
        tree::signal(server.manager(), Signal::SIGKILL);
        server.wait_for_log(&["this process takes over"]);
        echo_jobs(&mut client, 10..20);
        server.journal.ring_alarm();
        assert_eq!(Entry::read(&client.line()).number("tag"), 1);
        server.wait_for_log(&["all task workers are replaced"]);
        assert_eq!(generations(&server), [1, 1, 2, 2]);
        server.wait_for_all_processes(PROCESSES);
        server.stop();
    }
}

#[test]
fn a_process_that_is_killed_in_a_reload_is_replaced_once() {
    let server = tasker().start();
    let mut client = server.connect();
    client.ask("to 0 1 nap");
    begun(&server, 1);
    let dead = server.worker(2);
    server.signal(Signal::SIGUSR2);
    server.wait_for_log(&["SIGUSR2: reloading"]);
    tree::signal(dead, Signal::SIGKILL);
    server.wait_for_log(&["all task workers are replaced"]);
    assert_eq!(generations(&server), [1, 1, 2, 2]);
    assert_eq!(server.journal.of("on_worker_error").len(), 1);
    server.stop();
}

/// A server whose later generations are long in `on_worker_start`, in a reload; and the first successor.
fn slow_reload() -> (Server, Client, u32) {
    let server = tasker().arguments(["--max-wait-time=1"]).behaviour("nap_later").start();
    let client = server.connect_to_worker(0);
    server.signal(Signal::SIGUSR1);
    let successor = server.journal.wait("on_worker_start", |entry| entry.number("worker") == 0 && entry.number("generation") == 2);
    (server, client, successor.number("pid") as u32)
}

#[test]
fn everybody_serves_on_until_the_successor_is_ready() {
    let (server, mut client, _) = slow_reload();
    client.is_served();
    assert_eq!(client.who().number("generation"), 1);
    echo_jobs(&mut client, 0..10);
    assert_eq!(generations(&server), [2, 1, 2, 1]);
    server.journal.ring_alarm();
    wait_for_generations(&server, [2; PROCESSES]);
    watch::until("a successor serves", || client.who().number("generation") == 2);
    no_worker_has_died(&server);
    server.stop();
}

#[test]
fn a_successor_that_dies_is_tried_again_and_nobody_notices() {
    let (server, mut client, successor) = slow_reload();
    tree::signal(successor, Signal::SIGKILL);
    let error = server.journal.wait("on_worker_error", |_| true);
    assert_eq!((error.text("callback"), error.number("generation")), ("on_worker_start", 2));
    client.is_served();
    assert_eq!(client.who().number("generation"), 1);
    server.journal.ring_alarm();
    wait_for_generations(&server, [2; PROCESSES]);
    watch::until("a successor serves", || client.who().number("generation") == 2);
    server.stop();
}

#[test]
fn a_successor_takes_the_place_of_one_that_dies_before_it_is_ready() {
    let (server, mut client, successor) = slow_reload();
    let dead = client.who().number("pid") as u32;
    // Its answer may come before its callback has returned.
    watch::until("it is in no callback", || tree::look(dead).is_some_and(|process| process.state == 'S'));
    tree::signal(dead, Signal::SIGKILL);
    server.journal.wait("on_worker_error", |error| error.number("pid") == u64::from(dead));
    client.say("who");
    server.journal.ring_alarm();
    assert_eq!(Entry::read(&client.line()).number("pid"), u64::from(successor));
    wait_for_generations(&server, [2; PROCESSES]);
    server.stop();
}

#[test]
fn a_new_manager_calls_off_the_successors_of_the_old_one() {
    let (server, mut client, successor) = slow_reload();
    tree::signal(server.manager(), Signal::SIGKILL);
    server.wait_for_log(&["this process takes over"]);
    watch::until("the old successor is ended", || !tree::lives(successor));
    client.is_served();
    server.journal.ring_alarm();
    wait_for_generations(&server, [2; PROCESSES]);
    server.wait_for_log(&["all task workers are replaced"]);
    server.wait_for_log(&["all workers are replaced"]);
    watch::until("a successor serves", || client.who().number("generation") == 2);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_shutdown_ends_successors_too() {
    let (mut server, _client, _) = slow_reload();
    let address = server.address();
    server.signal(Signal::SIGTERM);
    server.wait_for_end();
    server.leaves_nothing(address);
}

#[test]
fn a_reload_over_a_worker_that_cannot_start_any_more_is_given_up() {
    let server = tasker().behaviour("fail_later").start();
    let dead = server.worker(0);
    tree::signal(dead, Signal::SIGKILL);
    server.journal.wait("on_worker_error", |error| error.number("generation") == 2);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["the reload is given up, and the workers that are left stay as they are", "the database has gone"]);
    server.connect_to_worker(1).is_served();
    server.stop();
}

#[test]
fn a_shutdown_during_a_reload_ends_everything() {
    let mut server = tasker().arguments(["--max-wait-time=5"]).start();
    let address = server.address();
    let mut client = server.connect();
    client.ask("to 0 1 sleep 300");
    begun(&server, 1);
    server.signal(Signal::SIGUSR1);
    server.signal(Signal::SIGTERM);
    let status = server.wait_for_end();
    assert!(status.success(), "{status}");
    server.leaves_nothing(address);
}
