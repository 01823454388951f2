//! Every default filled in, every limit held against the machine.

use crate::{
    error::{Error, Result},
    layout::SMALLEST_RING,
    settings::{Collected, Heartbeat, Listening, Phases, Resolved, Scheme, Settings, variable_of},
    sys::{
        affinity,
        datagram::Kind,
        identity::{Identity, is_root},
        limits,
        listener::{Keepalive, Options},
    },
};
use core::time::Duration;
use log::LevelFilter;
use swoole_vocabulary::MAIN_LISTENER;

/// Descriptors the master needs beside those of sessions: its own, and for each worker and reactor a few.
const RESERVE: u64 = 64;
const PER_WORKER: u64 = 2;
const PER_REACTOR: u64 = 4;
/// By which a worker passes files to a reactor.
const PER_WORKER_AND_REACTOR: u64 = 2;
/// For files that clients are to be sent. What sessions leave of the limit is for them too.
const FOR_FILES: u64 = 8;

/// What `max_conn` is when nobody says otherwise and the descriptor limit allows it.
const MAX_CONN: u64 = 10_000;

/// How late a listener sees that a session is idle, where nobody says otherwise, in seconds.
const HEARTBEAT_CHECK: u64 = 60;

/// Fills in every default, and refuses what this machine cannot do.
pub(super) fn fit(collected: &mut Collected) -> Result<()> {
    collected.fill();
    let cpus = limits::cpus();
    #[cfg(feature = "cli")]
    super::control::fill(&mut collected.settings);
    let workers = *collected.settings.workers.get_or_insert(cpus.min(1024));
    let reactors = *collected.settings.reactors.get_or_insert(cpus.min(4));
    // One that has a part of it has it; each listener is looked at by itself.
    let has_part = collected.settings.has_part_of_keepalive();
    collected.settings.tcp_keepalive.get_or_insert(has_part);
    let has_part = collected.settings.has_part_of_heartbeat();
    collected.settings.heartbeat.get_or_insert(has_part);
    let high = *collected.settings.buffer_high_watermark.get_or_insert(collected.settings.socket_buffer_size.unwrap_or(0) / 5 * 4);
    let low = *collected.settings.buffer_low_watermark.get_or_insert(high / 2);
    if low >= high {
        collected.refusals.push(format!(
            "{}: `buffer_low_watermark` is {low}, and `buffer_high_watermark` {high}; set it to less than that",
            collected.origin_of("buffer_low_watermark")
        ));
    }
    let task_max_request = collected.settings.task_max_request.unwrap_or(0);
    collected.settings.task_max_request_grace.get_or_insert(task_max_request / 2);
    let max_request = collected.settings.max_request.unwrap_or(0);
    collected.settings.max_request_grace.get_or_insert(max_request / 2);
    if reactors > cpus * 4 {
        collected.refusals.push(format!(
            "{}: `reactors` is {reactors}, more than four for each of the {cpus} CPUs; set it to {} or less",
            collected.origin_of("reactors"),
            cpus * 4
        ));
    }
    let Settings { log_file, pid_file, stats_file, .. } = collected.settings;
    if stats_file.is_some() && (stats_file == log_file || stats_file == pid_file) {
        collected.refusals.push(format!(
            "{}: `stats_file` is the file that `{}` names; write `stats_file = \"/run/server.stats.json\"`",
            collected.origin_of("stats_file"),
            if stats_file == log_file { "log_file" } else { "pid_file" }
        ));
    }
    if pid_file.is_some() && pid_file == log_file {
        collected.refusals.push(format!(
            "{}: `pid_file` is the file that `log_file` names: the log would be lost in it; write `pid_file = \"/run/server.pid\"`",
            collected.origin_of("pid_file")
        ));
    }
    let listeners = core::iter::once((MAIN_LISTENER, collected.settings));
    let listeners = listeners.chain(collected.listeners.iter().map(|of| (of.name, collected.settings.with(&of.settings))));
    let hasty: Vec<_> = listeners.filter(|(_, of)| of.heartbeat_idle.is_some_and(|idle| idle < of.heartbeat_check.unwrap_or(1))).collect();
    for (name, of) in hasty {
        collected.refusals.push(format!(
            "listener {name}: `heartbeat_idle` is {} seconds, less than `heartbeat_check`, which is {}; set it to that or more",
            of.heartbeat_idle.unwrap_or(0),
            of.heartbeat_check.unwrap_or(0)
        ));
    }
    let least = 2 * u64::from(workers) * u64::from(reactors) * SMALLEST_RING as u64;
    match (collected.settings.ring_memory, collected.is_default("ring_memory")) {
        (Some(asked), false) if asked < least => collected.refusals.push(format!(
            "{}: `ring_memory` is {asked}, and the rings of {workers} workers and {reactors} reactors need {least} bytes, {} KiB each; \
             set it to {least} or more, or run fewer of them",
            collected.origin_of("ring_memory"),
            SMALLEST_RING >> 10
        )),
        (Some(asked), true) => collected.settings.ring_memory(asked.max(least)),
        _ => {}
    }
    if !cfg!(feature = "cli") {
        refuse_without_cli(collected);
    }
    if let Err(why) = identity(&collected.settings) {
        collected.refusals.push(why);
    }
    if collected.settings.cpu_affinity == Some(true) && cpus_of_workers(&collected.settings).is_empty() {
        collected.refusals.push(format!(
            "{}: `cpu_affinity_ignore` leaves no CPU of those that the server may use; leave some to it",
            collected.origin_of("cpu_affinity_ignore")
        ));
    }
    let limit = limits::descriptors().map_err(|e| Error::start_io("the descriptor limit cannot be read", e, ""))?;
    let reserve = reserve(collected);
    let left = limit.saturating_sub(reserve);
    match collected.settings.max_conn {
        Some(asked) if u64::from(asked) > left => collected.refusals.push(format!(
            "{}: `max_conn` is {asked}, and the descriptor limit of {limit} leaves {left} for sessions (the server itself needs {reserve}); \
             raise the limit (`ulimit -n {}`){}",
            collected.origin_of("max_conn"),
            u64::from(asked) + reserve,
            if left > 0 { format!(", or set `max_conn` to {left} or less") } else { String::new() }
        )),
        Some(_) => {}
        None if left == 0 => collected.refusals.push(format!(
            "the descriptor limit of {limit} leaves none for sessions (the server itself needs {reserve}); raise the limit (`ulimit -n {}`)",
            MAX_CONN + reserve
        )),
        None => collected.settings.max_conn(left.min(MAX_CONN) as u32),
    }
    Ok(())
}

/// How many descriptors the server itself needs.
fn reserve(collected: &Collected) -> u64 {
    let Settings { workers, task_workers, reactors, .. } = collected.settings;
    let slots = u64::from(workers.unwrap_or(0)) + u64::from(task_workers.unwrap_or(0)) + collected.user_processes as u64;
    let reactors = u64::from(reactors.unwrap_or(0));
    RESERVE + FOR_FILES + PER_WORKER * slots + PER_REACTOR * reactors + PER_WORKER_AND_REACTOR * slots * reactors
}

/// For how many files of each reactor there are descriptors.
fn most_files(collected: &Collected) -> u64 {
    let Settings { max_conn, reactors, .. } = collected.settings;
    let taken = reserve(collected) + u64::from(max_conn.unwrap_or(0));
    let left = limits::descriptors().unwrap_or(0).saturating_sub(taken);
    ((FOR_FILES + left) / u64::from(reactors.unwrap_or(1))).max(1)
}

/// What is said where nobody has named an address.
pub(super) fn no_address() -> String {
    let otherwise = if cfg!(feature = "cli") {
        "`--listen tcp://127.0.0.1:9501` to the command"
    } else {
        "SWOOLE_LISTEN=tcp://127.0.0.1:9501 to the environment"
    };
    format!("there is no address to listen on; add `listen = \"tcp://127.0.0.1:9501\"` to the attribute, or {otherwise}")
}

/// The same of one listener beside the main one.
pub(super) fn no_address_of(listener: &str) -> String {
    let otherwise = if cfg!(feature = "cli") {
        format!("`--listener {listener}.listen=tcp://127.0.0.1:9502` to the command")
    } else {
        format!("{}=tcp://127.0.0.1:9502 to the environment", variable_of(listener, "listen"))
    };
    format!(
        "the listener `{listener}` has no address; add `listen = \"tcp://127.0.0.1:9502\"` to its `listener(…)` in the attribute, or {otherwise}"
    )
}

/// What a listener with these settings is, if it has an address. Everything else has a value once it was made to [`fit`].
fn listening(name: &'static str, settings: &Settings) -> Option<Listening> {
    // No key of these is out of the range of 32 bits.
    let small = |number: Option<u64>| number.unwrap_or(0) as u32;
    let part = |number: Option<u64>| number.map(|number| number as u32);
    let scheme = settings.listen.and_then(Scheme::of).unwrap_or(Scheme::Tcp);
    let is_v6_alone = matches!(scheme, Scheme::Tcp6 | Scheme::Udp6);
    let datagrams = scheme.is_datagram().then(|| if scheme.is_unix() { Kind::Unix } else { Kind::Internet });
    let keepalive = Keepalive {
        idle: part(settings.tcp_keepalive_idle),
        interval: part(settings.tcp_keepalive_interval),
        count: settings.tcp_keepalive_count,
    };
    let options = Options {
        backlog: settings.backlog?,
        nodelay: settings.tcp_nodelay?,
        defer_accept: small(settings.tcp_defer_accept),
        fastopen: settings.tcp_fastopen.unwrap_or(0),
        user_timeout: small(settings.tcp_user_timeout),
        keepalive: (settings.tcp_keepalive == Some(true)).then_some(keepalive),
        reuse_port: settings.enable_reuse_port == Some(true),
        v6_only: is_v6_alone || settings.ipv6_only == Some(true),
        // Octal digits, or it was refused.
        mode: settings.unix_mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()),
    };
    let check = settings.heartbeat_check.unwrap_or(HEARTBEAT_CHECK);
    let idle = settings.heartbeat_idle.unwrap_or(2 * check);
    let heartbeat = (settings.heartbeat == Some(true)).then_some(Heartbeat { check: 1000 * check, idle: 1000 * idle });
    Some(Listening {
        name,
        url: settings.listen?.to_owned(),
        options,
        package_max_length: settings.package_max_length? as usize,
        heartbeat,
        max_queued_bytes: settings.max_queued_bytes?,
        datagrams,
    })
}

/// Keys that come with the feature `cli`: a plain server is small, and does without.
const WITH_CLI: &[&str] =
    &["log_file", "daemonize", "pid_file", "stats_file", "user", "group", "chroot", "cpu_affinity", "cpu_affinity_ignore"];

/// Without the feature no code is there for these keys, and who sets one is told.
fn refuse_without_cli(collected: &mut Collected) {
    for name in WITH_CLI {
        if collected.is_default(name) {
            continue;
        }
        let origin = collected.origin_of(name);
        collected
            .refusals
            .push(format!("{origin}: `{name}` is refused: this program was built without the feature `cli`, which brings it"));
    }
}

/// Who workers are to be. Where that is another than who starts the server, only root may say it.
fn identity(settings: &Settings) -> Result<Identity, String> {
    if !cfg!(feature = "cli") {
        return Ok(Identity::default());
    }
    let Settings { user, group, chroot, .. } = *settings;
    let asked = [("user", user), ("group", group), ("chroot", chroot)];
    match asked.iter().find_map(|(name, value)| Some((name, (*value)?))) {
        Some((name, value)) if !is_root() => Err(format!(
            "`{name}` is {value:?}, which only root may ask for, and this process is not root; start the server as root, or leave it out"
        )),
        _ => Identity::look_up(user, group, chroot),
    }
}

/// The CPUs that workers stay on, if any; where that cannot be asked, each runs on any.
fn cpus_of_workers(settings: &Settings) -> Vec<usize> {
    let ignored: Vec<usize> =
        settings.cpu_affinity_ignore.into_iter().flat_map(|list| list.split(',')).filter_map(|cpu| cpu.parse().ok()).collect();
    if cfg!(feature = "cli") && settings.cpu_affinity == Some(true) { affinity::cpus_but(&ignored).unwrap_or_default() } else { Vec::new() }
}

/// What the server runs with, if there is an address for each listener. Everything else has a value once it was made to [`fit`].
pub(super) fn resolved(collected: &Collected) -> Option<Resolved> {
    let settings = &collected.settings;
    let Settings {
        workers: Some(workers),
        reactors: Some(reactors),
        log_level: Some(log_level),
        max_wait_time: Some(max_wait_time),
        ring_memory: Some(ring_memory),
        buffer_output_size: Some(buffer_output_size),
        socket_buffer_size: Some(socket_buffer_size),
        buffer_high_watermark: Some(high),
        buffer_low_watermark: Some(low),
        send_yield: Some(send_yield),
        output_memory: Some(output_memory),
        discard_timeout_request: Some(discard_timeout_request),
        task_workers: Some(task_workers),
        task_queue: Some(task_queue),
        task_cell: Some(task_cell),
        task_dispatch: Some(task_dispatch),
        task_tmpdir: Some(task_tmpdir),
        max_request: Some(max_request),
        max_request_grace: Some(max_request_grace),
        max_worker_age: Some(max_worker_age),
        max_worker_rss: Some(max_worker_rss),
        reload: Some(reload),
        ready_timeout: Some(ready_timeout),
        reload_async: Some(reload_async),
        lame_duck: Some(lame_duck),
        watchdog: Some(watchdog),
        log_file: Some(log_file),
        daemonize: Some(daemonize),
        task_max_request: Some(task_max_request),
        task_max_request_grace: Some(task_max_request_grace),
        message_queue: Some(message_queue),
        message_cell: Some(message_cell),
        max_timers: Some(max_timers),
        ..
    } = *settings
    else {
        panic!("our bug: a key without a default");
    };
    let log_level = LevelFilter::iter().find(|level| level.as_str().eq_ignore_ascii_case(log_level));
    Some(Resolved {
        in_force: settings.in_force(),
        listeners: [listening(MAIN_LISTENER, settings)]
            .into_iter()
            .chain(collected.listeners.iter().map(|of| listening(of.name, &settings.with(&of.settings))))
            .collect::<Option<_>>()?,
        workers: workers as usize,
        reactors: reactors as usize,
        task_workers: task_workers as usize,
        // The program says so.
        user_processes: Vec::new(),
        task_queue: task_queue as usize,
        task_cell: task_cell as usize,
        is_task_dispatch_in_turn: task_dispatch == "round_robin",
        task_tmpdir: task_tmpdir.to_owned(),
        task_max_request: task_max_request.into(),
        task_max_request_grace: task_max_request_grace.into(),
        max_request: max_request.into(),
        max_request_grace: max_request_grace.into(),
        max_worker_age: Duration::from_secs(max_worker_age),
        max_worker_rss,
        is_reload_by_exec: reload == "exec",
        ready_timeout: Duration::from_secs(ready_timeout),
        reload_async,
        lame_duck: Duration::from_secs(lame_duck),
        watchdog: Duration::from_secs(watchdog),
        log_file: (log_file != "stderr").then(|| log_file.to_owned()),
        is_daemonized: daemonize,
        pid_file: settings.pid_file.map(str::to_owned),
        #[cfg(feature = "cli")]
        stats_file: settings.stats_file.map(str::to_owned),
        // One that is nobody was refused.
        identity: identity(settings).unwrap_or_default(),
        cpus: cpus_of_workers(settings),
        // The program says so.
        takes_messages: false,
        has_on_lost: false,
        package_cell: 0,
        message_queue: message_queue as usize,
        message_cell: message_cell as usize,
        max_timers: max_timers as usize,
        // Without one where the machine allows none, which was refused.
        max_conn: settings.max_conn.unwrap_or(0),
        most_files: most_files(collected),
        shutdown: Phases {
            jobs: settings.jobs_timeout.map(Duration::from_secs),
            drain: settings.drain_timeout.map(Duration::from_secs),
            stop: settings.stop_timeout.map(Duration::from_secs),
        },
        log_level: log_level.expect("our bug: a level that `log` does not have"),
        max_wait_time: Duration::from_secs(max_wait_time),
        ring_memory: ring_memory as usize,
        buffer_output_size: buffer_output_size as usize,
        socket_buffer_size,
        watermarks: (high, low),
        send_yield: Duration::from_secs(send_yield),
        discard_timeout_request,
        output_memory: output_memory / u64::from(reactors),
        #[cfg(feature = "cli")]
        app: crate::settings::App::default(),
        #[cfg(feature = "cli")]
        control: super::control::path(settings),
        #[cfg(feature = "cli")]
        is_control_default: false,
    })
}
