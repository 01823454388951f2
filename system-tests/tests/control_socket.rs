//! The socket through which a server takes commands: where it lies, whose it is, and that nobody who comes to it does harm.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};
use system_tests::{Directory, Launch, Place, tree, watch};

fn scripted() -> Place {
    Place::of(env!("CARGO_BIN_EXE_scripted"))
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives").count()
}

#[test]
fn silly_clients_keep_nobody_from_anything() {
    let place = scripted();
    let server = place.launch().start();
    let mut client = server.connect();
    place.status();
    let before = descriptors(server.master());
    let long = [b'x'; 100_000];
    let sayings: [&[u8]; 6] = [b"", b"swoole-control 1 sta", b"swoole-control 1 status\n", b"\xff\n", &long, b"GET / HTTP/1.1\r\n\r\n"];
    let mut clients = Vec::new();
    for round in 0..100 {
        clients.push(place.knock(sayings[round % sayings.len()]));
        if round % 10 == 0 {
            client.is_served();
            assert_eq!(place.status()["ready"], 2);
        }
    }
    assert!(descriptors(server.master()) <= before + 16, "so many are bounded");
    // Who says nothing is dropped, even where nobody else comes.
    watch::until("they are dropped", || descriptors(server.master()) == before);
    drop(clients);
    client.is_served();
    server.stop();
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not() {
    let place = scripted();
    let mut dead = place.launch().start();
    tree::signal(dead.master(), Signal::SIGKILL);
    dead.wait_for_end();
    let is_socket = || fs::symlink_metadata(place.socket()).is_ok_and(|there| there.file_type().is_socket());
    assert!(is_socket(), "it was left");
    place.has_no_server();
    let server = place.launch().start();
    assert_eq!(place.status()["pid"], server.master());

    let outcome = place.launch().run();
    let path = place.socket().display().to_string();
    assert!(outcome.refusal().contains(&format!("another server runs, and takes commands at {path}")), "{outcome:?}");
    assert_eq!(place.status()["pid"], server.master());
    // A master that does not come to listen lives as well.
    tree::stop(server.master());
    assert!(place.launch().run().refusal().contains("another server runs"));
    tree::signal(server.master(), Signal::SIGCONT);
    server.stop();
    assert!(!is_socket());
}

#[test]
fn a_server_that_ends_late_takes_away_its_own_socket_alone() {
    let place = scripted();
    let server = place.launch().start();
    fs::remove_file(place.socket()).expect("it is there");
    let other = place.launch().start();
    server.stop();
    assert_eq!(place.status()["pid"], other.master());
    other.stop();
    place.has_no_server();
}

#[test]
fn a_file_that_is_no_socket_stays_as_it_is() {
    let place = scripted();
    fs::write(place.socket(), "mine").expect("it can be written");
    let outcome = place.launch().run();
    assert!(outcome.refusal().contains("no socket"), "{outcome:?}");
    assert_eq!(fs::read_to_string(place.socket()).expect("it is there"), "mine");
    let nowhere = place.socket().join("x");
    let outcome = Launch::new(place.program()).arguments([format!("--control={}", nowhere.display()).as_str()]).run();
    assert!(outcome.refusal().contains("cannot be made"), "{outcome:?}");
}

#[test]
fn the_socket_is_its_users_alone() {
    let place = scripted();
    let server = place.launch().after("umask 0").start();
    assert_eq!(fs::metadata(place.socket()).expect("it is there").permissions().mode() & 0o777, 0o600);
    // Neither manager nor workers have it.
    let holds = |pid: u32| {
        let names = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let sockets: BTreeSet<String> =
            names.filter_map(|fd| fs::read_link(fd.path()).ok()).map(|link| link.display().to_string()).collect();
        let listening = fs::read_to_string("/proc/net/unix").expect("it can be read");
        let path = place.socket().display().to_string();
        let inode = listening.lines().find(|line| line.ends_with(&path)).and_then(|line| line.split_whitespace().nth(6)).unwrap_or("?");
        sockets.contains(&format!("socket:[{inode}]"))
    };
    assert!(holds(server.master()));
    for process in server.processes().iter().filter(|process| process.pid != server.master()) {
        assert!(!holds(process.pid), "{process:?}");
    }
    server.stop();
}

#[test]
fn two_servers_have_two_sockets_and_none_may_be_wanted() {
    let (one, other) = (scripted(), scripted());
    let servers = [one.launch().start(), other.launch().start()];
    assert_eq!((&one.status()["pid"], &other.status()["pid"]), (&servers[0].master().into(), &servers[1].master().into()));
    let [first, second] = servers;
    one.said(&["stop"]);
    other.status();
    second.stop();
    drop(first);

    for off in ["off", ""] {
        let option = format!("--control={off}");
        let server = Launch::new(one.program()).arguments([option.as_str()]).start();
        let outcome = Launch::new(one.program()).arguments(["status", option.as_str()]).run();
        assert!(outcome.refusal().contains("`control` is off"), "{outcome:?}");
        server.stop();
    }
    let outcome = Launch::new(one.program()).arguments(["status"]).run();
    assert!(outcome.refusal().contains("port 0 is any port"), "{outcome:?}");
}

/// An address of its own, with a port that is known before.
fn launch_at(program: &str) -> (Launch, String) {
    let launch = Launch::new(program);
    let address = launch.own_address().replace(":0", ":9501");
    (launch.address(&address), address)
}

#[test]
fn where_nobody_says_it_the_socket_lies_by_user_and_address() {
    let program = env!("CARGO_BIN_EXE_scripted");
    let directory = Directory::new();
    let session = directory.path().to_string_lossy().into_owned();
    let (launch, address) = launch_at(program);
    let status_in = |session: &str| {
        let launch = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", session);
        let outcome = launch.arguments(["status", "--json"]).run();
        serde_json::from_str::<Value>(outcome.information()).expect("JSON")["pid"].clone()
    };
    let name = format!("swoole-{}.sock", address.trim_start_matches("tcp://"));
    let server = launch.environment("XDG_RUNTIME_DIR", &session).start();
    assert!(directory.path().join(&name).exists());
    assert_eq!(status_in(&session), server.master());
    server.stop();
    assert_eq!(directory.entries(), [""; 0]);

    // Without one of its session it is in one of the user; and is found from a session as well.
    let server = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", "").start();
    let of_user = PathBuf::from(format!("/tmp/swoole-{}", nix::unistd::geteuid()));
    assert_eq!(fs::metadata(&of_user).expect("it is there").permissions().mode() & 0o777, 0o700);
    assert!(of_user.join(&name).exists());
    assert_eq!((status_in(""), status_in(&session)), (server.master().into(), server.master().into()));
    server.stop();
    assert!(!of_user.join(&name).exists());

    // One in which others may write is none.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("it can be set");
    let server = Launch::new(program).address(&address).environment("XDG_RUNTIME_DIR", &session).start();
    assert!(!Path::new(&session).join(&name).exists() && of_user.join(&name).exists());
    server.stop();
}
