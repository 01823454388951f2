//! Files that are sent: in their order, whole, at the client's pace, whatever becomes of the file, the client and the worker.

use nix::sys::{signal::Signal, stat::Mode};
use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::PathBuf, thread, time::Duration};
use system_tests::{Client, Directory, End, Launch, Server, machine, script, tree, watch};

const MIB: usize = 1 << 20;

fn sender() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_sender"))
}

/// A file of so many bytes of the pattern, and what is in it.
fn file(directory: &Directory, length: usize) -> (PathBuf, Vec<u8>) {
    let (path, bytes) = (directory.path().join("file"), script::pattern(length));
    fs::write(&path, &bytes).expect("a file can be written");
    (path, bytes)
}

/// How many files below this directory the master has open, deleted ones too.
fn open_files(server: &Server, directory: &Directory) -> usize {
    let links = fs::read_dir(format!("/proc/{}/fd", server.master())).expect("the master lives");
    let links = links.filter_map(|link| fs::read_link(link.ok()?.path()).ok());
    links.filter(|target| target.to_string_lossy().starts_with(&*directory.path().to_string_lossy())).count()
}

/// A client that reads so little that most of a large file waits at the server, and its session.
fn slow(server: &Server) -> (Client, u64) {
    let mut client = server.connect().read_slowly();
    let session = client.session();
    (client, session)
}

fn ask_to_send(client: &mut Client, path: &std::path::Path) {
    client.say(&format!("file {} 0 all", path.display()));
}

#[test]
fn a_file_comes_between_what_was_sent_before_and_after() {
    let directory = Directory::new();
    let server = sender().start();
    for length in [1, 1000, 100 << 10, 3 * MIB + 17, 20 * MIB] {
        let (path, bytes) = file(&directory, length);
        for mut client in [server.connect(), server.connect().read_slowly()] {
            for _ in 0..3 {
                client.say(&format!("around {}", path.display()));
            }
            for _ in 0..3 {
                assert_eq!(client.line(), "before");
                assert!(client.bytes(length) == bytes, "{length}");
                assert_eq!(client.line(), "after");
            }
        }
    }
    watch::until("no file is open", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn a_part_of_a_file_is_what_was_asked_for() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 5000);
    let server = sender().start();
    let mut client = server.connect();
    for (offset, length) in [(0, "all"), (4999, "all"), (17, "4000"), (0, "5000"), (4999, "1")] {
        client.say(&format!("file {} {offset} {length}", path.display()));
        let to = length.parse::<usize>().map_or(5000, |length| offset + length);
        assert!(client.bytes(to - offset) == bytes[offset..to], "{offset} {length}");
        assert_eq!(client.line(), "Ok(())");
    }
    // No bytes are no message, and no error.
    for nothing in ["5000 all", "5000 0", "100 0"] {
        assert_eq!(client.ask(&format!("file {} {nothing}", path.display())), "Ok(())");
    }
    fs::write(&path, "").expect("it can be emptied");
    assert_eq!(client.ask(&format!("file {} 0 all", path.display())), "Ok(())");
    server.stop();
}

#[test]
fn what_cannot_be_sent_is_an_error_of_the_call() {
    let directory = Directory::new();
    let (path, _) = file(&directory, 5000);
    let at = |name: &str| directory.path().join(name);
    nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).expect("a pipe can be made");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket can be made");
    std::os::unix::fs::symlink(at("loop"), at("loop")).expect("a link can be made");
    let server = sender().start();
    let mut client = server.connect();
    for (what, error) in [
        (format!("{} 0 all", at("missing").display()), "Err(NotFound)"),
        (format!("{} 0 all", path.join("below").display()), "Err(NotFound)"),
        (format!("{} 0 all", directory.path().display()), "Err(NotAFile)"),
        (format!("{} 0 all", at("pipe").display()), "Err(NotAFile)"),
        (format!("{} 0 all", at("socket").display()), "Err(NotAFile)"),
        ("/dev/zero 0 all".to_owned(), "Err(NotAFile)"),
        (format!("{} 0 all", at("loop").display()), "Err(System(40))"),
        (format!("{} 5001 all", path.display()), "Err(BehindEnd)"),
        (format!("{} 18446744073709551615 all", path.display()), "Err(BehindEnd)"),
        (format!("{} 4000 1001", path.display()), "Err(BehindEnd)"),
        (format!("{} 1 18446744073709551615", path.display()), "Err(BehindEnd)"),
    ] {
        assert_eq!(client.ask(&format!("file {what}")), error, "{what}");
    }
    assert_eq!(client.ask(&format!("give 999999 {}", path.display())), "Err(Send(NoSuchSession))");
    client.is_served();
    server.stop();
}

#[test]
fn a_file_is_opened_as_the_user_and_below_the_root_of_the_worker() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 5000);
    if !machine::is_root() {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("it is ours");
        let server = sender().start();
        assert_eq!(server.connect().ask(&format!("file {} 0 all", path.display())), "Err(Denied)");
        return server.stop();
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let server = sender().without_journal().arguments(["--user=nobody"]).start();
    let mut client = server.connect();
    assert_eq!(client.ask(&format!("file {} 0 all", path.display())), "Err(Denied)");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    ask_to_send(&mut client, &path);
    assert!(client.bytes(5000) == bytes);
    assert_eq!(client.line(), "Ok(())");
    server.stop();
    let jail = format!("--chroot={}", directory.path().display());
    let server = sender().without_journal().arguments([jail.as_str()]).start();
    let mut client = server.connect();
    assert_eq!(client.ask(&format!("file {} 0 all", path.display())), "Err(NotFound)");
    client.say("file /file 0 all");
    assert!(client.bytes(5000) == bytes);
    server.stop();
}

#[test]
fn a_file_that_is_deleted_grows_or_is_replaced_is_sent_as_it_was_at_the_call() {
    let directory = Directory::new();
    let server = sender().start();
    for what in ["deleted", "grown", "replaced"] {
        let (path, bytes) = file(&directory, 16 * MIB);
        let (mut client, session) = slow(&server);
        let mut other = server.connect();
        assert_eq!(other.ask(&format!("give {session} {}", path.display())), "Ok(())");
        match what {
            "deleted" => fs::remove_file(&path).expect("it is there"),
            "grown" => fs::File::options().append(true).open(&path).and_then(|mut file| file.write_all(b"more")).expect("it can grow"),
            _ => {
                fs::write(directory.path().join("new"), "another").expect("a file can be written");
                fs::rename(directory.path().join("new"), &path).expect("it can be replaced");
            }
        }
        client.say("echo behind it");
        assert!(client.bytes(bytes.len()) == bytes, "{what}");
        assert_eq!(client.line(), "behind it", "{what}");
    }
    watch::until("no file is open", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn a_file_that_becomes_shorter_ends_the_session_and_the_client_gets_nothing_else_in_its_place() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 64 * MIB);
    let server = sender().start();
    let (mut client, session) = slow(&server);
    let mut other = server.connect();
    assert_eq!(other.ask(&format!("give {session} {}", path.display())), "Ok(())");
    assert_eq!(other.ask(&format!("send {session} 100")), "done", "what stands behind it is not sent");
    // What the kernel has taken already is as it was.
    let file = fs::File::options().write(true).open(&path).expect("it is there");
    file.set_len(32 * MIB as u64).expect("it can be cut");
    client.bytes(MIB);
    let (came, end) = client.end();
    assert_eq!(end, End::Reset);
    assert!(came.len() < bytes.len() && came[..] == bytes[MIB..MIB + came.len()], "{}", came.len());
    assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "server");
    server.wait_for_log(&["has become shorter", &session.to_string()]);
    watch::until("it is closed", || open_files(&server, &directory) == 0);
    other.is_served();
    server.stop();
}

#[test]
fn a_worker_that_dies_behind_the_call_has_sent_the_file() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 8 * MIB);
    let server = sender().start();
    for round in 0..4 {
        let mut client = server.connect();
        if round % 2 == 1 {
            client = client.read_slowly();
        }
        client.say(&format!("fatal {}", path.display()));
        let (came, end) = client.end();
        assert!(came == bytes, "{round}: {} bytes", came.len());
        assert_eq!(end, End::Eof);
    }
    // Its successor sends files as it did.
    for worker in [0, 1] {
        let mut client = server.connect_to_worker(worker);
        ask_to_send(&mut client, &path);
        assert!(client.bytes(bytes.len()) == bytes);
    }
    watch::until("no file is open", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn a_close_waits_for_the_file_as_long_as_its_client_reads() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 24 * MIB);
    let server = sender().arguments(["--max-wait-time=1"]).start();
    let (mut client, _) = slow(&server);
    client.say(&format!("parting {}", path.display()));
    let mut came = Vec::new();
    while came.len() < 20 * MIB {
        came.extend(client.bytes(MIB));
        thread::sleep(Duration::from_millis(150));
    }
    let (rest, end) = client.end();
    came.extend(rest);
    assert!(came == bytes && end == End::Eof, "{} {end:?}", came.len());
    // One that reads nothing has had its time.
    let (mut client, session) = slow(&server);
    client.say(&format!("parting {}", path.display()));
    server.journal.wait_for_session("on_close", session);
    watch::until("it is closed", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn fifty_clients_at_once_get_a_file_whole_and_others_are_served() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 8 * MIB);
    let server = sender().reactors(2).start();
    let mut other = server.connect();
    thread::scope(|scope| {
        let all: Vec<_> = (0..50)
            .map(|n| {
                let mut client = if n % 2 == 0 { server.connect() } else { server.connect().read_slowly() };
                let (path, bytes) = (&path, &bytes);
                scope.spawn(move || {
                    ask_to_send(&mut client, path);
                    assert!(client.bytes(bytes.len()) == *bytes);
                    assert_eq!(client.line(), "Ok(())");
                })
            })
            .collect();
        while !all.iter().all(thread::ScopedJoinHandle::is_finished) {
            other.is_served();
        }
    });
    watch::until("no file is open", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn sixteen_files_wait_for_a_client_and_no_more_and_none_is_kept_when_it_leaves() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 16 * MIB);
    let server = sender().start();
    let (mut client, session) = slow(&server);
    let mut refused = None;
    watch::until("more is refused", || {
        let before = server.journal.of("again").len();
        client.say(&format!("again 4 {}", path.display()));
        watch::until("it was tried", || server.journal.of("again").len() > before);
        refused = server.journal.of("again").pop().filter(|again| again.text("error") != "none");
        refused.is_some()
    });
    assert_eq!(refused.expect("it was refused").text("error"), "Send(BufferFull)");
    let open = open_files(&server, &directory);
    assert!((16..=20).contains(&open), "{open}");
    // It is no memory: bytes are still sent.
    let mut other = server.connect();
    assert_eq!(other.ask(&format!("send {session} 100")), "done");
    let queued = other.ask_fields(&format!("info {session}")).number("queued");
    assert!(queued > 8 * bytes.len() as u64, "{queued}");
    assert!(client.bytes(bytes.len()) == bytes);
    drop(client);
    watch::until("all are closed", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn more_files_than_there_are_descriptors_for_are_refused_and_whoever_connects_is_served() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 4 * MIB);
    let server = sender().reactors(1).after("ulimit -n 200").arguments(["--max-conn=60"]).start();
    let mut slow: Vec<_> = (0..20).map(|_| slow(&server).0).collect();
    // Each may have sixteen, which together are more than the limit.
    for client in &mut slow {
        let before = server.journal.of("again").len();
        client.say(&format!("again 16 {}", path.display()));
        watch::until("it was tried", || server.journal.of("again").len() > before);
    }
    let tries = server.journal.of("again");
    let refused: Vec<_> = tries.iter().map(|again| again.text("error")).filter(|error| *error != "none").collect();
    assert!(!refused.is_empty() && refused.iter().all(|error| *error == "Send(BufferFull)"), "{refused:?}");
    server.connect().is_served();
    assert!(slow[0].bytes(bytes.len()) == bytes, "nobody is closed for it");
    drop(slow);
    watch::until("all are closed", || open_files(&server, &directory) == 0);
    assert!(server.log().iter().all(|line| !line.contains("no descriptor left")), "{:#?}", server.log());
    server.stop();
}

#[test]
fn a_burst_of_more_files_than_are_passed_at_once_comes_whole() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 10);
    let server = sender().start();
    let mut client = server.connect();
    client.say(&format!("again 5000 {}", path.display()));
    let again = server.journal.wait("again", |_| true);
    let sent = again.number("sent") as usize;
    assert!(sent == 5000 || again.text("error") == "Send(BufferFull)", "{again:?}");
    assert!(client.bytes(sent * bytes.len()) == bytes.repeat(sent));
    client.is_served();
    watch::until("all are closed", || open_files(&server, &directory) == 0);
    server.stop();
}

#[test]
fn without_a_descriptor_for_the_file_that_one_session_ends() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 1000);
    let server = sender().start();
    let (mut other, mut client) = (server.connect(), server.connect());
    let session = client.session();
    let whole = tree::limit_descriptors(server.master(), Some(3));
    ask_to_send(&mut client, &path);
    assert_eq!(client.end(), (Vec::new(), End::Reset));
    assert_eq!(server.journal.wait_for_session("on_close", session).text("reason"), "overflow");
    server.wait_for_log(&["no descriptor left", &session.to_string()]);
    tree::limit_descriptors(server.master(), Some(whole));
    ask_to_send(&mut other, &path);
    assert!(other.bytes(1000) == bytes);
    server.stop();
}

#[test]
fn watermarks_see_what_waits_of_a_file() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 16 * MIB);
    let server = sender().arguments(["--buffer-high-watermark=1M", "--buffer-low-watermark=64K"]).start();
    let (mut client, session) = slow(&server);
    ask_to_send(&mut client, &path);
    assert!(server.journal.wait_for_session("on_buffer_full", session).number("queued") >= MIB as u64);
    assert!(client.bytes(bytes.len()) == bytes);
    server.journal.wait_for_session("on_buffer_empty", session);
    server.stop();
}

#[test]
fn a_task_worker_and_a_program_that_has_attached_send_files() {
    let directory = Directory::new();
    let (path, bytes) = file(&directory, 3 * MIB);
    let server = sender().reactors(2).arguments(["--reload=exec"]).start();
    for reloaded in [false, true] {
        if reloaded {
            server.signal(Signal::SIGUSR1);
            server.wait_for_log(&["all workers are replaced"]);
        }
        for _ in 0..4 {
            let mut client = server.connect();
            client.say(&format!("delegate {}", path.display()));
            assert!(client.bytes(bytes.len()) == bytes);
            ask_to_send(&mut client, &path);
            assert!(client.bytes(bytes.len()) == bytes);
            assert_eq!(client.line(), "Ok(())");
        }
    }
    assert!(server.journal.of("on_finish").iter().all(|finish| finish.text("how") == "Ok(())"));
    server.stop();
}
