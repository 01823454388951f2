//! Datagram listeners: packets of every size by every kind of socket, their sources, and that none is lost below the socket's buffer.

use nix::sys::signal::Signal;
use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr as UnixAddress, UnixDatagram},
    },
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use system_tests::{Directory, Entry, Launch, Server, script::pattern, tree, watch};

fn packets(directory: &Directory) -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_packets"))
        .workers(2)
        .environment("SWOOLE_LISTENER_LOCAL_LISTEN", &format!("unix-dgram://{}", local(directory).display()))
        .environment("SWOOLE_LISTENER_ABSTRACT_LISTEN", &format!("unix-dgram://@{}", abstract_name(directory)))
}

fn local(directory: &Directory) -> PathBuf {
    directory.path().join("local.sock")
}

fn abstract_name(directory: &Directory) -> String {
    directory.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A client of one address.
trait Talks {
    fn say(&self, packet: &[u8]);
    fn hear(&self) -> Vec<u8>;

    fn ask(&self, packet: &str) -> String {
        self.say(packet.as_bytes());
        String::from_utf8(self.hear()).expect("it is text")
    }

    fn who(&self) -> Entry {
        Entry::read(&self.ask("who?"))
    }
}

impl Talks for UdpSocket {
    fn say(&self, packet: &[u8]) {
        assert_eq!(self.send(packet).expect("it is taken"), packet.len());
    }

    fn hear(&self) -> Vec<u8> {
        let mut answer = vec![0; 1 << 17];
        let length = self.recv(&mut answer).expect("an answer comes");
        answer.truncate(length);
        answer
    }
}

impl Talks for UnixDatagram {
    fn say(&self, packet: &[u8]) {
        assert_eq!(self.send(packet).expect("it is taken"), packet.len());
    }

    fn hear(&self) -> Vec<u8> {
        let mut answer = vec![0; 1 << 17];
        let length = self.recv(&mut answer).expect("an answer comes");
        answer.truncate(length);
        answer
    }
}

fn udp(address: SocketAddr) -> UdpSocket {
    let here: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
    let socket = UdpSocket::bind((here, 0)).expect("a port is free");
    socket.connect(address).expect("it is an address");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket
}

fn unix(directory: &Directory, name: &str) -> UnixDatagram {
    let socket = UnixDatagram::bind(directory.path().join(name)).expect("a file can be made");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket.set_write_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket
}

/// A client whose packets go to this worker.
fn udp_to_worker(server: &Server, worker: u64) -> UdpSocket {
    let address = server.address_of("udp");
    watch::find("a client of that worker", || Some(udp(address)).filter(|client| client.who().number("worker") == worker))
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
            client.connect(local(&directory)).expect("the server is there");
            client.say(&packet);
            assert_eq!(client.hear(), packet, "{size}");
            let place = UnixAddress::from_abstract_name(abstract_name(&directory)).expect("it is short");
            client.connect_addr(&place).expect("the server is there");
            client.say(&packet);
            assert_eq!(client.hear(), packet, "{size}");
        }
        let mut session = server.connect();
        session.is_served();
        drop(session);
        server.stop();
        assert!(!local(&directory).exists(), "no socket file is left");
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
    client.connect(local(&directory)).expect("the server is there");
    let said = client.who();
    let own = directory.path().join("client").display().to_string();
    assert_eq!((said.text("from"), said.text("by"), said.text("name"), said.text("path")), (own.as_str(), "local", "local", "true"));
    let client = udp(server.address_of("udp"));
    assert_eq!(client.ask("large"), "Err(TooLarge)");
    assert_eq!(client.ask("socket"), "true Some(NotFound)");
    // One without a name gets no answer, and does no harm.
    let nobody = UnixDatagram::unbound().expect("it can be made");
    nobody.connect(local(&directory)).expect("the server is there");
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
fn what_comes_while_a_worker_sleeps_waits_for_it_and_nothing_is_lost() {
    let directory = Directory::new();
    let server = packets(&directory).reactors(1).arguments(["--ring-memory", "64KiB"]).start();
    let (client, other) = (udp_to_worker(&server, 0), udp_to_worker(&server, 1));
    let before = other.who();
    client.say(b"nap");
    server.journal.wait("napping", |_| true);
    // More than fits the ring, and less than fits what is behind it.
    let packet = |at: u32| [&at.to_be_bytes()[..], &[7; 996]].concat();
    (0..60).for_each(|at| client.say(&packet(at)));
    // The sessions of this worker's reactor go on.
    let mut session = server.connect_to_worker(1);
    session.is_served();
    server.journal.ring_alarm();
    assert_eq!(client.hear(), b"awake");
    for at in 0..60 {
        assert_eq!(client.hear(), packet(at), "{at}");
    }
    let after = other.who();
    assert_eq!((after.number("lost"), after.number("received")), (0, before.number("received") + 62));
    drop(session);
    server.stop();
}

#[test]
fn sessions_and_other_sockets_are_served_while_a_flood_of_packets_lasts() {
    let directory = Directory::new();
    let server = packets(&directory).workers(1).reactors(1).arguments(["--ring-memory", "64KiB"]).start();
    let mut session = server.connect_to_worker(0);
    // Their listener comes before that of the other packets, and so do their packets.
    let (flooding, other) = (udp(server.address_of("udp")), udp(server.address_of("udp6")));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Many times of what the worker gets through, so that its ring is full whenever it has room for one.
            let packet = [b"slow ".as_slice(), &[7; 995]].concat();
            while !is_over.load(Ordering::Relaxed) {
                (0..16).for_each(|_| flooding.say(&packet));
                thread::sleep(Duration::from_millis(1));
            }
        });
        let _over = Over(&is_over);
        watch::until("the ring and the socket are full", || other.who().number("lost") > 0);
        for round in 0..10_u32 {
            session.is_served();
            other.say(&round.to_be_bytes());
            assert_eq!(other.hear(), round.to_be_bytes());
        }
    });
    drop(session);
    server.stop();
}

#[test]
fn a_reactor_rests_while_sessions_and_packets_wait_for_one_worker() {
    let directory = Directory::new();
    let server = packets(&directory).workers(1).reactors(1).arguments(["--ring-memory", "64KiB"]).start();
    let (client, other) = (udp(server.address_of("udp")), udp(server.address_of("udp6")));
    let mut sessions = [server.connect_to_worker(0), server.connect_to_worker(0)];
    client.say(b"nap");
    server.journal.wait("napping", |_| true);
    // The ring is full, and they stand in line: packets, sessions, packets of another socket, and one too large for the ring.
    let packet = |at: u32| [&at.to_be_bytes()[..], &[7; 996]].concat();
    (0..80).for_each(|at| client.say(&packet(at)));
    rests(&server);
    sessions.iter_mut().for_each(|session| session.say("echo still here"));
    rests(&server);
    (0..3).for_each(|at| other.say(&packet(at)));
    other.say(&pattern(60_000));
    rests(&server);
    server.journal.ring_alarm();
    sessions.iter_mut().for_each(|session| assert_eq!(session.line(), "still here"));
    assert_eq!(client.hear(), b"awake");
    (0..80).for_each(|at| assert_eq!(client.hear(), packet(at), "{at}"));
    (0..3).for_each(|at| assert_eq!(other.hear(), packet(at), "{at}"));
    assert_eq!(other.hear(), pattern(60_000));
    rests(&server);
    drop(sessions);
    server.stop();
}

/// Waits until nothing moves in the master.
fn rests(server: &Server) {
    let mut looks = Vec::new();
    watch::until("the master rests", || {
        looks.push(tree::switches(server.master()));
        looks.len() > 10 && looks[looks.len() - 10..].iter().all(|look| look.is_some() && *look == looks[looks.len() - 1])
    });
}

/// Says that the test is over, however it ends.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_the_kernel_throws_away_is_counted() {
    let directory = Directory::new();
    let server = packets(&directory).reactors(1).arguments(["--ring-memory", "64KiB"]).start();
    let client = udp_to_worker(&server, 0);
    let before = client.who().number("received");
    client.say(b"nap");
    server.journal.wait("napping", |_| true);
    let sent = 2000;
    (0..sent).for_each(|_| client.say(&[7; 1000]));
    server.journal.ring_alarm();
    assert_eq!(client.hear(), b"awake");
    // The client's own buffer is as small, so that its answers are thrown away, too.
    let counted = watch::find("all are counted", || {
        client.set_nonblocking(true).expect("it can be set");
        while client.recv(&mut [0; 2000]).is_ok() {}
        client.set_nonblocking(false).expect("it can be set");
        client.say(b"who?");
        let said = core::iter::repeat_with(|| client.hear())
            .find(|heard| heard.starts_with(b"said"))
            .map(|heard| Entry::read(&String::from_utf8(heard).expect("it is text")))?;
        let asked = u64::from(said.number("received") + said.number("lost") >= before + sent + 2);
        (asked == 1).then_some(said)
    });
    assert!(counted.number("lost") > 0, "{counted:?}");
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
                watch::until("the reload is through", || {
                    server.log().iter().filter(|line| line.contains("all workers are replaced")).count() == round as usize + 1
                });
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
    assert_eq!(client.ask(&format!("join {group}")), "Ok(())");
    assert_eq!(client.ask(&format!("join {group}")), "Ok(())", "once is enough, twice no harm");
    if set_interface(&sender) && reaches("hello") {
        sender.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
        let mut answer = [0; 16];
        let (length, _) = sender.recv_from(&mut answer).expect("an answer comes");
        assert_eq!(&answer[..length], b"hello");
    }
    assert_eq!(client.ask(&format!("leave {group}")), "Ok(())");
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
    let path = local(&directory);
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
