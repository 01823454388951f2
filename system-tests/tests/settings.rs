//! What settings do of which no other file shows it: each by its effect, and those that are not there yet by their refusal.

use nix::sys::signal::Signal;
use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use system_tests::{
    Client, Directory, End, File, Launch, Server,
    jobs::{NEVER, go_on, stop_task_workers},
    script, tree, watch,
};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

fn keeper() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_keeper"))
}

/// Two workers, and two task workers behind them.
fn tasker() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_tasker"))
}

fn messenger() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_messenger"))
}

#[test]
fn so_many_threads_of_the_master_are_reactors() {
    for reactors in [1, 3] {
        let server = scripted().reactors(reactors).start();
        let wanted: Vec<String> = (0..reactors).map(|number| format!("reactor-{number}")).collect();
        // A thread takes its name when it first runs.
        watch::until_or("their names", || {
            let threads = fs::read_dir(format!("/proc/{}/task", server.master())).expect("it lives");
            let names = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
            let mut names: Vec<String> = names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("reactor")).collect();
            names.sort();
            if names == wanted { Ok(()) } else { Err(format!("{names:?}")) }
        });
        server.stop();
    }
}

/// How much memory this process shares with others, in KiB.
fn shared(pid: u32) -> u64 {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("it lives");
    let shared = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.ends_with('s')));
    let lengths = shared.filter_map(|line| {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        Some(u64::from_str_radix(to, 16).ok()? - u64::from_str_radix(from, 16).ok()?)
    });
    lengths.sum::<u64>() / 1024
}

#[test]
fn rings_have_as_much_memory_together_as_was_asked_for() {
    let [small, large] = ["--ring-memory=1M", "--ring-memory=4M"].map(|memory| {
        let server = scripted().workers(2).arguments([memory]).start();
        server.connect().is_served();
        let shared = shared(server.master());
        server.stop();
        shared
    });
    assert_eq!(large - small, 3 << 10);
}

#[test]
fn a_send_of_more_than_buffer_output_size_is_refused() {
    let server = scripted().arguments(["--buffer-output-size=1K"]).start();
    let (mut mine, mut other) = (server.connect(), server.connect());
    let session = other.session();
    assert_eq!(mine.ask(&format!("send {session} 1025")), "TooLarge");
    assert_eq!(mine.ask(&format!("send {session} 1024")), "done");
    assert_eq!(other.bytes(1024), script::pattern(1024));
    server.stop();
}

#[test]
fn as_much_waits_for_a_client_that_does_not_read_as_socket_buffer_size_says() {
    let [small, large] = ["--socket-buffer-size=64K", "--socket-buffer-size=32M"].map(|size| {
        let server = scripted().arguments([size]).start();
        let (mut mine, mut deaf) = (server.connect(), server.connect().read_slowly());
        let filled = mine.ask_fields(&format!("fill {} 10000", deaf.session()));
        assert_eq!(filled.text("then"), "BufferFull");
        server.stop();
        filled.number("taken")
    });
    // What the kernel takes of it comes on top.
    assert!(small >= 64 << 10 && large >= 32 << 20 && large - small > 16 << 20, "{small} {large}");
}

#[test]
fn where_half_of_output_memory_waits_nobody_who_reads_too_slowly_is_sent_more() {
    for memory in [16, 64_u64] {
        let options = [format!("--output-memory={memory}M"), "--socket-buffer-size=1G".to_owned()];
        let server = scripted().arguments(options.iter().map(String::as_str)).start();
        let (mut mine, mut deaf, mut other) = (server.connect(), server.connect().read_slowly(), server.connect().read_slowly());
        let (session, other_session) = (deaf.session(), other.session());
        assert_eq!(mine.ask_fields(&format!("fill {session} 10000")).text("then"), "BufferFull");
        let queued = |client: &mut Client, session: u64| client.ask_fields(&format!("info {session}")).number("queued");
        let waits = queued(&mut mine, session);
        // The kernel may take a little of it meanwhile.
        assert!(waits + (1 << 20) > memory << 19 && waits < memory << 20, "{waits} of {memory} MiB");
        // Another one as well, as soon as there is something that it has not read; and who reads is served.
        assert_eq!(mine.ask_fields(&format!("fill {other_session} 10000")).text("then"), "BufferFull");
        assert!(queued(&mut mine, other_session) < 1 << 20);
        mine.is_served();
        assert_eq!(server.journal.of("on_close"), [], "nobody is closed for it");
        server.stop();
    }
}

#[test]
fn so_many_bytes_of_a_session_are_on_their_way_and_then_no_more_of_it_is_read() {
    for (limit, is_limited) in [("--max-queued-bytes=64K", true), ("--max-queued-bytes=0", false)] {
        let server = keeper().arguments([limit]).start();
        let (mut napping, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
        let session = napping.session();
        assert_eq!(napping.ask("nap"), "napping");
        let written = napping.send_beside(script::pattern(3 << 20));
        let mut came = || other.ask_fields(&format!("info {session}")).number("in");
        if is_limited {
            watch::until("the limit is reached", || came() > 64 << 10);
            for _ in 0..20 {
                thread::sleep(Duration::from_millis(10));
                assert!(came() < 1 << 20, "no more than one read goes over it");
            }
        } else {
            watch::until("all of it is read, where there is room on the ring", || came() > 3 << 20);
        }
        server.journal.ring_alarm();
        assert_eq!(napping.line(), "awake");
        assert!(napping.bytes(3 << 20) == script::pattern(3 << 20));
        written.join().expect("no panic").expect("all is taken");
        server.stop();
    }
}

#[test]
fn silent_sessions_end_by_the_heartbeat_of_their_listener_and_stay_where_it_has_none() {
    // A part of it asks for the whole, and what is not said of its idle time is twice its check.
    let launch = keeper().arguments(["--heartbeat-check=1"]);
    let server = launch.environment("SWOOLE_LISTENER_SILENT_HEARTBEAT", "false").start();
    let mut without = Client::connect(server.address_of("silent"));
    let session = without.session();
    let mut with = server.connect();
    let other = with.session();
    assert_eq!(with.end().1, End::Eof);
    assert_eq!(server.journal.wait_for_session("on_close", other).text("reason"), "idle");
    without.is_served();
    assert_eq!(server.journal.of("on_close").iter().filter(|close| close.number("session") == session).count(), 0);
    server.stop();
    let printed = keeper().arguments(["--heartbeat=true", "--print-config"]).run();
    assert!(printed.information().contains("heartbeat = true  # option --heartbeat"), "{printed:?}");
}

#[test]
fn a_silent_session_ends_as_idle_however_check_and_idle_time_stand_to_each_other() {
    // In seconds; the last is when the end is due.
    let all =
        [(Some(1), None, 2), (None, Some(1), 1), (None, Some(2), 2), (Some(1), Some(1), 1), (Some(1), Some(3), 3), (Some(2), Some(2), 2)];
    let sessions = all.map(|(check, idle, due)| {
        let check = check.map(|seconds| format!("--heartbeat-check={seconds}"));
        let idle = idle.map(|seconds| format!("--heartbeat-idle={seconds}"));
        let server = scripted().arguments([&check, &idle].into_iter().flatten().map(String::as_str)).start();
        let began = Instant::now();
        let client = server.connect();
        (server, client, began, Duration::from_secs(due))
    });
    for (server, client, began, due) in sessions {
        assert_eq!(client.end(), (Vec::new(), End::Eof));
        watch::is_not_before(began, due);
        assert_eq!(server.journal.wait_for_session("on_close", 1).text("reason"), "idle", "and not `server`");
        server.stop();
    }
}

#[test]
fn the_log_says_as_much_as_its_level_and_nothing_where_it_is_off() {
    let log = |level: &str| {
        let directory = Directory::new();
        let path = directory.path().join("listens.sock");
        let arguments = [format!("--log-level={level}")];
        let launch = scripted().address(&format!("unix://{}", path.display())).arguments(arguments.iter().map(String::as_str));
        let mut server = launch.start_unwatched();
        server.journal.wait("on_start", |_| true);
        // That there are no task workers is a warning.
        server.signal(Signal::SIGUSR2);
        if level == "warn" {
            server.wait_for_log(&["WARN", "SIGUSR2"]);
        }
        server.signal(Signal::SIGTERM);
        assert!(server.wait_for_end().success());
        let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
        levels.map(|level| server.log().iter().any(|line| line.contains(level)))
    };
    assert_eq!(log("off"), [false; 5]);
    assert_eq!(log("error"), [false; 5]);
    assert_eq!(log("warn"), [false, true, false, false, false]);
    assert_eq!(log("info")[2..], [true, false, false]);
    assert_eq!(log("debug")[2..4], [true; 2]);
}

#[test]
fn jobs_lie_in_cells_of_the_size_that_was_asked_for() {
    // Beside eight large cells of the worker, the others lie in files.
    for (cell, files) in [("--task-cell=8K", 2), ("--task-cell=32K", 0)] {
        let directory = Directory::new();
        let server = tasker().arguments([directory.argument().as_str(), cell]).start();
        let mut client = server.connect_to_worker(0);
        let stopped = stop_task_workers(&server);
        assert_eq!(client.ask_fields("many 10 0 echo 20000").number("count"), 10);
        assert_eq!(directory.files().len(), files, "{cell}");
        go_on(stopped);
        (0..10).for_each(|_| drop(client.line()));
        server.stop();
    }
}

#[test]
fn messages_lie_in_as_many_cells_of_the_size_that_was_asked_for() {
    // One receiver may hold three quarters of them.
    for (arguments, count, files) in [
        (["--message-queue=16", "--message-cell=8K"], 12, 4),
        (["--message-queue=16", "--message-cell=32K"], 12, 0),
        (["--message-queue=40", "--message-cell=32K"], 30, 0),
    ] {
        let directory = Directory::new();
        let server = messenger().arguments(arguments).arguments([directory.argument().as_str()]).start();
        let mut client = server.connect_to_worker(0);
        let stopped = server.worker(2);
        tree::stop(stopped);
        let flooded = client.ask_fields("flood 2 0 1000 20000 hear");
        assert_eq!((flooded.number("count"), flooded.text("then")), (count, "QueueFull"), "{arguments:?}");
        assert_eq!(directory.files().len(), files, "{arguments:?}");
        tree::signal(stopped, Signal::SIGCONT);
        watch::until("all are heard", || server.journal.of("heard").len() as u64 == count);
        server.stop();
    }
}

/// The generations of worker 0 and of the first task worker.
fn generations(server: &Server) -> [u64; 2] {
    let starts = server.journal.of("on_worker_start");
    [0, 2].map(|worker| {
        starts.iter().filter(|start| start.number("worker") == worker).map(|start| start.number("generation")).max().unwrap_or(0)
    })
}

#[test]
fn who_has_a_grace_takes_more_and_who_has_none_goes_when_it_has_had_its_share() {
    let with = |grace: u32| {
        let graces = [format!("--max-request-grace={grace}"), format!("--task-max-request-grace={grace}")];
        tasker().arguments(["--max-request=4", "--task-max-request=4"]).arguments(graces.iter().map(String::as_str)).start()
    };
    let server = with(1_000_000_000);
    let mut client = server.connect_to_worker(0);
    for tag in 0..50 {
        assert_eq!(client.ask_fields(&format!("wait {NEVER} {tag} echo 1")).number("length"), 1);
    }
    assert_eq!(generations(&server), [1, 1], "each chose more of a thousand million than it has had");
    server.stop();
    let server = with(0);
    let mut client = server.connect_to_worker(0);
    watch::until("both are replaced", || {
        client.ask("to 0 1 echo 1");
        client.line();
        generations(&server).iter().all(|&generation| generation > 2)
    });
    server.stop();
}

#[test]
fn the_counters_are_in_a_file_and_follow_what_happens() {
    let directory = Directory::new();
    let [lines, json] = ["stats", "stats.json"].map(|name| directory.path().join(name));
    let servers = [&lines, &json].map(|path| {
        let option = format!("--stats-file={}", path.display());
        scripted().arguments([option.as_str()]).start()
    });
    let read =
        |path: &Path| fs::read_to_string(path).unwrap_or_else(|e| panic!("{} is there when the server listens: {e}", path.display()));
    assert!(read(&lines).contains("connection_num: 0\n"), "{}", read(&lines));
    let mut clients = [servers[0].connect(), servers[1].connect()];
    clients.iter_mut().for_each(Client::is_served);
    watch::until("the session is in the file", || {
        let text = read(&lines);
        ["connection_num: 1\n", "request_count: 1\n", "worker 1 state: \"ready\"\n"].iter().all(|line| text.contains(line))
    });
    watch::until("the session is in the other", || {
        let stats: serde_json::Value = serde_json::from_str(&read(&json)).expect("it is JSON, and whole");
        let workers = stats["workers"].as_array().expect("an array").clone();
        let requests: u64 = workers.iter().filter_map(|worker| worker["requests"].as_u64()).sum();
        let is_all_there = stats["start_time"].as_u64() > Some(0) && workers.iter().all(|worker| worker["pid"].as_u64() > Some(0));
        is_all_there && stats["connection_num"] == 1 && stats["request_count"] == 1 && requests == 1
    });
    servers.into_iter().for_each(Server::stop);
    assert_eq!(fs::read_dir(directory.path()).expect("it can be read").count(), 0, "nothing is left");
    let unwritable = scripted().arguments(["--stats-file=/nowhere/stats"]).run();
    assert!(unwritable.code == Some(1) && unwritable.stderr.contains("Error: the file /nowhere/stats"), "{unwritable:?}");
    let twice = scripted().arguments(["--stats-file=/run/one", "--pid-file=/run/one"]).run();
    assert!(twice.refusal().contains("`stats_file` is the file that `pid_file` names"), "{twice:?}");
}

#[test]
fn what_is_not_there_yet_is_refused_by_name_wherever_it_comes_from() {
    for name in ["tls", "max_concurrency"] {
        let says = format!("the setting `{name}` is not there yet");
        let variable = format!("SWOOLE_{}", name.to_uppercase());
        let option = format!("--{}=1", name.replace('_', "-"));
        let file = File::with(&format!("{name} = 1\n"));
        for refused in [
            scripted().environment(&variable, "1").run(),
            scripted().arguments([option.as_str()]).run(),
            scripted().arguments(["--config", file.path()]).run(),
        ] {
            assert!(refused.refusal().contains(&says), "{says}: {refused:?}");
        }
    }
    for mode in ["base", "thread"] {
        let option = format!("--mode={mode}");
        let refused = scripted().arguments([option.as_str()]).run();
        assert!(refused.refusal().contains("`mode` takes \"process\""), "{refused:?}");
    }
}
