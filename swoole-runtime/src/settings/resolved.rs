//! The settings as the server runs with them: every default filled in, every limit held against the machine.

use super::SettingsInForce;
use crate::sys::{datagram::Kind, identity::Identity, listener::Options};
use core::{fmt, time::Duration};

/// One listener.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    pub(crate) name: &'static str,
    /// As it was written.
    pub(crate) url: String,
    pub(crate) options: Options,
    /// How long a package may be, where the listener has a frame.
    pub(crate) package_max_length: usize,
    /// Where packets come in, and no sessions.
    pub(crate) datagrams: Option<Kind>,
    /// When its sessions end for their silence.
    pub(crate) heartbeat: Option<Heartbeat>,
    /// How many bytes of one session may be on their way to its worker; 0 for any number.
    pub(crate) max_queued_bytes: u64,
}

/// How a listener finds idle sessions, in ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    pub(crate) check: u64,
    pub(crate) idle: u64,
}

/// What the server runs with.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The same, as people see it.
    pub(crate) in_force: SettingsInForce,
    /// The main one first.
    pub(crate) listeners: Vec<Listening>,
    pub(crate) workers: usize,
    pub(crate) reactors: usize,
    pub(crate) task_workers: usize,
    /// The names of the user processes that the program has, in the order of their slots.
    pub(crate) user_processes: Vec<&'static str>,
    /// How many cells for jobs each worker has.
    pub(crate) task_queue: usize,
    /// How many bytes a job, or its output, has in its cell.
    pub(crate) task_cell: usize,
    /// Whether jobs go to the task workers in turn instead of to whoever is idle.
    pub(crate) is_task_dispatch_in_turn: bool,
    pub(crate) task_tmpdir: String,
    /// After how many jobs a task worker is replaced, and how many more that may be; 0 for never.
    pub(crate) task_max_request: u64,
    pub(crate) task_max_request_grace: u64,
    /// The same of workers and calls of `on_receive`.
    pub(crate) max_request: u64,
    pub(crate) max_request_grace: u64,
    /// When a process of any kind is replaced for its age or its memory, in bytes; zero for never.
    pub(crate) max_worker_age: Duration,
    pub(crate) max_worker_rss: u64,
    /// Whether a reload runs the program that lies at its path then.
    pub(crate) is_reload_by_exec: bool,
    pub(crate) ready_timeout: Duration,
    /// Whether a worker that is replaced waits for the closures of its jobs.
    pub(crate) reload_async: bool,
    /// How long it serves on that was told to shut down.
    pub(crate) lame_duck: Duration,
    /// How long a callback may take before the log names it; zero for any time.
    pub(crate) watchdog: Duration,
    /// Where the log goes, if not to standard error.
    pub(crate) log_file: Option<String>,
    pub(crate) is_daemonized: bool,
    pub(crate) pid_file: Option<String>,
    #[cfg(feature = "cli")]
    pub(crate) stats_file: Option<String>,
    /// Who workers, task workers and user processes are.
    pub(crate) identity: Identity,
    /// The CPUs of the workers, one after the other; none where each runs on any.
    pub(crate) cpus: Vec<usize>,
    /// Whether the program has an `on_pipe_message`.
    pub(crate) takes_messages: bool,
    /// Whether the program has an `on_lost`: what is kept for it must be taken by whoever comes.
    pub(crate) has_on_lost: bool,
    /// How many cells for messages each process has, and how many bytes are in one.
    pub(crate) message_queue: usize,
    pub(crate) message_cell: usize,
    /// How large a package may be that does not lie on a ring; 0 where the program has no frame.
    pub(crate) package_cell: usize,
    pub(crate) max_timers: usize,
    pub(crate) max_conn: u32,
    /// How many files may wait for the clients of one reactor.
    pub(crate) most_files: u64,
    pub(crate) log_level: log::LevelFilter,
    pub(crate) max_wait_time: Duration,
    pub(crate) shutdown: Phases,
    /// The sum of all rings, in bytes; they shrink to fit.
    pub(crate) ring_memory: usize,
    /// How many bytes one `send` may have.
    pub(crate) buffer_output_size: usize,
    /// How much output may wait for one client, in bytes, before `send` says `BufferFull`.
    pub(crate) socket_buffer_size: u64,
    /// At how much of it `on_buffer_full` runs, and `on_buffer_empty`.
    pub(crate) watermarks: (u64, u64),
    /// How long `send` waits for room in it.
    pub(crate) send_yield: Duration,
    pub(crate) discard_timeout_request: bool,
    /// How much output may wait for all clients of one reactor, in bytes.
    pub(crate) output_memory: u64,
    /// The user's own section of the settings file.
    #[cfg(feature = "cli")]
    pub(crate) app: super::App,
    /// Where commands come in; and whether nobody has said so.
    #[cfg(feature = "cli")]
    pub(crate) control: Option<std::path::PathBuf>,
    #[cfg(feature = "cli")]
    pub(crate) is_control_default: bool,
}

/// How long each phase of a shutdown may take, where somebody has said so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    pub(crate) jobs: Option<Duration>,
    pub(crate) drain: Option<Duration>,
    pub(crate) stop: Option<Duration>,
}

impl Phases {
    /// Nothing is waited for.
    pub(crate) const AT_ONCE: Self = Self { jobs: Some(Duration::ZERO), drain: Some(Duration::ZERO), stop: Some(Duration::ZERO) };
}

impl Resolved {
    /// How many processes the manager keeps: workers, behind them task workers, behind those user processes.
    pub(crate) fn slots(&self) -> usize {
        self.workers + self.task_workers + self.user_processes.len()
    }

    /// Names and values of what every process of a server must have alike.
    pub(crate) fn alike(&self) -> Vec<(&'static str, String)> {
        let mut names = String::new();
        for name in &self.user_processes {
            names.push_str(if names.is_empty() { "" } else { ", " });
            names.push_str(name);
        }
        if names.is_empty() {
            names.push_str("nothing");
        }
        let mut alike: Vec<_> = self.in_force.alike().collect();
        alike.push(("add_process", names));
        // What is kept for it must be taken, and needs its room.
        alike.push(("on_lost", if self.has_on_lost { "there" } else { "nothing" }.to_owned()));
        // A worker finds the callbacks of a listener by its place.
        let others: Vec<String> = self.listeners.iter().skip(1).map(|listener| format!("{}={}", listener.name, listener.url)).collect();
        alike.extend((!others.is_empty()).then(|| ("listener", others.join(" "))));
        alike
    }

    #[cfg(feature = "cli")]
    pub(crate) fn with_app(self, app: super::App, is_control_default: bool) -> Self {
        Self { app, is_control_default, ..self }
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listeners, workers, reactors, task_workers, max_conn, log_level, max_wait_time, .. } = self;
        for Listening { name, url, options: Options { backlog, nodelay, .. }, .. } in listeners {
            write!(f, "{name}.listen={url} {name}.backlog={backlog} {name}.tcp_nodelay={nodelay} ")?;
        }
        write!(
            f,
            "workers={workers} reactors={reactors} task_workers={task_workers} max_conn={max_conn} log_level={} max_wait_time={}s",
            log_level.as_str().to_ascii_lowercase(),
            max_wait_time.as_secs()
        )
    }
}
