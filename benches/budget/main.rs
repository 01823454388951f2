//! The budget, for this machine, in two parts. It reports; nothing is asserted about time.
//!
//! `echo`: ours beside a bare epoll loop and tokio, alternating in one run, so that a drifting machine hits all alike. BUDGET_ROUNDS (5)
//! and BUDGET_MS (400) set how often and how long; take 21 rounds for a verdict. System calls are counted where `strace` is installed.
//!
//! `hello`: what a user's first crate costs: size, crates, time of a build, time of an edit.
//!
//! `cargo bench --bench budget` takes both, `cargo bench --bench budget -- hello` one.

mod counting;
mod hello;
mod load;
mod scratch;
mod servers;
mod syscalls;
mod tree;

use load::Shape;
use servers::{Running, SERVE};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const PARTS: [(&str, fn()); 2] = [("echo", echo), ("hello", hello::report)];

/// The servers, the first of which is the reference.
const SERVERS: [&str; 3] = ["raw", "tokio", "ours"];

/// What is measured, and how many times the reference's processor time ours may take.
const ROWS: [(&str, Shape, f64); 5] = [
    ("64 sessions, 64 B", Shape { sessions: 64, size: 64, depth: 1 }, 1.10),
    ("64 sessions, 64 B, 16 in flight", Shape { sessions: 64, size: 64, depth: 16 }, 1.15),
    ("8 sessions, 64 B", Shape { sessions: 8, size: 64, depth: 1 }, 1.5),
    ("1 session, 64 B", Shape { sessions: 1, size: 64, depth: 1 }, 1.7),
    ("64 sessions, 16 KiB", Shape { sessions: 64, size: 16 << 10, depth: 1 }, 1.6),
];

fn main() {
    if let Ok(name) = std::env::var(SERVE) {
        return servers::serve(&name);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let named: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(stranger) = named.iter().find(|name| !PARTS.iter().any(|(part, _)| part == *name)) {
        eprintln!("there is no part `{stranger}`; the parts are {}", PARTS.map(|(part, _)| part).join(", "));
        std::process::exit(2);
    }
    for (at, (_, report)) in PARTS.iter().filter(|(part, _)| named.is_empty() || named.contains(part)).enumerate() {
        if at > 0 {
            println!();
        }
        report();
    }
}

fn echo() {
    let set = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, time) = (set("BUDGET_ROUNDS", 5), Duration::from_millis(set("BUDGET_MS", 400)));
    println!(
        "Echo, process mode, 1 worker + 1 reactor. Processor time of the whole process tree a message; the ratio is the median of {rounds}"
    );
    println!("alternating rounds of {} ms, with its quartiles.\n", time.as_millis());
    println!("{:34} {:6} {:>12} {:>12} {:>20} {:>8}", "", "server", "messages/s", "us/message", "x raw (quartiles)", "budget");
    for (name, shape, budget) in ROWS {
        processor_time(name, shape, budget, rounds, time);
    }
    println!();
    syscalls::report(time);
    allocations();
    memory();
}

fn processor_time(name: &str, shape: Shape, budget: f64, rounds: u64, time: Duration) {
    let mut taken: Vec<Vec<(f64, f64)>> = vec![Vec::new(); SERVERS.len()];
    for _ in 0..rounds {
        for (server, taken) in SERVERS.iter().zip(&mut taken) {
            let running = Running::start(server);
            let mut clients = load::Clients::connect(running.address(), shape);
            clients.run(time / 2);
            let before = tree::processor_time(running.pid());
            let (messages, elapsed) = clients.run(time);
            let spent = tree::processor_time(running.pid()) - before;
            taken.push((messages as f64 / elapsed.as_secs_f64(), spent.as_secs_f64() * 1e6 / messages.max(1) as f64));
        }
    }
    for (at, server) in SERVERS.iter().enumerate() {
        let mut ratios: Vec<f64> = taken[at].iter().zip(&taken[0]).map(|(one, reference)| one.1 / reference.1).collect();
        let quartile = |values: &mut Vec<f64>, part: f64| {
            values.sort_by(f64::total_cmp);
            values[((values.len() - 1) as f64 * part).round() as usize]
        };
        let rate = quartile(&mut taken[at].iter().map(|t| t.0).collect(), 0.5);
        let cost = quartile(&mut taken[at].iter().map(|t| t.1).collect(), 0.5);
        let (low, middle, high) = (quartile(&mut ratios, 0.25), quartile(&mut ratios, 0.5), quartile(&mut ratios, 0.75));
        let budget = if *server == "ours" { format!("{budget:.2}") } else { String::new() };
        println!(
            "{:34} {server:6} {rate:>12.0} {cost:>12.3} {:>20} {budget:>8}",
            if at == 0 { name } else { "" },
            format!("{middle:.2} ({low:.2}-{high:.2})")
        );
    }
}

/// Heap allocations of every process of ours together, by the server's own count.
fn allocations() {
    let running = Running::start("ours");
    let shape = Shape { sessions: 64, size: 64, depth: 1 };
    let mut clients = load::Clients::connect(running.address(), shape);
    clients.run(Duration::from_millis(300));
    let before = load::ask_for_allocations(running.address());
    let again = load::ask_for_allocations(running.address());
    let (messages, _) = clients.run(Duration::from_millis(500));
    let after = load::ask_for_allocations(running.address());
    // Asking costs some itself: as many as between the first two answers.
    let counted = (after - again).saturating_sub(again - before);
    println!("allocations, all processes:        {counted} in {messages} messages (budget 0)");
}

/// Memory of all processes for each idle session, before and after each has had a message.
fn memory() {
    const SESSIONS: usize = 5000;
    let running = Running::start("ours");
    // Warm: every page that does not depend on the number of sessions.
    load::Clients::connect(running.address(), Shape { sessions: 64, size: 64, depth: 1 }).run(Duration::from_millis(300));
    let before = tree::memory(running.pid());
    let mut clients = load::Clients::connect(running.address(), Shape { sessions: SESSIONS, size: 64, depth: 1 });
    clients.settle();
    let idle = tree::memory(running.pid());
    clients.once();
    let after = tree::memory(running.pid());
    let each = |now: u64| now.saturating_sub(before) as f64 / SESSIONS as f64;
    println!("memory a session (PSS, {SESSIONS} idle):   {:.0} B; after one message each {:.0} B (budget 300)", each(idle), each(after));
}
