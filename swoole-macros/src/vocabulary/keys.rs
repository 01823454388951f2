//! The keys of the attribute, by name alone: types, ranges and documentation stand in the runtime, once.

/// A key of the attribute.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    /// A line that sets it.
    pub(crate) example: &'static str,
    /// What else it is called.
    pub(crate) synonyms: &'static [&'static str],
}

/// What the attribute must know of a value before the compiler sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing: any expression of the setter's type.
    Plain,
    /// It decides what is compiled in, so it has to be a literal.
    Mode,
    /// Seconds, for which [`UNITS`] may be used.
    Time,
}

const fn row(name: &'static str, value: Value, example: &'static str, synonyms: &'static [&'static str]) -> Key {
    Key { name, value, example, synonyms }
}

/// The keys, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    row("mode", Value::Mode, "mode = \"process\"", &["server_mode", "process_mode"]),
    row(
        "listen",
        Value::Plain,
        "listen = \"tcp://127.0.0.1:9501\"",
        &["port", "host", "addr", "address", "bind", "url", "ip", "socket", "listener", "listeners"],
    ),
    row("workers", Value::Plain, "workers = 4", &["worker_num", "processes", "worker_processes"]),
    row("reactors", Value::Plain, "reactors = 2", &["reactor_num", "threads", "reactor_threads", "io_threads"]),
    row(
        "max_conn",
        Value::Plain,
        "max_conn = 10_000",
        &["max_connection", "max_connections", "connections", "max_sessions", "max_clients"],
    ),
    row("backlog", Value::Plain, "backlog = 512", &["listen_backlog", "queue"]),
    row("tcp_nodelay", Value::Plain, "tcp_nodelay = true", &["open_tcp_nodelay", "nodelay", "no_delay"]),
    row("log_level", Value::Plain, "log_level = \"info\"", &["loglevel", "verbosity", "log"]),
    row("max_wait_time", Value::Time, "max_wait_time = secs(3)", &["max_wait", "shutdown_timeout", "wait_time", "grace", "timeout"]),
];

/// The key of this name.
pub(crate) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Keys that are known and that this release does not have; behind each, what the original calls it where that is another name.
pub(crate) const KEYS_NOT_YET: &[(&str, &[&str])] = &[
    ("dispatch", &["dispatch_mode", "dispatch_func"]),
    ("frame", &["open_eof_check", "open_eof_split", "package_eof", "open_length_check", "package_length_type"]),
    ("package_max_length", &[]),
    ("timers", &["timer"]),
    ("task_workers", &["task_worker_num"]),
    ("task_max_request", &[]),
    ("task_dispatch", &["task_ipc_mode"]),
    ("task_tmpdir", &[]),
    ("max_request", &[]),
    ("max_request_grace", &[]),
    ("daemonize", &["daemon"]),
    ("log_file", &[]),
    ("pid_file", &[]),
    ("stats_file", &[]),
    ("heartbeat", &["heartbeat_check_interval", "heartbeat_idle_time"]),
    ("cpu_affinity", &["open_cpu_affinity"]),
    ("cpu_affinity_ignore", &[]),
    ("tcp_keepalive", &["open_tcp_keepalive", "tcp_keepidle", "tcp_keepinterval", "tcp_keepcount"]),
    ("tcp_defer_accept", &[]),
    ("tcp_fastopen", &[]),
    ("tcp_user_timeout", &[]),
    ("tls", &["ssl", "ssl_cert_file", "ssl_key_file"]),
    ("reload", &[]),
    ("reload_async", &[]),
    ("user", &[]),
    ("group", &[]),
    ("chroot", &[]),
    ("discard_timeout_request", &[]),
    ("enable_reuse_port", &["reuse_port"]),
    ("buffer_output_size", &[]),
    ("socket_buffer_size", &[]),
    ("buffer_high_watermark", &[]),
    ("buffer_low_watermark", &[]),
    ("max_queued_bytes", &[]),
    ("max_concurrency", &[]),
    ("send_yield", &[]),
    ("ring_memory", &[]),
    ("unsafe_events", &["enable_unsafe_event"]),
];

/// Modes that are known and that this release does not have.
pub(crate) const MODES_NOT_YET: &[&str] = &["base", "thread"];

/// The functions that make seconds, with what else they are called.
pub(crate) const UNITS: &[(&str, &[&str])] = &[("secs", &["s", "sec", "second", "seconds"]), ("mins", &["m", "min", "minute", "minutes"])];
