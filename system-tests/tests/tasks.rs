//! Task workers: jobs reach them, outputs come back, and each job has one end.

use nix::sys::signal::Signal;
use std::collections::HashMap;
use system_tests::{
    Directory, Entry, Launch,
    jobs::{NEVER, PROCESSES, begun, finished, free_cells, task_worker},
    tree, watch,
};

fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

#[test]
fn an_output_comes_to_on_finish_of_the_worker_that_asked() {
    let server = tasker().start();
    for worker in [0, 1, 0] {
        let mut client = server.connect_to_worker(worker);
        let tag = 10 + worker;
        let queued = client.ask_fields(&format!("task {tag} echo 100"));
        let output = Entry::read(&client.line());
        assert_eq!((queued.callback.as_str(), output.number("tag"), output.text("how")), ("queued", tag, "on_finish"));
        assert_eq!((output.number("worker"), output.number("asker")), (worker, worker));
        assert_eq!((output.number("length"), output.text("whole")), (100, "true"));
        let noted = server.journal.wait("finished", |entry| entry.text("id") == queued.text("id"));
        assert_eq!(noted.number("wpid"), u64::from(server.worker(worker)));
    }
    server.stop();
}

#[test]
fn a_closure_runs_in_the_place_of_on_finish() {
    let server = tasker().start();
    let mut client = server.connect_to_worker(1);
    client.ask("with 1 echo 5");
    let output = Entry::read(&client.line());
    assert_eq!((output.number("tag"), output.text("how"), output.number("worker")), (1, "closure", 1));
    assert_eq!(server.journal.of("finished").len(), 1);
    assert_eq!(server.journal.of("dropped"), []);
    server.stop();
}

#[test]
fn task_to_goes_to_that_task_worker_and_no_other() {
    let server = tasker().start();
    let mut client = server.connect();
    for round in 0..10 {
        client.ask(&format!("to {} {round} echo 1", round % 2));
        assert_eq!(Entry::read(&client.line()).number("by"), round % 2);
    }
    assert_eq!(client.ask_fields("to 2 99 echo 1").text("error"), "NoSuchTaskWorker");
    server.stop();
}

#[test]
fn a_task_worker_sends_to_sessions() {
    let server = tasker().start();
    let mut client = server.connect();
    let answer = client.ask(&format!("wait {NEVER} 7 send"));
    let mut both = [answer, client.line()];
    both.sort();
    assert!(both[0].starts_with("finished tag=7") && both[1] == "from job 7", "{both:?}");
    server.stop();
}

#[test]
fn taskwait_returns_the_output() {
    let server = tasker().start();
    let mut client = server.connect();
    for tag in 0..200 {
        let output = client.ask_fields(&format!("wait {NEVER} {tag} echo {tag}"));
        assert_eq!((output.callback.as_str(), output.number("tag")), ("finished", tag));
        assert_eq!((output.number("length"), output.text("whole")), (tag, "true"));
    }
    server.stop();
}

#[test]
fn taskwait_multi_keeps_the_order_and_leaves_out_what_is_late() {
    let server = tasker().start();
    let mut client = server.connect();
    assert_eq!(client.ask(&format!("multi {NEVER} 0 sleep:50,echo:1,sleep:10,echo:9000,sleep:1")), "0 1 2 3 4");
    // One of the two task workers is busy for good; the second one never comes to an end, nor the last to a beginning.
    assert_eq!(client.ask("multi 1000 10 nap,echo:1,sleep:20,echo:1,nap,echo:1"), "- 11 12 13 - -");
    server.journal.ring_alarm();
    assert_eq!(client.ask(&format!("multi {NEVER} 20 echo:1,echo:1")), "20 21");
    // Those that came too late are nobody's.
    assert!(server.journal.of("finished").is_empty());
    // More than there are cells, a death in the middle of it.
    let all: Vec<String> = (0..400).map(|at| if at == 200 { "die".to_owned() } else { format!("echo:{at}") }).collect();
    let awaited: Vec<String> = (0..400).map(|at| if at == 200 { "-".to_owned() } else { (1000 + at).to_string() }).collect();
    assert_eq!(client.ask(&format!("multi {NEVER} 1000 {}", all.join(","))), awaited.join(" "));
    server.stop();
}

#[test]
fn a_wait_after_a_time_out_gets_its_own_output() {
    let server = tasker().start();
    let mut client = server.connect();
    for round in 0..30 {
        let (late, next) = (round * 2, round * 2 + 1);
        assert_eq!(client.ask_fields(&format!("wait 5 {late} sleep {}", 5 + round * 2)).text("tag").parse(), Ok(late));
        let output = client.ask_fields(&format!("wait {NEVER} {next} echo {next}"));
        assert_eq!((output.number("tag"), output.number("length")), (next, next), "{output:?}");
    }
    server.stop();
}

#[test]
fn a_job_that_timed_out_before_it_began_never_runs() {
    let server = tasker().start();
    let mut client = server.connect();
    (0..2).for_each(|at| drop(client.ask(&format!("to {at} {at} nap"))));
    (0..2).for_each(|at| drop(begun(&server, at)));
    assert_eq!(client.ask_fields("wait 50 5 echo 1").text("error"), "TimedOut");
    server.journal.ring_alarm();
    (0..2).for_each(|_| drop(client.line()));
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 6 echo 1")).number("tag"), 6);
    assert_eq!(server.journal.of("begun").iter().filter(|entry| entry.number("tag") == 5).count(), 0);
    server.stop();
}

#[test]
fn a_panic_an_exit_and_an_abort_end_one_job_and_no_other() {
    let server = tasker().start();
    let (mut client, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
    for (tag, (what, exit, signal)) in
        (0..).zip([("panic", None, ""), ("exit", Some("3"), ""), ("abort", Some(""), "6"), ("die", Some(""), "9")])
    {
        other.say(&format!("wait {NEVER} {} sleep 300", 100 + tag));
        begun(&server, 100 + tag);
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {tag} {what}")).text("error"), "WorkerDied", "{what}");
        let at = begun(&server, tag);
        let error = server.journal.wait("on_worker_error", |entry| entry.text("pid") == at.text("pid"));
        assert_eq!((error.text("callback"), error.text("signal")), ("on_task", signal), "{what}");
        assert!(exit.is_none_or(|exit| error.text("exit") == exit), "{error:?}");
        assert_eq!(Entry::read(&other.line()).number("tag"), 100 + tag, "{what}");
        assert_ne!(u64::from(task_worker(&server, at.number("by"))), at.number("pid"), "it is replaced");
        // By `on_finish` and by a closure: nothing comes, and it is logged.
        let id = client.ask_fields(&format!("task {} {what}", 200 + tag)).number("id");
        server.wait_for_log(&[&format!("task {id}:"), "died"]);
        client.ask(&format!("with {} {what}", 300 + tag));
        server.journal.wait("dropped", |entry| entry.number("tag") == 300 + tag);
        client.is_served();
    }
    server.wait_for_log(&["panic in on_task", "asked to panic in a job"]);
    server.wait_for_all_processes(PROCESSES);
    for tag in 0..20 {
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {tag} echo 1")).callback, "finished");
    }
    server.stop();
}

#[test]
fn an_output_that_was_sent_early_is_the_one_that_comes() {
    let server = tasker().start();
    let mut client = server.connect();
    let output = client.ask_fields(&format!("wait {NEVER} 1 early 50"));
    assert_eq!((output.number("length"), output.text("whole")), (50, "true"));
    let early = server.journal.wait("early", |_| true);
    assert_eq!((early.text("first"), early.text("second")), ("Ok(())", "Err(TimedOut)"));
    client.ask("task 2 early 60");
    assert_eq!(Entry::read(&client.line()).number("length"), 60);
    // Who dies behind it has not lost it.
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 3 finish_and_die")).callback, "finished");
    client.ask("task 4 finish_and_die");
    assert_eq!(Entry::read(&client.line()).number("tag"), 4);
    assert_eq!(server.journal.of("finished").len(), 4);
    server.stop();
}

#[test]
fn a_job_that_cannot_be_read_is_an_error_and_no_death() {
    let server = tasker().start();
    let mut client = server.connect();
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 1 fickle")).text("error"), "Unreadable");
    let id = client.ask_fields("task 2 fickle").number("id");
    server.wait_for_log(&["on_finish", &format!("task {id}:"), "could not be read"]);
    assert_eq!(client.ask_fields(&format!("wait {NEVER} 3 echo 1")).callback, "finished");
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.stop();
}

#[test]
fn a_panic_over_an_output_ends_one_worker_and_its_successor_gets_the_other_outputs() {
    let server = tasker().start();
    let mut client = server.connect_to_worker(0);
    for (round, how) in ["task", "with"].into_iter().enumerate() {
        let tag = round as u64 * 10;
        let before = server.worker(0);
        (0..2).for_each(|at| drop(client.ask(&format!("task {} sleep 300", tag + at))));
        assert_eq!(client.ask_fields(&format!("{how} {} panic_afterwards", tag + 2)).callback, "queued");
        client.ask(&format!("task {} echo 1", tag + 3));
        for tag in [tag, tag + 1, tag + 3] {
            finished(&server, tag);
        }
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(before));
        assert_eq!((error.text("callback"), error.text("session")), ("on_finish", ""));
        server.wait_for_log(&["panic in on_finish", "asked to panic over an output"]);
        client = server.connect_to_worker(0);
    }
    assert_eq!(server.journal.of("finished").len(), 6, "it is not tried again");
    assert_eq!(server.journal.of("on_worker_error").len(), 2);
    server.stop();
}

#[test]
fn in_turn_each_task_worker_gets_every_second_job() {
    let server = tasker().arguments(["--task-dispatch=round_robin"]).start();
    let mut client = server.connect();
    let by: Vec<u64> = (0..10).map(|tag| client.ask_fields(&format!("wait {NEVER} {tag} echo 1")).number("by")).collect();
    assert!(by.windows(2).all(|two| two[0] != two[1]), "{by:?}");
    // One that dies keeps its turn: what was for it is for its successor.
    let stopped = task_worker(&server, 0);
    tree::stop(stopped);
    assert_eq!(client.ask_fields("many 10 100 sleep 1").number("count"), 10);
    watch::until("the other one has done its half", || server.journal.of("finished").len() == 10 + 5);
    tree::signal(stopped, Signal::SIGKILL);
    (100..110).for_each(|tag| drop(finished(&server, tag)));
    server.stop();
}

#[test]
fn a_thousand_jobs_at_once_keep_their_order() {
    let server = tasker().start();
    let mut client = server.connect();
    let jobs: Vec<String> = (0..1024).map(|at| if at % 100 == 50 { "sleep:5".to_owned() } else { format!("echo:{at}") }).collect();
    let awaited: Vec<String> = (0..1024).map(|at| at.to_string()).collect();
    assert_eq!(client.ask(&format!("multi {NEVER} 0 {}", jobs.join(","))), awaited.join(" "));
    assert_eq!(client.ask(&format!("multi {NEVER} 0 {},echo:1", jobs.join(","))), "QueueFull");
    client.is_served();
    server.stop();
}

#[test]
fn two_thousand_jobs_in_one_callback_are_done_in_their_order() {
    let server = tasker().arguments(["--task-workers=1", "--task-queue=2048"]).start();
    let mut client = server.connect();
    client.ask("task 0 sleep 300");
    let many = client.ask_fields("many 2047 1 echo 3000");
    assert_eq!((many.number("count"), many.text("then")), (2047, ""), "none is refused while the only task worker sleeps");
    let outputs: HashMap<u64, Entry> =
        (0..2048).map(|_| Entry::read(&client.line())).map(|output| (output.number("tag"), output)).collect();
    assert!(outputs.len() == 2048 && outputs.values().all(|output| output.text("whole") == "true"));
    let begun: Vec<(u64, u64)> = server.journal.of("begun").iter().map(|entry| (entry.number("tag"), entry.number("id"))).collect();
    let first = begun[0].1;
    assert!(begun.iter().all(|(tag, id)| id - first == *tag), "the numbers of jobs rise by one");
    server.stop();
}

#[test]
fn a_job_of_16_mib_goes_both_ways_and_leaves_no_file() {
    let directory = Directory::new();
    let server = tasker().arguments([directory.argument().as_str()]).start();
    let mut client = server.connect();
    for (tag, what) in [(1, "task".to_owned()), (2, format!("wait {NEVER}"))] {
        client.ask(&format!("{what} {tag} echo {}", 16 << 20));
    }
    let output = finished(&server, 1);
    assert_eq!((output.number("length"), output.text("whole")), (16 << 20, "true"));
    assert_eq!(finished(&server, 2).text("whole"), "true");
    server.stop();
    assert_eq!(directory.files(), Vec::<String>::new());
}

#[test]
fn no_job_waits_behind_a_stuck_task_worker() {
    let server = tasker().start();
    let (mut one, mut two) = (server.connect_to_worker(0), server.connect_to_worker(1));
    one.ask("task 1 nap");
    let stuck = begun(&server, 1).number("by");
    for tag in 10..60 {
        let client = if tag % 2 == 0 { &mut one } else { &mut two };
        client.ask(&format!("task {tag} echo 10"));
        let output = Entry::read(&client.line());
        assert_eq!((output.number("tag"), output.number("by")), (tag, 1 - stuck));
    }
    assert_eq!(one.ask_fields("many 60 100 sleep 1").number("count"), 60);
    assert_eq!(two.ask_fields("many 60 200 sleep 1").number("count"), 60);
    for tag in (100..160).chain(200..260) {
        assert_eq!(finished(&server, tag).number("by"), 1 - stuck);
    }
    assert!(server.journal.of("done").iter().all(|entry| entry.number("tag") != 1), "it is stuck still");
    server.journal.ring_alarm();
    assert_eq!(finished(&server, 1).number("by"), stuck);
    server.stop();
}

#[test]
fn the_jobs_of_a_stuck_worker_are_done_meanwhile() {
    let server = tasker().start();
    let (mut one, mut two) = (server.connect_to_worker(0), server.connect_to_worker(1));
    assert_eq!(one.ask("many_and_nap 100 0 echo 100"), "napping");
    (0..100).for_each(|tag| drop(server.journal.wait("done", |entry| entry.number("tag") == tag)));
    assert_eq!(server.journal.of("finished"), [], "it is stuck still");
    assert_eq!(two.ask_fields(&format!("wait {NEVER} 1000 echo 1")).callback, "finished");
    server.journal.ring_alarm();
    (0..100).for_each(|tag| drop(finished(&server, tag)));
    server.stop();
}

#[test]
fn a_full_queue_is_said_and_nothing_blocks_and_afterwards_it_takes_jobs_again() {
    let server = tasker().arguments(["--task-queue=20"]).start();
    for round in 1..=3 {
        assert_eq!(free_cells(&server, round * 100_000), [20, 20]);
    }
    assert_eq!(server.connect().ask_fields(&format!("wait {NEVER} 1 echo 1")).callback, "finished");
    server.stop();
}

#[test]
fn the_stats_know_the_task_workers_and_count_their_jobs() {
    let server = tasker().start();
    let mut client = server.connect();
    for tag in 0..10 {
        client.ask(&format!("wait {NEVER} {tag} echo 1"));
    }
    let stats = client.ask_fields("stats");
    assert_eq!((stats.text("state2"), stats.text("state3")), ("Ready", "Ready"));
    assert_eq!(stats.number("requests2") + stats.number("requests3"), 10);
    server.stop();
}
