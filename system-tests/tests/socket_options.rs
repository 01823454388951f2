//! Options of sockets: each setting of them, as the kernel has it for the sockets of the master.

use nix::{
    errno::Errno,
    libc,
    sys::{
        signal::Signal,
        socket::{getpeername, getsockname, getsockopt, sockopt},
    },
};
use std::{
    fs,
    net::SocketAddr,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    thread,
    time::Duration,
};
use system_tests::{Client, Directory, Launch, Server, local, machine, tree, watch};

fn ports(directory: &Directory) -> Launch {
    local::ports(env!("CARGO_BIN_EXE_ports"), directory)
}

/// What the master has open at this address: the socket that listens there, or the one of this client.
fn socket_of(server: &Server, is_it: impl Fn(&OwnedFd) -> bool) -> OwnedFd {
    watch::find("the socket in the master", || {
        let entries = fs::read_dir(format!("/proc/{}/fd", server.master())).ok()?;
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        numbers.filter_map(|number| borrowed(server.master(), number)).find(|fd| is_it(fd))
    })
}

/// A copy of a descriptor of another process.
#[allow(unsafe_code, reason = "no crate here has these calls")]
fn borrowed(pid: u32, number: i32) -> Option<OwnedFd> {
    // SAFETY: the call takes numbers alone, and what it gives is ours.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.cast_signed(), 0) };
    let pidfd = i32::try_from(Errno::result(pidfd).ok()?).ok()?;
    // SAFETY: it was just opened, and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    // SAFETY: the call takes numbers alone, and what it gives is ours.
    let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0) };
    let copy = i32::try_from(Errno::result(copy).ok()?).ok()?;
    // SAFETY: it was just opened, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(copy) })
}

fn is_at(fd: &OwnedFd, address: SocketAddr, is_peer: bool) -> bool {
    let v4 = |found: Result<nix::sys::socket::SockaddrIn, Errno>| found.ok().map(|found| SocketAddr::V4(found.into()));
    let listens = getsockopt(fd, sockopt::AcceptConn).unwrap_or(false);
    let found = if is_peer { v4(getpeername(fd.as_raw_fd())) } else { v4(getsockname(fd.as_raw_fd())) };
    listens != is_peer && found == Some(address)
}

#[test]
fn the_options_of_a_listener_are_those_of_its_sockets_and_the_servers_where_it_has_none() {
    let directory = Directory::new();
    let arguments = ["--tcp-defer-accept=5s", "--listener=admin.tcp_defer_accept=0", "--listener=admin.tcp_fastopen=16"];
    let server = ports(&directory).arguments(arguments).start();
    let mut of_main = server.connect();
    let mut of_admin = Client::connect(server.address_of("admin"));
    of_main.ask("who?");
    of_admin.ask("who?");
    let main = socket_of(&server, |fd| is_at(fd, of_main.local(), true));
    let admin = socket_of(&server, |fd| is_at(fd, of_admin.local(), true));
    let nodelay = |fd: &OwnedFd| getsockopt(fd, sockopt::TcpNoDelay).expect("it is TCP");
    assert_eq!((nodelay(&main), nodelay(&admin)), (true, false));
    for fd in [&main, &admin] {
        assert_eq!(getsockopt(fd, sockopt::TcpUserTimeout).expect("it is TCP"), 7000, "the server's");
    }
    assert_eq!(keepalive(&admin), (true, (77, 7, 4)));
    assert!(!keepalive(&main).0);
    let main = socket_of(&server, |fd| is_at(fd, server.address(), false));
    let admin = socket_of(&server, |fd| is_at(fd, server.address_of("admin"), false));
    assert!(number_of(&main, libc::TCP_DEFER_ACCEPT) >= 5, "the kernel counts in retransmissions");
    assert_eq!((number_of(&admin, libc::TCP_DEFER_ACCEPT), number_of(&admin, libc::TCP_FASTOPEN)), (0, 16));
    assert_eq!(number_of(&main, libc::TCP_FASTOPEN), 0);
    // Copies of what listens.
    drop((main, admin));
    server.stop();
}

/// An option of TCP that is a number.
fn number_of(fd: &OwnedFd, option: i32) -> i32 {
    option_of(fd, option, 0)
}

/// An option of TCP, into this place.
#[allow(unsafe_code, reason = "no crate here has these options")]
fn option_of<T: Copy>(fd: &OwnedFd, option: i32, mut place: T) -> T {
    let mut length = libc::socklen_t::try_from(size_of::<T>()).expect("it is small");
    // SAFETY: both places live through the call and are as large as it is told; each type here has a value for all bytes.
    let asked = unsafe { libc::getsockopt(fd.as_raw_fd(), libc::IPPROTO_TCP, option, (&raw mut place).cast(), &raw mut length) };
    assert_eq!(asked, 0, "{}", Errno::last());
    place
}

/// What the kernel knows of a connection, or of a socket that listens.
#[allow(unsafe_code, reason = "the type has no other first value")]
fn info_of(fd: &OwnedFd) -> libc::tcp_info {
    // SAFETY: it is made of numbers alone.
    let zeroes = unsafe { std::mem::zeroed() };
    option_of(fd, libc::TCP_INFO, zeroes)
}

#[test]
fn the_backlog_is_that_of_each_socket_that_listens() {
    let directory = Directory::new();
    for (arguments, backlogs) in [(&[][..], [512, 64]), (&["--backlog=7", "--listener=admin.backlog=9"][..], [7, 9])] {
        let server = ports(&directory).arguments(arguments.iter().copied()).start();
        let of = |address| info_of(&socket_of(&server, |fd| is_at(fd, address, false))).tcpi_sacked;
        assert_eq!([of(server.address()), of(server.address_of("admin"))], backlogs, "the kernel tells it by this name");
        server.stop();
    }
}

#[test]
fn keepalive_is_on_where_it_or_a_part_of_it_is_set_and_off_where_it_is_not_to_be() {
    let directory = Directory::new();
    let of_the_kernel = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/ipv4/tcp_keepalive_{name}")).expect("it is there");
        text.trim().parse::<u32>().expect("a number")
    };
    let [time, interval, count] = ["time", "intvl", "probes"].map(of_the_kernel);
    let parts = ["--tcp-keepalive-idle=30", "--tcp-keepalive-interval=5s", "--tcp-keepalive-count=2"];
    for (arguments, is_on, numbers) in [
        (&["--tcp-keepalive=true"][..], true, (time, interval, count)),
        (&parts[..1], true, (30, interval, count)),
        (&parts[1..2], true, (time, 5, count)),
        (&parts[2..], true, (time, interval, 2)),
        (&[parts[0], "--tcp-keepalive=false"][..], false, (time, interval, count)),
    ] {
        let server = ports(&directory).arguments(arguments.iter().copied()).start();
        let mut client = server.connect();
        client.ask("who?");
        let fd = socket_of(&server, |fd| is_at(fd, client.local(), true));
        assert_eq!(keepalive(&fd), (is_on, numbers), "{arguments:?}");
        drop(fd);
        server.stop();
    }
}

/// Whether it is on, then idle, interval and count.
fn keepalive(fd: &OwnedFd) -> (bool, (u32, u32, u32)) {
    let [idle, interval, count] = [
        getsockopt(fd, sockopt::TcpKeepIdle).expect("it is TCP"),
        getsockopt(fd, sockopt::TcpKeepInterval).expect("it is TCP"),
        getsockopt(fd, sockopt::TcpKeepCount).expect("it is TCP"),
    ];
    (getsockopt(fd, sockopt::KeepAlive).expect("it is a socket"), (idle, interval, count))
}

#[test]
fn servers_that_say_so_share_a_port() {
    let directories = [Directory::new(), Directory::new()];
    let mut first = ports(&directories[0]).arguments(["--enable-reuse-port=true"]).start();
    let address = first.address();
    let url = format!("tcp://{address}");
    let refused = ports(&directories[1]).address(&url).run();
    assert!(refused.refusal().contains("Address already in use"), "{refused:?}");
    let second = ports(&directories[1]).address(&url).arguments(["--enable-reuse-port=true"]).start();
    assert_eq!(second.address(), address);
    let reached = |server: &Server| !server.journal.of("on_connect").is_empty();
    watch::until("the kernel gives clients to both", || {
        Client::connect(address).ask("who?");
        reached(&first) && reached(&second)
    });
    first.signal(Signal::SIGTERM);
    assert!(first.wait_for_end().success());
    assert_eq!(second.connect().ask_fields("who?").text("by"), "main");
    second.stop();
}

#[test]
fn ipv6_alone_by_option_and_both_families_without() {
    if !machine::has_ipv6() {
        return;
    }
    let directory = Directory::new();
    for (arguments, is_both) in [(&[][..], true), (&["--ipv6-only=true"][..], false)] {
        let server = ports(&directory).address("tcp://[::]:0").arguments(arguments.iter().copied()).start();
        let port = server.address().port();
        let said = Client::connect(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port))).ask_fields("who?");
        assert_eq!(said.text("by"), "main");
        assert!(said.text("remote").starts_with("[::1]:"));
        let v4 = std::net::TcpStream::connect(("127.0.0.1", port));
        assert_eq!(v4.is_ok(), is_both);
        drop(v4);
        server.stop();
    }
}

#[test]
fn all_of_them_together_are_in_nobodys_way() {
    let directory = Directory::new();
    let options = [
        "--tcp-keepalive=true",
        "--tcp-fastopen=16",
        "--tcp-defer-accept=1s",
        "--tcp-nodelay=true",
        "--tcp-user-timeout=30",
        "--enable-reuse-port=true",
        "--cpu-affinity=true",
        "--heartbeat=true",
        "--max-queued-bytes=1M",
        "--discard-timeout-request=true",
    ];
    let chroot = format!("--chroot={}", directory.path().display());
    let is_root = machine::is_root();
    let launch = ports(&directory).arguments(options);
    let launch = if is_root { launch.arguments(["--user=nobody", "--group=nogroup", &chroot]).without_journal() } else { launch };
    let server = launch.start();
    for address in [server.address(), server.address_of("admin")] {
        let mut client = Client::connect(address);
        let worker = client.ask_fields("who?").number("pid") as u32;
        thread::sleep(Duration::from_secs(1));
        assert_eq!(client.ask_fields("who?").callback, "said");
        // And each holds.
        let session = socket_of(&server, |fd| is_at(fd, client.local(), true));
        assert!(keepalive(&session).0);
        assert_eq!(getsockopt(&session, sockopt::TcpUserTimeout).expect("it is TCP"), 30_000);
        let listener = socket_of(&server, |fd| is_at(fd, address, false));
        assert_eq!(number_of(&listener, libc::TCP_FASTOPEN), 16);
        assert!(number_of(&listener, libc::TCP_DEFER_ACCEPT) >= 1);
        assert!(getsockopt(&listener, sockopt::ReusePort).expect("it is a socket"));
        assert!(tree::status(worker, "Cpus_allowed_list").concat().parse::<u32>().is_ok(), "one CPU");
        if is_root {
            for name in ["Uid", "Gid"] {
                assert_eq!(tree::status(worker, name), ["65534"; 4], "{name}");
            }
            assert_eq!(fs::read_link(format!("/proc/{worker}/root")).expect("it lives"), directory.path());
        }
    }
    server.stop();
}
