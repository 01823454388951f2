//! The life of a server that nothing happens to: it listens, calls back in order, and ends when it is asked to, leaving nothing.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use system_tests::{End, Launch, Server, tree, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

fn ends_well(mut server: Server) {
    let address = server.address();
    let status = server.wait_for_end();
    assert_eq!(server.processes(), [], "when the master ends, all have ended");
    assert_eq!(status.code(), Some(0), "{:#?}", server.log());
    server.leaves_nothing(address);
}

#[test]
fn a_client_gets_its_echo_over_ipv4_and_ipv6() {
    for address in ["tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp6://[::1]:0", "tcp://localhost:0"] {
        let server = scripted().address(address).start();
        assert!(server.address().port() != 0, "the port that it really has is logged");
        let mut client = server.connect();
        client.is_served();
        let info = client.ask_fields("info");
        assert_eq!(info.text("remote"), client.local().to_string());
        assert_eq!(info.number("listener_port"), u64::from(server.address().port()));
        server.stop();
    }
}

#[test]
fn sigint_and_sigterm_end_a_server_well() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let server = scripted().start();
        let mut clients = [server.connect(), server.connect()];
        clients.iter_mut().for_each(|client| client.is_served());
        server.signal(signal);
        for client in clients {
            assert_eq!(client.end(), (Vec::new(), End::Eof));
        }
        ends_well(server);
    }
}

#[test]
fn ctrl_c_which_reaches_every_process_ends_a_server_well() {
    let server = scripted().own_group().start();
    let mut client = server.connect();
    client.is_served();
    let group = Pid::from_raw(server.master().cast_signed());
    killpg(group, Signal::SIGINT).expect("it leads a group");
    assert_eq!(client.end().1, End::Eof);
    assert_eq!(server.journal.of("on_worker_error"), []);
    ends_well(server);
}

#[test]
fn an_inherited_ignored_sigint_is_heard_again() {
    let server = scripted().after("trap '' INT TERM CHLD").start();
    server.connect().is_served();
    server.signal(Signal::SIGINT);
    ends_well(server);
}

#[test]
fn the_callbacks_of_a_life_come_in_their_order() {
    let server = scripted().workers(1).start();
    let mut client = server.connect();
    client.is_served();
    client.finish_talking();
    client.end();
    server.journal.wait("on_close", |_| true);
    server.journal.wait("on_start", |_| true);
    server.signal(Signal::SIGTERM);
    // The journal goes with the server, so it is read at the end of it.
    let journal = watch::find("the last callback", || {
        let entries = server.journal.entries();
        entries.iter().any(|entry| entry.callback == "on_shutdown").then_some(entries)
    });
    let at = |callback: &str| {
        let places: Vec<usize> = (0..journal.len()).filter(|&at| journal[at].callback == callback).collect();
        assert_eq!(places.len(), 1, "{callback} runs once: {journal:#?}");
        places[0]
    };
    let orders = [
        ["on_worker_start", "on_connect", "on_receive", "on_close", "on_worker_stop", "on_manager_stop", "on_shutdown"].as_slice(),
        ["on_manager_start", "on_connect"].as_slice(),
        ["on_worker_start", "on_start", "on_worker_stop"].as_slice(),
    ];
    for order in orders {
        assert!(order.is_sorted_by_key(|callback| at(callback)), "{order:?}: {journal:#?}");
    }
    let start = &journal[at("on_start")];
    assert_eq!(start.number("master"), u64::from(server.master()));
    assert_eq!(start.number("manager"), journal[at("on_manager_start")].number("pid"));
    assert_eq!(journal[at("on_manager_start")].number("master"), u64::from(server.master()));
    assert_eq!(journal[at("on_close")].text("reason"), "peer");
    ends_well(server);
}

#[test]
fn a_shutdown_that_a_worker_asks_for_still_sends_the_answer() {
    let server = scripted().start();
    let mut client = server.connect();
    let session = client.session();
    assert_eq!(client.ask("shutdown"), "as you wish");
    assert_eq!(client.end().1, End::Eof);
    assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "shutdown");
    ends_well(server);
}

#[test]
fn what_is_sent_behind_the_word_that_shuts_down_comes_to_a_slow_client_too() {
    let server = scripted().arguments(["--max-wait-time=30"]).start();
    let mut client = server.connect().read_slowly();
    client.send(b"shutdown\nbig 2097152\nbig 2097152\n");
    let (answer, end) = client.end();
    let awaited = [b"as you wish\n".to_vec(), system_tests::script::pattern(2 << 20), system_tests::script::pattern(2 << 20)].concat();
    assert!(answer == awaited, "{} of {} bytes", answer.len(), awaited.len());
    assert_eq!(end, End::Eof);
    ends_well(server);
}

#[test]
fn a_shutdown_answers_what_has_come_in_before_it() {
    let server = scripted().start();
    let (mut client, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let session = client.session();
    assert_eq!(client.ask("nap"), "napping");
    let mut received = || other.ask_fields(&format!("info {session}")).number("in");
    let before = received();
    client.say("echo after the nap");
    watch::until("it is on the ring", || received() > before);
    server.signal(Signal::SIGTERM);
    assert_eq!(other.end(), (Vec::new(), End::Eof));
    server.journal.ring_alarm();
    assert_eq!(client.end(), (b"awake\nafter the nap\n".to_vec(), End::Eof));
    ends_well(server);
}

#[test]
fn a_worker_that_is_stuck_at_the_end_is_killed_and_named() {
    let server = scripted().arguments(["--max-wait-time=1"]).start();
    let mut client = server.connect_to_worker(1);
    let session = client.session();
    assert_eq!(client.ask("spin"), "spinning");
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["worker 1", "killed", "on_receive", &format!("session {session}")]);
    client.end();
    // The others are given the time to stop that the stuck one does not use.
    server.journal.wait("on_worker_stop", |entry| entry.number("worker") == 0);
    ends_well(server);
}

#[test]
fn a_stuck_worker_that_blocks_all_signals_and_a_stopped_one_do_not_keep_a_server_from_its_end() {
    let server = scripted().arguments(["--max-wait-time=1"]).start();
    let mut client = server.connect_to_worker(0);
    assert_eq!(client.ask("block"), "blocking");
    let stopped = server.worker(1);
    tree::stop(stopped);
    server.signal(Signal::SIGTERM);
    ends_well(server);
}

#[test]
fn a_second_signal_ends_a_server_at_once() {
    let server = scripted().arguments(["--max-wait-time=3600"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask("spin"), "spinning");
    server.signal(Signal::SIGINT);
    server.wait_for_log(&["shutting down"]);
    server.signal(Signal::SIGINT);
    // Within the watchdog, where one signal would have left it an hour.
    server.wait_for_log(&["at once"]);
    ends_well(server);
}

#[test]
fn a_new_connection_during_the_shutdown_is_not_served_and_disturbs_nothing() {
    let server = scripted().workers(1).start();
    let address = server.address();
    let mut client = server.connect();
    assert_eq!(client.ask("sleep 500"), "sleeping");
    server.signal(Signal::SIGTERM);
    watch::until("nobody listens any more", || std::net::TcpStream::connect(address).is_err());
    assert_eq!(client.line(), "awake");
    ends_well(server);
}

#[test]
fn a_server_can_be_started_again_in_the_same_process() {
    let server = scripted().behaviour("start_twice").start();
    server.connect().is_served();
    let first = server.manager();
    server.signal(Signal::SIGTERM);
    server.wait_for_lines("listening on", 2);
    let mut client = server.connect();
    client.is_served();
    assert_ne!(server.manager(), first);
    server.wait_for_all_processes(2);
    let worker = server.worker(0);
    tree::signal(worker, Signal::SIGKILL);
    server.journal.wait("on_worker_error", |entry| entry.number("pid") == u64::from(worker));
    server.wait_for_all_processes(2);
    server.signal(Signal::SIGTERM);
    ends_well(server);
}

#[test]
fn a_server_whose_workers_are_still_starting_can_be_ended() {
    let launch = scripted().arguments(["--max-wait-time=1"]).behaviour("spin_at_start");
    let mut server = launch.start_unwatched();
    server.journal.wait("on_worker_start", |_| true);
    server.signal(Signal::SIGTERM);
    server.wait_for_end();
    assert_eq!(server.processes(), []);
    server.wait_for_log(&["killed", "on_worker_start"]);
}

#[test]
fn a_lame_duck_serves_on_and_says_so_and_then_leaves() {
    let mut server = scripted().arguments(["--lame-duck=1"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask_fields("stats").text("leaving"), "false");
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["serving on for 1.0s more, as lame_duck says"]);
    assert_eq!(client.ask_fields("stats").text("leaving"), "true");
    server.connect().is_served();
    let address = server.address();
    assert!(server.wait_for_end().success());
    server.wait_for_log(&["lame_duck is over"]);
    server.leaves_nothing(address);
}

#[test]
fn a_reload_of_a_lame_duck_keeps_nobody_from_the_end() {
    let server = scripted().arguments(["--lame-duck=1"]).start();
    let mut client = server.connect();
    client.is_served();
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["serving on for"]);
    server.signal(Signal::SIGUSR1);
    client.is_served();
    ends_well(server);
}

#[test]
fn a_second_signal_ends_a_lame_duck() {
    let mut server = scripted().arguments(["--lame-duck=3600"]).start();
    let address = server.address();
    server.signal(Signal::SIGTERM);
    server.wait_for_log(&["serving on for"]);
    server.signal(Signal::SIGTERM);
    server.wait_for_end();
    server.leaves_nothing(address);
}

#[test]
fn signals_that_are_not_for_a_process_pass_it_by() {
    let server = scripted().start();
    let mut clients = [server.connect_to_worker(0), server.connect_to_worker(1)];
    server.wait_for_all_processes(2);
    let before = server.processes();
    for signal in [Signal::SIGHUP, Signal::SIGCHLD, Signal::SIGPIPE] {
        for process in &before {
            // Nobody is promised to survive a SIGPIPE that is sent to it, but the master, which ignores it as every Rust program does.
            if signal != Signal::SIGPIPE || process.pid == server.master() {
                tree::signal(process.pid, signal);
            }
        }
    }
    for worker in [server.worker(0), server.worker(1)] {
        tree::signal(worker, Signal::SIGINT);
        tree::signal(worker, Signal::SIGTERM);
        // Master and manager reload by these; see the tests of replacement.
        tree::signal(worker, Signal::SIGUSR1);
        tree::signal(worker, Signal::SIGUSR2);
    }
    clients.iter_mut().for_each(|client| client.is_served());
    let pids = |processes: Vec<tree::Process>| processes.into_iter().map(|process| process.pid).collect::<Vec<_>>();
    assert_eq!(pids(server.processes()), pids(before));
    server.stop();
}

#[test]
fn the_manager_passes_a_sigterm_on_and_the_server_ends_well() {
    let server = scripted().start();
    server.connect().is_served();
    tree::signal(server.manager(), Signal::SIGTERM);
    ends_well(server);
}
