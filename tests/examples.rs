//! Each example's header says what to type and what is seen. Here it is typed, and what is seen is compared.

use nix::{libc, setsockopt_impl, sockopt_impl, sys::socket::setsockopt};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take before the test gives up; nothing is measured by it.
const WATCHDOG: Duration = Duration::from_secs(30);

#[test]
fn echo_does_what_its_header_says() {
    play("echo", include_str!("../examples/echo.rs"));
}

#[test]
fn chat_does_what_its_header_says() {
    play("chat", include_str!("../examples/chat.rs"));
}

#[test]
fn settings_does_what_its_header_says() {
    play("settings", include_str!("../examples/settings.rs"));
}

#[test]
fn crash_does_what_its_header_says() {
    play("crash", include_str!("../examples/crash.rs"));
}

#[test]
fn fanout_does_what_its_header_says() {
    play("fanout", include_str!("../examples/fanout.rs"));
}

#[test]
fn thumbnails_does_what_its_header_says() {
    play("thumbnails", include_str!("../examples/thumbnails.rs"));
}

#[test]
fn auction_does_what_its_header_says() {
    play("auction", include_str!("../examples/auction.rs"));
}

#[test]
fn tally_does_what_its_header_says() {
    play("tally", include_str!("../examples/tally.rs"));
}

#[test]
fn update_does_what_its_header_says() {
    play("update", include_str!("../examples/update.rs"));
}

#[test]
fn listeners_does_what_its_header_says() {
    play("listeners", include_str!("../examples/listeners.rs"));
}

#[test]
fn files_does_what_its_header_says() {
    play("files", include_str!("../examples/files.rs"));
}

#[test]
fn redis_does_what_its_header_says() {
    play("redis", include_str!("../examples/redis.rs"));
}

#[test]
fn mqtt_lite_does_what_its_header_says() {
    play("mqtt_lite", include_str!("../examples/mqtt_lite.rs"));
}

/// A client's end of a session.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Types and compares, line by line:
/// `NAME> text` sends a line, in which `\\r` is that character, one whose name is a capital to the listener `admin`, and `shutdown` ends the server; `NAME< text` expects one, `NAME
/// closed` expects the end, `NAME>> 10 0d` and `NAME<< 10 0d` send and expect these bytes, `log text` waits for a line of the server that has this in it, `reload` reloads and waits until that is through,
/// `stop` presses Ctrl-C.
fn play(example: &str, source: &str) {
    let mut server = Server::start(example, &arguments(source));
    let mut clients: HashMap<String, BufReader<Box<dyn Stream>>> = HashMap::new();
    let mut stopped = false;
    for line in transcript(source) {
        if let Some(text) = line.strip_prefix("log ") {
            server.wait_for_log(text);
        } else if line == "reload" {
            server.reload();
        } else if line == "stop" {
            server.interrupt();
            stopped = true;
        } else {
            let (name, rest) = line.split_at(1);
            let client = clients.entry(name.to_owned()).or_insert_with(|| server.connect(name));
            match rest.split_at(rest.len().min(2)) {
                ("> ", text) => {
                    let text = text.replace("\\r", "\r");
                    client.get_mut().write_all(format!("{text}\n").as_bytes()).expect("the server takes a line");
                    // A signal would meet a server that is ending by itself.
                    stopped |= text == "shutdown";
                }
                ("< ", text) => {
                    let mut seen = String::new();
                    client.read_line(&mut seen).unwrap_or_else(|e| panic!("{example}: `{line}` was not seen: {e}"));
                    assert_eq!(seen.trim_end(), text, "{example}: `{line}`");
                }
                (">>", bytes) => client.get_mut().write_all(&hexadecimal(bytes)).expect("the server takes bytes"),
                ("<<", bytes) => {
                    let mut seen = vec![0; hexadecimal(bytes).len()];
                    client.read_exact(&mut seen).unwrap_or_else(|e| panic!("{example}: `{line}` was not seen: {e}"));
                    assert_eq!(seen, hexadecimal(bytes), "{example}: `{line}`");
                }
                _ if rest == " closed" => {
                    let mut rest = Vec::new();
                    client.read_to_end(&mut rest).expect("the connection ends in good order");
                    assert_eq!(String::from_utf8_lossy(&rest), "", "{example}: `{line}`");
                }
                _ => panic!("{example}: what does `{line}` mean?"),
            }
        }
    }
    if !stopped {
        server.interrupt();
    }
    assert_eq!(server.wait(), Some(0), "{example} ends with exit code 0");
}

/// Queries as `dig` sends them, and what it is told: the conversation of the header, recorded.
#[test]
fn dns_does_what_its_header_says() {
    let mut server = Server::start_on("udp", "dns", &[]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.connect(&server.address).expect("it is an address");
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let ask = |query: &[u8]| {
        socket.send(query).expect("it is taken");
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).expect("an answer comes");
        answer[..length].to_vec()
    };
    let question = |name: &[u8], kind: u8| [b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\0", name, &[0, 0, kind, 0, 1]].concat();
    let answer = |code: u8, count: u8, name: &[u8], kind: u8, addresses: &[[u8; 4]]| {
        let mut whole = [&[0x12, 0x34, 0x85, code, 0, 1, 0, count, 0, 0, 0, 0], name, &[0, 0, kind, 0, 1]].concat();
        for address in addresses {
            whole.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            whole.extend(address);
        }
        whole
    };
    let (printer, nas, nobody) = (b"\x07printer\x04home", b"\x03NAS\x04home", b"\x06nobody\x04home");
    assert_eq!(ask(&question(printer, 1)), answer(0, 1, printer, 1, &[[192, 168, 7, 20]]));
    assert_eq!(ask(&question(nas, 1)), answer(0, 2, nas, 1, &[[192, 168, 7, 30], [192, 168, 7, 31]]));
    assert_eq!(ask(&question(nobody, 1)), answer(3, 0, nobody, 1, &[]));
    assert_eq!(ask(&question(printer, 28)), answer(0, 0, printer, 28, &[]), "it has no address of IPv6, and there is such a name");
    socket.send(b"nonsense").expect("it is taken");
    server.reload();
    assert_eq!(ask(&question(printer, 1)), answer(0, 1, printer, 1, &[[192, 168, 7, 20]]));
    server.interrupt();
    assert_eq!(server.wait(), Some(0));
}

/// The group is asked over the loopback interface, and a listener of sessions told to leave and to join it.
#[test]
fn multicast_does_what_its_header_says() {
    sockopt_impl!(GroupsGoBy, SetOnly, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, libc::in_addr);
    let mut server = Server::start_on("udp", "multicast", &[]);
    let (_, port) = server.address.rsplit_once(':').expect("a port behind the address");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let loopback = libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) };
    setsockopt(&socket, GroupsGoBy, &loopback).expect("there is a loopback interface");
    let answer = || {
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).expect("an answer comes");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let lines = transcript(include_str!("../examples/multicast.rs"));
    for typed in lines.chunk_by(|_, next| !next.starts_with('$')) {
        let seen: String = typed[1..].iter().map(|line| format!("{line}\n")).collect();
        let (question, to) = typed[0].strip_prefix("$ echo ").and_then(|typed| typed.split_once(" | ")).expect("one line is typed");
        if to == "$ask" {
            socket.send_to(question.as_bytes(), format!("239.255.77.1:{port}")).expect("it is taken");
            // Whether nothing comes is seen by what comes next.
            socket.send_to(b"where is nas", format!("127.0.0.1:{port}")).expect("it is taken");
            let answers = if seen.is_empty() { String::new() } else { answer() };
            assert_eq!((answers, &*answer()), (seen, "nas 192.168.7.30:445\n"), "{typed:?}");
        } else {
            assert!(to.ends_with("UNIX-CONNECT:/tmp/swoole-multicast.sock"), "{typed:?}");
            let mut admin = UnixStream::connect(admin("multicast")).expect("the server listens");
            admin.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
            writeln!(admin, "{question}").expect("it is taken");
            let mut answer = String::new();
            BufReader::new(admin).read_line(&mut answer).expect("an answer comes");
            assert_eq!(answer, seen, "{typed:?}");
        }
    }
    server.interrupt();
    assert_eq!(server.wait(), Some(0));
}

/// The programs of others that these protocols belong to, where this machine has them.
fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !is_there {
        eprintln!("skipped: this machine has no `{program}`");
    }
    is_there
}

/// What it prints, with the server's host and port behind its name.
fn printed(server: &Server, program: &str, arguments: &[&str]) -> String {
    let (host, port) = server.address.split_once(':').expect("an address");
    let output = Command::new(program).args(["-h", host, "-p", port]).args(arguments).output().expect("it is there");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{err}");
    out.trim_end().to_owned()
}

#[test]
fn redis_speaks_with_redis_cli_and_redis_benchmark() {
    let mut server = Server::start("redis", &[]);
    if has("redis-cli") {
        let say = |arguments: &[&str]| printed(&server, "redis-cli", arguments);
        assert_eq!(say(&["PING"]), "PONG");
        assert_eq!(say(&["SET", "greeting", "hello, world"]), "OK");
        assert_eq!(say(&["GET", "greeting"]), "hello, world");
        assert_eq!((say(&["INCR", "visits"]), say(&["INCR", "visits"])), ("1".to_owned(), "2".to_owned()));
        assert_eq!(say(&["GET", "nothing"]), "");
    }
    if has("redis-benchmark") {
        let said = printed(&server, "redis-benchmark", &["-t", "ping,set,get", "-n", "5000", "-c", "20", "-P", "8", "-q"]);
        assert!(["PING", "SET", "GET"].iter().all(|test| said.contains(test)), "{said}");
    }
    server.interrupt();
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn mqtt_lite_speaks_with_mosquitto_sub_and_mosquitto_pub() {
    let mut server = Server::start("mqtt_lite", &[]);
    if has("mosquitto_sub") && has("mosquitto_pub") {
        let topic = "home/kitchen/temperature";
        let said = thread::scope(|scope| {
            // Ends with the first message, or after a time.
            let hears = scope.spawn(|| printed(&server, "mosquitto_sub", &["-t", "home/+/temperature", "-v", "-C", "1", "-W", "20"]));
            // Nobody says when it has subscribed.
            while !hears.is_finished() {
                printed(&server, "mosquitto_pub", &["-t", topic, "-m", "21"]);
            }
            hears.join().expect("no panic")
        });
        assert_eq!(said, format!("{topic} 21"));
    }
    server.interrupt();
    assert_eq!(server.wait(), Some(0));
}

/// Bytes as they are written in a transcript.
fn hexadecimal(bytes: &str) -> Vec<u8> {
    bytes.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}

/// What stands behind `--` in the command of the header.
fn arguments(source: &str) -> Vec<&str> {
    let command = source.lines().find_map(|line| line.split_once("cargo run ")).map(|(_, command)| command);
    command.and_then(|command| command.split_once(" -- ")).map_or_else(Vec::new, |(_, arguments)| arguments.split_whitespace().collect())
}

/// The lines between the fences of the header.
fn transcript(source: &str) -> Vec<String> {
    let inside = source.split("```text\n").nth(1).and_then(|rest| rest.split("//! ```").next()).expect("a header with a transcript");
    inside.lines().map(|line| line.trim_start_matches("//!").trim_start().to_owned()).filter(|line| !line.is_empty()).collect()
}

struct Server {
    process: Child,
    log: Arc<Mutex<String>>,
    address: String,
}

impl Server {
    fn start(example: &str, arguments: &[&str]) -> Self {
        Self::start_on("tcp", example, arguments)
    }

    fn start_on(scheme: &str, example: &str, arguments: &[&str]) -> Self {
        let host = if example == "multicast" { "0.0.0.0" } else { "127.0.0.1" };
        let has_admin = matches!(example, "listeners" | "multicast");
        let mut process = Command::new(binary(example))
            .args(arguments)
            .args(["--listen", &format!("{scheme}://{host}:0")])
            .env("HOSTS", "examples/dns.hosts")
            .env("SERVICES", "printer=192.168.7.20:631,nas=192.168.7.30:445")
            .env("INTERFACE", "lo")
            .args(has_admin.then(|| format!("--listener=admin.listen=unix://{}", admin(example).display())))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("the example {example} is not built: {e}"));
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, sink) = (process.stderr.take().expect("piped"), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = sink.lock().expect("nobody panics with it");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut server = Self { process, log, address: String::new() };
        let listening = format!("listening on {scheme}://");
        server.wait_for_log(&listening);
        let log = server.log.lock().expect("nobody panics with it").clone();
        let address = log.split(&listening).nth(1).and_then(|rest| rest.split_whitespace().next());
        server.address = address.expect("an address behind it").to_owned();
        server
    }

    fn connect(&self, name: &str) -> BufReader<Box<dyn Stream>> {
        if name.starts_with(char::is_uppercase) {
            let stream = UnixStream::connect(admin("listeners")).expect("the server listens");
            stream.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
            return BufReader::new(Box::new(stream));
        }
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        BufReader::new(Box::new(stream))
    }

    fn reload(&self) {
        self.signal("-USR1");
        self.wait_for_log("all workers are replaced");
    }

    fn wait_for_log(&self, text: &str) {
        let start = Instant::now();
        while !self.log.lock().expect("nobody panics with it").contains(text) {
            assert!(start.elapsed() < WATCHDOG, "the log never said `{text}`:\n{}", self.log.lock().expect("nobody panics with it"));
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill is there").success());
    }

    fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("it is our child") {
                return status.code();
            }
            assert!(start.elapsed() < WATCHDOG, "the server does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its death ends all of its processes.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the listener `admin` of an example listens.
fn admin(example: &str) -> PathBuf {
    std::env::temp_dir().join(format!("swoole-{example}-{}.sock", std::process::id()))
}

/// Cargo builds examples beside the tests.
fn binary(example: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a path");
    path.pop();
    path.pop();
    path.join("examples").join(example)
}
