//! Datagram listeners: packets of every size by every kind of socket, their sources, and that none is lost below the socket's buffer.

use nix::sys::signal::Signal;
use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr as UnixAddress, UnixDatagram},
    },
};
use system_tests::{
    Directory, Launch,
    packets::{self, Talks, udp, udp_to_worker, unix},
    script::pattern,
    tree, watch,
};

fn packets(directory: &Directory) -> Launch {
    packets::launch(env!("CARGO_BIN_EXE_packets"), directory)
}

#[test]
fn packets_of_every_size_are_echoed_by_every_kind_of_socket() {
    let directory = Directory::new();
    // Rings so small that most packets lie beside them.
    for memory in ["", "64KiB"] {
        let launch = packets(&directory).reactors(1);
        let arguments: &[&str] = if memory.is_empty() { &[] } else { &["--ring-memory", memory] };
        let server = launch.arguments(arguments.iter().copied()).start();
        for size in [0, 1, 1500, 2048, 9000, 60_000, 65_507] {
            let packet = pattern(size);
            for listener in ["udp", "udp6"] {
                let client = udp(server.address_of(listener));
                client.say(&packet);
                assert_eq!(client.hear(), packet, "{listener} {size}");
            }
            let client = unix(&directory, &format!("client-{size}-{}", memory.len()));
            client.connect(directory.socket()).expect("the server is there");
            client.say(&packet);
            assert_eq!(client.hear(), packet, "{size}");
            let place = UnixAddress::from_abstract_name(directory.name()).expect("it is short");
            client.connect_addr(&place).expect("the server is there");
            client.say(&packet);
            assert_eq!(client.hear(), packet, "{size}");
        }
        let mut session = server.connect();
        session.is_served();
        drop(session);
        server.stop();
        assert!(!directory.socket().exists(), "no socket file is left");
    }
}

#[test]
fn a_packet_tells_where_it_comes_from_and_by_which_listener() {
    let directory = Directory::new();
    let server = packets(&directory).start();
    for (at, listener) in [(1, "udp"), (2, "udp6")] {
        let client = udp(server.address_of(listener));
        let said = client.who();
        let own = client.local_addr().expect("it has one").to_string();
        assert_eq!((said.text("from"), said.text("by"), said.text("name")), (own.as_str(), "main", listener));
        assert_eq!((said.number("listener"), said.text("path")), (at, "false"));
    }
    let client = unix(&directory, "client");
    client.connect(directory.socket()).expect("the server is there");
    let said = client.who();
    let own = directory.path().join("client").display().to_string();
    assert_eq!((said.text("from"), said.text("by"), said.text("name"), said.text("path")), (own.as_str(), "local", "local", "true"));
    let client = udp(server.address_of("udp"));
    assert_eq!(client.ask("large"), "Err(TooLarge)");
    assert_eq!(client.ask("socket"), "true Some(NotFound)");
    // One without a name gets no answer, and does no harm.
    let nobody = UnixDatagram::unbound().expect("it can be made");
    nobody.connect(directory.socket()).expect("the server is there");
    nobody.say(b"hello");
    server.wait_for_log(&["on_packet: there is no way to the source of the packet"]);
    server.stop();
}

#[test]
fn many_sources_come_to_all_workers_and_the_packets_of_one_in_order() {
    let directory = Directory::new();
    let server = packets(&directory).workers(4).reactors(2).start();
    let clients: Vec<UdpSocket> = (0..64).map(|_| udp(server.address_of("udp"))).collect();
    let workers: BTreeSet<u64> = clients.iter().map(|client| client.who().number("worker")).collect();
    assert_eq!(workers, (0..4).collect());
    for round in 0..20_u32 {
        for client in &clients {
            (0..3_u32).for_each(|at| client.say(&(round * 3 + at).to_be_bytes()));
        }
        for client in &clients {
            (0..3_u32).for_each(|at| assert_eq!(client.hear(), (round * 3 + at).to_be_bytes()));
        }
    }
    server.stop();
}

#[test]
fn a_packet_in_which_a_worker_died_is_lost_alone_and_told_to_its_successor() {
    let directory = Directory::new();
    let server = packets(&directory).start();
    let client = udp_to_worker(&server, 0);
    let victim = server.worker(0);
    for round in 0..3 {
        (0..20_u32).for_each(|at| client.say(&at.to_be_bytes()));
        client.say(b"die");
        (20..40_u32).for_each(|at| client.say(&at.to_be_bytes()));
        (0..20_u32).for_each(|at| assert_eq!(client.hear(), at.to_be_bytes(), "{round}"));
        assert_eq!(client.hear(), b"lost die");
        (20..40_u32).for_each(|at| assert_eq!(client.hear(), at.to_be_bytes(), "{round}"));
    }
    client.say(b"die again");
    client.say(b"next");
    assert_eq!(client.hear(), b"next", "the second death passes over it");
    let exit = server.journal.wait("on_worker_error", |exit| exit.number("pid") == u64::from(victim));
    assert_eq!(exit.text("callback"), "on_packet");
    let lost = server.journal.of("on_lost");
    let own = client.local_addr().expect("it has one").to_string();
    assert!(lost.iter().all(|lost| lost.text("kind") == "Packet" && lost.text("from") == own));
    server.stop();
}

#[test]
fn nothing_is_lost_when_workers_are_killed_or_replaced() {
    let directory = Directory::new();
    for how in ["kill", "fork", "exec"] {
        let reload = if how == "exec" { "exec" } else { "fork" };
        let server = packets(&directory).arguments(["--reload", reload]).start();
        let clients = [udp_to_worker(&server, 0), udp_to_worker(&server, 1)];
        let mut generation = 1;
        for round in 0..6_u32 {
            let packet = |at: u32| format!("packet {round} {at}").into_bytes();
            for client in &clients {
                (0..40).for_each(|at| client.say(&packet(at)));
            }
            if how == "kill" {
                // Idle, or in the middle of something that has begun.
                tree::signal(server.worker(u64::from(round) % 2), Signal::SIGKILL);
            } else {
                server.signal(Signal::SIGUSR1);
                generation += 1;
            }
            for client in &clients {
                let end = format!("round {round}").into_bytes();
                client.say(&end);
                let mut heard = Vec::new();
                while heard.last() != Some(&end) {
                    // What a worker was in is told to its successor; it may have been answered before that.
                    let answer = client.hear();
                    heard.push(answer.strip_prefix(b"lost ").map_or(answer.clone(), <[u8]>::to_vec));
                }
                // What came before this round may have been answered twice, too.
                heard.retain(|answer| answer.starts_with(b"packet"));
                heard.dedup();
                assert_eq!(heard, (0..40).map(packet).collect::<Vec<_>>(), "{how} {round}");
            }
            if how != "kill" {
                server.wait_for_reloads(round as usize + 1);
                assert!(clients.iter().all(|client| client.who().number("generation") == generation));
            }
        }
        drop(clients);
        server.stop();
    }
}

#[test]
fn packets_are_requests_after_which_a_worker_is_replaced() {
    let directory = Directory::new();
    let server = packets(&directory).arguments(["--max-request=20", "--max-request-grace=0"]).start();
    let client = udp_to_worker(&server, 0);
    watch::until("a third generation serves", || client.who().number("generation") > 2);
    server.stop();
}

#[test]
fn a_group_is_joined_and_left() {
    let directory = Directory::new();
    let server = packets(&directory).start();
    let port = server.address_of("group").port();
    let client = udp(server.address_of("udp"));
    let group = Ipv4Addr::new(239, 255, 77, 7);
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    // Out by the loopback, where the group is joined.
    let reaches = |how: &str| sender.send_to(how.as_bytes(), (group, port)).is_ok();
    let heard = || {
        let mut answer = [0; 64];
        let (length, _) = sender.recv_from(&mut answer).expect("an answer comes");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    assert_eq!(client.ask(&format!("join {group}")), "Ok(())");
    assert_eq!(client.ask(&format!("join {group}")), "Ok(())", "once is enough, twice no harm");
    sender.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    assert!(set_interface(&sender) && reaches("hello"));
    assert_eq!(heard(), "hello");
    assert_eq!(client.ask(&format!("leave {group}")), "Ok(())");
    // What goes to the group now comes to nobody: the first answer is to what was sent behind it, to the same listener.
    assert!(reaches("is anybody there?"));
    sender.send_to(b"and you?", (Ipv4Addr::LOCALHOST, port)).expect("it is taken");
    assert_eq!(heard(), "and you?");
    assert_ne!(client.ask(&format!("leave {group}")), "Ok(())", "it was left");
    assert_ne!(client.ask("join 10.0.0.1"), "Ok(())", "that is no group");
    server.stop();
}

/// Has what is sent to groups go by the loopback interface.
fn set_interface(socket: &UdpSocket) -> bool {
    use std::os::fd::AsRawFd;
    let address = nix::libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) };
    let length = size_of_val(&address) as nix::libc::socklen_t;
    // SAFETY: the option takes an address of that length, which lives for the call.
    let set = unsafe {
        nix::libc::setsockopt(socket.as_raw_fd(), nix::libc::IPPROTO_IP, nix::libc::IP_MULTICAST_IF, (&raw const address).cast(), length)
    };
    set == 0
}

#[test]
fn a_server_of_packets_alone_echoes_and_shuts_down_when_told() {
    let mut server = Launch::new(env!("CARGO_BIN_EXE_packets_alone")).address("udp://127.0.0.1:0").start();
    let address = server.address();
    let client = udp(address);
    assert_eq!(client.ask("test"), "test");
    client.say(b"die");
    assert_eq!(client.ask("after"), "after", "without on_lost too the next packet is served");
    (0..50_u32).for_each(|at| client.say(&at.to_be_bytes()));
    client.say(b"shutdown");
    assert!(server.wait_for_end().success(), "{:#?}", server.log());
    (0..50_u32).for_each(|at| assert_eq!(client.hear(), at.to_be_bytes(), "what was received before the end is answered"));
    server.leaves_nothing(address);
    UdpSocket::bind(address).expect("the port is free again");
}

#[test]
fn a_port_in_use_is_an_error_and_one_of_a_server_that_was_killed_is_free() {
    let server = Launch::new(env!("CARGO_BIN_EXE_packets_alone")).address("udp://127.0.0.1:0").start();
    let address = server.address();
    let second = Launch::new(env!("CARGO_BIN_EXE_packets_alone")).address(&format!("udp://{address}")).run();
    assert!(second.refusal().contains("cannot listen on"), "{}", second.refusal());
    tree::signal(server.master(), Signal::SIGKILL);
    let third = Launch::new(env!("CARGO_BIN_EXE_packets_alone")).address(&format!("udp://{address}")).start();
    assert_eq!(udp(address).ask("test"), "test");
    third.stop();
}

#[test]
fn the_file_of_a_dead_server_is_replaced_and_that_of_a_live_one_stays() {
    let directory = Directory::new();
    let path = directory.socket();
    drop(UnixDatagram::bind(&path).expect("a file can be made"));
    let server = packets(&directory).start();
    let client = unix(&directory, "client");
    client.connect(&path).expect("the server is there");
    assert_eq!(client.ask("hello"), "hello");
    let second = packets(&directory).run();
    assert!(second.refusal().contains("another process listens there"), "{}", second.refusal());
    assert_eq!(client.ask("still there?"), "still there?");
    server.stop();
    assert!(fs::symlink_metadata(&path).is_err());
}

#[test]
fn an_address_of_a_kind_that_the_program_has_no_callbacks_for_is_refused() {
    let of_sessions = Launch::new(env!("CARGO_BIN_EXE_scripted")).address("udp://127.0.0.1:0").run();
    assert!(of_sessions.refusal().contains("without an `on_packet`"), "{}", of_sessions.refusal());
    let of_packets = Launch::new(env!("CARGO_BIN_EXE_packets_alone")).address("tcp://127.0.0.1:0").run();
    assert!(of_packets.refusal().contains("without an `on_receive`"), "{}", of_packets.refusal());
}
