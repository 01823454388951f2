//! A server built without the feature `cli`: it takes no arguments and reads no file, and says so instead of looking away.

use std::{path::Path, process::Command, sync::OnceLock};
use system_tests::Launch;

/// The scripted server without the feature, built once. In a folder of its own: the one in use belongs to whoever runs the tests.
fn bare() -> Launch {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_scripted")).with_file_name("without-cli");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "system-tests", "--no-default-features", "--bin", "scripted", "--target-dir"]);
        let built = cargo.arg(&folder).current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo can be run");
        assert!(built.success(), "the server is built without the feature");
        folder.join("debug/scripted").to_str().expect("a path that is text").to_owned()
    });
    Launch::new(program).no_arguments()
}

#[test]
fn the_environment_still_overrides() {
    let server = bare().environment("SWOOLE_LISTEN", "tcp://127.0.0.1:0").environment("SWOOLE_MAX_WAIT_TIME", "5s").start();
    server.connect().is_served();
    server.stop();
}

#[test]
fn arguments_and_files_are_refused_by_name() {
    for argument in ["--workers=4", "--help", "stray"] {
        let outcome = bare().arguments([argument]).run();
        let line = outcome.refusal();
        for text in [argument, "without the feature `cli`", "SWOOLE_WORKERS=4"] {
            assert!(line.contains(text), "{text}: {line}");
        }
    }
    let outcome = bare().environment("SWOOLE_CONFIG", "x.toml").environment("SWOOLE_WORKRS", "1").run();
    assert_eq!(
        outcome.refusals(),
        [
            "Error: environment variable SWOOLE_CONFIG is refused: this program was built without the feature `cli` and reads no file",
            "Error: environment variable SWOOLE_WORKRS is refused: there is no such setting; did you mean SWOOLE_WORKERS?",
        ]
    );
    let outcome = bare().run();
    assert!(outcome.refusal().contains("no address to listen on") && outcome.refusal().contains("SWOOLE_LISTEN="), "{outcome:?}");
}

#[test]
fn what_comes_with_the_feature_is_refused_by_name() {
    let outcome = bare().environment("SWOOLE_LISTEN", "tcp://127.0.0.1:0").environment("SWOOLE_PID_FILE", "/tmp/pid").run();
    for text in ["SWOOLE_PID_FILE", "`pid_file`", "without the feature `cli`"] {
        assert!(outcome.refusal().contains(text), "{text}: {outcome:?}");
    }
}

#[test]
fn a_program_can_read_its_arguments_itself() {
    let launch = bare().arguments(["serve", "--verbose"]).behaviour("read_its_own_arguments");
    let server = launch.environment("SWOOLE_LISTEN", "tcp://127.0.0.1:0").start();
    assert_eq!(server.journal.wait("main", |_| true).text("arguments"), "serve,--verbose");
    server.stop();
}
