//! Launching a server program: with what settings, on what address, under what shell.

use crate::{journal, server::Server, tree, watch};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use std::{
    io::Read,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A server about to be launched.
#[must_use = "nothing runs before `start` or `run`"]
pub struct Launch {
    program: String,
    shell: Option<String>,
    workers: Option<u32>,
    reactors: Option<u32>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    own_group: bool,
    passed: Vec<OwnedFd>,
    address: Option<String>,
    number: u32,
}

/// How a launch that was to fail, or to print something, ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` for a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// No two launches share a number, and so no two servers share an address.
static LAUNCHES: AtomicU32 = AtomicU32::new(1);

impl Launch {
    /// Of this program, on port 0 of an address of the loopback network that no other test uses.
    pub fn new(program: &str) -> Self {
        let number = LAUNCHES.fetch_add(1, Ordering::Relaxed);
        Self {
            program: program.to_owned(),
            shell: None,
            workers: None,
            reactors: Some(1),
            arguments: Vec::new(),
            environment: Vec::new(),
            own_group: false,
            passed: Vec::new(),
            address: Some(format!("tcp://127.0.{}.{}:0", 1 + number / 250, 1 + number % 250)),
            number,
        }
    }

    /// With so many workers, instead of as many as the program says.
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = Some(workers);
        self
    }

    /// With so many reactors, instead of one.
    pub fn reactors(mut self, reactors: u32) -> Self {
        self.reactors = Some(reactors);
        self
    }

    /// With more arguments.
    pub fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// With an environment variable.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With what a scripted server is to do without being told by a client.
    pub fn behaviour(self, behaviour: &str) -> Self {
        self.environment(crate::script::BEHAVIOUR, behaviour)
    }

    /// On this address.
    pub fn address(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// On the address that the environment or the program itself names.
    pub fn no_address(mut self) -> Self {
        self.address = None;
        self
    }

    /// Without the arguments that every launch gets: address and reactors come from elsewhere.
    pub fn no_arguments(mut self) -> Self {
        self.reactors = None;
        self.no_address()
    }

    /// The address that it will get, as a URL with port 0.
    #[must_use]
    pub fn own_address(&self) -> String {
        self.address.clone().unwrap_or_default()
    }

    /// After these commands of a shell, which the server then replaces.
    pub fn after(mut self, shell: &str) -> Self {
        self.shell = Some(shell.to_owned());
        self
    }

    /// Without a journal, which processes of another user may not write.
    pub fn without_journal(self) -> Self {
        self.after(&format!("unset {}", journal::JOURNAL))
    }

    /// With these sockets open, as systemd passes them.
    ///
    /// # Panics
    /// When there is no descriptor for a copy.
    #[allow(unsafe_code, reason = "no crate here copies to a descriptor above a number")]
    pub fn passing<'a>(mut self, sockets: impl IntoIterator<Item = BorrowedFd<'a>>) -> Self {
        // Above the numbers that they are to have, and for no other process that is forked meanwhile.
        let copies = sockets.into_iter().map(|socket| fcntl(socket, FcntlArg::F_DUPFD_CLOEXEC(64)).expect("a descriptor is free"));
        // SAFETY: each was just opened, and nobody else knows it.
        self.passed.extend(copies.map(|copy| unsafe { OwnedFd::from_raw_fd(copy) }));
        self
    }

    /// As the leader of a process group.
    pub fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Starts it and waits until it listens.
    #[must_use]
    pub fn start(self) -> Server {
        let server = self.start_unwatched();
        server.wait_until_it_listens();
        server
    }

    /// Starts it and waits for nothing.
    #[must_use]
    pub fn start_unwatched(self) -> Server {
        let mark = self.mark();
        let mut command = self.command(&mark);
        let child = command.stderr(Stdio::piped()).spawn().expect("the server program can be started");
        Server::of(child, mark)
    }

    /// Runs it to its end, which it is to find by itself, and sees that it leaves no process behind.
    ///
    /// # Panics
    /// When it does not end, or leaves something behind.
    #[must_use]
    pub fn run(self) -> Outcome {
        let mark = self.mark();
        let mut command = self.command(&mark);
        let server =
            Server::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server program can be started"), mark);
        let (code, stdout, stderr) = server.end_by_itself();
        Outcome { code, stdout, stderr }
    }

    /// Runs it, and sees that it is refused with one line that says all of this.
    ///
    /// # Panics
    /// When it is not.
    pub fn refused(self, texts: &[&str]) -> Outcome {
        let outcome = self.run();
        texts.iter().for_each(|text| assert!(outcome.refusal().contains(text), "{text:?} is said: {outcome:?}"));
        outcome
    }

    fn mark(&self) -> String {
        format!("{}-{}", std::process::id(), self.number)
    }

    fn command(&self, mark: &str) -> Command {
        let mut command = match &self.shell {
            first if !self.passed.is_empty() => passing(&self.program, first.as_deref(), &self.passed),
            Some(first) => {
                let mut command = Command::new("sh");
                command.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\"")).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        if let Some(address) = &self.address {
            command.arg("--listen").arg(address);
        }
        if let Some(workers) = self.workers {
            command.arg(format!("--workers={workers}"));
        }
        if let Some(reactors) = self.reactors {
            command.arg(format!("--reactors={reactors}"));
        }
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.env(tree::MARK, mark).env(journal::JOURNAL, Server::journal_path(mark)).stdin(Stdio::null());
        if self.own_group {
            command.process_group(0);
        }
        command
    }
}

impl Outcome {
    /// The one line on standard error that says why.
    ///
    /// # Panics
    /// When there is not exactly one that begins with `Error: `, or the exit code is 0.
    #[must_use]
    pub fn refusal(&self) -> &str {
        let lines = self.refusals();
        assert_eq!(lines.len(), 1, "one line is enough: {self:?}");
        lines[0]
    }

    /// The lines on standard error, each of which says why.
    ///
    /// # Panics
    /// When there is none, one does not begin with `Error: `, there is something on standard output, or the exit code is not 1.
    #[must_use]
    pub fn refusals(&self) -> Vec<&str> {
        assert_eq!(self.code, Some(1), "it ends with the exit code that says failure: {self:?}");
        assert_eq!(self.stdout, "", "what was asked for is not there");
        let lines: Vec<_> = self.stderr.lines().filter(|line| !line.is_empty()).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.starts_with("Error: ")), "each begins with `Error: `: {self:?}");
        lines
    }

    /// The server gives up: the reason is in the log, once a worker that failed, and the last line is the error.
    ///
    /// # Panics
    /// When it is not so.
    pub fn no_worker_starts(&self, reason: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.stderr.lines().any(|line| line.contains("no worker becomes ready") && line.contains(reason)), "{self:?}");
        assert!(self.stderr.lines().last().is_some_and(|line| line.starts_with("Error: ")), "{self:?}");
    }

    /// What is on standard output of a program that ends well and says nothing else.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn information(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        &self.stdout
    }
}

/// The program under a shell that gives these descriptors the numbers from 3 on.
#[allow(unsafe_code, reason = "nothing else runs between fork and exec")]
fn passing(program: &str, first: Option<&str>, passed: &[OwnedFd]) -> Command {
    let numbers: Vec<_> = passed.iter().map(AsRawFd::as_raw_fd).collect();
    let redirections: Vec<_> = (3..).zip(&numbers).map(|(to, from)| format!("{to}<&{from} {from}<&-")).collect();
    let (redirections, count, first) = (redirections.join(" "), passed.len(), first.unwrap_or(":"));
    // Of the shells, this one knows numbers of several digits.
    let mut command = Command::new("bash");
    let script = format!("exec {redirections}; export LISTEN_FDS={count} LISTEN_PID=$$; {first}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program);
    let inherit = move || {
        for &number in &numbers {
            // SAFETY: the launch has it open until the program is started.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        Ok(())
    };
    // SAFETY: it makes system calls alone, and allocates nothing.
    unsafe { command.pre_exec(inherit) };
    command
}

/// Reads to the end on a thread of its own.
pub(crate) fn read_all(mut from: impl Read + Send + 'static) -> impl FnOnce() -> String {
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        from.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    move || {
        watch::until("the end of the output", || reader.is_finished());
        reader.join().expect("reading does not panic").expect("a pipe can be read")
    }
}
