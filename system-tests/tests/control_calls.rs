//! What callbacks ask of the server: the state of a worker, another one in its place, reloads.

use nix::sys::signal::Signal;
use system_tests::{Launch, Place, Server, tree, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

#[test]
fn callbacks_of_a_worker_ask_for_reloads_and_for_another_in_a_place() {
    let server = scripted().start();
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
    let server = scripted().arguments(["--max-wait-time=1"]).start();
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
        let server = scripted().behaviour(behaviour).start();
        others(&server);
        server.connect().is_served();
        server.stop();
    }
    let server = scripted().behaviour("stop_worker_1_on_error").start();
    server.wait_until_idle(1);
    tree::signal(server.worker(0), Signal::SIGKILL);
    let stop = server.journal.wait("stop", |_| true);
    assert_eq!(stop.text("done"), "true");
    server.journal.wait("on_worker_start", |start| start.number("worker") == 1 && start.number("generation") == 2);
    server.stop();
}
