//! Listeners: several of them, with callbacks and settings of their own; unix sockets.

use nix::{
    errno::Errno,
    sys::{
        signal::Signal,
        socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket},
    },
};
use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, AsRawFd},
        linux::net::SocketAddrExt,
        unix::{
            fs::{FileTypeExt, PermissionsExt},
            net::{SocketAddr as UnixAddress, UnixListener, UnixStream},
        },
    },
    path::Path,
};
use system_tests::{Client, Directory, Entry, Launch, Server, local, script::pattern, tree, watch};

fn ports(directory: &Directory) -> Launch {
    local::ports(env!("CARGO_BIN_EXE_ports"), directory)
}

fn end_of(server: &Server, session: u64) -> Entry {
    server.journal.wait_for_session("on_close", session)
}

#[test]
fn each_listener_calls_its_own_methods_and_those_of_the_main_one_where_it_names_none() {
    let directory = Directory::new();
    let server = ports(&directory).start();
    let by = |event: &str, session: u64| server.journal.wait_for_session(event, session).text("by").to_owned();

    let mut main = server.connect();
    let said = main.ask_fields("who?");
    let address = server.address();
    assert_eq!((said.text("by"), said.text("name"), said.number("listener")), ("main", "main", 0));
    assert_eq!((said.number("port"), said.text("remote")), (address.port().into(), main.local().to_string().as_str()));
    let session = said.number("session");
    drop(main);
    assert_eq!((end_of(&server, session).text("by"), by("on_connect", session).as_str()), ("main", "main"));

    let address = server.address_of("admin");
    let mut admin = Client::connect(address);
    let said = admin.ask_fields("who?");
    assert_eq!((said.text("by"), said.text("name"), said.number("listener")), ("admin", "admin", 1));
    assert_eq!((said.number("port"), said.text("remote")), (address.port().into(), admin.local().to_string().as_str()));
    let session = said.number("session");
    drop(admin);
    assert_eq!((end_of(&server, session).text("by"), by("on_connect", session).as_str()), ("admin", "admin"));

    let me = format!("unix:{}", std::process::id());
    let stream = local::connect(&directory.socket());
    let said = local::ask(&stream, "who?");
    assert_eq!((said.text("by"), said.text("name"), said.number("listener"), said.number("port")), ("local", "local", 2, 0));
    assert_eq!((said.text("remote"), said.number("uid")), (me.as_str(), nix::unistd::getuid().as_raw().into()));
    let session = said.number("session");
    drop(stream);
    assert_eq!((end_of(&server, session).text("by"), by("on_connect", session).as_str()), ("main", "main"));

    let place = UnixAddress::from_abstract_name(directory.name()).expect("it is short");
    let stream = local::watched(UnixStream::connect_addr(&place).expect("the server listens there"));
    let said = local::ask(&stream, "who?");
    assert_eq!((said.text("by"), said.text("name"), said.number("listener")), ("admin", "second-admin", 3));
    drop(stream);
    server.stop();
    assert!(!directory.socket().exists(), "no socket file is left");
}

#[test]
fn a_successor_knows_the_listeners_of_the_sessions_it_takes_over() {
    let directory = Directory::new();
    let server = ports(&directory).workers(1).start();
    let mut victim = server.connect();
    let mut admin = Client::connect(server.address_of("admin"));
    let stream = local::connect(&directory.socket());
    let before = (admin.ask_fields("who?"), local::ask(&stream, "who?"));
    victim.say("die");
    let after = (admin.ask_fields("who?"), local::ask(&stream, "who?"));
    assert_eq!((after.0.text("by"), after.1.text("by")), ("admin", "local"));
    assert_eq!(after.0.number("session"), before.0.number("session"));
    drop((admin, stream));
    assert_eq!(end_of(&server, before.0.number("session")).text("by"), "admin");
    server.stop();
}

#[test]
fn the_main_listener_may_be_a_unix_socket_and_commands_find_the_server_by_it() {
    let directory = Directory::new();
    let path = directory.path().join("main.sock");
    let url = format!("unix://{}", path.display());
    let launch = || ports(&directory).address(&url);
    let mut server = launch().start_unwatched();
    server.wait_for_log(&["listening on unix://", "main.sock"]);
    let stream = local::connect(&path);
    let said = local::ask(&stream, "who?");
    assert_eq!((said.text("by"), said.text("name"), said.number("port")), ("main", "main", 0));
    let connections = launch().arguments(["connections", "--json"]).run();
    assert!(connections.information().contains("\"listener\":\"main\""), "{connections:?}");
    drop(stream);
    assert_eq!(launch().arguments(["stop"]).run().code, Some(0));
    assert!(server.wait_for_end().success());
    assert!(!path.exists() && !directory.socket().exists());
}

#[test]
fn a_program_that_attaches_knows_the_listeners() {
    let directory = Directory::new();
    let server = ports(&directory).workers(1).arguments(["--reload=exec"]).start();
    let mut admin = Client::connect(server.address_of("admin"));
    let stream = local::connect(&directory.socket());
    assert_eq!((admin.ask_fields("who?").text("by"), local::ask(&stream, "who?").text("name")), ("admin", "local"));
    server.signal(Signal::SIGUSR1);
    server.wait_for_log(&["all workers are replaced"]);
    assert_eq!((admin.ask_fields("who?").text("by"), local::ask(&stream, "who?").text("name")), ("admin", "local"));
    assert_eq!(local::ask(&local::connect(&directory.socket()), "who?").text("by"), "local");
    drop((admin, stream));
    server.stop();
}

#[test]
fn every_byte_comes_back_in_order_over_a_unix_socket_until_its_end() {
    let directory = Directory::new();
    let server = ports(&directory).start();
    // More than a socket holds, in pieces that end anywhere; with the end right behind the last byte.
    for (size, piece) in [(1, 1), (5 << 20, 100_003), (3 << 20, 64 << 10), (700, 7)] {
        let stream = local::connect(&directory.socket());
        let sent = pattern(size);
        let mut writer = stream.try_clone().expect("it is open");
        let bytes = sent.clone();
        let writes = std::thread::spawn(move || {
            bytes.chunks(piece).for_each(|piece| writer.write_all(piece).expect("it takes bytes"));
            writer.shutdown(Shutdown::Write).expect("it is open");
        });
        let mut came = Vec::new();
        (&stream).read_to_end(&mut came).expect("they come, and then the end");
        writes.join().expect("it does not panic");
        assert!(came == sent, "{} of {size} bytes", came.len());
    }
    server.stop();
}

#[test]
fn the_file_of_a_dead_server_is_replaced_and_that_of_a_live_one_refused() {
    let directory = Directory::new();
    // What somebody has left who was killed.
    drop(UnixListener::bind(directory.socket()).expect("it is free"));
    let server = ports(&directory).start();
    assert_eq!(local::ask(&local::connect(&directory.socket()), "who?").text("by"), "local");
    let name = format!("unix://@{}-other", directory.name());
    let second = ports(&directory).environment("SWOOLE_LISTENER_SECOND_ADMIN_LISTEN", &name).run();
    let said = second.refusal();
    assert!(said.contains("cannot listen on unix://") && said.contains("another process listens there"), "{said}");
    assert_eq!(local::ask(&local::connect(&directory.socket()), "who?").text("by"), "local", "the first one is not disturbed");
    server.stop();
    assert!(!directory.socket().exists());

    fs::write(directory.socket(), "mine").expect("a file can be written");
    let refused = ports(&directory).run();
    assert!(refused.refusal().contains("no socket"), "{refused:?}");
    assert_eq!(fs::read_to_string(directory.socket()).expect("it is there"), "mine");
}

#[test]
fn no_socket_file_is_left_by_a_start_that_fails() {
    let directory = Directory::new();
    let taken = UnixAddress::from_abstract_name(directory.name()).expect("it is short");
    let _holder = UnixListener::bind_addr(&taken).expect("it is free");
    let refused = ports(&directory).run();
    assert!(refused.refusal().contains("cannot listen on unix://@"), "{refused:?}");
    assert!(!directory.socket().exists());
}

#[test]
fn a_master_that_is_killed_leaves_no_socket_file() {
    for with_manager in [false, true] {
        let directory = Directory::new();
        let mut server = ports(&directory).start();
        let master = server.master();
        let others: Vec<u32> = server.processes().iter().map(|process| process.pid).filter(|&pid| pid != master).collect();
        assert!(directory.socket().exists());
        if with_manager {
            // Forked first: the standby is left to do it.
            tree::signal(*others.iter().min().expect("there is one"), Signal::SIGKILL);
        }
        tree::signal(master, Signal::SIGKILL);
        server.wait_for_end();
        watch::until("no process is left", || server.processes().is_empty());
        assert!(!directory.socket().exists(), "with the manager: {with_manager}");
    }
}

#[test]
fn the_permissions_of_a_socket_file_are_those_that_were_asked_for() {
    let directory = Directory::new();
    for (asked, mode) in [(None, 0o755), (Some("660"), 0o660), (Some("0666"), 0o666)] {
        let launch = ports(&directory).after("umask 022");
        let launch = asked.into_iter().fold(launch, |launch, asked| launch.environment("SWOOLE_LISTENER_LOCAL_UNIX_MODE", asked));
        let server = launch.start();
        let metadata = fs::symlink_metadata(directory.socket()).expect("it is there");
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{asked:?}");
        server.stop();
    }
}

#[test]
fn a_unix_socket_that_is_passed_is_listened_on_and_outlives_the_server() {
    let directory = Directory::new();
    let listener = UnixListener::bind(directory.socket()).expect("it is free");
    let early = local::connect(&directory.socket());
    let server = ports(&directory).passing([listener.as_fd()]).start();
    assert_eq!(local::ask(&early, "who?").text("by"), "local");
    server.stop();
    assert!(directory.socket().exists(), "it belongs to whoever made it");
}

#[test]
fn settings_of_a_listener_come_from_everywhere_and_kinds_of_sockets_stay() {
    let directory = Directory::new();
    let file = directory.path().join("settings.toml");
    let other = directory.path().join("admin.sock");
    fs::write(&file, format!("[listener.admin]\nlisten = 'unix://{}'\nbacklog = 9\n", other.display())).expect("it can be written");
    let option = "--listener=local.backlog=11";
    let arguments = ["--config", file.to_str().expect("it is text"), option];
    let server = ports(&directory).arguments(arguments).environment("SWOOLE_LISTENER_LOCAL_BACKLOG", "10").start();
    assert_eq!(local::ask(&local::connect(&other), "who?").text("by"), "admin", "a stream socket of another kind");
    assert_eq!((backlog_of(&server, &other), backlog_of(&server, &directory.socket())), (9, 11));
    server.stop();

    let printed = ports(&directory).arguments(arguments).arguments(["--print-config"]).run();
    for line in ["[listener.admin]", "backlog = 11  # option --listener local.backlog", "tcp_nodelay = false  # attribute"] {
        assert!(printed.information().lines().any(|printed| printed == line), "{line} is in {}", printed.stdout);
    }
    let checked = ports(&directory).arguments(["--check"]).run();
    assert!(checked.information().contains(&directory.socket().display().to_string()), "{checked:?}");
    for (arguments, why) in [
        (["--listener", "local.listen=unix-dgram:///run/x"], "brings packets, and this program was compiled without an `on_packet`"),
        (["--listener", "lokal.backlog=1"], "beside the main one it has admin, local, second-admin"),
        (["--listener", "local.workers=1"], "`workers` belongs to the server"),
        (["--listener", "local.backlog=0"], "takes a number from 1 to 65535"),
        (["--listener", "local"], "it takes NAME.KEY=VALUE"),
    ] {
        let refused = ports(&directory).arguments(arguments).run();
        assert!(refused.refusal().contains(why), "{why}: {refused:?}");
    }
    let without = Launch::new(env!("CARGO_BIN_EXE_ports")).run();
    assert!(without.refusal().contains("the listener `local` has no address"), "{without:?}");
}

/// How many clients may wait at a unix socket: so many connect while nobody accepts.
fn backlog_of(server: &Server, path: &Path) -> u32 {
    tree::stop(server.master());
    let address = UnixAddr::new(path).expect("a path that fits");
    let mut waiting = Vec::new();
    loop {
        let client =
            socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None).expect("a socket");
        match connect(client.as_raw_fd(), &address) {
            Ok(()) => waiting.push(client),
            Err(Errno::EAGAIN) => break,
            Err(e) => panic!("{e}"),
        }
    }
    tree::signal(server.master(), Signal::SIGCONT);
    // The kernel takes one more than it is told.
    waiting.len() as u32 - 1
}

#[test]
fn without_descriptors_clients_wait_and_are_served_when_there_are_some_again() {
    let directory = Directory::new();
    let server = ports(&directory).start();
    let mut before = server.connect();
    before.ask("who?");
    let whole = tree::limit_descriptors(server.master(), Some(3));
    let mut clients: Vec<Client> = (0..5).map(|_| server.connect()).collect();
    let stream = local::connect(&directory.socket());
    clients.iter_mut().for_each(|client| client.say("who?"));
    local::say(&stream, "who?");
    server.wait_for_log(&["no connection can be accepted", "Too many open files"]);
    watch::until("it tries again", || before.ask_fields("who?").number("failed") > 3);
    tree::limit_descriptors(server.master(), Some(whole));
    for mut client in clients {
        assert_eq!(Entry::read(&client.line()).text("by"), "main");
    }
    assert_eq!(local::hear(&stream).text("by"), "local");
    server.wait_for_log(&["connections are accepted again"]);
    let said = server.log().iter().filter(|line| line.contains("no connection can be accepted")).count();
    assert_eq!(said, 1, "it is said once");
    server.stop();
}
