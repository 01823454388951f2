//! Hot code update: the program at the server's path is another one, a reload runs it, and every connection stays. One that cannot take over
//! changes nothing.

use nix::sys::signal::Signal;
use std::{fs, path::Path, thread, time::Duration};
use system_tests::{Client, Launch, Place, Server, tree, watch};

const ONE: &str = env!("CARGO_BIN_EXE_version_one");
const TWO: &str = env!("CARGO_BIN_EXE_version_two");
const OTHER: &str = env!("CARGO_BIN_EXE_version_other");

/// Two workers and a task worker.
const PROCESSES: usize = 3;

fn reload(server: &Server, signal: Signal, ends_with: &str) {
    let count = |server: &Server| server.log().iter().filter(|line| line.contains(ends_with)).count();
    let before = count(server);
    server.signal(signal);
    watch::until("the reload ends", || count(server) > before);
}

/// What all connections say.
fn versions(clients: &mut [Client]) -> Vec<String> {
    clients.iter_mut().map(|client| client.ask("version")).collect()
}

fn connected(server: &Server) -> Vec<Client> {
    (0..6).map(|_| server.connect()).collect()
}

#[test]
fn a_reload_runs_the_program_that_lies_there_and_connections_stay() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let mut clients = connected(&server);
    assert_eq!(versions(&mut clients), ["version 1"; 6]);
    for (program, version) in [(TWO, 2), (ONE, 1), (TWO, 2), (TWO, 2)] {
        place.install(program);
        reload(&server, Signal::SIGUSR1, "all workers are replaced");
        assert_eq!(versions(&mut clients), vec![format!("version {version}"); 6]);
        watch::until("the task worker is new", || clients[0].ask("task") == format!("task by {version}"));
    }
    assert_eq!(server.journal.of("on_worker_error"), []);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn sigusr2_updates_the_task_workers_alone() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let mut clients = connected(&server);
    place.install(TWO);
    reload(&server, Signal::SIGUSR2, "all task workers are replaced");
    assert_eq!(versions(&mut clients), ["version 1"; 6]);
    assert_eq!(clients[0].ask("task"), "task by 2");
    server.stop();
}

#[test]
fn what_dies_after_an_update_comes_back_as_the_new_program_whatever_lies_there_by_then() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    place.install(ONE);
    for kill_the_manager in [false, true] {
        if kill_the_manager {
            tree::signal(server.manager(), Signal::SIGKILL);
            server.wait_for_log(&["this process takes over"]);
        }
        for worker in 0..2 {
            let dead = server.worker(worker);
            tree::signal(dead, Signal::SIGKILL);
            server.journal.wait("on_worker_error", |error| error.number("pid") == u64::from(dead));
            assert_eq!(server.connect_to_worker(worker).ask("version"), "version 2");
        }
    }
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_program_that_was_reloaded_as_it_was_outlives_its_file_and_the_manager() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    place.write(b"not a program", 0o755);
    tree::signal(server.manager(), Signal::SIGKILL);
    server.wait_for_log(&["this process takes over"]);
    for worker in 0..2 {
        let dead = server.worker(worker);
        tree::signal(dead, Signal::SIGKILL);
        server.journal.wait("on_worker_error", |error| error.number("pid") == u64::from(dead));
        assert_eq!(server.connect_to_worker(worker).ask("version"), "version 1");
    }
    assert_eq!(server.journal.of("on_worker_error").len(), 2);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn each_reload_runs_what_lies_there_then_whatever_the_other_group_has_run() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let mut clients = connected(&server);
    reload(&server, Signal::SIGUSR2, "all task workers are replaced");
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    assert_eq!(versions(&mut clients), ["version 2"; 6]);
    // A worker is what workers are, and a task worker what task workers are.
    place.install(ONE);
    reload(&server, Signal::SIGUSR2, "all task workers are replaced");
    let dead = server.worker(0);
    tree::signal(dead, Signal::SIGKILL);
    server.journal.wait("on_worker_error", |error| error.number("pid") == u64::from(dead));
    assert_eq!(server.connect_to_worker(0).ask("version"), "version 2");
    assert_eq!(server.connect().ask("task"), "task by 1");
    server.stop();
}

#[test]
fn a_better_program_reaches_a_worker_that_keeps_dying() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    for _ in 0..5 {
        tree::signal(server.worker(0), Signal::SIGKILL);
    }
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    assert_eq!(server.connect_to_worker(0).ask("version"), "version 2");
    assert_eq!(server.connect_to_worker(1).ask("version"), "version 2");
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

/// A reload that fails: why the log says it does, and everything is as it was.
fn nothing_changes(spoil: impl FnOnce(&Place), why: &[&str]) {
    let place = Place::installed(ONE);
    let server = place.launch().arguments(["--ready-timeout=1"]).start();
    let mut clients = connected(&server);
    let before: Vec<u32> = (0..PROCESSES as u64).map(|worker| server.worker(worker)).collect();
    spoil(&place);
    reload(&server, Signal::SIGUSR1, "the reload is given up, and the workers that are left stay as they are");
    let said = server.wait_for_log(&[&["the reload is given up, and the workers"], why].concat());
    eprintln!("{said}");
    assert_eq!(versions(&mut clients), ["version 1"; 6]);
    assert_eq!(clients[0].ask("task"), "task by 1");
    let pids = |server: &Server| server.processes().into_iter().map(|process| process.pid).collect::<Vec<_>>();
    watch::until("nothing but the old processes is there", || pids(&server).len() == PROCESSES + 3);
    assert!(before.iter().all(|pid| pids(&server).contains(pid)));
    // A better program, and the next reload is through.
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    assert_eq!(versions(&mut clients), ["version 2"; 6]);
    server.stop();
}

#[test]
fn a_program_that_ends_changes_nothing() {
    nothing_changes(|place| place.install("/bin/false"), &["exited with code 1"]);
}

#[test]
fn a_program_that_ends_well_and_at_once_changes_nothing() {
    nothing_changes(|place| place.install("/bin/true"), &["exited with code 0"]);
}

#[test]
fn a_file_that_is_no_program_changes_nothing() {
    nothing_changes(|place| place.write(b"not a program", 0o755), &["the program cannot be run"]);
}

#[test]
fn a_program_that_may_not_be_run_changes_nothing() {
    nothing_changes(|place| place.write(&fs::read(TWO).expect("it is there"), 0o644), &["the program cannot be run", "Permission denied"]);
}

#[test]
fn a_program_that_is_gone_changes_nothing() {
    nothing_changes(|place| fs::remove_file(place.program()).expect("it is there"), &["cannot be opened"]);
}

#[test]
fn a_program_that_is_not_ready_in_time_changes_nothing() {
    let place = Place::installed(ONE);
    let server = place.launch().arguments(["--ready-timeout=1"]).behaviour("nap_later").start();
    let mut clients = connected(&server);
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "the reload is given up, and the workers that are left");
    server.wait_for_log(&["the successor of worker 0 was not ready within ready_timeout"]);
    assert_eq!(versions(&mut clients), ["version 1"; 6]);
    server.journal.ring_alarm();
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    assert_eq!(versions(&mut clients), ["version 2"; 6]);
    server.wait_for_all_processes(PROCESSES);
    server.stop();
}

#[test]
fn a_program_with_another_setting_changes_nothing() {
    nothing_changes(
        |place| place.install(OTHER),
        &["`max_conn` is 2000 in the program at the server's path, and 1000 in the server that runs"],
    );
}

#[test]
fn a_program_of_another_layout_changes_nothing() {
    nothing_changes(|place| place.install(env!("CARGO_BIN_EXE_version_talkative")), &["the layout"]);
}

#[test]
fn a_program_with_other_user_processes_changes_nothing() {
    let place = Place::installed(env!("CARGO_BIN_EXE_companion"));
    let server = place.launch().arguments(["--reload=exec"]).start();
    let before = [server.worker(0), server.worker(1)];
    place.install(ONE);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["`add_process` is nothing in the program at the server's path, and helper, clock in the server that runs"]);
    server.wait_for_log(&["the reload is given up, and the user processes that are left stay as they are"]);
    assert_eq!([server.worker(0), server.worker(1)], before);
    server.connect().is_served();
    server.stop();
}

#[test]
fn a_program_without_the_on_lost_for_which_things_are_kept_changes_nothing() {
    let place = Place::installed(env!("CARGO_BIN_EXE_mourner"));
    let server = place.launch().arguments(["--reload=exec"]).start();
    let before = [server.worker(0), server.worker(1)];
    place.install(ONE);
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["`on_lost` is nothing in the program at the server's path, and there in the server that runs"]);
    server.wait_for_log(&["the reload is given up, and the workers that are left stay as they are"]);
    assert_eq!([server.worker(0), server.worker(1)], before);
    server.connect().is_served();
    server.stop();
}

#[test]
fn a_link_that_leads_elsewhere_is_followed() {
    let place = Place::installed(ONE);
    let link = place.path("current");
    let lead = |to: &str| {
        let new = place.path("new");
        std::os::unix::fs::symlink(to, &new).expect("a link can be made");
        fs::rename(new, &link).expect("it can be renamed");
    };
    lead(ONE);
    let server = Launch::new(&link.to_string_lossy()).start();
    let mut clients = connected(&server);
    lead(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    assert_eq!(versions(&mut clients), ["version 2"; 6]);
    server.stop();
}

#[test]
fn a_command_that_a_new_worker_starts_is_no_worker() {
    let place = Place::installed(ONE);
    let server = place.launch().start();
    place.install(TWO);
    reload(&server, Signal::SIGUSR1, "all workers are replaced");
    let worker = server.worker(0);
    let environment = fs::read(format!("/proc/{worker}/environ")).expect("it is there");
    let variable = environment.split(|&byte| byte == 0).find_map(|variable| variable.strip_prefix(b"SWOOLE_ATTACH=")).expect("it has it");
    // As what it starts inherits it: another process, and nothing behind the number.
    let value = String::from_utf8_lossy(variable).into_owned();
    let second = Launch::new(ONE).environment("SWOOLE_ATTACH", &value).start();
    second.connect().is_served();
    second.stop();
    server.stop();
}

#[test]
fn updates_under_load_lose_nothing() {
    use system_tests::storm::{Storm, Wind};
    let place = Place::installed(ONE);
    let server = place.launch().start();
    let storm = Storm::begin(server.address(), Wind { connections: 16, size: 64, depth: 4 });
    for round in 0..20 {
        place.install(if round % 2 == 0 { TWO } else { ONE });
        reload(&server, Signal::SIGUSR1, "all workers are replaced");
        thread::sleep(Duration::from_millis(30));
    }
    let tally = storm.calm_down();
    assert!(tally.echoed > 1000, "{tally:?}");
    assert_eq!((tally.lost, tally.corrupt, tally.dropped.len()), (0, 0, 0), "{tally:?}");
    server.wait_for_all_processes(PROCESSES);
    assert!(Path::new(&place.program()).exists());
    server.stop();
}
