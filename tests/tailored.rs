//! What a server does not use is not in its binary. Servers are built in release with their symbols, and the names of what is in them
//! are compared.
//!
//! The optimiser's choices stay as a user's crate has them, but for one: nothing is inlined, since what is inlined has no name. What an
//! absent callback would have called must then fall away by the constant dispatch table alone.

use object::{Object, ObjectSymbol};
use std::{collections::BTreeSet, path::Path, process::Command, sync::OnceLock};

/// What a plain echo does not use: the words that name it, in modules, types and functions.
const UNUSED: [(&str, &[&str]); 5] = [
    ("tasks", &["task", "tasks", "taskwait", "finish", "job", "jobs"]),
    ("messages between processes", &["messages", "pipe", "postbox", "mail", "inbox", "tray", "sender", "shelf"]),
    ("datagrams", &["datagram", "datagrams", "dgram", "udp", "packet", "packets"]),
    ("timers", &["timer", "timers", "tick", "ticks"]),
    ("framing", &["frame", "frames", "framer", "framing", "framed", "delimiter", "delimited", "package", "packages"]),
];

/// Whatever a server uses, it can be asked for every setting by name, and told of a wrong one.
const OF_EVERY_SERVER: [&str; 8] = [
    "swoole_runtime::settings::",
    "swoole_runtime::boot::",
    "swoole_vocabulary::",
    // One plan of the shared memory, and one type of errors.
    "swoole_runtime::layout::",
    "swoole_runtime::error::",
    // The counters and a shutdown ask how many jobs are under way, of none; files for them would be nowhere.
    "swoole_runtime::job::cell::JobCell::state",
    "swoole_runtime::job::state::State::of",
    "swoole_runtime::job::files::Files::nowhere",
];

/// The line between master and manager carries packets, none of them a user's datagram.
const LINE_TO_MANAGER: &str = "swoole_runtime::sys::packet::";

/// The way of a message through an echo: were one not found, the others' absence would say nothing.
const WAY_OF_A_MESSAGE: [&str; 8] = [
    "swoole_runtime::master::accept::Acceptor",
    "swoole_runtime::reactor::inbound::",
    "swoole_runtime::ring::producer::Producer::",
    "swoole_runtime::worker::serve::Serving<S>::serve_lane",
    "echo::Echo::on_receive",
    "swoole_runtime::context::outbox::Outbox::send",
    "swoole_runtime::reactor::outbound::",
    "swoole_runtime::manager::life::Life::reconcile",
];

/// Callbacks that echo has not: who has them, and what is there for their sake alone.
const USED_ELSEWHERE: [(&str, &str, &[&str]); 5] = [
    ("on_panic", "crash", &["crash::Crash::on_panic", "swoole_runtime::worker::panic::last_words"]),
    ("on_worker_error", "crash", &["crash::Crash::on_worker_error", "swoole_runtime::manager::life::Life::run_callback"]),
    (
        "on_lost",
        "mourner",
        &["mourner::Mourner::on_lost", "::hand_over_lost", ">::still_lost", "swoole_runtime::process::board::SlotBoard::lost"],
    ),
    (
        "on_timer",
        "ticker",
        &["::on_timer", "swoole_runtime::context::timers::TimerQueue<S>::run_some", "swoole_runtime::timer::schedule::Schedule"],
    ),
    (
        "on_pipe_message",
        "messenger",
        &[
            "::on_pipe_message",
            "swoole_runtime::context::messages::Postbox",
            "swoole_runtime::worker::messages::",
            "swoole_runtime::message::",
        ],
    ),
];

#[test]
fn the_way_of_a_message_is_in_the_binary_of_an_echo() {
    let echo = built("echo");
    for part in WAY_OF_A_MESSAGE {
        assert!(echo.iter().any(|name| name.contains(part)), "`{part}` is not among the {} names of echo: {echo:#?}", echo.len());
    }
}

#[test]
fn tasks_messages_datagrams_timers_and_framing_are_not_in_the_binary_of_an_echo() {
    for (what, words) in UNUSED {
        let found: Vec<_> = built("echo").iter().filter(|name| names_one_of(name, words)).collect();
        assert!(found.is_empty(), "echo has no use for {what}, and this is in its binary: {found:#?}");
    }
}

#[test]
fn what_serves_a_callback_is_in_the_binaries_that_have_it_and_not_in_that_of_an_echo() {
    for (callback, server, parts) in USED_ELSEWHERE {
        for part in parts {
            assert!(built(server).iter().any(|name| name.contains(part)), "{server} has {callback}, and no `{part}` in its binary");
            let found: Vec<_> = built("echo").iter().filter(|name| name.contains(part)).collect();
            assert!(found.is_empty(), "echo has no {callback}, and this is in its binary: {found:#?}");
        }
    }
}

#[test]
fn a_name_is_taken_apart_into_its_words() {
    for (name, words, expected) in [
        ("swoole_runtime::task_worker::live", &["task"][..], true),
        ("swoole_runtime::context::tasks::TaskWorker<S>::finish", &["worker"], true),
        ("<swoole_runtime::context::PacketSource as core::fmt::Debug>::fmt", &["packet"], true),
        ("echo::Echo::on_packet", &["packet"], true),
        ("core::ptr::drop_in_place<swoole_runtime::context::tasks::Desk>", &["task", "tasks"], false),
        ("swoole_runtime::settings::keys::check::task_workers", &["task"], false),
        ("swoole_runtime::master::life::Life::timeout", &["time", "timer"], false),
        ("std::backtrace_rs::Frame::ip", &["frame"], false),
    ] {
        assert_eq!(is_ours(name) && names_one_of(name, words), expected, "{name}");
    }
}

/// The names of what is ours in the binary of this server. All servers are built at the first call.
fn built(server: &str) -> &'static BTreeSet<String> {
    static BUILT: OnceLock<Vec<(&str, BTreeSet<String>)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tailored");
        build(&target);
        let release = target.join("release");
        ["examples/echo", "examples/crash", "mourner", "messenger", "ticker"]
            .map(|program| (program.rsplit('/').next().unwrap_or(program), names(&release.join(program))))
            .into()
    });
    built.iter().find_map(|(name, names)| (*name == server).then_some(names)).expect("it is one of the servers")
}

fn build(target: &Path) {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "-p", "swoole", "-p", "system-tests"])
        .args(["--example", "echo", "--example", "crash", "--bin", "mourner", "--bin", "messenger", "--bin", "ticker"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // As a crate has it that sets no profile; the workspace's own would only help.
        .env("CARGO_PROFILE_RELEASE_LTO", "false")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_ENCODED_RUSTFLAGS", "-Cllvm-args=-inline-threshold=-1000000 -locally-hot-callsite-threshold=-1000000")
        .env_remove("CARGO_BUILD_TARGET")
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the servers cannot be built: {built}");
}

/// What the binary defines of ours, in the words of the source.
fn names(program: &Path) -> BTreeSet<String> {
    let bytes = std::fs::read(program).unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let file = object::File::parse(&*bytes).expect("a binary of this machine");
    let defined = file.symbols().filter(ObjectSymbol::is_definition);
    defined.filter_map(|symbol| Some(format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?)))).filter(|name| is_ours(name)).collect()
}

/// Of the runtime, of the facade or of a server; not of std or a library.
fn is_ours(name: &str) -> bool {
    // What does nothing is merged, and has the name of any of its kind.
    !name.starts_with("core::ptr::drop_in_place<")
        && ["swoole", "echo::", "crash::", "mourner::", "messenger::", "ticker::"].iter().any(|part| name.contains(part))
}

/// Whether one of these is a word of the name: `TaskWorker`, `on_task` and `task::` have the word `task`.
fn names_one_of(name: &str, words: &[&str]) -> bool {
    if OF_EVERY_SERVER.iter().any(|part| name.contains(part)) {
        return false;
    }
    let name = name.replace(LINE_TO_MANAGER, "").replace("Packets", "");
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() || !letter.is_ascii_alphanumeric() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' });
    }
    spaced.split_whitespace().any(|word| words.contains(&word))
}
