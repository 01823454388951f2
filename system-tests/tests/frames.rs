//! Frames: whatever way a stream is split into reads, `on_receive` gets the same packages, whole and in order, and each client is told of what
//! is none.

use nix::sys::signal::Signal;
use std::{
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use system_tests::{Client, End, Launch, Place, Server, tree, watch};

fn framer() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_framer"))
}

fn address_of(server: &Server, listener: &str) -> std::net::SocketAddr {
    if listener == "main" { server.address() } else { server.address_of(listener) }
}

/// A package of the main listener with this in it.
fn package(inside: &[u8]) -> Vec<u8> {
    [&(inside.len() as u32).to_be_bytes(), inside].concat()
}

/// One of a length that its number says, of bytes that its number says.
fn numbered(number: usize, length: usize) -> Vec<u8> {
    package(&(0..length).map(|at| (at ^ at >> 8 ^ number) as u8).collect::<Vec<_>>())
}

/// The next package that the server got, as it tells.
fn told(client: &mut Client) -> Vec<u8> {
    let length = client.bytes(4).try_into().map(u32::from_be_bytes).expect("four bytes");
    client.bytes(length as usize)
}

/// Draws that are the same in every run.
fn draw(below: usize) -> usize {
    static STATE: AtomicU64 = AtomicU64::new(1);
    let next = |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let state = STATE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(0);
    (state >> 33) as usize % below
}

/// Sends a stream in parts of at most so many bytes, and reads as many packages as it has.
fn comes_as(address: std::net::SocketAddr, packages: &[Vec<u8>], largest: usize) {
    let (mut client, stream) = (Client::connect(address), packages.concat());
    let mut at = 0;
    while at < stream.len() {
        let end = (at + 1 + draw(largest)).min(stream.len());
        client.send(&stream[at..end]);
        at = end;
    }
    for package in packages {
        assert!(told(&mut client) == *package, "a package of {} bytes came otherwise", package.len());
    }
}

#[test]
fn packages_come_whole_and_in_order_however_they_are_split() {
    let server = framer().start();
    let included = |number: usize| {
        let inside = vec![number as u8; draw(60)];
        [&[number as u8, 0][..], &(inside.len() as u16).to_le_bytes(), &inside].concat()
    };
    let header_too = |number: usize| {
        let inside = vec![number as u8; draw(60)];
        [&(inside.len() as u16 + 2).to_be_bytes()[..], &inside].concat()
    };
    let line = |number: usize| [vec![b'a' + (number % 26) as u8; draw(200)], b"\r\n".to_vec()].concat();
    let digits = |number: usize| [format!("{:02}", number % 100).into_bytes(), vec![b'x'; number % 100]].concat();
    let all: [(&str, Vec<Vec<u8>>); 5] = [
        ("main", (0..300).map(|number| numbered(number, draw(300))).collect()),
        ("included", (0..300).map(included).collect()),
        ("header-too", (0..300).map(header_too).collect()),
        ("split", (0..300).map(line).collect()),
        ("function", (0..300).map(digits).collect()),
    ];
    thread::scope(|scope| {
        for (listener, packages) in &all {
            for largest in [1, 7, 400, 1 << 20] {
                // One byte at a time only the first few.
                let packages = if largest == 1 { &packages[..30] } else { &packages[..] };
                let address = address_of(&server, listener);
                scope.spawn(move || comes_as(address, packages, largest));
            }
        }
    });
    server.stop();
}

#[test]
fn eof_check_gives_what_ends_with_the_mark_and_keeps_the_rest() {
    let server = framer().start();
    let mut client = Client::connect(server.address_of("check"));
    client.send(b"one\r\ntwo");
    assert_eq!(told(&mut client), b"one\r\n");
    client.send(b"\r");
    client.send(b"\nthree\r\nfour");
    let mut came = told(&mut client);
    while !came.ends_with(b"three\r\n") {
        came.extend(told(&mut client));
    }
    assert_eq!(came, b"two\r\nthree\r\n");
    server.stop();
}

#[test]
fn packages_of_all_sizes_come_whole_also_those_that_are_too_large_for_a_ring() {
    // With a limit, too, that each of them exceeds.
    for arguments in [&["--ring-memory=1M"][..], &["--ring-memory=1M", "--max-queued-bytes=1"]] {
        let server = framer().arguments(arguments.iter().copied()).start();
        all_sizes(server.address());
        server.stop();
    }
}

fn all_sizes(address: std::net::SocketAddr) {
    thread::scope(|scope| {
        for client in 0..4 {
            scope.spawn(move || {
                let sizes = [1, 0, 5000, 70_000, (2 << 20) - 4, 8193, 300_000, 1_000_000, 3];
                let packages: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(at, size)| numbered(client * 31 + at, *size)).collect();
                let mut connected = Client::connect(address);
                let written = connected.send_beside(packages.concat());
                for package in &packages {
                    assert!(told(&mut connected) == *package, "a package of {} bytes came otherwise", package.len());
                }
                written.join().expect("no panic").expect("all is taken");
            });
        }
    });
}

fn ends_by_protocol(server: &Server, mut client: Client, before: &[&[u8]]) -> u64 {
    for package in before {
        assert_eq!(told(&mut client), *package, "what came before is answered");
    }
    let local = client.local().to_string();
    assert_eq!(client.end().0, b"");
    let close = server.journal.wait("on_close", |close| close.text("remote") == local);
    assert_eq!(close.text("reason"), "protocol");
    close.number("session")
}

#[test]
fn what_is_no_package_closes_its_session_and_no_other() {
    let server = framer().start();
    let mut neighbour = server.connect();
    let mut send = |listener: &str, bytes: &[u8], before: &[&[u8]]| {
        let mut client = Client::connect(address_of(&server, listener));
        client.send(bytes);
        let session = ends_by_protocol(&server, client, before);
        neighbour.send(&package(b"and you?"));
        assert_eq!(told(&mut neighbour), package(b"and you?"));
        session
    };
    let hello = package(b"hello");
    send("main", &[&hello[..], &[0xff; 4]].concat(), &[&hello]);
    send("main", &(2 * 1024 * 1024 - 3_u32).to_be_bytes(), &[]);
    send("included", b"abcd", &[]);
    // Over before its own field is.
    send("header-too", &[0, 2, 0, 1], &[&[0, 2]]);
    send("split", &vec![b'x'; 64 << 10], &[]);
    send("check", &[b"ok\r\n".to_vec(), vec![b'x'; 64 << 10]].concat(), &[b"ok\r\n"]);
    send("function", b"02hix", &[b"02hi"]);
    let last = send("function", b"!", &[]);
    // Each was counted, and none twice.
    let stats = server.journal.wait_for_session("stats", last);
    assert_eq!(stats.number("violations"), 8);
    assert!(server.log().iter().all(|line| !line.contains("[worker") || !line.contains("ERROR")), "{:#?}", server.log());
    server.stop();
}

#[test]
fn a_package_that_is_not_whole_is_forgotten_with_its_client() {
    let server = framer().start();
    let mut client = server.connect();
    client.send(&package(b"whole"));
    client.send(&package(b"half")[..6]);
    assert_eq!(told(&mut client), package(b"whole"));
    client.finish_talking();
    assert_eq!(client.end(), (Vec::new(), End::Eof));
    server.stop();
}

#[test]
fn packages_wait_in_order_for_a_worker_that_naps_and_for_its_successor() {
    let server = framer().workers(1).arguments(["--ring-memory=1M"]).start();
    for (naps, is_killed) in [(1, false), (2, true)] {
        let (mut client, mut other) = (server.connect(), server.connect());
        let packages: Vec<Vec<u8>> = (0..3000).map(|number| numbered(number, number % 7 * 300)).collect();
        let large = numbered(1, 1_500_000);
        client.send(&package(b"nap"));
        other.send(&package(b"and me"));
        let written = client.send_beside([packages.concat(), large.clone(), large.clone(), large.clone()].concat());
        watch::until("the worker naps", || server.journal.of("napping").len() == naps);
        // What finds room on the ring is there.
        server.wait_until_master_rests();
        if is_killed {
            // The session that it was at is closed; of the other nothing is lost.
            tree::signal(server.worker(0), Signal::SIGKILL);
            assert_eq!(told(&mut other), package(b"and me"));
            assert!(client.end().0.is_empty());
            let _ = written.join().expect("no panic");
            server.journal.wait("on_close", |close| close.text("reason") == "worker_died");
        } else {
            server.journal.ring_alarm();
            assert_eq!(told(&mut client), package(b"nap"));
            assert_eq!(told(&mut other), package(b"and me"));
            for package in packages.iter().chain([&large, &large, &large]) {
                assert!(told(&mut client) == *package, "a package of {} bytes came otherwise", package.len());
            }
            written.join().expect("no panic").expect("all is taken");
            server.journal.silence_alarm();
        }
    }
    server.stop();
}

#[test]
fn many_slow_clients_with_half_packages_disturb_nobody() {
    let server = framer().start();
    let mut slow: Vec<Client> = (0..200).map(|_| server.connect()).collect();
    for (number, client) in slow.iter_mut().enumerate() {
        client.send(&numbered(number, 1000)[..500]);
    }
    comes_as(server.address(), &(0..200).map(|number| numbered(number, 100)).collect::<Vec<_>>(), 1000);
    for (number, client) in slow.iter_mut().enumerate() {
        client.send(&numbered(number, 1000)[500..]);
        assert!(told(client) == numbered(number, 1000));
    }
    server.stop();
}

#[test]
fn where_memory_is_scarce_who_holds_the_most_makes_room_and_nobody_else() {
    let place = Place::of(env!("CARGO_BIN_EXE_framer"));
    let server = place.launch().arguments(["--output-memory=16M"]).start();
    let mut greediest = server.connect();
    greediest.send(&package(&vec![0; 2_000_000])[..1_900_000]);
    watch::until("all of it has come", || {
        let connections = place.json(&["connections", "--json"]);
        connections.as_array().is_some_and(|all| all.iter().any(|session| session["bytes_in"] == 1_900_000))
    });
    let greedy: Vec<Client> = (0..12).map(|_| server.connect()).collect();
    for client in &greedy {
        // One that was closed for it takes no more.
        let mut stream = client.stream();
        let _ = stream.write_all(&package(&vec![0; 2_000_000])[..1_400_000]);
    }
    let closed = server.journal.wait("on_close", |close| close.text("reason") == "overflow");
    assert_eq!(closed.text("remote"), greediest.local().to_string(), "the first that is closed");
    let mut honest = server.connect();
    for number in 0..50 {
        let whole = numbered(number, 1000);
        honest.send(&whole[..500]);
        honest.send(&whole[500..]);
        assert!(told(&mut honest) == whole);
    }
    let local = honest.local().to_string();
    assert!(server.journal.of("on_close").iter().all(|close| close.text("remote") != local));
    server.stop();
}

#[test]
fn thousands_of_packages_without_a_body_come_one_by_one() {
    let server = framer().start();
    for (listener, package) in [("main", &[0, 0, 0, 0][..]), ("header-too", &[0, 2])] {
        let mut client = Client::connect(address_of(&server, listener));
        let written = client.send_beside(package.repeat(4096));
        for number in 0..4096 {
            assert_eq!(told(&mut client), package, "{number}");
        }
        written.join().expect("no panic").expect("all is taken");
    }
    server.stop();
}

#[test]
fn packages_larger_than_every_buffer_come_whole() {
    let server = framer().arguments(["--package-max-length=16M", "--socket-buffer-size=32M"]).start();
    let packages: Vec<Vec<u8>> =
        [8 << 20, 5, (16 << 20) - 4, 0, 3_000_001].into_iter().enumerate().map(|(at, size)| numbered(at, size)).collect();
    let mut client = server.connect();
    let written = client.send_beside(packages.concat());
    for package in &packages {
        assert!(told(&mut client) == *package, "a package of {} bytes came otherwise", package.len());
    }
    written.join().expect("no panic").expect("all is taken");
    server.stop();
}

#[test]
fn a_mebibyte_that_ends_with_its_mark_is_one_package_however_it_comes() {
    let server = framer().environment("SWOOLE_LISTENER_CHECK_PACKAGE_MAX_LENGTH", "2M").start();
    let mut client = Client::connect(server.address_of("check"));
    let whole = [vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
    whole.chunks(2048).for_each(|part| client.send(part));
    assert!(told(&mut client) == whole);
    server.stop();
}

#[test]
fn what_clients_send_that_leave_at_once_is_never_mixed_with_what_the_next_one_sends() {
    let server = framer().workers(1).start();
    for number in 0..48 {
        let client = server.connect();
        let packages: Vec<Vec<u8>> = (0..64).map(|at| numbered(number * 64 + at, 10_000 + draw(15_000))).collect();
        // Into the buffers of the two kernels, where there is room; what does not fit is not sent.
        client.stream().set_nonblocking(true).expect("it can be set");
        let _ = client.stream().write(&packages.concat());
        drop(client);
    }
    let mut client = server.connect();
    client.send(&package(b"last"));
    assert_eq!(told(&mut client), package(b"last"));
    watch::until("all have ended", || server.journal.of("on_close").len() == 48);
    assert_eq!(server.journal.of("mixed"), []);
    server.stop();
}
