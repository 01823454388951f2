//! The settings file: which one it is, what is wrong in it, and the section of the program's own.

use system_tests::{File, Launch, tree};

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted"))
}

fn configured() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_configured")).no_arguments()
}

#[test]
fn the_option_names_the_file_before_the_environment_and_that_before_code() {
    let [by_code, by_variable, by_option] = [3, 4, 5].map(|workers| File::with(&format!("workers = {workers}\n")));
    let launch = || configured().environment("SYSTEM_TEST_FILE_BY_CODE", by_code.path()).arguments(["--print-config"]);
    let printed = |launch: Launch, file: &File, workers: u32| {
        let outcome = launch.run();
        assert!(outcome.information().contains(&format!("workers = {workers}  # file {}, line 1\n", file.path())), "{outcome:?}");
    };
    printed(launch(), &by_code, 3);
    printed(launch().environment("SWOOLE_CONFIG", by_variable.path()), &by_variable, 4);
    printed(launch().environment("SWOOLE_CONFIG", by_variable.path()).arguments(["--config", by_option.path()]), &by_option, 5);
}

#[test]
fn a_file_that_is_none_is_refused() {
    let folder = std::env::temp_dir();
    scripted().arguments(["--config", "/no/such/file"]).refused(&["option --config = \"/no/such/file\"", "No such file"]);
    scripted().environment("SWOOLE_CONFIG", "/no/such/file").refused(&["SWOOLE_CONFIG", "/no/such/file", "No such file"]);
    scripted().environment("SWOOLE_CONFIG", "").refused(&["SWOOLE_CONFIG", "No such file"]);
    configured().environment("SYSTEM_TEST_FILE_BY_CODE", "/no/such/file").refused(&["builder", "/no/such/file"]);
    scripted().arguments(["--config", folder.to_str().expect("text")]).refused(&["--config", "directory"]);
    scripted().arguments(["--config", "/dev/zero"]).refused(&["larger than 1 MiB"]);
    for (bytes, said) in [
        (b"workers = 1\nlog_level = \"\xff\"\n".to_vec(), "line 2 of the file is not UTF-8"),
        (b"workers = 1\nlog_level = \n".to_vec(), "line 2 is no TOML: "),
        (b"workers = 1\nworkers = 1\n".to_vec(), "line 2 is no TOML: duplicate key"),
        (vec![b'#'; 5 << 20], "larger than 1 MiB"),
    ] {
        let file = File::with_bytes(&bytes);
        scripted().arguments(["--config", file.path()]).refused(&[file.path(), said]);
    }
}

#[test]
fn a_line_of_a_file_that_is_wrong_is_refused_with_its_number() {
    for (line, said) in [
        ("workers = 0", "line 2: workers = 0 is refused: `workers` takes a number from 1 to 1024"),
        ("workers = \"4\"", "line 2: workers = \"4\" is refused: `workers` takes a whole number, not a text"),
        ("mode = \"thread\"", "`mode` takes \"process\""),
        ("max_wait_time = \"soon\"", "takes a time, as in `5s` or `2m`"),
        ("ring_memory = \"1K\"", "takes a number of bytes from 65536 to 17179869184"),
        ("workrs = 1", "did you mean `workers`?"),
        ("dispatch = \"idle\"", "`dispatch` is compiled in, and stands in the attribute alone"),
        ("[heartbeat]\ncheck = 1", "`heartbeat` takes true or false, not a table"),
        ("[apps]\nx = 1", "did you mean `[app]`?"),
    ] {
        let file = File::with(&format!("# first\n{line}\n"));
        scripted().arguments(["--config", file.path()]).refused(&[&format!("file {}, line 2", file.path()), said]);
    }
}

#[test]
fn a_file_can_come_through_a_pipe() {
    let launch = scripted().after("exec 3<<END\nbacklog = 77\nEND\n:");
    let outcome = launch.arguments(["--config=/dev/fd/3", "--print-config"]).run();
    assert!(outcome.information().contains("backlog = 77  # file /dev/fd/3, line 1"), "{outcome:?}");
}

#[test]
fn the_section_of_the_program_reaches_every_worker_and_its_successors() {
    let file = File::with("listen = \"tcp://127.0.0.1:0\"\nworkers = 3\n\n[app]\ngreeting = 'hello'\nretries = 7\n");
    let server = configured().arguments(["--config", file.path()]).start();
    server.connect().is_served();
    // Read once: what becomes of the file changes nothing.
    drop(file);
    let has_it = |worker: u64, generation: u64| {
        let start =
            server.journal.wait("on_worker_start", |entry| entry.number("worker") == worker && entry.number("generation") == generation);
        assert_eq!((start.text("greeting"), start.number("retries")), ("hello", 7), "{start:?}");
        start.number("pid") as u32
    };
    let pids = [0, 1, 2].map(|worker| has_it(worker, 1));
    tree::signal(pids[1], nix::sys::signal::Signal::SIGKILL);
    has_it(1, 2);
    server.stop();
}

#[test]
fn a_section_that_does_not_fit_is_refused_before_anything_is_forked_where_the_builder_knows_its_type() {
    for (section, said) in [
        ("[app]\nretries = 1\n", "line 1: `[app]` is refused: missing field `greeting`"),
        ("[app]\ngreeting = 'a'\nretries = 'x'\n", "line 3: `[app]` is refused: invalid type: string \"x\", expected u8 in `retries`"),
        ("[app]\ngreeting = 'a'\nretires = 1\n", "line 3: `[app]` is refused: unknown field `retires`"),
        ("workers = 1\n", "has no `[app]`: missing field `greeting`"),
        ("app = 1\n", "line 1: app is refused: `[app]` is a table"),
    ] {
        let file = File::with(section);
        for check in [None, Some("--check")] {
            configured().behaviour("check_section").arguments(["--config", file.path()]).arguments(check).refused(&[file.path(), said]);
        }
    }
    configured().behaviour("check_section").refused(&["there is no `[app]`: missing field `greeting`", "--config"]);
}

#[test]
fn a_section_that_does_not_fit_is_the_reason_of_workers_that_do_not_start() {
    let file = File::with("listen = \"tcp://127.0.0.1:0\"\n[app]\nretries = 1\n");
    let outcome = configured().arguments(["--config", file.path()]).run();
    outcome.no_worker_starts(&format!("file {}, line 2: `[app]` is refused: missing field `greeting`", file.path()));
}
