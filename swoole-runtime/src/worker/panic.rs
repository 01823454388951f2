//! A panic in a callback: reported with callback and session, last words to the client, then the process ends and is replaced.

use crate::{context::Worker, contract::Server, event::Callback, id::SessionId, logging, process::LastWords};
use core::cell::Cell;
use std::panic::PanicHookInfo;

type Report = &'static dyn Fn(&str);

thread_local! {
    /// What to do in the thread that runs callbacks; a thread that user code started has none.
    static REPORT: Cell<Option<Report>> = const { Cell::new(None) };
}

/// [worker] From here on a panic of this thread is reported and `on_panic` runs; also where a panic aborts.
pub(super) fn report_with<S: Server>(worker: &'static Worker<S>) {
    // For as long as the process lives, as the worker is.
    on_panic(Box::leak(Box::new(move |message: &str| report(worker, message))));
}

/// [successor] The same for a process that holds no slot yet: its last words go there.
pub(super) fn say_in(words: &'static LastWords) {
    on_panic(Box::leak(Box::new(move |message: &str| {
        words.say(message);
        logging::error!("panic in {}: {message}", Callback::WorkerStart);
    })));
}

fn on_panic(report: Report) {
    REPORT.set(Some(report));
    std::panic::set_hook(Box::new(|info| {
        let message = message(info);
        // Taken out: a panic of `on_panic` itself finds none, and aborts.
        match REPORT.take() {
            Some(report) => report(&message),
            None => logging::error!("a thread panicked: {message}"),
        }
    }));
}

fn report<S: Server>(worker: &'static Worker<S>, message: &str) {
    let memory = worker.outbox().memory();
    let slot = worker.id().index();
    memory.worker(slot).words.say(message);
    let current = memory.current(slot);
    let session = current.and_then(|current| current.session);
    match (current.map(|current| current.callback), session) {
        (Some(callback), Some(session)) => {
            logging::error!("panic in {callback} of session {session}: {message}")
        }
        (Some(callback), None) => logging::error!("panic in {callback}: {message}"),
        (None, _) => logging::error!("panic: {message}"),
    }
    last_words(worker, session, message);
}

fn last_words<S: Server>(worker: &Worker<S>, session: Option<SessionId>, message: &str) {
    // A user process is no worker, and has nobody to say them to.
    if (S::PROCESSES.is_empty() || worker.outbox().memory().user_process(worker.id().index()).is_none())
        && let Some(on_panic) = S::DISPATCH.on_panic
        && let Err(failure) = on_panic(worker, session, message)
    {
        logging::warn!("on_panic: {}", failure.0);
    }
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("a panic whose payload is no text");
    match info.location() {
        Some(place) => format!("{what}, at {}:{}", place.file(), place.line()),
        None => what.to_owned(),
    }
}
