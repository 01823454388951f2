//! A worker or a task worker: one process, one thread, one value of the user's type, whose callbacks it runs one after the other.
//!
//! If it dies here: before its claim the slot is open; after it, its board and its rings say what it was in, and the manager settles that
//! before a successor is forked.

mod messages;
mod panic;
mod serve;
mod tasks;

use crate::{
    context::{Jobs, Outbox, Postbox, Worker, WorkerStart},
    contract::Server,
    event::{Callback, State},
    id::WorkerId,
    layout::{Memory, Role},
    logging::{self, Speaker},
    process::Claim,
    sys::{clock, lifeline::Lifeline, limits, signals, wake::Bed},
};
use nix::sys::signal::Signal;
use std::{io, panic::AssertUnwindSafe};

/// The exit codes of a worker.
const STOPPED: i32 = 0;
const NOT_STARTED: i32 = 1;
const PANICKED: i32 = 101;

/// [worker] The whole life of a worker, from its fork to its exit code.
pub(crate) fn live<S: Server>(memory: &'static Memory, slot: usize, opened: Claim, lifeline: &Lifeline) -> i32 {
    let id = WorkerId::new(slot as u16);
    logging::speak_as(if memory.task_worker(slot).is_some() { Speaker::TaskWorker(id.get()) } else { Speaker::Worker(id.get()) });
    let claim = Claim { pid: Some(std::process::id()), ..opened };
    if !memory.slot(slot).owner.claim(opened, std::process::id()) {
        logging::debug!("the slot was given to another process; this one ends");
        return STOPPED;
    }
    memory.worker(slot).clean(clock::unix_ms());
    let (_tied, outbox) = match settle_in(memory, slot, lifeline) {
        Ok(settled) => settled,
        Err(e) => {
            logging::error!("the worker cannot settle in: {e}");
            memory.worker(slot).say(&format!("{e}"));
            return NOT_STARTED;
        }
    };
    // Known when the program is compiled: a server without tasks has nothing of them.
    let jobs: Option<&'static Jobs<S>> = if S::DISPATCH.on_task.is_some() { Jobs::attach(memory, slot) } else { None };
    let postbox = if S::DISPATCH.on_pipe_message.is_some() { Postbox::attach(memory, slot) } else { None };
    // For as long as the process lives: the panic hook refers to it.
    let worker: &'static Worker<S> = Box::leak(Box::new(Worker::new(outbox, id, claim, jobs, postbox)));
    panic::report_with(worker);
    let start = WorkerStart::new(id, claim, &memory.settings, postbox);
    std::panic::catch_unwind(AssertUnwindSafe(|| run(memory, slot, worker, &start))).unwrap_or(PANICKED)
}

/// Makes this process one that ends with the master, is not ended by Ctrl-C, and can write only what is its own.
fn settle_in(memory: &'static Memory, slot: usize, lifeline: &Lifeline) -> io::Result<(crate::sys::lifeline::Tied, Outbox)> {
    let tied = lifeline.tie(Signal::SIGKILL)?;
    if lifeline.is_cut() {
        // The master ended before the line was tied: no signal will come.
        return Err(io::Error::other("the master has ended"));
    }
    limits::first_to_go();
    signals::let_pass()?;
    memory.become_one(Role::Worker(slot))?;
    let bed = Bed::beside(&memory.bells.workers[slot])?;
    Ok((tied, Outbox::attach(memory, Some(slot), Some(bed))))
}

fn run<S: Server>(memory: &'static Memory, slot: usize, worker: &'static Worker<S>, start: &WorkerStart) -> i32 {
    let board = memory.worker(slot);
    board.step_aside(Some(Callback::WorkerStart), clock::uptime_ms());
    let mut state = match (S::DISPATCH.on_worker_start)(start) {
        Ok(state) => state,
        Err(failure) => return not_started(memory, slot, &failure.0),
    };
    board.step_aside(None, clock::uptime_ms());
    board.enter(State::Ready);
    memory.bells.manager.ring();
    logging::debug!("ready");
    if S::DISPATCH.on_task.is_some() && memory.task_worker(slot).is_some() {
        tasks::Working::new(memory, slot, worker).work(&mut state);
    } else {
        serve::Serving::new(memory, slot, worker).serve(&mut state);
    }
    board.enter(State::Stopping);
    if let Some(on_worker_stop) = S::DISPATCH.on_worker_stop {
        board.step_aside(Some(Callback::WorkerStop), clock::uptime_ms());
        if let Err(failure) = on_worker_stop(&mut state, worker) {
            logging::warn!("on_worker_stop: {}", failure.0);
        }
        board.step_aside(None, clock::uptime_ms());
    }
    STOPPED
}

fn not_started(memory: &'static Memory, slot: usize, why: &str) -> i32 {
    let board = memory.worker(slot);
    board.say(why);
    // The manager says it with the exit. What its board does not hold in full is said here.
    match board.said() {
        Some(said) if said == why => logging::debug!("on_worker_start: {why}"),
        _ => logging::error!("on_worker_start: {why}"),
    }
    NOT_STARTED
}
