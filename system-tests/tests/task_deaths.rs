//! Jobs and their outputs when workers and task workers are killed: every job ends once, and who asked is told, or their successor.

use nix::sys::signal::Signal;
use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};
use system_tests::{
    Directory, Entry, Launch, Load, Server,
    client::wait_for_stats,
    jobs::{NEVER, PROCESSES, begun, finished, free_cells, task_worker},
    tree, watch,
};

/// How long each storm blows.
const BLOWS: Duration = Duration::from_secs(5);

fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

#[test]
fn taskwait_says_that_the_task_worker_was_killed_and_does_not_wait_on() {
    let server = tasker().start();
    let mut client = server.connect();
    for tag in 0..5 {
        // Neither the time-out nor the end of the job comes within the watchdog.
        client.say(&format!("wait {NEVER} {tag} sleep 3600000"));
        let pid = begun(&server, tag).number("pid") as u32;
        tree::signal(pid, Signal::SIGKILL);
        assert_eq!(Entry::read(&client.line()).text("error"), "WorkerDied");
        let error = server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(pid));
        assert_eq!((error.text("callback"), error.text("session"), error.text("signal")), ("on_task", "", "9"));
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {} echo 3", 100 + tag)).number("length"), 3);
    }
    server.wait_for_all_processes(PROCESSES);
    server.stop();
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
