//! The keys: the one place that one is added to.

use crate::{
    fault::{Fault, fault, same, starts_with},
    listen,
};

/// Hands every key to the macro `$then`, which makes of it what its crate needs: setters, options, a table of the documentation.
///
/// A row is its documentation, then its kind, name and type with what a value must satisfy, then its default in words, a line that sets
/// it, its name in the original, and what else it is called. The kinds:
///
/// - `text`: a `&'static str` in which a function of this crate finds no fault
/// - `number`: a whole number from one to another, and why
/// - `seconds`, `bytes`: the same, with units; at run time as `5s` and `2M`, too
/// - `switch`: true or false
/// - `periods`: a list of milliseconds in which a function of this crate finds no fault
#[macro_export]
macro_rules! keys {
    ($($then:tt)+) => {
        $($then)+! {
            /// Which processes do the work: `"process"` puts the sockets into a master and your code into worker processes. Decided when
            /// the program is compiled: an override can only repeat it.
            text mode (mode) default "process", example "mode = \"process\"", original "the third argument of `new Server`",
                also ["server_mode" "process_mode"];

            /// Where to listen: `tcp://127.0.0.1:9501`, `tcp://[::1]:9501`, `tcp6://[::]:9501`, `tcp://localhost:9501`; `unix:///run/x.sock`,
            /// or `unix://@x` for a unix socket without a file; for packets `udp://`, `udp6://` and `unix-dgram://`. Port 0 takes any that
            /// is free; the log says which. The file of a unix socket that a dead server has left is replaced, and that of a live one is
            /// refused.
            text listen (listen) default "none: it must come from somewhere", example "listen = \"tcp://127.0.0.1:9501\"",
                original "the first two arguments of `new Server`",
                also ["port" "host" "addr" "address" "bind" "url" "ip" "socket" "listener" "listeners"];

            /// How many worker processes run your callbacks.
            number workers: u32 = 1, 1024, "the server needs a process that runs its callbacks"
                default "the number of CPUs", example "workers = 4", original "`worker_num`", also ["worker_num" "processes" "worker_processes"];

            /// How many threads of the master move bytes; at most four for each CPU.
            number reactors: u32 = 1, 256, "somebody has to read the sockets"
                default "the number of CPUs, at most 4", example "reactors = 2", original "`reactor_num`",
                also ["reactor_num" "threads" "reactor_threads" "io_threads"];

            /// How many task worker processes run `on_task`. Decided when the program is compiled whether there are any: an override can
            /// change their number, not make it 0 or something else.
            number task_workers: u32 = 0, 1024, "each is a process of its own"
                default "0", example "task_workers = 4", original "`task_worker_num`", also ["task_worker_num" "task_processes"];

            /// How many jobs of one worker may be queued or under way at once; `task` answers that the queue is full above it.
            number task_queue: u32 = 1, 4096, "each worker has a cell in shared memory for each of its jobs"
                default "128", example "task_queue = 128", original "–", also ["task_queue_size" "task_backlog"];

            /// How large a job, and its output, may be to lie in a cell of its own. A larger one lies in one of 8 large cells of each worker, 2
            /// MiB each, and where it does not fit those or none is free, in a file in `task_tmpdir`.
            bytes task_cell: u64 = 64, 2097152, "each job has such a cell in shared memory, and its output another"
                default "8K", example "task_cell = kib(8)", original "–", also ["task_cell_size" "task_size"];

            /// Which task worker does a job: `idle` any that has nothing to do, `round_robin` one after the other.
            text task_dispatch (task_dispatch) default "idle", example "task_dispatch = \"idle\"", original "`task_ipc_mode`",
                also ["task_ipc_mode" "task_dispatch_mode"];

            /// After how many jobs a task worker ends, and another takes its place; 0 for never. No job is lost by it.
            number task_max_request: u32 = 0, 1000000000, "a task worker that leaks is replaced before it hurts"
                default "0", example "task_max_request = 1000", original "`task_max_request`", also ["task_max_requests" "task_requests"];

            /// Up to how many jobs more each task worker does, of its own choice, so that they do not end together.
            number task_max_request_grace: u32 = 0, 1000000000, "each task worker adds a number of its own from 0 to this"
                default "half of task_max_request", example "task_max_request_grace = 500", original "`max_request_grace`", also ["task_grace"];

            /// Where jobs, outputs and messages lie that are too large for shared memory, until they are read: in a directory of the server's
            /// own, which is removed at its end. Where none can be made the server starts, warns, and refuses what needs a file.
            text task_tmpdir (directory) default "/tmp", example "task_tmpdir = \"/var/tmp\"", original "`task_tmpdir`", also ["tmpdir" "task_dir"];

            /// How many messages of one process may be on their way at once, each with a cell in shared memory; `send_message` answers that
            /// the queue is full above it. One receiver may hold three quarters of them.
            number message_queue: u32 = 1, 4096, "each process has a cell in shared memory for each of its messages"
                default "128", example "message_queue = 128", original "–", also ["pipe_queue" "message_queue_size"];

            /// How large a message between processes may be to lie in a cell of its own. A larger one lies in one of 8 large cells of its
            /// sender, 2 MiB each, and where it does not fit those or none is free, in a file in `task_tmpdir`.
            bytes message_cell: u64 = 64, 2097152, "each message has such a cell in shared memory"
                default "8K", example "message_cell = kib(8)", original "–", also ["pipe_cell" "message_size"];

            /// Timers that every worker has from its start, by their periods in milliseconds: each runs `on_timer` when its period is over, and
            /// again. Decided when the program is compiled whether there are any: an override can change the periods, not bring the first
            /// or remove the last.
            periods timers (timers) default "none", example "timers = [1000, 20]", original "`addtimer`",
                also ["timer" "addtimer" "intervals" "ticks"];

            /// How many timers one worker or task worker may have at once; `tick` and `after` answer that there are too many above it. Each that
            /// waits takes about 100 bytes of that process.
            number max_timers: u32 = 1, 10000000, "a process that starts timers and ends none is to find out"
                default "100000", example "max_timers = 100_000", original "–", also ["timer_max" "timer_limit"];

            /// How many sessions may be open at once; more are refused and counted. A value above what the descriptor limit allows is an
            /// error at the start.
            number max_conn: u32 = 1, 1000000, "the session table has this size, once, from the start"
                default "10000, or what the descriptor limit allows", example "max_conn = 10_000", original "`max_conn`",
                also ["max_connection" "max_connections" "connections" "max_sessions" "max_clients"];

            /// How many connections may wait in the kernel to be accepted.
            number backlog: u32 = 1, 65535, "it is the length of the kernel's queue"
                default "512", example "backlog = 512", original "`backlog`", also ["listen_backlog" "queue"];

            /// Whether small answers leave at once instead of waiting for more (`TCP_NODELAY`).
            switch tcp_nodelay default "true", example "tcp_nodelay = true", original "`open_tcp_nodelay`",
                also ["open_tcp_nodelay" "nodelay" "no_delay"];

            /// How long a connection waits for the first bytes of its client before it is accepted without; 0 accepts each at once
            /// (`TCP_DEFER_ACCEPT`).
            seconds tcp_defer_accept: u64 = 0, 600, "a client that says nothing for so long never will"
                default "0s", example "tcp_defer_accept = secs(5)", original "`tcp_defer_accept`", also ["defer_accept"];

            /// How many clients may send bytes along with their first packet and wait to be accepted; 0 for none (`TCP_FASTOPEN`).
            number tcp_fastopen: u32 = 0, 65535, "it is the length of the kernel's queue"
                default "0", example "tcp_fastopen = 256", original "`tcp_fastopen`", also ["fastopen" "fast_open" "tfo"];

            /// How long what was sent may go without an answer of the client's machine before the connection is given up; 0 leaves it to the
            /// kernel (`TCP_USER_TIMEOUT`).
            seconds tcp_user_timeout: u64 = 0, 86400, "a client that is gone for a day is gone"
                default "0s", example "tcp_user_timeout = secs(30)", original "`tcp_user_timeout`", also ["user_timeout"];

            /// Whether the kernel asks the machines of silent clients for a sign of life (`SO_KEEPALIVE`). Written with its parts, as
            /// `tcp_keepalive(idle = secs(60), interval = secs(10), count = 3)`, it does.
            switch tcp_keepalive default "whether one of its parts is set", example "tcp_keepalive = true", original "`open_tcp_keepalive`",
                also ["open_tcp_keepalive" "keepalive" "keep_alive"];

            /// After how long a silence the kernel begins to ask (`TCP_KEEPIDLE`).
            seconds tcp_keepalive_idle: u64 = 1, 32767, "the kernel counts no further"
                default "the kernel's, often 2 hours", example "tcp_keepalive_idle = secs(60)", original "`tcp_keepidle`", also ["tcp_keepidle" "keepidle"];

            /// How often it asks then (`TCP_KEEPINTVL`).
            seconds tcp_keepalive_interval: u64 = 1, 32767, "the kernel counts no further"
                default "the kernel's, often 75 seconds", example "tcp_keepalive_interval = secs(10)", original "`tcp_keepinterval`",
                also ["tcp_keepinterval" "keepinterval" "tcp_keepintvl"];

            /// After how many questions without an answer the session ends (`TCP_KEEPCNT`).
            number tcp_keepalive_count: u32 = 1, 127, "the kernel counts no further"
                default "the kernel's, often 9", example "tcp_keepalive_count = 3", original "`tcp_keepcount`",
                also ["tcp_keepcount" "keepcount" "tcp_keepcnt"];

            /// Whether other servers of the same user may listen on the same port at the same time; the kernel shares the clients out
            /// (`SO_REUSEPORT`).
            switch enable_reuse_port default "false", example "enable_reuse_port = true", original "`enable_reuse_port`",
                also ["reuse_port" "reuseport" "so_reuseport"];

            /// Whether an IPv6 address takes clients of IPv6 alone (`IPV6_V6ONLY`). One of `tcp6://` always does.
            switch ipv6_only default "false", example "ipv6_only = true", original "–", also ["v6_only" "ipv6only" "v6only" "bind_ipv6_only"];

            /// Who may connect to a unix socket, as the permissions of its file in octal digits: `"600"` its user, `"660"` the group as well,
            /// `"666"` everybody.
            text unix_mode (unix_mode) default "none: what the umask leaves", example "unix_mode = \"660\"", original "–",
                also ["socket_mode" "unix_socket_mode" "permissions" "chmod" "umask"];

            /// Whether sessions end that receive nothing for long; the reason is `idle`. Only bytes of the client count, and a stuck worker keeps none
            /// from its end. Written with its parts, as `heartbeat(check = secs(60), idle = secs(120))`, they do.
            switch heartbeat default "whether one of its parts is set", example "heartbeat = true", original "–",
                also ["heart_beat" "idle_timeout" "max_idle" "timeout_idle" "read_timeout"];

            /// How late at most a listener sees that a session is idle; commonly it sees it at once.
            seconds heartbeat_check: u64 = 1, 86400, "a session that is idle for a day longer is not looked after"
                default "60 seconds, where there is a heartbeat", example "heartbeat_check = secs(60)", original "`heartbeat_check_interval`", also ["heartbeat_check_interval" "heartbeat_interval"];

            /// How long a session may receive nothing.
            seconds heartbeat_idle: u64 = 1, 604800, "a client that says nothing for a week is gone"
                default "twice heartbeat_check", example "heartbeat_idle = secs(120)", original "`heartbeat_idle_time`", also ["heartbeat_idle_time" "max_idle_time"];

            /// How many bytes of one session may be on their way to its worker before nothing more of it is read, until all of them are
            /// through; 0 for any number. Other sessions are read meanwhile.
            bytes max_queued_bytes: u64 = 0, 1073741824, "rings are no larger together"
                default "0", example "max_queued_bytes = mib(1)", original "`max_queued_bytes`", also ["max_input_queue" "input_queue"];

            /// Whether what a client has sent is thrown away when the client is gone before its worker comes to it.
            switch discard_timeout_request default "false", example "discard_timeout_request = true", original "`discard_timeout_request`",
                also ["discard_late_requests" "discard_timeout_requests"];

            /// How many bytes a package of a `frame` may have. A client that sends a longer one, or so many bytes without the end of one, is
            /// closed with `protocol`.
            bytes package_max_length: u64 = 1, 268435456, "the server holds a package until all of it is there"
                default "2M", example "package_max_length = mib(2)", original "`package_max_length`",
                also ["package_max_len" "max_package_length" "max_package_size" "max_frame_length" "max_message_size"];

            /// How many bytes one `send` may have; more are refused as too large.
            bytes buffer_output_size: u64 = 1, 2097152, "a message travels in one piece, and no place for one is larger than 2 MiB"
                default "2M", example "buffer_output_size = mib(2)", original "`buffer_output_size`",
                also ["output_buffer_size" "max_send_size" "send_buffer_size"];

            /// How much output may wait for one client, in bytes; while so much waits, `send` answers that the buffer is full.
            bytes socket_buffer_size: u64 = 1024, 1073741824, "a client that reads slowly holds this much memory at most"
                default "8M", example "socket_buffer_size = mib(8)", original "`socket_buffer_size`",
                also ["socket_buffer" "session_buffer_size" "client_buffer_size"];

            /// How much memory the output of all clients may take that they have not read, and what has come in of packages that are not whole. At
            /// half of it `send` says `BufferFull` where its client has anything waiting; what would exceed all of it ends its session with
            /// `overflow`. Each reactor has its share.
            bytes output_memory: u64 = 1048576, 1099511627776, "clients that read slowly would be closed at once"
                default "256M", example "output_memory = mib(256)", original "–", also ["output_budget" "max_output_memory" "buffer_memory"];

            /// How much output of one session may wait before `on_buffer_full` runs.
            bytes buffer_high_watermark: u64 = 1, 1073741824, "more never waits for one client"
                default "4/5 of socket_buffer_size", example "buffer_high_watermark = mib(4)", original "`buffer_high_watermark`",
                also ["high_watermark" "output_high_watermark"];

            /// How little of it must be left, after that, before `on_buffer_empty` runs.
            bytes buffer_low_watermark: u64 = 0, 1073741824, "more never waits for one client"
                default "half of buffer_high_watermark", example "buffer_low_watermark = kib(64)", original "`buffer_low_watermark`",
                also ["low_watermark" "output_low_watermark"];

            /// How long `send` waits where too much output waits for its client already, before it says `BufferFull`; 0 for not at all. No other
            /// callback of that process runs meanwhile.
            seconds send_yield: u64 = 0, 3600, "who reads nothing for an hour reads nothing"
                default "0s", example "send_yield = secs(2)", original "`send_yield`", also ["send_timeout" "send_wait"];

            /// How much memory the rings between reactors and workers have together, in bytes. They shrink to
            /// fit, down to 16 KiB each, below which the start is refused; no ring is larger than 4 MiB.
            bytes ring_memory: u64 = 65536, 17179869184, "the memory is shared by all rings, of which there are two for each worker and reactor"
                default "64M", example "ring_memory = mib(64)", original "–", also ["shared_memory" "ring_size" "rings"];

            /// How much to log: `off`, `error`, `warn`, `info`, `debug` or `trace`.
            text log_level (log_level) default "info", example "log_level = \"info\"", original "`log_level`",
                also ["loglevel" "verbosity" "log"];

            /// Where the log goes, with all that a process prints: `stderr`, or this file, to whose end it is added. SIGHUP opens it anew. In
            /// a file each line has time, process and pid in front of it.
            text log_file (log_file) default "stderr", example "log_file = \"/var/log/server.log\"", original "`log_file`",
                also ["logfile" "log_path" "output" "log_to"];

            /// Whether the command returns once the server listens, which goes on in the background, without a terminal. Where it does not
            /// come to that, the command says why, with exit code 1.
            switch daemonize default "false", example "daemonize = true", original "`daemonize`", also ["daemon" "background" "detach"];

            /// Where the pid of the master is written when the server listens; the file goes with the server. A second server of the same
            /// file is refused, and what a dead one has left is replaced.
            text pid_file (pid_file) default "none: it is not written", example "pid_file = \"/run/server.pid\"", original "`pid_file`",
                also ["pidfile" "pid" "pid_path"];

            /// Where the counters of `stats()` are written once a second, for who has no connection to ask by: lines as `connection_num: 12`, or
            /// JSON where the name ends in `.json`. It is always whole, and goes with the server.
            text stats_file (stats_file) default "none: it is not written", example "stats_file = \"/run/server.stats.json\"", original "`stats_file`",
                also ["statsfile" "metrics_file" "stats_path"];

            /// Which user workers and task workers are, by name or number, with the groups of that user. Takes a server that root starts;
            /// master and manager stay root.
            text user (user) default "none: that of the command", example "user = \"www-data\"", original "`user`",
                also ["username" "run_as" "uid"];

            /// Which group workers and task workers are of, by name or number. Takes a server that root starts.
            text group (group) default "none: that of the user", example "group = \"www-data\"", original "`group`", also ["groupname" "gid"];

            /// What directory is the root of all files for workers, task workers and user processes. Takes a server that root starts.
            text chroot (chroot) default "none: that of the command", example "chroot = \"/srv/jail\"", original "`chroot`",
                also ["chroot_directory" "root_directory" "jail"];

            /// Whether each worker stays on one CPU: worker n on the n-th that the server may use, from the first again where they are fewer.
            switch cpu_affinity default "false", example "cpu_affinity = true", original "`open_cpu_affinity`",
                also ["open_cpu_affinity" "affinity" "pin"];

            /// Which CPUs `cpu_affinity` leaves to others, by number: `0,1`.
            text cpu_affinity_ignore (cpu_affinity_ignore) default "none: it uses all", example "cpu_affinity_ignore = \"0,1\"",
                original "`cpu_affinity_ignore`", also ["affinity_ignore" "ignore_cpus"];

            /// After how many calls of `on_receive` and `on_packet` a worker ends, and another takes its place; 0 for never. The other is
            /// ready before, every session stays, and nothing is lost.
            number max_request: u32 = 0, 1000000000, "a worker that leaks is replaced before it hurts"
                default "0", example "max_request = 100_000", original "`max_request`", also ["max_requests" "requests"];

            /// Up to how many calls more each worker takes, of its own choice, so that they do not end together.
            number max_request_grace: u32 = 0, 1000000000, "each worker adds a number of its own from 0 to this"
                default "half of max_request", example "max_request_grace = 50_000", original "`max_request_grace`", also ["request_grace"];

            /// After how long a worker, task worker or user process is replaced; 0 for never.
            seconds max_worker_age: u64 = 0, 31536000, "a year is as good as never"
                default "0s", example "max_worker_age = secs(86_400)", original "–", also ["worker_age" "max_age" "worker_lifetime"];

            /// How much memory a worker, task worker or user process may have in use, in bytes, before it is replaced; 0 for any. Looked at
            /// once a second.
            bytes max_worker_rss: u64 = 0, 1099511627776, "a worker that leaks is replaced before it hurts"
                default "0", example "max_worker_rss = mib(512)", original "–", also ["worker_rss" "max_rss" "max_memory" "memory_limit"];

            /// What a reload replaces workers by: `fork`, the program that runs, or `exec`, the program that lies at its path then. Every
            /// connection stays either way. A program that does not start, is not ready in time or lays out memory differently changes
            /// nothing: the old workers stay, and the log says why.
            text reload (reload) default "fork", example "reload = \"exec\"", original "–", also ["hot_reload" "hot_update" "exec" "reload_mode"];

            /// Whether a worker that is replaced waits, and serves on, until the closures of its jobs have run, within `max_wait_time`; if
            /// not, the outputs go to `on_finish` of its successor.
            switch reload_async default "true", example "reload_async = true", original "`reload_async`", also ["async_reload"];

            /// How long a callback may take before the log says which it is, of which session, and for how long; 0 for any time.
            seconds watchdog: u64 = 0, 86400, "a callback that takes a day is not waited for"
                default "0s", example "watchdog = secs(5)", original "–", also ["slow_callback" "callback_timeout" "slowlog"];

            /// How long a worker may take to be ready that is to replace another, before it is ended and the other stays; and one that
            /// was getting ready when a reload began, before it is ended and forked anew.
            seconds ready_timeout: u64 = 1, 86400, "a successor that is never ready keeps the others from being replaced"
                default "60s", example "ready_timeout = secs(60)", original "–", also ["start_timeout" "worker_timeout" "ready_time"];

            /// The socket by which `stop`, `reload`, `status` and the other commands reach the server, for its user alone: a path from the
            /// root, or `off` for none. By default there is none for port 0; and none in a program without the feature `cli`.
            text control (control) default "by user and address, in $XDG_RUNTIME_DIR or /tmp", example "control = \"/run/echo.sock\"",
                original "–", also ["control_socket" "admin" "admin_socket" "ctl" "control_path"];

            /// How long the server serves as before when it was told to shut down, and says that it leaves (`status`, `stats`, systemd), so
            /// that whoever balances load can send clients elsewhere. `max_wait_time` begins when it is over; a second signal ends it.
            seconds lame_duck: u64 = 0, 86400, "a server that leaves goes one day"
                default "0s", example "lame_duck = secs(10)", original "–", also ["drain_time" "shutdown_delay" "lame_duck_time"];

            /// How long a shutdown may take before what is left is killed. Where its phases have times of their own (`jobs_timeout`,
            /// `drain_timeout`, `stop_timeout`), those hold. A process that is replaced may take as long to stop.
            seconds max_wait_time: u64 = 1, 3600, "a shutdown that never ends is none"
                default "3s", example "max_wait_time = secs(3)", original "`max_wait_time`",
                also ["max_wait" "shutdown_timeout" "wait_time" "grace" "timeout"];

            /// The first phase of a shutdown: how long jobs that are under way may take to come back. Nothing is waited for that is through.
            seconds jobs_timeout: u64 = 0, 86400, "jobs that take longer are not waited for"
                default "half of max_wait_time", example "jobs_timeout = secs(30)", original "–", also ["task_timeout" "job_timeout"];

            /// The second phase of a shutdown: how long clients may take to read what they were sent, and `on_close` to run for each.
            seconds drain_timeout: u64 = 0, 86400, "clients that read no more are not waited for"
                default "a quarter of max_wait_time, and what is left of the half", example "drain_timeout = secs(10)", original "–", also ["close_timeout" "flush_timeout"];

            /// The last phase of a shutdown: how long processes may take to stop, `on_worker_stop` included, before they are killed.
            seconds stop_timeout: u64 = 0, 86400, "what does not stop is killed"
                default "a quarter of max_wait_time, and what is left of it", example "stop_timeout = secs(5)", original "–", also ["kill_timeout" "exit_timeout"];
        }
    };
}

/// A key, for whoever knows it by name alone.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The least and the greatest, of a number.
    #[cfg(feature = "documentation")]
    pub range: Option<(i128, i128)>,
    /// The documentation, a line each.
    #[cfg(feature = "documentation")]
    pub doc: &'static [&'static str],
    /// What holds where nobody sets it, in words.
    pub default: &'static str,
    /// A line that sets it.
    #[cfg(feature = "documentation")]
    pub example: &'static str,
    /// What the original calls it, in Markdown.
    #[cfg(feature = "documentation")]
    pub original: &'static str,
    /// What else it is called, each with a blank behind it: a list of texts would be three times as large in every server.
    pub also: &'static str,
    /// What is wrong with a value of its kind.
    pub fault: fn(Value<'_>) -> Option<Fault>,
}

/// What values a key takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A whole number of seconds.
    Seconds,
    /// A whole number of bytes.
    Bytes,
    /// True or false.
    Switch,
    /// A list of times in milliseconds.
    Periods,
}

/// A value that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// For a text.
    Text(&'a str),
    /// For a number, seconds or bytes. Wider than any key, so that what is too large for one is known to be.
    Number(i128),
    /// For a switch.
    Switch(bool),
    /// For periods.
    Periods(&'a [u64]),
}

impl Kind {
    /// In a sentence behind "takes".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Number => "a whole number",
            Self::Seconds => "a whole number of seconds",
            Self::Bytes => "a whole number of bytes",
            Self::Switch => "true or false",
            Self::Periods => "a list of numbers, in milliseconds",
        }
    }
}

macro_rules! define {
    (@kind text) => { Kind::Text };
    (@kind number) => { Kind::Number };
    (@kind seconds) => { Kind::Seconds };
    (@kind bytes) => { Kind::Bytes };
    (@kind switch) => { Kind::Switch };
    (@kind periods) => { Kind::Periods };
    (@span) => { None };
    (@span $lo:literal, $hi:literal) => { Some(($lo, $hi)) };

    (@of text $name:ident ($check:ident)) => {
        #[doc = concat!("What is wrong with this value of `", stringify!($name), "`.")]
        #[must_use]
        pub const fn $name(value: &str) -> Option<Fault> {
            checks::$check(value)
        }
    };
    (@of periods $name:ident ($check:ident)) => {
        #[doc = concat!("What is wrong with this value of `", stringify!($name), "`.")]
        #[must_use]
        pub const fn $name(value: &[u64]) -> Option<Fault> {
            checks::$check(value)
        }
    };
    (@of switch $name:ident) => {
        #[doc = concat!("Nothing: `", stringify!($name), "` takes both.")]
        #[must_use]
        pub const fn $name(_value: bool) -> Option<Fault> {
            None
        }
    };
    (@of $unit:ident $name:ident $ty:ty = $lo:literal, $hi:literal, $why:literal) => {
        #[doc = concat!("What is wrong with this value of `", stringify!($name), "`.")]
        #[must_use]
        pub const fn $name(value: i128) -> Option<Fault> {
            if value < $lo || value > $hi { Some(define!(@out $unit $name $lo, $hi, $why)) } else { None }
        }
    };
    (@out number $name:ident $lo:literal, $hi:literal, $why:literal) => { define!(@range $name "" $lo, $hi, $why) };
    (@out seconds $name:ident $lo:literal, $hi:literal, $why:literal) => { define!(@range $name " of seconds" $lo, $hi, $why) };
    (@out bytes $name:ident $lo:literal, $hi:literal, $why:literal) => { define!(@range $name " of bytes" $lo, $hi, $why) };
    (@range $name:ident $of:literal $lo:literal, $hi:literal, $why:literal) => {
        Fault {
            line: concat!("`", stringify!($name), "` takes a number", $of, " from ", $lo, " to ", $hi),
            full: concat!(
                "`", stringify!($name), "` takes a number", $of, " from ", $lo, " to ", $hi,
                "\nnote: ", $why,
                "\nhelp: write `", stringify!($name), " = ", $lo, "` or more, up to ", $hi
            ),
        }
    };

    (@any text $name:ident) => { |value| match value { Value::Text(text) => faults::$name(text), _ => None } };
    (@any switch $name:ident) => { |value| match value { Value::Switch(switch) => faults::$name(switch), _ => None } };
    (@any periods $name:ident) => { |value| match value { Value::Periods(periods) => faults::$name(periods), _ => None } };
    (@any $number:ident $name:ident) => { |value| match value { Value::Number(number) => faults::$name(number), _ => None } };

    ($( $(#[doc = $doc:literal])+ $kind:ident $name:ident $(: $ty:ty = $lo:literal, $hi:literal, $why:literal)? $(($check:ident))?
        default $default:literal, example $example:literal, original $original:literal, also [$($also:literal)*]; )+) => {
        /// What is wrong with a value, one function a key; constants can call it.
        pub mod faults {
            use super::*;
            $( define! { @of $kind $name $($ty = $lo, $hi, $why)? $(($check))? } )+
        }

        /// The keys, in the order of the documentation.
        pub static KEYS: &[Key] = &[ $( Key {
            name: stringify!($name),
            kind: define!(@kind $kind),
            #[cfg(feature = "documentation")]
            range: define!(@span $($lo, $hi)?),
            #[cfg(feature = "documentation")]
            doc: &[$($doc),+],
            default: $default,
            #[cfg(feature = "documentation")]
            example: $example,
            #[cfg(feature = "documentation")]
            original: $original,
            also: concat!($($also, " "),*),
            fault: define!(@any $kind $name),
        } ),+ ];
    };
}

keys!(define);

/// The keys that each listener may have of its own; where it has none, the server's holds.
pub const KEYS_OF_LISTENERS: &[&str] = &[
    "listen",
    "backlog",
    "tcp_nodelay",
    "tcp_defer_accept",
    "tcp_fastopen",
    "tcp_user_timeout",
    "tcp_keepalive",
    "tcp_keepalive_idle",
    "tcp_keepalive_interval",
    "tcp_keepalive_count",
    "enable_reuse_port",
    "ipv6_only",
    "unix_mode",
    "package_max_length",
    "heartbeat",
    "heartbeat_check",
    "heartbeat_idle",
    "max_queued_bytes",
];

/// The keys that can be written with their parts, `tcp_keepalive(idle = secs(60))`: a switch, and what a part is called behind its name.
pub const KEYS_WITH_PARTS: &[(&str, &[&str])] = &[("tcp_keepalive", &["idle", "interval", "count"]), ("heartbeat", &["check", "idle"])];

/// What the main listener is called, which has no group of its own.
pub const MAIN_LISTENER: &str = "main";

/// How many listeners a server may have, the main one among them.
pub const LISTENERS: usize = 16;

/// The key of this name.
#[must_use]
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Every key as a row of a table in Markdown.
#[doc(hidden)]
#[macro_export]
macro_rules! table_of_keys {
    () => { $crate::keys!($crate::table_of_keys) };
    (@type text) => { "text" };
    (@type switch) => { "`true` or `false`" };
    (@type periods) => { "milliseconds, a list" };
    (@type number $lo:literal $hi:literal) => { concat!("number, ", $lo, " to ", $hi) };
    (@type seconds $lo:literal $hi:literal) => { concat!("seconds, ", $lo, " to ", $hi) };
    (@type bytes $lo:literal $hi:literal) => { concat!("bytes, ", $lo, " to ", $hi) };
    ($( $(#[doc = $doc:literal])+ $kind:ident $name:ident $(: $ty:ty = $lo:literal, $hi:literal, $why:literal)? $(($check:ident))?
        default $default:literal, example $example:literal, original $original:literal, also [$($also:literal)*]; )+) => {
        concat!(
            "| key | value | default | | in the original |\n|---|---|---|---|---|\n",
            $( "| `", stringify!($name), "` | ", $crate::table_of_keys!(@type $kind $($lo $hi)?), " | ", $default, " |", $($doc,)+ " | ",
                $original, " |\n", )+
        )
    };
}

mod checks {
    use super::*;

    pub(super) const fn mode(mode: &str) -> Option<Fault> {
        if same(mode, "process") {
            return None;
        }
        fault!("mode" "takes \"process\"", "the modes \"base\" and \"thread\" are not there yet", "write `mode = \"process\"`")
    }

    pub(super) const fn log_level(level: &str) -> Option<Fault> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        let mut i = 0;
        while i < LEVELS.len() {
            if same(level, LEVELS[i]) {
                return None;
            }
            i += 1;
        }
        fault!("log_level" "takes \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
            "each level logs what those before it log, and more", "write `log_level = \"info\"`")
    }

    pub(super) const fn reload(reload: &str) -> Option<Fault> {
        if same(reload, "fork") || same(reload, "exec") {
            return None;
        }
        fault!("reload" "takes \"fork\" or \"exec\"", "workers are replaced by forks of the program that runs, or by the program that lies at its path",
            "write `reload = \"exec\"`")
    }

    pub(super) const fn task_dispatch(dispatch: &str) -> Option<Fault> {
        if same(dispatch, "idle") || same(dispatch, "round_robin") {
            return None;
        }
        fault!("task_dispatch" "takes \"idle\" or \"round_robin\"", "a job for a certain task worker is handed over by `task_to`",
            "write `task_dispatch = \"idle\"`")
    }

    pub(super) const fn log_file(path: &str) -> Option<Fault> {
        if same(path, "stderr") || starts_with(path.as_bytes(), b"/") {
            return None;
        }
        fault!("log_file" "takes \"stderr\", or the path of a file, from the root", "the file is opened again and again, wherever the server is by then",
            "write `log_file = \"/var/log/server.log\"`")
    }

    pub(super) const fn pid_file(path: &str) -> Option<Fault> {
        if starts_with(path.as_bytes(), b"/") {
            return None;
        }
        fault!("pid_file" "takes the path of a file, from the root", "who looks for it may be in another directory",
            "write `pid_file = \"/run/server.pid\"`")
    }

    pub(super) const fn stats_file(path: &str) -> Option<Fault> {
        if starts_with(path.as_bytes(), b"/") {
            return None;
        }
        fault!("stats_file" "takes the path of a file, from the root", "who looks for it may be in another directory",
            "write `stats_file = \"/run/server.stats.json\"`")
    }

    pub(super) const fn user(name: &str) -> Option<Fault> {
        if is_name(name) {
            return None;
        }
        fault!("user" "takes the name of a user, or a number", "names have no blank, no colon and no slash in them", "write `user = \"www-data\"`")
    }

    pub(super) const fn group(name: &str) -> Option<Fault> {
        if is_name(name) {
            return None;
        }
        fault!("group" "takes the name of a group, or a number", "names have no blank, no colon and no slash in them", "write `group = \"www-data\"`")
    }

    const fn is_name(name: &str) -> bool {
        let name = name.as_bytes();
        let mut i = 0;
        while i < name.len() {
            if name[i] <= b' ' || name[i] == b':' || name[i] == b'/' {
                return false;
            }
            i += 1;
        }
        !name.is_empty()
    }

    pub(super) const fn chroot(path: &str) -> Option<Fault> {
        if starts_with(path.as_bytes(), b"/") {
            return None;
        }
        fault!("chroot" "takes the path of a directory, from the root", "it becomes the root of all paths", "write `chroot = \"/srv/jail\"`")
    }

    pub(super) const fn timers(periods: &[u64]) -> Option<Fault> {
        let mut i = 0;
        while i < periods.len() {
            if periods[i] == 0 {
                return fault!("timers" "takes periods of 1 millisecond or more", "a timer runs each time its period is over",
                    "write `timers = [1000]`");
            }
            i += 1;
        }
        None
    }

    /// Numbers of at most four digits, with commas in between.
    pub(super) const fn cpu_affinity_ignore(list: &str) -> Option<Fault> {
        let list = list.as_bytes();
        let (mut i, mut digits, mut is_list) = (0, 0, true);
        while i < list.len() {
            match list[i] {
                b'0'..=b'9' => digits += 1,
                b',' if digits > 0 => digits = 0,
                _ => is_list = false,
            }
            is_list = is_list && digits <= 4;
            i += 1;
        }
        if is_list && digits > 0 {
            return None;
        }
        fault!("cpu_affinity_ignore" "takes numbers of CPUs with commas in between", "CPUs are known by number, from 0",
            "write `cpu_affinity_ignore = \"0,1\"`")
    }

    pub(super) const fn control(path: &str) -> Option<Fault> {
        // What fits `sockaddr_un`, with the zero behind it.
        const LONGEST: usize = 107;
        if path.is_empty() || same(path, "off") || starts_with(path.as_bytes(), b"/") && path.len() <= LONGEST {
            return None;
        }
        fault!("control" "takes the path of a socket, from the root, of at most 107 bytes, or \"off\"",
            "a socket has no longer name, and the commands may be in another directory", "write `control = \"/run/echo.sock\"`")
    }

    /// Three octal digits, maybe with a 0 before them.
    pub(super) const fn unix_mode(mode: &str) -> Option<Fault> {
        let mode = mode.as_bytes();
        let (mut i, mut is_octal) = (0, mode.len() == 3 || mode.len() == 4 && mode[0] == b'0');
        while i < mode.len() {
            is_octal = is_octal && matches!(mode[i], b'0'..=b'7');
            i += 1;
        }
        if is_octal {
            return None;
        }
        fault!("unix_mode" "takes three octal digits", "they are the permissions of user, group and others, as `chmod` takes them",
            "write `unix_mode = \"660\"`")
    }

    pub(super) const fn directory(path: &str) -> Option<Fault> {
        if starts_with(path.as_bytes(), b"/") {
            return None;
        }
        fault!("task_tmpdir" "takes the path of a directory, from the root", "each process may have a working directory of its own",
            "write `task_tmpdir = \"/tmp\"`")
    }

    pub(super) const fn listen(url: &str) -> Option<Fault> {
        listen::fault(url)
    }
}
