//! Which name was probably meant: the nearest by letters, then what else a thing is called. No suggestion is better than a wild one.

use super::{CALLBACKS, CALLBACKS_NOT_YET, KEYS, KEYS_NOT_YET, MODES_NOT_YET, UNITS};

/// A name that was probably meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Suggestion {
    /// One to write.
    Known(&'static str),
    /// One that this release does not have.
    NotYet(&'static str),
}

/// Name, and what else it is called.
type Row = (Suggestion, &'static [&'static str]);

/// The callback that somebody who wrote `name` wanted; written in the original's way (`onReceive`) too.
pub(crate) fn callback_meant(name: &str) -> Option<Suggestion> {
    let known = CALLBACKS.iter().map(|callback| (Suggestion::Known(callback.name), callback.synonyms));
    let not_yet = CALLBACKS_NOT_YET.iter().map(|name| (Suggestion::NotYet(name), [].as_slice()));
    nearest(name, known.chain(not_yet))
}

/// The key that somebody who wrote `name` wanted.
pub(crate) fn key_meant(name: &str) -> Option<Suggestion> {
    let known = KEYS.iter().map(|key| (Suggestion::Known(key.name), key.synonyms));
    let not_yet = KEYS_NOT_YET.iter().map(|(name, originals)| (Suggestion::NotYet(name), *originals));
    nearest(name, known.chain(not_yet))
}

/// The mode that somebody who wrote `name` wanted.
pub(crate) fn mode_meant(name: &str) -> Option<Suggestion> {
    let not_yet = MODES_NOT_YET.iter().map(|name| (Suggestion::NotYet(name), [].as_slice()));
    let known = (Suggestion::Known("process"), ["multiprocess", "swoole_process", "prefork"].as_slice());
    nearest(name, not_yet.chain([known]))
}

/// The unit of time that somebody who wrote `name` wanted.
pub(crate) fn unit_meant(name: &str) -> Option<Suggestion> {
    nearest(name, UNITS.iter().map(|(name, synonyms)| (Suggestion::Known(name), *synonyms)))
}

fn nearest(name: &str, rows: impl Iterator<Item = Row> + Clone) -> Option<Suggestion> {
    let wanted = stem(name);
    let exact = rows
        .clone()
        .find(|(suggestion, synonyms)| stem(suggestion.name()) == wanted || synonyms.iter().any(|synonym| stem(synonym) == wanted));
    let near = || {
        rows.filter_map(|(suggestion, _)| {
            let candidate = stem(suggestion.name());
            let far = strsim::osa_distance(&wanted, &candidate);
            (far.saturating_mul(3) <= wanted.len().max(candidate.len())).then_some((far, suggestion))
        })
        .min_by_key(|(far, _)| *far)
        .map(|(_, suggestion)| suggestion)
    };
    exact.map(|(suggestion, _)| suggestion).or_else(near)
}

/// A name without `on_`, underscores and capitals.
fn stem(name: &str) -> String {
    let plain: String = name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
    match plain.strip_prefix("on") {
        Some(rest) if name.to_lowercase().starts_with("on_") || name.starts_with("on") && name != plain => rest.to_owned(),
        _ => plain,
    }
}

impl Suggestion {
    pub(crate) fn name(self) -> &'static str {
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
        ] {
            assert_eq!(callback_meant(written), Some(Suggestion::Known(meant)), "{written}");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_not_taken_for_a_typo_of_what_is() {
        for (written, meant) in [
            ("on_task", "on_task"),
            ("on_tsak", "on_task"),
            ("on_packet", "on_packet"),
            ("on_finished", "on_finish"),
            ("on_pipemessage", "on_pipe_message"),
            ("onBufferFull", "on_buffer_full"),
        ] {
            assert_eq!(callback_meant(written), Some(Suggestion::NotYet(meant)), "{written}");
        }
        for (written, meant) in [
            ("task_worker", "task_workers"),
            ("task_worker_num", "task_workers"),
            ("dispatch_mode", "dispatch"),
            ("daemonise", "daemonize"),
            ("open_eof_check", "frame"),
            ("ssl", "tls"),
        ] {
            assert_eq!(key_meant(written), Some(Suggestion::NotYet(meant)), "{written}");
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
            assert_eq!(unit_meant(word), None, "{word}");
        }
    }

    #[test]
    fn a_mode_or_a_unit_is_found_like_a_key() {
        assert_eq!(mode_meant("proces"), Some(Suggestion::Known("process")));
        assert_eq!(mode_meant("PROCESS"), Some(Suggestion::Known("process")));
        assert_eq!(mode_meant("threads"), Some(Suggestion::NotYet("thread")));
        assert_eq!(unit_meant("sec"), Some(Suggestion::Known("secs")));
        assert_eq!(unit_meant("sces"), Some(Suggestion::Known("secs")));
        assert_eq!(unit_meant("minutes"), Some(Suggestion::Known("mins")));
    }
}
