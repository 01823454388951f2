//! Holds every program under `cases` against what the compiler says to it.
//!
//! After a change of a message, write the golden files anew with `TRYBUILD=overwrite cargo test -p ui-tests`, and read them. A few of them
//! alone: `TRYBUILD=overwrite cargo test -p ui-tests what_must_not -- trybuild=c7`.

use std::process::Command;

/// Messages change from compiler to compiler; the golden files are those of this one.
const COMPILER: &str = "rustc 1.95.0";

fn is_the_compiler_of_the_golden_files() -> bool {
    let version = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&version);
    let is = version.starts_with(COMPILER);
    if !is {
        eprintln!("skipped: the golden files are those of {COMPILER}, and this is {version}");
    }
    is
}

// In a run of their own each: beside a program that compiles, one that fails is built differently, and says less.

#[test]
fn what_must_not_compile_says_what_to_write() {
    if is_the_compiler_of_the_golden_files() {
        let cases = trybuild::TestCases::new();
        cases.compile_fail("cases/c*/*.rs");
        cases.compile_fail("cases/several/*.rs");
    }
}

#[test]
fn what_must_compile_does() {
    trybuild::TestCases::new().pass("cases/pass/*.rs");
}
