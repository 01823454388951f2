//! A server among other programs: its log as a file, its pid, the background, users and CPUs, systemd, a container.

use nix::{fcntl::OFlag, sys::signal::Signal};
use std::{
    fs,
    net::TcpListener,
    os::{fd::AsFd, unix::net::UnixDatagram},
    path::{Path, PathBuf},
};
use system_tests::{Client, Directory, Entry, Launch, Logged, logged::lines_of, tree, watch};

const NOBODY: u32 = 65534;

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

/// Where the processes of the server may not write.
fn without_journal(launch: Launch) -> Launch {
    launch.after("unset SYSTEM_TEST_JOURNAL")
}

fn ends_well(logged: &mut Logged) {
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0), "{:#?}", logged.lines());
    assert_eq!(logged.server.processes(), [], "when the master ends, all have ended");
    assert!(logged.lines().iter().any(|line| line.contains("the server has ended")));
    assert_eq!(logged.server.log(), [""; 0], "nothing is on standard error");
}

/// A line of `/proc/…/status`.
fn status(pid: u32, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("every process has it");
    line.split_whitespace().map(str::to_owned).collect()
}

fn is_root() -> bool {
    let is_root = nix::unistd::Uid::effective().is_root();
    if !is_root {
        eprintln!("skipped: this takes root");
    }
    is_root
}

#[test]
fn a_pid_file_is_no_log_file() {
    let outcome = Launch::new(env!("CARGO_BIN_EXE_configured")).arguments(["--log-file=/tmp/one.file", "--pid-file=/tmp/one.file"]).run();
    assert!(outcome.refusal().contains("`pid_file` is the file that `log_file` names"), "{outcome:?}");
}

#[test]
fn prints_and_panics_of_workers_are_in_the_log_file_with_process_and_pid() {
    let mut logged = Logged::start(scripted());
    for worker in [0, 1] {
        let mut client = logged.connect_to_worker(worker);
        let pid = client.who().number("pid");
        client.say("print some words");
        assert_eq!(client.line(), "printed");
        let line = logged.wait(&[&format!(" PRINT [worker {worker} {pid}] some words")]);
        assert!(line.starts_with("20"), "the time is before it: {line}");
        client.say("panic");
        client.line();
        let line = logged.wait(&[&format!("ERROR [worker {worker} {pid}] panic in on_receive"), "asked to panic"]);
        assert!(!line.contains("PRINT"), "a line of the log is whole: {line}");
        logged.wait(&["ERROR [manager ", &format!("(pid {pid}")]);
    }
    // What a process of the user's own prints is there, too.
    ends_well(&mut logged);
}

#[test]
fn many_prints_at_once_come_whole_and_in_order() {
    let mut logged = Logged::start(scripted());
    let mut clients = [logged.connect_to_worker(0), logged.connect_to_worker(1)];
    let rounds = 2000;
    for round in 0..rounds {
        for client in &mut clients {
            client.say(&format!("print round {round} {}", "x".repeat(round % 300)));
        }
        for client in &mut clients {
            assert_eq!(client.line(), "printed");
        }
    }
    ends_well(&mut logged);
    for worker in [0, 1] {
        let lines = logged.lines();
        let printed: Vec<&str> = lines
            .iter()
            .filter(|line| line.contains(&format!("[worker {worker} ")))
            .filter_map(|line| line.split_once("] "))
            .map(|l| l.1)
            .collect();
        let expected: Vec<String> =
            (0..rounds).map(|round| format!("round {round} {}", "x".repeat(round % 300)).trim_end().to_owned()).collect();
        assert_eq!(printed.iter().map(|line| line.trim_end()).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn sighup_opens_the_log_anew_for_idle_and_for_stuck_workers() {
    let mut logged = Logged::start(scripted());
    let (mut stuck, mut idle) = (logged.connect_to_worker(0), logged.connect_to_worker(1));
    stuck.say("nap\nprint of the stuck one");
    assert_eq!(stuck.line(), "napping");
    let old = logged.file().with_extension("old");
    fs::rename(logged.file(), &old).expect("it is there");
    logged.server.signal(Signal::SIGHUP);
    logged.wait(&["SIGHUP", "opened anew"]);
    idle.say("print of the idle one");
    logged.wait(&["PRINT [worker 1 ", "of the idle one"]);
    logged.server.journal.ring_alarm();
    logged.wait(&["PRINT [worker 0 ", "of the stuck one"]);
    ends_well(&mut logged);
    let before = lines_of(&old);
    assert!(before.iter().any(|line| line.contains("listening on")) && !before.iter().any(|line| line.contains("SIGHUP")), "{before:#?}");
}

#[test]
fn a_log_that_cannot_be_opened_anew_stays_as_it_is() {
    let mut logged = Logged::start(scripted());
    let old = logged.file().with_extension("old");
    fs::rename(logged.file(), &old).expect("it is there");
    fs::create_dir(logged.file()).expect("a directory can be made");
    logged.server.signal(Signal::SIGHUP);
    watch::until("it is said in the old file", || {
        lines_of(&old).iter().any(|line| line.contains("ERROR") && line.contains("stays as it is"))
    });
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0));
    let server = scripted().start();
    server.signal(Signal::SIGHUP);
    server.wait_for_log(&["SIGHUP", "nothing to open anew"]);
    server.stop();
}

#[test]
fn a_start_that_fails_says_why_on_standard_error_and_in_the_log_file() {
    let directory = Directory::new();
    let log = directory.path().join("log");
    let taken = TcpListener::bind("127.0.200.1:0").expect("a free port");
    let address = format!("tcp://{}", taken.local_addr().expect("it is bound"));
    let outcome = scripted().address(&address).arguments([format!("--log-file={}", log.display()).as_str()]).run();
    assert!(outcome.refusal().contains("cannot listen on"), "{outcome:?}");
    assert!(lines_of(&log).iter().any(|line| line.contains("ERROR [master") && line.contains("cannot listen on")), "{:?}", lines_of(&log));
    let outcome = scripted().arguments(["--log-file=/nowhere/log"]).run();
    assert!(outcome.refusal().contains("/nowhere/log") && outcome.refusal().contains("`log_file`"), "{outcome:?}");
}

#[test]
fn the_last_words_of_a_manager_whose_master_is_killed_are_in_the_log_file() {
    let mut logged = Logged::start(scripted());
    logged.server.signal(Signal::SIGKILL);
    logged.server.wait_for_end();
    logged.wait(&["ERROR [manager ", "the master has ended"]);
    watch::until("no process is left", || logged.server.processes().is_empty());
}

fn with_pid_file(launch: Launch, path: &Path) -> Launch {
    launch.arguments([format!("--pid-file={}", path.display()).as_str()])
}

#[test]
fn a_pid_file_belongs_to_the_server_that_lives() {
    let directory = Directory::new();
    let path = directory.path().join("pid");
    // Left by a dead one: a number that is nobody's, and one that is another program's.
    for left in ["4194303\n".to_owned(), format!("{}\n", std::process::id()), String::new()] {
        fs::write(&path, &left).expect("a file can be written");
        let server = with_pid_file(scripted(), &path).start();
        watch::until("it is written", || fs::read_to_string(&path).is_ok_and(|text| text == format!("{}\n", server.master())));
        let second = with_pid_file(scripted(), &path).run();
        for text in ["runs already", &server.master().to_string(), "`pid_file`"] {
            assert!(second.refusal().contains(text), "{text}: {second:?}");
        }
        assert!(path.exists(), "it is that of the first");
        server.stop();
        assert!(!path.exists());
    }
    let outcome = with_pid_file(scripted(), &path).behaviour("fail_at_start").run();
    assert!(outcome.code == Some(1) && !path.exists(), "{outcome:?}");
    // One that cannot be written ends the server, and nothing is left.
    let outcome = scripted().arguments(["--pid-file=/nowhere/pid"]).run();
    assert!(outcome.code == Some(1) && outcome.stderr.contains("Error: the pid file /nowhere/pid cannot be written"), "{outcome:?}");
    // A killed one leaves its file, and the next replaces it.
    let mut server = with_pid_file(scripted(), &path).start();
    watch::until("it is written", || path.exists());
    server.signal(Signal::SIGKILL);
    server.wait_for_end();
    watch::until("no process is left", || server.processes().is_empty());
    assert!(path.exists());
    let server = with_pid_file(scripted(), &path).start();
    watch::until("it is written", || fs::read_to_string(&path).is_ok_and(|text| text == format!("{}\n", server.master())));
    server.stop();
}

/// The pipes that a process has open, under which descriptors.
fn pipes(pid: u32) -> Vec<(PathBuf, String)> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives").flatten();
    let linked = open.filter_map(|entry| Some((fs::read_link(entry.path()).ok()?, entry.file_name().to_string_lossy().into_owned())));
    linked.filter(|(to, _)| to.to_string_lossy().starts_with("pipe:")).collect()
}

/// Those of this process that it has not inherited.
fn own_pipes() -> Vec<PathBuf> {
    let is_own = |number: &str| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| i32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
        flags.is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() != 0)
    };
    pipes(std::process::id()).into_iter().filter(|(_, number)| is_own(number)).map(|(pipe, _)| pipe).collect()
}

#[test]
fn a_daemon_lets_the_command_return_when_it_listens() {
    let mut logged = Logged::start_unwatched(scripted().arguments(["--daemonize=true"]), |launch, directory| {
        with_pid_file(launch, &directory.join("pid"))
    });
    let path = logged.file().with_file_name("pid");
    assert_eq!(logged.server.wait_for_end().code(), Some(0));
    // Everything is there already.
    let pid: u32 = fs::read_to_string(&path).expect("the pid file is there").trim().parse().expect("a number");
    Client::connect(logged.address()).is_served();
    let session = nix::unistd::getsid(Some(nix::unistd::Pid::from_raw(pid.cast_signed()))).expect("it lives");
    assert!(session != nix::unistd::getsid(None).expect("it has one") && session.as_raw().cast_unsigned() != pid);
    assert_eq!(fs::read_link(format!("/proc/{pid}/fd/0")).expect("it is open"), Path::new("/dev/null"));
    assert_eq!(logged.server.log(), [""; 0]);
    // Who reads what the command prints sees the end of it: no process of the server has it open.
    let ours = own_pipes();
    for process in logged.server.processes() {
        assert!(pipes(process.pid).iter().all(|(pipe, _)| !ours.contains(pipe)), "{process:?}");
    }
    tree::signal(pid, Signal::SIGTERM);
    watch::until("no process is left", || logged.server.processes().is_empty());
    assert!(!path.exists());
    logged.wait(&["the server has ended"]);
}

#[test]
fn a_daemon_that_does_not_come_to_listen_says_why_by_its_command() {
    let taken = TcpListener::bind("127.0.200.2:0").expect("a free port");
    let address = format!("tcp://{}", taken.local_addr().expect("it is bound"));
    let outcome = scripted().address(&address).arguments(["--daemonize=true"]).run();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("WARN") && outcome.stderr.contains("`daemonize` without `log_file`"), "{outcome:?}");
    assert!(outcome.stderr.lines().last().is_some_and(|line| line.starts_with("Error: cannot listen on")), "{outcome:?}");
    let outcome = scripted().arguments(["--daemonize=true"]).behaviour("fail_at_start").run();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{outcome:?}");
}

#[test]
fn workers_are_another_user_and_what_they_leave_in_files_is_read_by_each() {
    if !is_root() {
        return;
    }
    let directory = Directory::new();
    let launch = Launch::new(env!("CARGO_BIN_EXE_tasker")).arguments([directory.argument().as_str(), "--user=nobody"]);
    let server = without_journal(launch).start();
    let mut client = server.connect();
    let worker = client.who().number("pid") as u32;
    let number = NOBODY.to_string();
    for name in ["Uid", "Gid"] {
        assert_eq!(status(worker, name), vec![number.as_str(); 4], "{name}");
        assert_eq!(status(server.master(), name)[0], "0");
    }
    assert!(!status(worker, "Groups").contains(&"0".to_owned()));
    assert_eq!(status(worker, "CapEff"), ["0000000000000000"]);
    for length in [100, 100 << 10, 5 << 20] {
        let output = client.ask_fields(&format!("wait 10000000000 1 echo {length}"));
        assert_eq!((output.number("length"), output.text("whole")), (length, "true"), "{output:?}");
    }
    server.stop();
    assert_eq!(directory.entries(), [""; 0]);
}

#[test]
fn a_group_alone_and_a_root_directory_hold_for_workers_and_their_successors() {
    if !is_root() {
        return;
    }
    let jail = Directory::new();
    fs::write(jail.path().join("here"), "").expect("a file can be written");
    let argument = format!("--chroot={}", jail.path().display());
    let server = without_journal(scripted().arguments([argument.as_str(), "--group=nogroup"])).start();
    for _ in 0..2 {
        let mut client = server.connect_to_worker(0);
        assert_eq!(client.ask("files /here"), "exists=true");
        assert_eq!(client.ask("files /proc"), "exists=false");
        let pid = client.who().number("pid") as u32;
        assert_eq!((status(pid, "Uid")[0].as_str(), status(pid, "Gid")[0].as_str()), ("0", NOBODY.to_string().as_str()));
        assert_eq!(status(pid, "Groups"), [NOBODY.to_string()]);
        client.say("abort");
        watch::until("it has ended", || !tree::lives(pid));
    }
    server.stop();
}

#[test]
fn only_root_may_ask_for_another_user_and_it_must_be_somebody() {
    if !is_root() {
        return;
    }
    for (argument, texts) in [
        ("--user=nobody-of-this-name", ["`user`", "no such user"]),
        ("--group=nobody-of-this-name", ["`group`", "no such group"]),
        ("--user=54321", ["`user`", "set `group`"]),
        ("--chroot=/nowhere", ["`chroot`", "no such directory"]),
    ] {
        let outcome = scripted().arguments([argument]).run();
        texts.iter().for_each(|text| assert!(outcome.refusal().contains(text), "{text}: {outcome:?}"));
    }
    let as_nobody = r#"exec setpriv --reuid=65534 --clear-groups "$0" "$@""#;
    for argument in ["--user=nobody", "--group=nogroup", "--chroot=/tmp"] {
        let outcome = scripted().arguments([argument]).after(as_nobody).run();
        assert!(outcome.refusal().contains("not root"), "{outcome:?}");
    }
}

#[test]
fn each_worker_stays_on_a_cpu_of_its_own() {
    let server = scripted().workers(3).arguments(["--cpu-affinity=true"]).start();
    let of = |pid| status(pid, "Cpus_allowed_list").concat();
    let cpus: Vec<String> = (0..3).map(|worker| of(server.worker(worker))).collect();
    assert!(cpus.iter().all(|cpu| cpu.parse::<u32>().is_ok()), "one each: {cpus:?}");
    let all = std::thread::available_parallelism().expect("it is known").get();
    assert_eq!(cpus[0] != cpus[1], all > 1, "{cpus:?}");
    let (first, manager) = (cpus[0].clone(), of(server.manager()));
    assert!(all == 1 || manager != first, "the manager runs on all");
    server.stop();
    let argument = format!("--cpu-affinity-ignore={first}");
    let launch = scripted().arguments(["--cpu-affinity=true", argument.as_str()]);
    if all == 1 {
        assert!(launch.run().refusal().contains("leaves no CPU"));
        return;
    }
    let server = launch.start();
    for worker in [0, 1] {
        assert_ne!(of(server.worker(worker)), first);
    }
    server.stop();
}

#[test]
fn every_process_is_named_after_its_role() {
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).workers(1).start();
    let named = || {
        let processes = server.processes();
        let mut names: Vec<String> = processes
            .iter()
            .filter_map(|process| fs::read_to_string(format!("/proc/{}/comm", process.pid)).ok())
            .map(|name| name.trim().to_owned())
            .collect();
        names.sort();
        names
    };
    watch::until_or("their names", || {
        let names = named();
        if names.iter().any(|name| name == "tasker: master")
            && names.iter().any(|name| name == "tasker: manager")
            && names.iter().any(|name| name == "tasker: standby")
            && names.iter().any(|name| name == "tasker: worker 0" || name == "taske: worker 0")
            && names.iter().any(|name| name == "task worker 1")
        {
            Ok(())
        } else {
            Err(format!("{names:?}"))
        }
    });
    server.stop();
}

/// What was said to this socket next.
fn said(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 512];
    let length = socket.recv(&mut bytes).expect("something is said before the watchdog");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

/// The next that is no sign of life.
fn said_of_itself(socket: &UnixDatagram) -> String {
    watch::find("something is said", || Some(said(socket)).filter(|said| said != "WATCHDOG=1"))
}

#[test]
fn systemd_is_told_of_ready_reload_and_end_and_that_the_master_lives() {
    let directory = Directory::new();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket can be made there");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    let launch = scripted().environment("NOTIFY_SOCKET", path.to_str().expect("it is text")).environment("WATCHDOG_USEC", "20000");
    let mut server = launch.behaviour("nap_in_worker_1").start();
    server.journal.wait("on_start", |_| true);
    // It listens, and one worker is not ready: it lives, and says no more.
    for _ in 0..5 {
        assert_eq!(said(&socket), "WATCHDOG=1");
    }
    server.journal.ring_alarm();
    let ready = said_of_itself(&socket);
    assert!(ready.starts_with("READY=1\nSTATUS="), "{ready}");
    server.signal(Signal::SIGUSR1);
    let reloading = said_of_itself(&socket);
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    let number = reloading.lines().nth(1).and_then(|line| line.split_once('=')).and_then(|(_, number)| number.parse::<u64>().ok());
    assert!(number.is_some_and(|microseconds| microseconds > 0), "{reloading}");
    assert!(said_of_itself(&socket).starts_with("READY=1\n"));
    server.signal(Signal::SIGTERM);
    assert!(said_of_itself(&socket).starts_with("STOPPING=1\n"));
    assert_eq!(server.wait_for_end().code(), Some(0));
}

#[test]
fn a_socket_that_systemd_passes_is_listened_on_and_outlives_the_server() {
    let listener = TcpListener::bind("127.0.200.3:0").expect("a free port");
    let other = TcpListener::bind("127.0.200.4:0").expect("a free port");
    let (address, stray) = (listener.local_addr().expect("it is bound"), other.local_addr().expect("it is bound"));
    // Connected before there is a server: nobody is refused.
    let mut early = Client::connect(address);
    let mut server = scripted().address(&format!("tcp://{address}")).passing([listener.as_fd(), other.as_fd()]).start();
    early.is_served();
    server.wait_for_log(&["INFO", &format!("tcp://{address}"), "was passed"]);
    server.wait_for_log(&["WARN", &stray.to_string(), "no `listen` names"]);
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait_for_end().code(), Some(0));
    // The next one has it again.
    let _late = Client::connect(address);
    let server = scripted().address(&format!("tcp://{address}")).run();
    assert!(server.refusal().contains("cannot listen"), "who was passed none cannot listen there");
}

#[test]
fn as_pid_1_of_a_container_it_reaps_what_others_leave_and_ends_by_sigterm() {
    if !is_root() {
        return;
    }
    // Where no namespace can be made, there is nothing to see.
    let can = std::process::Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no namespace of processes can be made here");
        return;
    }
    let mut server = scripted().after(r#"exec unshare --pid --fork --mount-proc "$0" "$@""#).start();
    let master = watch::find("the master", || {
        let processes = server.processes();
        let named = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        processes.iter().map(|process| process.pid).find(|&pid| named(pid).trim().ends_with(": master"))
    });
    assert_eq!(status(master, "NSpid").last().map(String::as_str), Some("1"));
    let mut client = server.connect_to_worker(0);
    let command: Entry = client.ask_fields("command 0.05");
    assert!(command.number("pid") > 1);
    // Its parent goes, and it is nobody's but the master's.
    client.say("die");
    server.wait_for_log(&["ERROR", "worker 0"]);
    server.connect_to_worker(0).is_served();
    watch::until("everything is reaped, and only the server's own processes are left", || {
        tree::unreaped_children(master).is_empty() && server.processes().len() == 6
    });
    for (signal, text) in [(Signal::SIGUSR1, "all workers are replaced"), (Signal::SIGHUP, "nothing to open anew")] {
        tree::signal(master, signal);
        server.wait_for_log(&[text]);
    }
    tree::signal(master, Signal::SIGTERM);
    assert_eq!(server.wait_for_end().code(), Some(0));
    watch::until("no process is left", || server.processes().is_empty());
}

#[test]
fn a_program_that_takes_over_prints_to_the_log_as_the_user_that_it_is_to_be() {
    if !is_root() {
        return;
    }
    let directory = Directory::new();
    let install = |program: &str| {
        let new = directory.path().join("new");
        // By another process: a descriptor that this one had open for writing might be a child's of another test, and then it cannot be run.
        let copied = std::process::Command::new("cp").arg(program).arg(&new).status();
        assert!(copied.is_ok_and(|status| status.success()), "a program can be copied");
        fs::rename(new, directory.path().join("server")).expect("it can be renamed");
    };
    install(env!("CARGO_BIN_EXE_version_one"));
    let program = directory.path().join("server");
    let launch = Launch::new(program.to_str().expect("it is text")).arguments([
        "--user=nobody",
        "--cpu-affinity=true",
        directory.argument().as_str(),
    ]);
    let mut logged = Logged::start(without_journal(launch));
    let before = logged.connect_to_worker(0).who().number("pid") as u32;
    install(env!("CARGO_BIN_EXE_version_two"));
    logged.server.signal(Signal::SIGUSR1);
    logged.wait(&["all workers are replaced"]);
    let mut client = logged.connect_to_worker(0);
    let pid = client.who().number("pid") as u32;
    assert_eq!((client.ask("version"), pid == before), ("version 2".to_owned(), false));
    assert_eq!((status(pid, "Uid")[0].clone(), status(pid, "Gid")[0].clone()), (NOBODY.to_string(), NOBODY.to_string()));
    client.say("print of another program");
    logged.wait(&[&format!("PRINT [worker 0 {pid}] of another program")]);
    client.say("panic");
    client.line();
    let line = logged.wait(&["asked to panic", &format!("[worker 0 {pid}]")]);
    assert!(!line.contains("PRINT"), "{line}");
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0));
}
