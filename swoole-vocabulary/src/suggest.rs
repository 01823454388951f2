//! Which name was probably meant: the nearest by letters, then what else a thing is called. No suggestion is better than a wild one.

use crate::{
    CALLBACKS, KEYS, PLANNED_CALLBACKS, PLANNED_DISPATCHES, PLANNED_KEYS, PLANNED_MODES, planned_key,
    units::{SIZE_UNITS, TIME_UNITS},
};

/// A name that was probably meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suggestion {
    /// One to write.
    Known(&'static str),
    /// One that this release does not have.
    NotYet(&'static str),
}

/// Name, and what else it is called.
type Row<'a> = (&'a str, &'a [&'a str]);

/// The callback that somebody who wrote `name` wanted; written in the original's way (`onReceive`) too.
#[must_use]
pub fn callback_meant(name: &str) -> Option<Suggestion> {
    let known = CALLBACKS.iter().map(|callback| (callback.name, callback.also));
    let planned = PLANNED_CALLBACKS.iter().map(|planned| (planned.callback.name, planned.callback.also));
    either(name, known, planned)
}

/// The key that somebody who wrote `name` wanted.
#[must_use]
pub fn key_meant(name: &str) -> Option<Suggestion> {
    let mut search = Search::new(name);
    for key in KEYS {
        search.look_at(key.name, key.also.split_ascii_whitespace());
    }
    for key in PLANNED_KEYS {
        search.look_at(key.name, key.also.split_ascii_whitespace());
    }
    let meant = search.found()?;
    let is_there = KEYS.iter().any(|key| key.name == meant) || planned_key(meant).is_some_and(|key| key.feature.is_there());
    Some(if is_there { Suggestion::Known(meant) } else { Suggestion::NotYet(meant) })
}

/// The mode that somebody who wrote `name` wanted.
#[must_use]
pub fn mode_meant(name: &str) -> Option<Suggestion> {
    let known = [("process", ["multiprocess", "swoole_process", "prefork"].as_slice())];
    either(name, known.into_iter(), PLANNED_MODES.iter().map(|name| (*name, [].as_slice())))
}

/// The dispatch that somebody who wrote `name` wanted.
#[must_use]
pub fn dispatch_meant(name: &str) -> Option<&'static str> {
    nearest(name, PLANNED_DISPATCHES.iter().map(|(name, _)| (*name, [].as_slice())))
}

/// The unit that somebody who wrote `name` wanted: of time, or of size.
#[must_use]
pub fn unit_meant(name: &str, is_time: bool) -> Option<&'static str> {
    let units = if is_time { TIME_UNITS } else { SIZE_UNITS };
    nearest(name, units.iter().map(|(name, _, also)| (*name, *also)))
}

fn either(
    name: &str,
    known: impl Iterator<Item = Row<'static>> + Clone,
    planned: impl Iterator<Item = Row<'static>>,
) -> Option<Suggestion> {
    let meant = nearest(name, known.clone().chain(planned))?;
    Some(if known.into_iter().any(|(name, _)| name == meant) { Suggestion::Known(meant) } else { Suggestion::NotYet(meant) })
}

/// The name among these that was probably meant by somebody who wrote `name`.
#[must_use]
pub fn nearest<'a>(name: &str, rows: impl Iterator<Item = Row<'a>>) -> Option<&'a str> {
    let mut search = Search::new(name);
    for (name, also) in rows {
        search.look_at(name, also.iter().copied());
    }
    search.found()
}

/// On the way through the rows.
struct Search<'a> {
    wanted: String,
    /// The first that is called so.
    exact: Option<&'a str>,
    /// The first of the nearest, and how far it is.
    near: Option<(usize, &'a str)>,
}

impl<'a> Search<'a> {
    fn new(name: &str) -> Self {
        Self { wanted: stem(name), exact: None, near: None }
    }

    fn look_at(&mut self, name: &'a str, mut also: impl Iterator<Item = &'a str>) {
        let candidate = stem(name);
        if self.exact.is_none() && (candidate == self.wanted || also.any(|also| stem(also) == self.wanted)) {
            self.exact = Some(name);
        }
        let far = strsim::osa_distance(&self.wanted, &candidate);
        let is_near = far.saturating_mul(3) <= self.wanted.len().max(candidate.len());
        if is_near && self.near.is_none_or(|(nearest, _)| far < nearest) {
            self.near = Some((far, name));
        }
    }

    fn found(self) -> Option<&'a str> {
        self.exact.or(self.near.map(|(_, name)| name))
    }
}

/// A name without `on_`, underscores and capitals.
fn stem(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars().filter(|letter| !matches!(letter, '_' | '-')) {
        plain.push(letter.to_ascii_lowercase());
    }
    let is_marked = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("on_")) || name.starts_with("on") && name != plain;
    match plain.strip_prefix("on") {
        Some(rest) if is_marked => rest.to_owned(),
        _ => plain,
    }
}

impl Suggestion {
    /// The name, whichever it is.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known(name) | Self::NotYet(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_or_another_word_finds_the_callback_that_was_meant() {
        for (written, meant) in [
            ("on_recieve", "on_receive"),
            ("on_recive", "on_receive"),
            ("on_receve", "on_receive"),
            ("on_reciev", "on_receive"),
            ("onReceive", "on_receive"),
            ("on_Receive", "on_receive"),
            ("on_data", "on_receive"),
            ("on_message", "on_receive"),
            ("on_conect", "on_connect"),
            ("on_connected", "on_connect"),
            ("on_open", "on_connect"),
            ("on_accept", "on_connect"),
            ("on_clsoe", "on_close"),
            ("on_disconnect", "on_close"),
            ("on_closed", "on_close"),
            ("on_strat", "on_start"),
            ("on_workerstart", "on_worker_start"),
            ("on_worker_started", "on_worker_start"),
            ("onWorkerStart", "on_worker_start"),
            ("on_error", "on_worker_error"),
            ("on_worker_eror", "on_worker_error"),
            ("on_manger_start", "on_manager_start"),
            ("on_shutdwon", "on_shutdown"),
            ("on_stop", "on_shutdown"),
            ("on_panik", "on_panic"),
            ("on_pipemessage", "on_pipe_message"),
            ("onPipeMessage", "on_pipe_message"),
            ("on_pipe_mesage", "on_pipe_message"),
            ("on_ipc", "on_pipe_message"),
            ("on_tiemr", "on_timer"),
            ("onTimer", "on_timer"),
            ("on_interval", "on_timer"),
        ] {
            assert_eq!(callback_meant(written), Some(Suggestion::Known(meant)), "{written}");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_not_taken_for_a_typo_of_what_is() {
        for (written, meant) in [("onRequest", "on_request"), ("on_handshak", "on_handshake")] {
            assert_eq!(callback_meant(written), Some(Suggestion::NotYet(meant)), "{written}");
        }
        for (written, meant) in [("max_concurency", "max_concurrency"), ("ssl", "tls")] {
            assert_eq!(key_meant(written), Some(Suggestion::NotYet(meant)), "{written}");
        }
        for (written, meant) in
            [("open_eof_check", "frame"), ("fraem", "frame"), ("dispatch_mode", "dispatch"), ("heartbeat_idle_time", "heartbeat_idle")]
        {
            assert_eq!(key_meant(written), Some(Suggestion::Known(meant)), "{written}: it is no setting, and there");
        }
    }

    #[test]
    fn a_typo_or_another_word_finds_the_key_that_was_meant() {
        for (written, meant) in [
            ("workrs", "workers"),
            ("worker", "workers"),
            ("Workers", "workers"),
            ("worker_num", "workers"),
            ("port", "listen"),
            ("host", "listen"),
            ("addr", "listen"),
            ("lsiten", "listen"),
            ("listener", "listen"),
            ("reactor_num", "reactors"),
            ("threads", "reactors"),
            ("max_connection", "max_conn"),
            ("max_connections", "max_conn"),
            ("maxconn", "max_conn"),
            ("baklog", "backlog"),
            ("open_tcp_nodelay", "tcp_nodelay"),
            ("loglevel", "log_level"),
            ("max_wait", "max_wait_time"),
            ("modes", "mode"),
            ("message_queues", "message_queue"),
            ("mesage_cell", "message_cell"),
            ("task_max_requests", "task_max_request"),
            ("task_grace", "task_max_request_grace"),
            ("daemonise", "daemonize"),
            ("logfile", "log_file"),
            ("pidfile", "pid_file"),
            ("open_cpu_affinity", "cpu_affinity"),
            ("timer", "timers"),
            ("addtimer", "timers"),
            ("max_timer", "max_timers"),
        ] {
            assert_eq!(key_meant(written), Some(Suggestion::Known(meant)), "{written}");
        }
    }

    #[test]
    fn a_stranger_finds_nothing() {
        for word in ["on_coffee", "on_", "on_x", "on_metrics", "on_login", "on_tick", "on_drain"] {
            assert_eq!(callback_meant(word), None, "{word}");
        }
        for word in ["colour", "x", "database_url", "name", "retries", "prefix", "on"] {
            assert_eq!(key_meant(word), None, "{word}");
        }
        for word in ["coroutine", "async", ""] {
            assert_eq!(mode_meant(word), None, "{word}");
        }
        for word in ["patience", "max", "from_secs", "default"] {
            assert_eq!(unit_meant(word, true), None, "{word}");
        }
    }

    #[test]
    fn a_mode_or_a_unit_is_found_like_a_key() {
        assert_eq!(mode_meant("proces"), Some(Suggestion::Known("process")));
        assert_eq!(mode_meant("PROCESS"), Some(Suggestion::Known("process")));
        assert_eq!(mode_meant("threads"), Some(Suggestion::NotYet("thread")));
        assert_eq!(unit_meant("sec", true), Some("secs"));
        assert_eq!(unit_meant("sces", true), Some("secs"));
        assert_eq!(unit_meant("minutes", true), Some("mins"));
        assert_eq!(unit_meant("mb", false), Some("mib"));
        assert_eq!(unit_meant("m", true), Some("mins"));
        assert_eq!(dispatch_meant("roundrobin"), Some("round_robin"));
        assert_eq!(dispatch_meant("coffee"), None);
    }
}
