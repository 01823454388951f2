//! More packets than a worker comes to: they wait for it, what comes too late is counted, and sessions and other sockets are served meanwhile.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use system_tests::{
    Directory, Entry, Launch,
    packets::{self, Talks, udp, udp_to_worker},
    script::pattern,
    watch,
};

fn packets(directory: &Directory) -> Launch {
    packets::launch(env!("CARGO_BIN_EXE_packets"), directory)
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
    server.wait_until_master_rests();
    sessions.iter_mut().for_each(|session| session.say("echo still here"));
    server.wait_until_master_rests();
    (0..3).for_each(|at| other.say(&packet(at)));
    other.say(&pattern(60_000));
    server.wait_until_master_rests();
    server.journal.ring_alarm();
    sessions.iter_mut().for_each(|session| assert_eq!(session.line(), "still here"));
    assert_eq!(client.hear(), b"awake");
    (0..80).for_each(|at| assert_eq!(client.hear(), packet(at), "{at}"));
    (0..3).for_each(|at| assert_eq!(other.hear(), packet(at), "{at}"));
    assert_eq!(other.hear(), pattern(60_000));
    server.wait_until_master_rests();
    drop(sessions);
    server.stop();
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
