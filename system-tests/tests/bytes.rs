//! Every byte comes as it was sent, in its order, whole, however large the messages and however slow a client or a worker is.

use std::{
    io::{Read, Write},
    sync::mpsc,
    thread,
};
use system_tests::{Client, Launch, client::wait_for_stats, script::pattern, watch};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

#[test]
fn two_mebibytes_go_each_way_as_they_are() {
    let server = scripted().start();
    let mut client = server.connect();
    let message = pattern(2 << 20);
    let written = client.send_beside(message.clone());
    assert!(client.bytes(message.len()) == message, "the echo is the message");
    written.join().expect("no panic").expect("all is taken");
    client.say("big 2097152");
    assert!(client.bytes(message.len()) == message, "sent in one call");
    client.is_served();
    server.stop();
}

/// Reads messages of a letter, a length and the letter that many times; how many of each letter came.
fn read_bursts(client: &mut Client, messages: usize) -> [usize; 2] {
    let mut counts = [0; 2];
    for _ in 0..messages {
        let head = client.bytes(5);
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        assert!((b'a'..=b'b').contains(&head[0]) && length < 2 << 20, "a head stands where one message ends: {head:?}");
        assert!(client.bytes(length).iter().all(|&byte| byte == head[0]), "nothing of another message is in it");
        counts[usize::from(head[0] - b'a')] += 1;
    }
    counts
}

#[test]
fn messages_of_two_workers_to_one_session_never_interleave() {
    let server = scripted().start();
    let (mut left, mut right, mut to) = (server.connect_to_worker(0), server.connect_to_worker(1), server.connect());
    let session = to.session();
    left.say(&format!("burst {session} a 10"));
    right.say(&format!("burst {session} b 10"));
    assert_eq!(read_bursts(&mut to, 20), [10, 10]);
    for client in [&mut left, &mut right, &mut to] {
        client.is_served();
    }
    server.stop();
}

#[test]
fn a_client_that_reads_byte_by_byte_disturbs_nobody() {
    let server = scripted().start();
    let (mut mine, mut other, mut slow) = (server.connect(), server.connect(), server.connect().read_slowly());
    let session = slow.session();
    for _ in 0..3 {
        assert_eq!(mine.ask(&format!("send {session} 2097152")), "done");
    }
    let expected = pattern(300);
    for (at, &byte) in expected.iter().enumerate() {
        assert_eq!(slow.one_byte(), byte);
        if at % 10 == 0 {
            mine.is_served();
            other.is_served();
        }
    }
    assert!(mine.ask_fields(&format!("info {session}")).number("queued") > 0);
    server.stop();
}

#[test]
fn a_client_that_never_reads_fills_its_own_buffer_and_no_other() {
    let server = scripted().start();
    let (mut mine, mut other, mut deaf) = (server.connect_to_worker(0), server.connect_to_worker(1), server.connect().read_slowly());
    let session = deaf.session();
    let filled = mine.ask_fields(&format!("fill {session} 50000"));
    assert_eq!(filled.text("then"), "BufferFull");
    let mut taken = filled.number("taken") as usize;
    // What was on its way then may have left a little room.
    while other.ask(&format!("send {session} 50000")) == "done" {
        taken += 50_000;
        assert!(taken < 64 << 20, "no end of it");
    }
    assert!((4 << 20..64 << 20).contains(&taken), "{taken}");
    assert_eq!(other.ask(&format!("send {session} 50000")), "BufferFull");
    mine.is_served();
    other.is_served();
    let all = deaf.bytes(taken);
    let chunk = pattern(50_000);
    assert!(all.chunks(chunk.len()).all(|got| got == chunk), "what was taken arrives when it reads after all");
    watch::until("its buffer is empty", || mine.ask_fields(&format!("info {session}")).number("queued") == 0);
    assert_eq!(other.ask(&format!("send {session} 5")), "done");
    assert_eq!(deaf.bytes(5), pattern(5));
    server.stop();
}

#[test]
fn a_client_that_never_reads_and_leaves_takes_its_buffer_with_it() {
    let server = scripted().start();
    let (mut mine, mut deaf) = (server.connect(), server.connect().read_slowly());
    let session = deaf.session();
    assert_eq!(mine.ask_fields(&format!("fill {session} 2097152")).text("then"), "BufferFull");
    drop(deaf);
    server.journal.wait_for_session("on_close", session);
    drop(mine);
    wait_for_stats(server.address(), "only this one is left", |stats| stats.number("connections") == 1);
    server.stop();
}

#[test]
fn a_client_that_never_reads_its_own_echo_disturbs_nobody() {
    let server = scripted().start();
    let (mut other, deaf) = (server.connect(), server.connect().read_slowly());
    deaf.stream().set_nonblocking(true).expect("a socket option can be set");
    let mut stream = deaf.stream();
    // As much as the server takes, and no more than its own limits can hold.
    for _ in 0..200 {
        let _ = stream.write(&pattern(100_000));
        other.is_served();
    }
    server.stop();
}

/// A source of numbers that looks like chance and is the same each time.
fn chance(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 8) as usize
}

#[test]
fn messages_of_all_sizes_of_many_clients_come_back_byte_by_byte() {
    let server = scripted().reactors(2).start();
    let address = server.address();
    let clients: Vec<_> = (1..=32_u64)
        .map(|number| {
            thread::spawn(move || {
                let client = Client::connect(address);
                let (mut to, mut from) = (client.stream(), client.stream().try_clone().expect("a socket can be cloned"));
                let (sent, to_come) = mpsc::sync_channel::<Vec<u8>>(16);
                let reader = thread::spawn(move || {
                    for expected in to_come {
                        let mut got = vec![0; expected.len()];
                        from.read_exact(&mut got).expect("the echo comes");
                        assert!(got == expected, "the echo is the message");
                    }
                });
                let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                for _ in 0..120 {
                    let length = 1 + chance(&mut state) % (1 << (chance(&mut state) % 16));
                    let message: Vec<u8> = (0..length).map(|_| chance(&mut state) as u8 | 0x80).collect();
                    to.write_all(&message).expect("the connection takes bytes");
                    sent.send(message).expect("the reader reads");
                }
                drop(sent);
                reader.join().expect("reading does not panic");
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("a client does not panic"));
    server.stop();
}

#[test]
fn a_worker_that_naps_is_sent_more_than_its_ring_holds_and_finds_it_all_in_order() {
    const EACH: usize = 6 << 20;
    let server = scripted().start();
    let (mut napping, mut other) = (server.connect_to_worker(0), server.connect_to_worker(1));
    let mut senders: Vec<Client> = (0..3).map(|_| server.connect_to_worker(0)).collect();
    let sessions: Vec<u64> = senders.iter_mut().map(Client::session).collect();
    assert_eq!(napping.ask("nap"), "napping");
    let messages: Vec<_> = (0..3).map(|n| pattern(EACH + n)[n..].to_vec()).collect();
    let threads: Vec<_> = senders.iter().zip(&messages).map(|(client, message)| client.send_beside(message.clone())).collect();
    // A ring holds 4 MiB at most.
    watch::until("the ring is full", || {
        let received = |session: &u64| other.ask_fields(&format!("info {session}")).number("in");
        sessions.iter().map(received).sum::<u64>() > 3 << 20
    });
    for _ in 0..100 {
        other.is_served();
    }
    let received: u64 = sessions.iter().map(|session| other.ask_fields(&format!("info {session}")).number("in")).sum();
    assert!(received < 8 << 20, "reading has stopped: {received}");
    server.connect_to_worker(1).is_served();
    server.journal.ring_alarm();
    assert_eq!(napping.line(), "awake");
    for (client, message) in senders.iter_mut().zip(&messages) {
        assert!(client.bytes(EACH) == *message, "the echo is the message");
    }
    threads.into_iter().for_each(|thread| thread.join().expect("no panic").expect("all is taken"));
    server.stop();
}

#[test]
fn large_messages_of_many_clients_come_whole_in_their_order_and_to_nobody_else() {
    for (workers, reactors) in [(4, 1), (1, 2)] {
        let launch = Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(workers).reactors(reactors);
        let server = launch.arguments(["--socket-buffer-size=3M", "--send-yield=30"]).start();
        thread::scope(|scope| {
            for number in 0..8 {
                let mut client = server.connect().read_slowly();
                scope.spawn(move || {
                    let (letter, session) = (b'a' + number, client.session());
                    client.say(&format!("burst {session} {} 6", char::from(letter)));
                    for at in 0..6 {
                        let length = if at % 2 == 0 { (2 << 20) - 5 } else { 100 + at };
                        let message = client.bytes(5 + length);
                        assert_eq!(
                            message[..5],
                            [&[letter][..], &(length as u32).to_le_bytes()].concat(),
                            "{at} comes behind what was before it"
                        );
                        assert!(message[5..].iter().all(|&byte| byte == letter));
                    }
                    client.is_served();
                });
            }
        });
        assert!(server.log().iter().all(|line| !line.contains("ERROR")), "{:#?}", server.log());
        server.stop();
    }
}

/// Waits for so many messages of 2 MiB, whatever lines come between them.
fn read_large(client: &mut Client, messages: usize) {
    let large = pattern(2 << 20);
    let (mut came, mut lines) = (0, 0);
    while came < messages || lines < messages {
        let first = client.bytes(1);
        if first[0] == large[0] {
            assert!(client.bytes(large.len() - 1) == large[1..], "nothing else is in it");
            came += 1;
        } else {
            let line = client.line();
            assert!(line.starts_with("ueued tag=") || line.starts_with("inished tag="), "{line}");
            lines += usize::from(line.starts_with("inished"));
        }
    }
}

#[test]
fn task_workers_send_large_messages_that_stay_whole_beside_each_other_and_the_workers() {
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).start();
    thread::scope(|scope| {
        for client in 0..4 {
            let mut connection = server.connect();
            scope.spawn(move || {
                for round in 0..2 {
                    let tag = client * 100 + round * 10;
                    (0..2).for_each(|at| connection.say(&format!("to {at} {} send_large 2097152", tag + at)));
                    read_large(&mut connection, 2);
                }
            });
        }
    });
    assert!(server.journal.of("sent").iter().all(|sent| sent.text("sent") == "true"));
    assert_eq!(server.journal.of("sent").len(), 16);
    server.stop();
}
