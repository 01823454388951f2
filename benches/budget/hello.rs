//! The rows of the budget that a user meets before anything runs: how large the README's echo is, how many crates it takes, how long it
//! builds, and how long the attribute keeps an edit waiting.

use crate::scratch::{Scratch, WORKSPACE, write};
use std::{fs, path::Path, time::Duration};

/// With or without default features: megabytes, crates, seconds of a clean build that it may have.
const ROWS: [(&str, bool, (f64, usize, f64)); 2] =
    [("hello, no default features", false, (0.5, 32, 15.0)), ("hello, default features", true, (1.2, 45, 25.0))];

/// Seconds the macro crate may build, with all it depends on.
const MACROS: f64 = 6.0;

/// Seconds the attribute may add to a check after an edit, and how many edits say so.
const ATTRIBUTE: f64 = 0.3;
const EDITS: u32 = 7;

/// The attribute's line in the program, and what stands for it where it is taken away.
const ATTRIBUTE_BEGINS: &str = "#[swoole::server(";
const BLOCK_BEGINS: &str = "impl Echo {\n";
const BY_HAND: &str = "impl Echo {\n    fn start() -> swoole::Result<()> {\n        Ok(())\n    }\n";

/// The line that an edit goes behind.
const EDITED: &str = "worker.send(fd, data)?;\n";

pub(crate) fn report() {
    let scratch = Scratch::new();
    println!(
        "The README's echo as a crate of its own, release, stripped. Seconds of two clean builds from downloaded sources, with {}",
        cpus()
    );
    println!("processors; what else runs there counts too. The budget stands in brackets.\n");
    println!("{:34} {:>14} {:>14} {:>20}", "", "MB", "crates", "seconds");
    for (name, default_features, budget) in ROWS {
        hello(&scratch, name, default_features, budget);
    }
    macros(&scratch);
    edits(&scratch);
}

fn hello(scratch: &Scratch, name: &str, default_features: bool, (megabytes, crates, seconds): (f64, usize, f64)) {
    let place = scratch.add("hello", &swoole(default_features), &program());
    let (count, times) = twice(scratch, &place, &["build", "--release"]);
    let size = fs::metadata(scratch.at("target/release/hello")).expect("a binary").len() as f64 / 1e6;
    println!(
        "{name:34} {:>14} {:>14} {:>20}",
        format!("{size:.3} ({megabytes})"),
        format!("{count} ({crates})"),
        format!("{times} ({seconds})")
    );
}

/// Alone it is optimised as a program would be; as a dependency, which is what a user waits for, cargo does not optimise it.
fn macros(scratch: &Scratch) {
    let dependency = format!("swoole-macros = {{ path = {:?} }}", Path::new(WORKSPACE).join("swoole-macros"));
    let place = scratch.add("macros", &dependency, "fn main() {}\n");
    for (name, place, arguments) in [
        ("the macro crate as a dependency", &*place, &["build", "--release"][..]),
        ("the macro crate alone", Path::new(WORKSPACE), &["build", "--release", "-p", "swoole-macros"]),
    ] {
        let (count, times) = twice(scratch, place, arguments);
        println!("{name:34} {:>14} {count:>14} {:>20}", "", format!("{times} ({MACROS})"));
    }
}

/// How many crates two clean builds compile each, and how long they take.
fn twice(scratch: &Scratch, place: &Path, arguments: &[&str]) -> (usize, String) {
    let [first, second] = [(); 2].map(|()| {
        scratch.clean("target");
        scratch.cargo(place, "target", arguments)
    });
    (second.crates, format!("{:.1}, {:.1}", first.time.as_secs_f64(), second.time.as_secs_f64()))
}

/// `cargo check` after an edit in a callback's body, with the attribute and without, in turn.
fn edits(scratch: &Scratch) {
    let with = program();
    let crates = [("attributed", with.clone()), ("bare", without_attribute(&with))];
    let crates = crates.map(|(name, program)| (scratch.add(name, &swoole(true), &program), program));
    for (place, _) in &crates {
        scratch.cargo(place, "checked", &["check"]);
    }
    let mut times = [Vec::new(), Vec::new()];
    for edit in 0..EDITS {
        for ((place, program), times) in crates.iter().zip(&mut times) {
            write(place, &program.replace(EDITED, &format!("{EDITED}        let _edit = {edit};\n")));
            let checked = scratch.cargo(place, "checked", &["check"]);
            assert_eq!(checked.crates, 1, "an edit is seen, and the dependencies stay as they are");
            times.push(checked.time);
        }
    }
    let [with, without] = times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "\n`cargo check` after an edit in a callback, median of {EDITS} in turn: with the attribute {with:.2} s, without {without:.2} s,"
    );
    println!("difference {:.2} s (budget {ATTRIBUTE})", with - without);
}

/// The line of the manifest.
fn swoole(default_features: bool) -> String {
    format!("swoole = {{ path = {WORKSPACE:?}, default-features = {default_features} }}")
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The README's first program.
fn program() -> String {
    let readme = include_str!("../../README.md");
    let inside = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let program = inside.expect("the README begins with a program");
    assert!([ATTRIBUTE_BEGINS, BLOCK_BEGINS, EDITED].iter().all(|part| program.contains(part)), "this is another program:\n{program}");
    program.to_owned()
}

/// The same block, with a `start` written by hand in the attribute's place.
fn without_attribute(program: &str) -> String {
    let lines: Vec<_> = program.lines().filter(|line| !line.starts_with(ATTRIBUTE_BEGINS)).collect();
    format!("#![allow(dead_code)]\n{}\n", lines.join("\n")).replace(BLOCK_BEGINS, BY_HAND)
}
