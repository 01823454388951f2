//! Task workers: jobs reach them, outputs come back, and every job ends once, whoever dies.

use nix::sys::signal::Signal;
use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};
use system_tests::{Directory, Entry, Launch, Load, Server, client::wait_for_stats, tree, watch};

/// How long each storm blows.
const BLOWS: Duration = Duration::from_secs(5);

/// The processes of a tasker: two workers, and two task workers behind them.
const PROCESSES: usize = 4;
const FIRST_TASK_WORKER: u64 = 2;

/// Longer than the watchdog lets any test take: who waits so long in a call waits in vain.
const NEVER: &str = "60000";

fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

fn task_worker(server: &Server, number: u64) -> u32 {
    server.worker(FIRST_TASK_WORKER + number)
}

/// Waits until this job has begun; who is at it.
fn begun(server: &Server, tag: u64) -> Entry {
    server.journal.wait("begun", |entry| entry.number("tag") == tag)
}

fn finished(server: &Server, tag: u64) -> Entry {
    server.journal.wait("finished", |entry| entry.number("tag") == tag)
}

fn stop_process(pid: u32) {
    tree::signal(pid, Signal::SIGSTOP);
    watch::until("the process is stopped", || tree::look(pid).is_some_and(|process| process.state == 'T'));
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
    let answer = client.ask("wait 20000 7 send");
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
fn taskwait_says_at_once_that_the_task_worker_was_killed() {
    let server = tasker().start();
    let mut client = server.connect();
    for tag in 0..5 {
        client.say(&format!("wait 20000 {tag} sleep 60000"));
        let pid = begun(&server, tag).number("pid") as u32;
        let killed = Instant::now();
        tree::signal(pid, Signal::SIGKILL);
        assert_eq!(Entry::read(&client.line()).text("error"), "WorkerDied");
        let told = killed.elapsed();
        eprintln!("told after {told:?}");
        assert!(told < Duration::from_secs(20), "not at the time-out");
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(pid));
        assert_eq!((error.text("callback"), error.text("session"), error.text("signal")), ("on_task", "", "9"));
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {} echo 3", 100 + tag)).number("length"), 3);
    }
    server.wait_for_all_processes(PROCESSES);
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
    stop_process(stopped);
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
    for (tag, what) in [(1, "task"), (2, "wait 20000")] {
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

/// How many cells of each worker are free: with both task workers stopped, so many jobs can be queued, and no more.
fn free_cells(server: &Server, tag: u64) -> [u64; 2] {
    let stopped = [task_worker(server, 0), task_worker(server, 1)];
    stopped.iter().for_each(|&pid| stop_process(pid));
    let counts = [0, 1].map(|worker| {
        let mut client = server.connect_to_worker(worker);
        let many = client.ask_fields(&format!("many 100000 {} echo 10", tag + worker * 10_000));
        assert_eq!(many.text("then"), "QueueFull");
        // Nothing blocks.
        assert_eq!(client.ask_fields("task 999999 echo 1").text("error"), "QueueFull");
        assert_eq!(client.ask_fields("with 999998 echo 1").text("error"), "QueueFull");
        assert_eq!(client.ask_fields(&format!("wait {NEVER} 999997 echo 1")).text("error"), "QueueFull");
        assert_eq!(client.ask(&format!("multi {NEVER} 999996 echo")), "QueueFull");
        client.is_served();
        many.number("count")
    });
    stopped.iter().for_each(|&pid| tree::signal(pid, Signal::SIGCONT));
    watch::until("what was queued is finished", || {
        let tags: HashSet<u64> = server.journal.of("finished").iter().map(|entry| entry.number("tag")).collect();
        (0..2).all(|worker| (0..counts[worker as usize]).all(|at| tags.contains(&(tag + worker * 10_000 + at))))
    });
    counts
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

/// The jobs of a storm.
const JOBS: &[&str] = &["echo 10", "sleep 3", "echo 9000", "sleep 1", "early 20"];

/// What became of every job, by its tag.
#[derive(Default, Debug, Clone)]
struct Fate {
    id: Option<u64>,
    begun: u32,
    done: u32,
    finished: u32,
    /// Told as an error, or dropped.
    died: u32,
    refused: u32,
    waited_for: bool,
}

fn fates(server: &Server) -> HashMap<u64, Fate> {
    let mut fates: HashMap<u64, Fate> = HashMap::new();
    for entry in server.journal.entries() {
        if !matches!(entry.callback.as_str(), "queued" | "begun" | "done" | "finished" | "ended" | "dropped" | "refused") {
            continue;
        }
        let fate = fates.entry(entry.number("tag")).or_default();
        match entry.callback.as_str() {
            "queued" => fate.id = Some(entry.number("id")),
            "begun" => {
                fate.begun += 1;
                fate.id = Some(entry.number("id"));
            }
            "done" => fate.done += 1,
            "finished" => {
                fate.finished += 1;
                fate.waited_for |= entry.text("how") == "wait";
            }
            "ended" => {
                assert_eq!(entry.text("error"), "WorkerDied", "{entry:?}");
                fate.died += 1;
            }
            "dropped" => fate.died += 1,
            "refused" => fate.refused += 1,
            _ => {}
        }
    }
    let log = server.log();
    let told: HashSet<u64> =
        log.iter().filter_map(|line| line.split_once("on_finish: task ")?.1.split_once(": the task worker died")?.0.parse().ok()).collect();
    for fate in fates.values_mut() {
        // A closure that was dropped is logged too.
        if fate.died == 0 && fate.id.is_some_and(|id| told.contains(&id)) {
            fate.died = 1;
        }
    }
    fates
}

/// All that were seen have ended, or the watchdog barks and tells which have not.
fn wait_for_all_ends(server: &Server, lost_for_good: impl Fn(&Server) -> usize) -> HashMap<u64, Fate> {
    let mut all = HashMap::new();
    watch::until_or("every job has ended", || {
        all = fates(server);
        let open: Vec<_> = all.iter().filter(|(_, fate)| fate.finished + fate.died + fate.refused == 0).collect();
        if open.len() <= lost_for_good(server) { Ok(()) } else { Err(format!("{open:?}")) }
    });
    for (tag, fate) in &all {
        assert!(fate.begun <= 1 && fate.done <= 1, "begun once: {tag}: {fate:?}");
        assert!(fate.finished + fate.died + fate.refused <= 1, "ended once: {tag}: {fate:?}");
    }
    all
}

#[test]
fn task_workers_may_be_killed_again_and_again_and_every_job_ends_once() {
    let directory = Directory::new();
    let server = tasker().arguments([directory.argument().as_str()]).start();
    let load = Load::begin(server.address(), 6, JOBS);
    let (start, mut kills) = (Instant::now(), 0);
    while start.elapsed() < BLOWS {
        thread::sleep(Duration::from_millis(100));
        tree::signal(task_worker(&server, kills % 2), Signal::SIGKILL);
        kills += 1;
    }
    let asked = load.calm_down();
    let all = wait_for_all_ends(&server, |_| 0);
    let count = |fact: fn(&Fate) -> bool| all.values().filter(|fate| fact(fate)).count();
    let (begun, done, died) = (count(|fate| fate.begun == 1), count(|fate| fate.finished == 1), count(|fate| fate.died == 1));
    eprintln!("{kills} kills, {asked} asked, {begun} begun, {done} finished, {died} died");
    assert!(asked > 300 && died > 3, "it was a storm");
    assert_eq!(all.len(), done + died + count(|fate| fate.refused == 1));
    assert!(begun <= done + died && died <= kills as usize, "no more died than were killed");
    assert_eq!(server.journal.of("on_worker_error").iter().filter(|error| error.text("signal") != "9").count(), 0);
    server.wait_for_all_processes(PROCESSES);
    assert_eq!(free_cells(&server, 100_000_000), [128, 128]);
    server.connect().is_served();
    wait_for_stats(server.address(), "the counts add up", |stats| {
        let count = |name: &str| [2, 3].map(|id| stats.number(&format!("{name}{id}"))).iter().sum::<u64>();
        let handed_over: u64 = [0, 1].map(|id| stats.number(&format!("tasks{id}"))).iter().sum();
        eprintln!("{} begun, {} done, {} died, {handed_over} handed over", count("requests"), count("tasks"), count("died"));
        stats.number("tasking") == 0
            && count("requests") == count("tasks") + count("died")
            && count("requests") == handed_over
            && stats.number("tasks") == handed_over
            && (died as u64..=kills).contains(&count("died"))
    });
    // Task workers were killed over files, too.
    assert_eq!(directory.files(), Vec::<String>::new());
    server.stop();
}

#[test]
fn workers_may_be_killed_again_and_again_and_results_reach_a_successor() {
    let directory = Directory::new();
    let server = tasker().arguments([directory.argument().as_str()]).start();
    let load = Load::begin(server.address(), 6, JOBS);
    let (start, mut kills) = (Instant::now(), 0);
    while start.elapsed() < BLOWS {
        thread::sleep(Duration::from_millis(100));
        tree::signal(server.worker(kills % 2), Signal::SIGKILL);
        kills += 1;
    }
    let asked = load.calm_down();
    // Whose worker died in it, or in the call that waited for it.
    let cut_off = |server: &Server| {
        let in_one = |error: &Entry| matches!(error.text("callback"), "on_finish" | "on_receive");
        server.journal.of("on_worker_error").iter().filter(|error| in_one(error)).count()
    };
    let all = wait_for_all_ends(&server, cut_off);
    let lost = all.values().filter(|fate| fate.finished == 0).count();
    let inherited = server.journal.of("finished").iter().filter(|entry| entry.text("how") == "on_finish").count();
    eprintln!("{kills} kills, {asked} asked, {} jobs, {lost} without an end, {inherited} to on_finish", all.len());
    assert!(asked > 300, "it was a storm");
    assert!(all.values().all(|fate| fate.died == 0), "no task worker died");
    server.wait_for_all_processes(PROCESSES);
    assert_eq!(free_cells(&server, 100_000_000), [128, 128]);
    server.connect().is_served();
    assert_eq!(directory.files(), Vec::<String>::new());
    server.stop();
    assert_eq!(directory.entries(), Vec::<String>::new());
}

#[test]
fn the_output_of_a_dead_workers_job_comes_to_on_finish_of_its_successor() {
    let server = tasker().start();
    let mut client = server.connect_to_worker(0);
    client.ask("task 1 nap");
    client.ask("with 2 nap");
    (1..=2).for_each(|tag| drop(begun(&server, tag)));
    client.ask("task 3 echo 5");
    let dead = server.wait_until_idle(0);
    tree::signal(dead, Signal::SIGKILL);
    assert_eq!(client.who().number("generation"), 2);
    server.journal.ring_alarm();
    for tag in 1..=3 {
        let end = finished(&server, tag);
        assert_eq!((end.text("how"), end.number("worker"), end.number("wpid")), ("on_finish", 0, u64::from(server.worker(0))));
    }
    server.stop();
}

#[test]
fn everybody_may_be_killed_at_random_and_every_job_ends_at_most_once() {
    let server = tasker().start();
    let load = Load::begin(server.address(), 6, JOBS);
    let (start, mut round) = (Instant::now(), 0_u64);
    while start.elapsed() < BLOWS {
        thread::sleep(Duration::from_millis(70));
        match round % 7 {
            6 => tree::signal(server.manager(), Signal::SIGKILL),
            at => tree::signal(server.worker(at * 3 % 4), Signal::SIGKILL),
        }
        round += 1;
    }
    let asked = load.calm_down();
    server.wait_for_all_processes(PROCESSES);
    // A closure is dropped with its worker, and a report may be lost with its manager: what has no end is bounded by the kills.
    let all = wait_for_all_ends(&server, |_| round as usize);
    eprintln!("{round} kills, {asked} asked, {} jobs", all.len());
    assert_eq!(free_cells(&server, 100_000_000), [128, 128]);
    server.connect().is_served();
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
