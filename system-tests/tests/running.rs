//! A server among other programs: its pid in a file, the background, systemd, a container.

use nix::{fcntl::OFlag, sys::signal::Signal};
use std::{
    fs,
    net::TcpListener,
    os::{fd::AsFd, unix::net::UnixDatagram},
    path::{Path, PathBuf},
};
use system_tests::{Client, Directory, Entry, Launch, Logged, machine, tree, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

#[test]
fn a_pid_file_is_no_log_file() {
    let outcome = Launch::new(env!("CARGO_BIN_EXE_configured")).arguments(["--log-file=/tmp/one.file", "--pid-file=/tmp/one.file"]).run();
    assert!(outcome.refusal().contains("`pid_file` is the file that `log_file` names"), "{outcome:?}");
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
    if !machine::is_root() || !machine::has_namespaces() {
        return;
    }
    let mut server = scripted().after(r#"exec unshare --pid --fork --mount-proc "$0" "$@""#).start();
    let master = watch::find("the master", || {
        let processes = server.processes();
        let named = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        processes.iter().map(|process| process.pid).find(|&pid| named(pid).trim().ends_with(": master"))
    });
    assert_eq!(tree::status(master, "NSpid").last().map(String::as_str), Some("1"));
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
