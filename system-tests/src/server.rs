//! One running server: its processes, its log, its journal, its end.

use crate::{
    client::Client,
    journal::Journal,
    launch::read_all,
    tree::{self, Process},
    watch,
};
use nix::sys::signal::Signal;
use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::{Child, ExitStatus},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A server and all that belongs to it. Dropped, it is ended by force.
pub struct Server {
    child: Child,
    mark: String,
    log: Arc<Mutex<Vec<String>>>,
    log_is_whole: Arc<AtomicBool>,
    /// What its callbacks noted.
    pub journal: Journal,
}

impl Server {
    pub(crate) fn journal_path(mark: &str) -> PathBuf {
        std::env::temp_dir().join(format!("system-test-{mark}.journal"))
    }

    pub(crate) fn of(mut child: Child, mark: String) -> Self {
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let log_is_whole = Arc::new(AtomicBool::new(false));
        let (lines, whole) = (Arc::clone(&log), Arc::clone(&log_is_whole));
        thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                lines.lock().expect("no holder panics").push(line);
            }
            whole.store(true, Ordering::Release);
        });
        let journal = Journal::at(Self::journal_path(&mark));
        Self { child, mark, log, log_is_whole, journal }
    }

    /// The log so far, a line each.
    ///
    /// # Panics
    /// When a reader of the log has panicked.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no holder panics").clone()
    }

    /// Waits for a line of the log that holds every one of these texts.
    pub fn wait_for_log(&self, texts: &[&str]) -> String {
        let holds = |line: &String| texts.iter().all(|text| line.contains(text));
        watch::find(&format!("a line of the log with {texts:?}"), || self.log().into_iter().find(holds))
    }

    /// Waits until so many reloads of the workers are through, of all that there were.
    pub fn wait_for_reloads(&self, count: usize) {
        self.wait_for_lines("all workers are replaced", count);
    }

    /// Waits until so many lines of the log hold this text.
    pub fn wait_for_lines(&self, text: &str, count: usize) {
        watch::until_or(&format!("{count} lines of the log with {text:?}"), || {
            let lines = self.log().iter().filter(|line| line.contains(text)).count();
            if lines == count { Ok(()) } else { Err(format!("{lines} lines")) }
        });
    }

    pub(crate) fn wait_until_it_listens(&self) {
        let listens = |line: &String| line.contains("listening on ");
        watch::find("the server listens", || {
            let log = self.log();
            assert!(!self.log_is_whole.load(Ordering::Acquire) || log.iter().any(listens), "it ended instead: {log:#?}");
            log.into_iter().find(listens)
        });
    }

    /// The address that it logged last.
    ///
    /// # Panics
    /// When it logged none.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let log = self.log();
        let of_main = |line: &&String| !line.contains(") as ");
        let line = log.iter().rev().filter(of_main).find_map(|line| line.split_once("listening on ")).expect("it listens").1;
        let address = line.split_once("://").and_then(|(_, rest)| rest.split_whitespace().next());
        address.and_then(|address| address.parse().ok()).expect("an address stands there")
    }

    /// The address of a listener beside the main one.
    ///
    /// # Panics
    /// When it logged none.
    #[must_use]
    pub fn address_of(&self, listener: &str) -> SocketAddr {
        let line = self.wait_for_log(&["listening on ", &format!(") as {listener}")]);
        let address = line.split_once("://").and_then(|(_, rest)| rest.split_whitespace().next());
        address.and_then(|address| address.parse().ok()).expect("an address stands there")
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// A new connection whose session this worker serves. For a scripted server.
    #[must_use]
    pub fn connect_to_worker(&self, worker: u64) -> Client {
        watch::find("a session in that worker", || {
            let mut client = self.connect();
            (client.who().number("worker") == worker).then_some(client)
        })
    }

    /// The process that was started.
    #[must_use]
    pub fn master(&self) -> u32 {
        self.child.id()
    }

    /// The manager of now. For a scripted server.
    #[must_use]
    pub fn manager(&self) -> u32 {
        watch::find("a live manager", || {
            let manager = self.journal.of("on_manager_start").last()?.number("pid") as u32;
            tree::lives(manager).then_some(manager)
        })
    }

    /// The process of this worker of now. For a scripted server.
    #[must_use]
    pub fn worker(&self, worker: u64) -> u32 {
        watch::find("a live worker", || {
            let starts = self.journal.of("on_worker_start");
            let pid = starts.iter().rev().find(|entry| entry.number("worker") == worker)?.number("pid") as u32;
            tree::lives(pid).then_some(pid)
        })
    }

    /// Waits until this worker sleeps: it is in no callback, since none of a scripted server sleeps unless it is told to.
    pub fn wait_until_idle(&self, worker: u64) -> u32 {
        watch::find("an idle worker", || {
            let pid = self.worker(worker);
            (tree::look(pid)?.state == 'S').then_some(pid)
        })
    }

    /// The standby of now. For a scripted server with so many workers.
    #[must_use]
    pub fn standby(&self, workers: u64) -> u32 {
        watch::find("a standby", || {
            let mut others = self.processes();
            let known: Vec<u32> = (0..workers).map(|worker| self.worker(worker)).chain([self.master(), self.manager()]).collect();
            others.retain(|process| !known.contains(&process.pid));
            (others.len() == 1).then(|| others[0].pid)
        })
    }

    /// Waits until nothing moves in the master: it has read all that it reads.
    pub fn wait_until_master_rests(&self) {
        let mut looks = Vec::new();
        watch::until("the master rests", || {
            looks.push(tree::switches(self.master()));
            looks.len() > 10 && looks[looks.len() - 10..].iter().all(|look| look.is_some() && *look == looks[looks.len() - 1])
        });
    }

    /// Waits until a manager and a standby are there, whatever else. For a scripted server.
    pub fn wait_for_standby(&self) {
        let manager = self.manager();
        let is_a_worker = |pid: u32| self.journal.of("on_worker_start").iter().any(|start| start.number("pid") == u64::from(pid));
        watch::until("a standby", || {
            self.processes().iter().any(|process| process.pid != self.master() && process.pid != manager && !is_a_worker(process.pid))
        });
    }

    /// Waits until master, manager, standby and so many workers are there, and nothing else.
    pub fn wait_for_all_processes(&self, workers: usize) {
        let unreaped = |live: &[Process]| live.iter().flat_map(|process| tree::unreaped_children(process.pid)).collect::<Vec<_>>();
        watch::until_or("master, manager, standby and the workers, nothing else, nothing unreaped", || {
            let live = self.processes();
            let unreaped = unreaped(&live);
            if live.len() == 3 + workers && unreaped.is_empty() { Ok(()) } else { Err(format!("{live:#?}, unreaped {unreaped:?}")) }
        });
    }

    /// Every live process of this server.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        tree::members(&self.mark)
    }

    /// Sends the master a signal.
    pub fn signal(&self, signal: Signal) {
        tree::signal(self.master(), signal);
    }

    /// Waits for the master's end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        watch::find("the server ends", || child.try_wait().expect("it is our child"))
    }

    /// Sees that no process is left and that the address can be used again.
    ///
    /// # Panics
    /// When something is left.
    pub fn leaves_nothing(&self, address: SocketAddr) {
        watch::until("no process is left", || self.processes().is_empty());
        let brings_packets = self.log().iter().any(|line| line.contains(&format!("listening on udp://{address} ")));
        let is_free = || if brings_packets { UdpSocket::bind(address).is_ok() } else { TcpListener::bind(address).is_ok() };
        watch::until("the address can be bound again", is_free);
    }

    /// Ends it with SIGTERM and sees that it ends well and leaves nothing.
    ///
    /// # Panics
    /// When it does not.
    pub fn stop(mut self) {
        let address = self.address();
        self.signal(Signal::SIGTERM);
        let status = self.wait_for_end();
        let left = self.processes();
        assert!(status.success(), "{status}: {:#?}", self.log());
        assert_eq!(left, [], "when the master ends, all have ended");
        self.leaves_nothing(address);
    }

    /// Waits for an end that it finds by itself; exit code, standard output, standard error.
    pub(crate) fn end_by_itself(mut self) -> (Option<i32>, String, String) {
        let stdout = self.child.stdout.take().map(read_all);
        let status = self.wait_for_end();
        watch::until("no process is left", || self.processes().is_empty());
        watch::until("the end of the log", || self.log_is_whole.load(Ordering::Acquire));
        (status.code(), stdout.map(|read| read()).unwrap_or_default(), self.log().join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let failed = thread::panicking();
        if failed {
            // Its last lines may be on their way.
            thread::sleep(std::time::Duration::from_millis(100));
            eprintln!("the server's log:\n{}", self.log().join("\n"));
            let journal: Vec<_> = self.journal.entries();
            eprintln!("the end of its journal: {:#?}", &journal[journal.len().saturating_sub(20)..]);
        }
        for _ in 0..1000 {
            let left = self.processes();
            left.iter().for_each(|process| tree::signal(process.pid, Signal::SIGKILL));
            if left.is_empty() {
                break;
            }
            thread::sleep(std::time::Duration::from_millis(2));
        }
        let _ = self.child.wait();
        self.journal.remove();
    }
}
