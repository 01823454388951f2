//! Updates by a program with other settings, and of servers that dispatch in every way: each session finds its listener and a worker.

use std::{fs, os::unix::net::UnixStream};
use system_tests::{Client, Place, talk::while_clients_talk, watch};

const SCRIPTED: &str = env!("CARGO_BIN_EXE_scripted");

#[test]
fn sessions_go_on_however_they_are_dispatched() {
    for dispatch in ["round_robin", "round_robin_with_events", "idle", "least_req", "function", "ip", "uid", "least_conn", "fixed"] {
        let place = Place::installed(env!("CARGO_BIN_EXE_dispatcher"));
        let server = place.launch().environment("DISPATCH", dispatch).reactors(2).start();
        let mut bound = server.connect();
        assert_eq!(bound.ask_fields("bind 7").text("bound"), "Ok(())");
        eprintln!("{dispatch}");
        while_clients_talk(&server, || {
            for _ in 0..3 {
                place.update();
            }
        });
        let who = bound.ask_fields("hello");
        assert_eq!(who.number("uid"), 7, "{dispatch}");
        assert!(dispatch != "uid" || who.number("worker") == 3, "{who:?}");
        place.stop(server);
    }
}

#[test]
fn settings_may_change_as_they_may_between_two_starts() {
    let place = Place::installed(env!("CARGO_BIN_EXE_ports"));
    let file = place.path("settings.toml");
    let write = |settings: &str| fs::write(&file, settings).expect("a file can be written");
    let local = |number: u32| format!("[listener.local]\nlisten = \"unix://{}\"\n", place.path(&format!("{number}.sock")).display());
    write(&format!("workers = 1\nreactors = 1\nmax_conn = 500\n{}", local(1)));
    let config = format!("--config={}", file.display());
    // Nothing but the address, which is any.
    let server = place.launch().no_arguments().address("tcp://127.0.210.1:0").arguments([config.as_str()]).start();
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let mut by_admin = Client::connect(server.address_of("admin"));
    let who = |client: &mut Client| client.ask_fields("who?").text("by").to_owned();
    assert!(clients.iter_mut().all(|client| who(client) == "main"));
    for (workers, reactors) in [(3, 2), (2, 1), (4, 2)] {
        write(&format!("workers = {workers}\nreactors = {reactors}\nmax_conn = 1500\n{}", local(workers)));
        place.update();
        let status = place.run(&["status"]);
        assert!(status.information().contains(&format!("processes wanted {workers}")), "{status:?}");
        assert!(clients.iter_mut().all(|client| who(client) == "main"));
        assert_eq!(who(&mut by_admin), "admin");
        // Another address of a listener is listened on, and the one before no more.
        drop(UnixStream::connect(place.path(&format!("{workers}.sock"))).expect("the server listens there"));
        watch::until("nobody listens at the old one", || UnixStream::connect(place.path("1.sock")).is_err());
    }
    write(&format!("workers = 1\nmax_conn = 400\n{}", local(4)));
    place.refused(&["update"], &["`max_conn` is 400, and 1500 in the server that runs"]);
    write("workers = many");
    // A fault of the settings is said.
    place.refused(&["update"], &["settings.toml"]);
    assert!(clients.iter_mut().all(|client| who(client) == "main"));
    write("workers = 2\nmax_conn = 1500\n");
    place.stop(server);
}

#[test]
fn sessions_are_spread_over_other_numbers_of_workers() {
    let place = Place::installed(SCRIPTED);
    let file = place.path("settings.toml");
    let write = |workers: u32| fs::write(&file, format!("workers = {workers}\n")).expect("a file can be written");
    write(1);
    let server = place.launch().arguments([format!("--config={}", file.display()).as_str()]).start();
    let mut clients: Vec<Client> = (0..12).map(|_| server.connect()).collect();
    for workers in [3, 2, 4] {
        write(workers);
        place.update();
        let mut counts = vec![0; workers as usize];
        clients.iter_mut().for_each(|client| counts[client.who().number("worker") as usize] += 1);
        assert!(counts.iter().all(|&count| count == 12 / workers), "{counts:?}");
    }
    place.stop(server);
}
