//! No process of the server allocates on the heap for what clients send, a job, a message between workers or a timer, once it is warm.

use std::{fs, path::Path};
use system_tests::{Client, Launch, server::Server};

const SESSIONS: usize = 8;

/// Who answers.
#[derive(Clone, Copy)]
enum EchoedBy {
    Receiver,
    Task,
    Message,
}

/// Sends messages of changing sizes over all sessions, each echoed before the next of its session.
fn exchange(clients: &mut [Client], messages: usize, by: EchoedBy) {
    for n in 0..messages / clients.len() {
        let letter = n as u8 & 0x3f | [0, 0x80, 0xc0][by as usize];
        let message = vec![letter; 1 + n % 700];
        for client in &mut *clients {
            client.send(&message);
        }
        for client in &mut *clients {
            assert_eq!(client.bytes(message.len()), message);
        }
    }
}

fn count(counter: &Path) -> u64 {
    let page = fs::read(counter).expect("the counter is there");
    u64::from_ne_bytes(page[..8].try_into().expect("eight bytes"))
}

#[test]
fn a_warm_server_allocates_nothing_for_a_message_in_any_process() {
    let counter = std::env::temp_dir().join(format!("system-test-{}.counter", std::process::id()));
    fs::write(&counter, [0; 4096]).expect("a temporary file can be written");
    let launch = Launch::new(env!("CARGO_BIN_EXE_frugal")).workers(2).reactors(2);
    let server: Server = launch.environment("SYSTEM_TEST_COUNTER", &counter.to_string_lossy()).start();
    let mut clients: Vec<Client> = (0..SESSIONS).map(|_| server.connect()).collect();
    exchange(&mut clients, 2000, EchoedBy::Receiver);
    exchange(&mut clients, 2000, EchoedBy::Task);
    exchange(&mut clients, 2000, EchoedBy::Message);
    let warm = count(&counter);
    exchange(&mut clients, 5000, EchoedBy::Receiver);
    assert_eq!(count(&counter), warm, "allocations for 5000 messages");
    exchange(&mut clients, 5000, EchoedBy::Task);
    assert_eq!(count(&counter), warm, "allocations for 5000 jobs");
    exchange(&mut clients, 5000, EchoedBy::Message);
    assert_eq!(count(&counter), warm, "allocations for 5000 messages between workers");
    clients[0].ask("tick");
    let warm = count(&counter);
    clients[0].ask("tick");
    assert_eq!(count(&counter), warm, "allocations for 100 timers that run 10000 times in all");
    assert!(warm > 0, "the start allocates, so the counter counts");
    clients[0].send(b"allocate\n");
    clients[0].bytes(9);
    assert_eq!(count(&counter), warm + 1, "one allocation in a worker is seen");
    fs::remove_file(&counter).expect("it is there");
    server.stop();
}
