//! What the original does under its own tests, as far as it makes sense here and no other file shows it.

use nix::sys::signal::Signal;
use std::{
    collections::BTreeMap,
    io::Write,
    net::{TcpListener, UdpSocket},
    os::{
        fd::AsFd,
        unix::net::{UnixDatagram, UnixListener},
    },
    thread,
};
use system_tests::{
    Client, Directory, End, Launch, Server, local, machine,
    packets::{self, Talks},
    tree, watch,
};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

fn starts(server: &Server) -> usize {
    server.journal.of("on_worker_start").len()
}

#[test]
fn a_shutdown_that_on_start_asks_for_ends_the_server_well() {
    let mut server = scripted().behaviour("shutdown_by_the_master").start();
    let address = server.address();
    let ends = watch::find("the last callback", || {
        let ends = server.journal.of("on_shutdown");
        (!ends.is_empty()).then_some(ends)
    });
    assert_eq!(ends.len(), 1);
    assert!(server.wait_for_end().success(), "{:#?}", server.log());
    server.leaves_nothing(address);
}

#[test]
fn everybody_knows_the_pids_of_master_and_manager() {
    let server = scripted().start();
    let mut client = server.connect();
    let mut pids = || {
        let pids = client.ask_fields("pids");
        (pids.number("master") as u32, pids.number("manager") as u32)
    };
    assert_eq!(pids(), (server.master(), server.manager()));
    let before = server.manager();
    tree::signal(before, Signal::SIGKILL);
    watch::until("the next manager is known", || pids().1 != before && pids().1 == server.manager());
    server.stop();
}

#[test]
fn a_reload_does_not_wait_for_a_worker_that_never_came_through_its_start() {
    let server = scripted().arguments(["--max-wait-time=1", "--ready-timeout=1"]).behaviour("spin_first_in_worker_0").start();
    let mut client = server.connect_to_worker(1);
    client.ask("reload");
    watch::until("the other worker is new", || client.who().number("generation") == 2);
    watch::until("so is the stuck one", || server.connect().who().number("worker") == 0);
    server.stop();
}

#[test]
fn a_reload_of_task_workers_where_there_are_none_replaces_nobody_and_says_so() {
    let server = scripted().start();
    server.signal(Signal::SIGUSR2);
    server.wait_for_log(&["WARN", "SIGUSR2: there are no task workers to replace"]);
    let mut client = server.connect();
    client.ask("reload_tasks");
    server.wait_for_log(&["WARN", "a callback: there are no task workers to replace"]);
    assert_eq!(client.who().number("generation"), 1);
    assert_eq!(starts(&server), 2);
    server.stop();
}

#[test]
fn what_a_worker_closes_as_it_stops_is_closed_once_in_the_worker_of_the_session() {
    let server = scripted().behaviour("close_all_at_stop").start();
    let mut client = server.connect_to_worker(0);
    let session = client.session();
    // The other worker goes, and its last act is to close this session.
    assert_eq!(client.ask("stop 1"), "true");
    assert_eq!(client.end().1, End::Eof);
    let closes = || server.journal.of("on_close").into_iter().filter(|close| close.number("session") == session).collect::<Vec<_>>();
    let close = server.journal.wait_for_session("on_close", session);
    assert_eq!((close.number("worker"), close.text("reason")), (0, "server"));
    server.journal.wait("on_worker_start", |start| start.number("worker") == 1 && start.number("generation") == 2);
    assert_eq!((closes().len(), starts(&server)), (1, 3));
    server.stop();
}

#[test]
fn who_is_stuck_at_the_end_is_killed_whatever_it_is() {
    let launch = Launch::new(env!("CARGO_BIN_EXE_companion")).arguments(["--max-wait-time=1"]);
    let mut server = launch.behaviour("nap_at_stop,deaf").start();
    let address = server.address();
    server.connect_to_worker(0).is_served();
    watch::until("all run", || starts(&server) == 3 && server.journal.of("process").len() == 2);
    server.signal(Signal::SIGTERM);
    server.wait_for_end();
    server.leaves_nothing(address);
    assert_eq!((starts(&server), server.journal.of("process").len()), (3, 2), "nobody was begun anew");
    let log = server.log();
    for who in ["worker 0", "worker 1", "worker 2", "user process clock"] {
        assert!(log.iter().any(|line| line.contains(who) && line.contains("killed")), "{who}: {log:#?}");
    }
}

#[test]
fn signals_one_after_the_other_replace_each_exactly_once_and_nothing_is_warned_of() {
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).start();
    server.connect().is_served();
    server.wait_for_all_processes(4);
    let mut through = 0;
    for _ in 0..3 {
        for (signal, groups) in [(Signal::SIGUSR1, 2), (Signal::SIGUSR2, 1)] {
            server.signal(signal);
            through += groups;
            server.wait_for_lines("are replaced", through);
        }
    }
    let of = |worker: u64| server.journal.of("on_worker_start").iter().filter(|start| start.number("worker") == worker).count();
    assert_eq!([of(0), of(1), of(2), of(3)], [4, 4, 7, 7]);
    let loud = server.log().into_iter().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect::<Vec<_>>();
    assert_eq!(loud, [""; 0]);
    server.stop();
}

#[test]
fn workers_of_another_user_are_reloaded() {
    if !machine::is_root() {
        return;
    }
    let server = scripted().workers(1).arguments(["--user=nobody"]).without_journal().start();
    let mut client = server.connect();
    for generation in 2..4 {
        server.signal(Signal::SIGUSR1);
        watch::until("a successor serves", || client.who().number("generation") == generation);
        server.wait_for_reloads(generation as usize - 1);
        assert_eq!(tree::status(client.who().number("pid") as u32, "Uid"), ["65534"; 4]);
    }
    server.stop();
}

#[test]
fn sockets_of_every_kind_that_systemd_passes_are_used_as_what_they_are() {
    let directory = Directory::new();
    let [file, stray] = ["stream.sock", "stray.sock"].map(|name| directory.path().join(name));
    let [tcp, tcp6] = ["127.0.200.8:0", "[::1]:0"].map(|address| TcpListener::bind(address).expect("a port is free"));
    let [udp, udp6] = ["127.0.200.8:0", "[::1]:0"].map(|address| UdpSocket::bind(address).expect("a port is free"));
    let [stream, stray] = [&file, &stray].map(|path| UnixListener::bind(path).expect("a file can be made"));
    let datagram = UnixDatagram::bind(directory.socket()).expect("a file can be made");
    let [of_tcp, of_tcp6] = [&tcp, &tcp6].map(|socket| socket.local_addr().expect("it is bound"));
    let [of_udp, of_udp6] = [&udp, &udp6].map(|socket| socket.local_addr().expect("it is bound"));
    let server = packets::launch(env!("CARGO_BIN_EXE_packets"), &directory)
        .address(&format!("tcp://{of_tcp}"))
        .environment("SWOOLE_LISTENER_TCP6_LISTEN", &format!("tcp6://{of_tcp6}"))
        .environment("SWOOLE_LISTENER_UDP_LISTEN", &format!("udp://{of_udp}"))
        .environment("SWOOLE_LISTENER_UDP6_LISTEN", &format!("udp6://{of_udp6}"))
        .environment("SWOOLE_LISTENER_STREAM_LISTEN", &format!("unix://{}", file.display()))
        .passing([stream.as_fd(), udp6.as_fd(), tcp.as_fd(), datagram.as_fd(), udp.as_fd(), stray.as_fd(), tcp6.as_fd()])
        .start();
    assert_eq!(server.log().iter().filter(|line| line.contains("] the socket of ")).count(), 6, "{:#?}", server.log());
    server.wait_for_log(&["WARN", "stray.sock", "no `listen` names"]);
    // Each answers as the listener that it was passed for.
    for (address, listener) in [(of_tcp, 0), (of_tcp6, 6)] {
        assert_eq!(Client::connect(address).ask_fields("info").number("listener"), listener);
    }
    assert_eq!(local::ask(&local::connect(&file), "info").number("listener"), 7);
    for (address, listener) in [(of_udp, "udp"), (of_udp6, "udp6")] {
        assert_eq!(packets::udp(address).who().text("name"), listener);
    }
    let client = packets::unix(&directory, "client");
    client.connect(directory.socket()).expect("the server is there");
    assert_eq!(client.who().text("name"), "local");
    drop((tcp, tcp6));
    server.stop();
    assert!(directory.socket().exists() && file.exists(), "they belong to whoever made them");
}

#[test]
fn those_who_have_left_are_in_no_list() {
    let server = scripted().start();
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    let ids: Vec<u64> = clients.iter_mut().map(Client::session).collect();
    let listed = |client: &mut Client, what: &str| {
        let line = client.ask(what);
        line.split_whitespace().map(|id| id.parse::<u64>().expect("an id")).collect::<Vec<_>>()
    };
    // The latest, one from the middle, and the earliest.
    for leaves in [5, 2, 0] {
        let gone = ids[leaves];
        clients[leaves] = server.connect();
        server.journal.wait_for_session("on_close", gone);
        let new = clients[leaves].session();
        let mut live: Vec<u64> = clients.iter_mut().map(Client::session).collect();
        live.sort_unstable();
        assert!(new > *ids.iter().max().expect("there are some") && !live.contains(&gone), "no id comes again");
        for what in ["list 0 100", "sessions"] {
            watch::until("the list has those who live", || listed(&mut clients[1], what) == live);
        }
        assert_eq!(listed(&mut clients[1], &format!("list {new} 100")), [0; 0], "there is none behind the last");
    }
    server.stop();
}

#[test]
fn what_a_task_worker_closes_ends_in_the_worker_of_the_session() {
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).start();
    let (mut client, mut victim) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let session = victim.session();
    client.ask(&format!("task 1 close {session}"));
    assert_eq!(victim.end(), (Vec::new(), End::Eof));
    let close = server.journal.wait_for_session("on_close", session);
    assert_eq!((close.number("worker"), close.text("reason")), (1, "server"));
    assert_eq!(server.journal.wait("closed", |_| true).text("how"), "Some(Ok(()))");
    client.line();
    watch::until("the row is free", || client.ask(&format!("info {session}")) == "none");
    client.ask(&format!("task 2 close {session}"));
    let closed = server.journal.wait("closed", |closed| closed.number("tag") == 2);
    assert_eq!(closed.text("how"), "Some(Err(NoSuchSession))");
    client.line();
    server.stop();
}

#[test]
fn what_the_manager_closes_ends_in_the_workers_of_the_sessions() {
    let server = scripted().workers(3).behaviour("close_all_on_error").start();
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    let sessions: BTreeMap<u64, u64> = clients
        .iter_mut()
        .map(|client| {
            let who = client.who();
            (who.number("session"), who.number("worker"))
        })
        .collect();
    tree::signal(server.wait_until_idle(2), Signal::SIGKILL);
    clients.into_iter().for_each(|client| assert_eq!(client.end(), (Vec::new(), End::Eof)));
    for (session, worker) in sessions {
        let close = server.journal.wait_for_session("on_close", session);
        assert_eq!((close.number("worker"), close.text("reason")), (worker, "server"));
    }
    assert_eq!(server.journal.of("on_close").len(), 6);
    server.stop();
}

#[test]
fn turns_go_on_over_workers_that_are_replaced_and_nothing_is_lost() {
    let launch = Launch::new(env!("CARGO_BIN_EXE_dispatcher")).environment("DISPATCH", "round_robin").reactors(2);
    let server = launch.arguments(["--max-request=40", "--max-request-grace=0"]).start();
    server.wait_for_all_processes(4);
    let counts: Vec<BTreeMap<u64, usize>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let mut client = server.connect();
                scope.spawn(move || {
                    let mut counts = BTreeMap::new();
                    for number in 0..200 {
                        let answer = client.ask_fields(&format!("{number}"));
                        assert_eq!(answer.number("line"), number);
                        *counts.entry(answer.number("worker")).or_default() += 1;
                    }
                    counts
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    let of = |worker: u64| counts.iter().filter_map(|counts| counts.get(&worker)).sum::<usize>();
    assert_eq!([of(0), of(1), of(2), of(3)], [400; 4], "no turn is left out");
    assert!(starts(&server) > 12, "each was replaced again and again: {}", starts(&server));
    server.stop();
}

#[test]
fn what_is_closed_in_on_connect_comes_to_no_other_callback_than_its_end() {
    let server = scripted().reactors(2).behaviour("close_in_connect").start();
    for number in 0..100 {
        let client = server.connect();
        if number % 2 == 0 {
            // The server may be first.
            let _ = client.stream().write_all(b"echo nobody hears this\n");
        }
        assert_eq!(client.end().0, b"");
    }
    watch::until("each has ended", || server.journal.of("on_close").len() == 100);
    assert!(server.journal.of("on_close").iter().all(|close| close.text("reason") == "server"));
    assert_eq!((server.journal.of("on_connect").len(), server.journal.of("on_receive").len()), (100, 0));
    server.stop();
}

/// How many descriptors the master and the manager have open.
fn descriptors(server: &Server) -> usize {
    let open = |pid: u32| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    open(server.master()) + open(server.manager())
}

#[test]
fn no_descriptor_is_left_of_many_reloads_deaths_and_sessions() {
    let server = scripted().workers(3).start();
    let round = |number: usize| {
        (0..20).for_each(|_| server.connect().is_served());
        (0..20).for_each(|_| server.connect().reset());
        tree::signal(server.worker(0), Signal::SIGKILL);
        tree::signal(server.manager(), Signal::SIGKILL);
        server.wait_for_all_processes(3);
        server.signal(Signal::SIGUSR1);
        server.wait_for_reloads(number);
        server.wait_for_all_processes(3);
        watch::until("the sessions have ended", || server.connect().ask_fields("stats").number("connections") == 1);
    };
    (1..3).for_each(round);
    let before = descriptors(&server);
    (3..13).for_each(round);
    // Who has adopted processes has a descriptor for each.
    watch::until_or("few more are open", || {
        let after = descriptors(&server);
        if after < before + 8 { Ok(()) } else { Err(format!("{before} before, {after} after")) }
    });
    server.stop();
}
