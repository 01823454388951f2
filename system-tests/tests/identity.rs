//! Who the processes of a server are: their users and groups, the files that they see, their CPUs, their names.

use nix::sys::signal::Signal;
use std::fs;
use system_tests::{Directory, Launch, Logged, machine, tree, watch};

const NOBODY: u32 = 65534;

fn scripted() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_scripted")).workers(2)
}

#[test]
fn workers_are_another_user_and_what_they_leave_in_files_is_read_by_each() {
    if !machine::is_root() {
        return;
    }
    let directory = Directory::new();
    let launch = Launch::new(env!("CARGO_BIN_EXE_tasker")).arguments([directory.argument().as_str(), "--user=nobody"]);
    let server = launch.without_journal().start();
    let mut client = server.connect();
    let worker = client.who().number("pid") as u32;
    let number = NOBODY.to_string();
    for name in ["Uid", "Gid"] {
        assert_eq!(tree::status(worker, name), vec![number.as_str(); 4], "{name}");
        assert_eq!(tree::status(server.master(), name)[0], "0");
    }
    assert!(!tree::status(worker, "Groups").contains(&"0".to_owned()));
    assert_eq!(tree::status(worker, "CapEff"), ["0000000000000000"]);
    for length in [100, 100 << 10, 5 << 20] {
        let output = client.ask_fields(&format!("wait 10000000000 1 echo {length}"));
        assert_eq!((output.number("length"), output.text("whole")), (length, "true"), "{output:?}");
    }
    server.stop();
    assert_eq!(directory.entries(), [""; 0]);
}

#[test]
fn a_group_alone_and_a_root_directory_hold_for_workers_and_their_successors() {
    if !machine::is_root() {
        return;
    }
    let jail = Directory::new();
    fs::write(jail.path().join("here"), "").expect("a file can be written");
    let argument = format!("--chroot={}", jail.path().display());
    let server = scripted().arguments([argument.as_str(), "--group=nogroup"]).without_journal().start();
    for _ in 0..2 {
        let mut client = server.connect_to_worker(0);
        assert_eq!(client.ask("files /here"), "exists=true");
        assert_eq!(client.ask("files /proc"), "exists=false");
        let pid = client.who().number("pid") as u32;
        assert_eq!((tree::status(pid, "Uid")[0].as_str(), tree::status(pid, "Gid")[0].as_str()), ("0", NOBODY.to_string().as_str()));
        assert_eq!(tree::status(pid, "Groups"), [NOBODY.to_string()]);
        client.say("abort");
        watch::until("it has ended", || !tree::lives(pid));
    }
    server.stop();
}

#[test]
fn only_root_may_ask_for_another_user_and_it_must_be_somebody() {
    if !machine::is_root() {
        return;
    }
    for (argument, texts) in [
        ("--user=nobody-of-this-name", ["`user`", "no such user"]),
        ("--group=nobody-of-this-name", ["`group`", "no such group"]),
        ("--user=54321", ["`user`", "set `group`"]),
        ("--chroot=/nowhere", ["`chroot`", "no such directory"]),
    ] {
        let outcome = scripted().arguments([argument]).run();
        texts.iter().for_each(|text| assert!(outcome.refusal().contains(text), "{text}: {outcome:?}"));
    }
    let as_nobody = r#"exec setpriv --reuid=65534 --clear-groups "$0" "$@""#;
    for argument in ["--user=nobody", "--group=nogroup", "--chroot=/tmp"] {
        let outcome = scripted().arguments([argument]).after(as_nobody).run();
        assert!(outcome.refusal().contains("not root"), "{outcome:?}");
    }
}

#[test]
fn each_worker_stays_on_a_cpu_of_its_own() {
    let server = scripted().workers(3).arguments(["--cpu-affinity=true"]).start();
    let of = |pid| tree::status(pid, "Cpus_allowed_list").concat();
    let cpus: Vec<String> = (0..3).map(|worker| of(server.worker(worker))).collect();
    assert!(cpus.iter().all(|cpu| cpu.parse::<u32>().is_ok()), "one each: {cpus:?}");
    let all = std::thread::available_parallelism().expect("it is known").get();
    assert_eq!(cpus[0] != cpus[1], all > 1, "{cpus:?}");
    let (first, manager) = (cpus[0].clone(), of(server.manager()));
    assert!(all == 1 || manager != first, "the manager runs on all");
    server.stop();
    let argument = format!("--cpu-affinity-ignore={first}");
    let launch = scripted().arguments(["--cpu-affinity=true", argument.as_str()]);
    if all == 1 {
        assert!(launch.run().refusal().contains("leaves no CPU"));
        return;
    }
    let server = launch.start();
    for worker in [0, 1] {
        assert_ne!(of(server.worker(worker)), first);
    }
    server.stop();
}

#[test]
fn every_process_is_named_after_its_role() {
    let server = Launch::new(env!("CARGO_BIN_EXE_tasker")).workers(1).start();
    let named = || {
        let processes = server.processes();
        let mut names: Vec<String> = processes
            .iter()
            .filter_map(|process| fs::read_to_string(format!("/proc/{}/comm", process.pid)).ok())
            .map(|name| name.trim().to_owned())
            .collect();
        names.sort();
        names
    };
    watch::until_or("their names", || {
        let names = named();
        if names.iter().any(|name| name == "tasker: master")
            && names.iter().any(|name| name == "tasker: manager")
            && names.iter().any(|name| name == "tasker: standby")
            && names.iter().any(|name| name == "tasker: worker 0" || name == "taske: worker 0")
            && names.iter().any(|name| name == "task worker 1")
        {
            Ok(())
        } else {
            Err(format!("{names:?}"))
        }
    });
    server.stop();
}

#[test]
fn a_program_that_takes_over_prints_to_the_log_as_the_user_that_it_is_to_be() {
    if !machine::is_root() {
        return;
    }
    let directory = Directory::new();
    let install = |program: &str| {
        let new = directory.path().join("new");
        // By another process: a descriptor that this one had open for writing might be a child's of another test, and then it cannot be run.
        let copied = std::process::Command::new("cp").arg(program).arg(&new).status();
        assert!(copied.is_ok_and(|status| status.success()), "a program can be copied");
        fs::rename(new, directory.path().join("server")).expect("it can be renamed");
    };
    install(env!("CARGO_BIN_EXE_version_one"));
    let program = directory.path().join("server");
    let launch = Launch::new(program.to_str().expect("it is text")).arguments([
        "--user=nobody",
        "--cpu-affinity=true",
        directory.argument().as_str(),
    ]);
    let mut logged = Logged::start(launch.without_journal());
    let before = logged.connect_to_worker(0).who().number("pid") as u32;
    install(env!("CARGO_BIN_EXE_version_two"));
    logged.server.signal(Signal::SIGUSR1);
    logged.wait(&["all workers are replaced"]);
    let mut client = logged.connect_to_worker(0);
    let pid = client.who().number("pid") as u32;
    assert_eq!((client.ask("version"), pid == before), ("version 2".to_owned(), false));
    assert_eq!((tree::status(pid, "Uid")[0].clone(), tree::status(pid, "Gid")[0].clone()), (NOBODY.to_string(), NOBODY.to_string()));
    client.say("print of another program");
    logged.wait(&[&format!("PRINT [worker 0 {pid}] of another program")]);
    client.say("panic");
    client.line();
    let line = logged.wait(&["asked to panic", &format!("[worker 0 {pid}]")]);
    assert!(!line.contains("PRINT"), "{line}");
    logged.server.signal(Signal::SIGTERM);
    assert_eq!(logged.server.wait_for_end().code(), Some(0));
}
