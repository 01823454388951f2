//! A worker or a task worker: one process, one thread, one value of the user's type, whose callbacks it runs one after the other. And a user
//! process, which takes its slot in the same way and has a function to run.
//!
//! If it dies here: before its claim the slot is open, or another's; after it, its board and its rings say what it was in, and the manager
//! settles that before a successor is forked, or handed the slot.

mod errors;
mod lost;
mod messages;
mod panic;
mod serve;
mod tasks;
mod user;

use crate::{
    context::{Jobs, Outbox, Postbox, Worker, WorkerStart},
    contract::Server,
    error::Failure,
    event::{Callback, State},
    id::WorkerId,
    layout::{Memory, Role},
    logging::{self, Speaker},
    process::{Claim, LastWords, Taking},
    sys::{
        affinity, clock,
        lifeline::{Lifeline, Tied},
        limits, signals,
        wake::Bed,
    },
};
use core::hash::{BuildHasher, Hasher};
use nix::sys::signal::Signal;
use std::{hash::RandomState, io, panic::AssertUnwindSafe};

/// The exit codes of a worker; `FAILED` is that of a user process whose function returned an error.
const STOPPED: i32 = 0;
const NOT_STARTED: i32 = 1;
const FAILED: i32 = 1;
const PANICKED: i32 = 101;

/// After how many requests or jobs a process asks for its successor; each after another number, so that they do not go together.
fn share(most: u64, grace: u64) -> Option<u64> {
    let more = || RandomState::new().build_hasher().finish() % grace.saturating_add(1);
    (most > 0).then(|| most.saturating_add(more()))
}

/// [worker] The whole life of a worker, from its fork to its exit code.
pub(crate) fn live<S: Server>(memory: &'static Memory, slot: usize, taking: Taking, lifeline: &Lifeline) -> i32 {
    // Known when the program is compiled: a server without user processes has nothing of them.
    if !S::PROCESSES.is_empty()
        && let Some(name) = memory.name_of_user_process(slot)
    {
        logging::speak_as(Speaker::UserProcess(name));
        let duty = Duty { begin: |_| Ok(()), serve: |memory, slot, worker, ()| user::run::<S>(memory, slot, worker) };
        return take_slot(memory, slot, taking, lifeline, &duty);
    }
    logging::speak_as(if memory.task_worker(slot).is_some() { Speaker::TaskWorker(slot as u16) } else { Speaker::Worker(slot as u16) });
    take_slot(memory, slot, taking, lifeline, &Duty { begin: S::DISPATCH.on_worker_start, serve: run::<S> })
}

/// What a process does that has come as far as its slot: builds its state, and serves with it to an exit code.
struct Duty<S: Server, T> {
    begin: fn(&WorkerStart) -> Result<T, Failure>,
    serve: fn(&'static Memory, usize, &'static Worker<S>, T) -> i32,
}

fn take_slot<S: Server, T>(memory: &'static Memory, slot: usize, taking: Taking, lifeline: &Lifeline, duty: &Duty<S, T>) -> i32 {
    match taking {
        Taking::Open(opened) => hold_at_once(memory, slot, opened, lifeline, duty),
        Taking::Beside { opened, generation } => get_ready_beside(memory, slot, opened, generation, lifeline, duty),
    }
}

/// In a slot that nobody holds.
fn hold_at_once<S: Server, T>(memory: &'static Memory, slot: usize, opened: Claim, lifeline: &Lifeline, duty: &Duty<S, T>) -> i32 {
    let claim = Claim { pid: Some(std::process::id()), ..opened };
    if !memory.slot(slot).owner.claim(opened, std::process::id()) {
        logging::debug!("the slot was given to another process; this one ends");
        return STOPPED;
    }
    let board = memory.worker(slot);
    board.clean(clock::unix_ms());
    let (_tied, bed) = match settle_in(memory, slot, lifeline) {
        Ok(settled) => settled,
        Err(e) => return not_started(&board.words, &format!("the worker cannot settle in: {e}")),
    };
    let postbox = if S::DISPATCH.on_pipe_message.is_some() { Postbox::attach(memory, slot) } else { None };
    let worker = attach::<S>(memory, slot, claim, bed, postbox);
    let start = WorkerStart::new(worker.id(), claim, memory, postbox);
    std::panic::catch_unwind(AssertUnwindSafe(|| {
        board.step_aside(Some(Callback::WorkerStart), clock::uptime_ms());
        let state = match (duty.begin)(&start) {
            Ok(state) => state,
            Err(failure) => return not_started(&board.words, &failure.0),
        };
        board.step_aside(None, clock::uptime_ms());
        (duty.serve)(memory, slot, worker, state)
    }))
    .unwrap_or(PANICKED)
}

/// Beside the process that holds the slot: nothing of the slot is touched before that one is dead and settled, and the manager has handed
/// the slot over. If this process dies before: nobody misses it. If the manager does: the next one calls it off.
fn get_ready_beside<S: Server, T>(
    memory: &'static Memory,
    slot: usize,
    opened: Claim,
    generation: u32,
    lifeline: &Lifeline,
    duty: &Duty<S, T>,
) -> i32 {
    let pid = std::process::id();
    let (board, words) = (memory.successor(slot), &memory.successor(slot).words);
    if !memory.slot(slot).successor.claim(opened, pid) {
        return STOPPED;
    }
    let (_tied, bed) = match settle_in(memory, slot, lifeline) {
        Ok(settled) => settled,
        Err(e) => return not_started(words, &format!("the worker cannot settle in: {e}")),
    };
    panic::say_in(words);
    let claim = Claim { generation, pid: Some(pid) };
    let postbox = if S::DISPATCH.on_pipe_message.is_some() { Postbox::beside(memory, slot) } else { None };
    let start = WorkerStart::new(WorkerId::new(slot as u16), claim, memory, postbox);
    let state = match std::panic::catch_unwind(AssertUnwindSafe(|| (duty.begin)(&start))) {
        Ok(Ok(state)) => state,
        Ok(Err(failure)) => return not_started(words, &failure.0),
        Err(_) => return PANICKED,
    };
    board.get_ready();
    memory.bells.manager.ring();
    logging::debug!("ready, beside its predecessor");
    loop {
        let (is_called_off, holder) =
            (memory.slot(slot).successor.read() != Claim { pid: Some(pid), ..opened }, memory.slot(slot).owner.read());
        // Read in this order: a manager that calls off finds what the one before has handed over.
        if holder == claim {
            break;
        }
        if is_called_off {
            logging::debug!("called off");
            return STOPPED;
        }
        bed.sleep(None);
    }
    memory.worker(slot).clean(clock::unix_ms());
    let worker = attach::<S>(memory, slot, claim, bed, postbox);
    if let Some(postbox) = postbox {
        postbox.take_over();
    }
    std::panic::catch_unwind(AssertUnwindSafe(|| (duty.serve)(memory, slot, worker, state))).unwrap_or(PANICKED)
}

/// Takes up what the slot has; its process alone does.
fn attach<S: Server>(
    memory: &'static Memory,
    slot: usize,
    claim: Claim,
    bed: Bed,
    postbox: Option<&'static Postbox>,
) -> &'static Worker<S> {
    let outbox = Outbox::attach(memory, Some(slot), Some(bed));
    // Known when the program is compiled: a server without tasks has nothing of them.
    let jobs: Option<&'static Jobs<S>> = if S::DISPATCH.on_task.is_some() { Jobs::attach(memory, slot) } else { None };
    // For as long as the process lives: the panic hook refers to it.
    let worker: &'static Worker<S> = Box::leak(Box::new(Worker::new(outbox, WorkerId::new(slot as u16), claim, jobs, postbox)));
    panic::report_with(worker);
    worker
}

/// Makes this process one that ends with the master, is not ended by Ctrl-C, and can write only what is its own.
fn settle_in(memory: &'static Memory, slot: usize, lifeline: &Lifeline) -> io::Result<(Tied, Bed)> {
    let tied = lifeline.tie(Signal::SIGKILL)?;
    if lifeline.is_cut() {
        // The master ended before the line was tied: no signal will come.
        return Err(io::Error::other("the master has ended"));
    }
    limits::first_to_go();
    signals::let_pass()?;
    memory.become_one(Role::Worker(slot))?;
    let bed = Bed::beside(&memory.bells.workers[slot])?;
    if let Some(&cpu) = memory.settings.cpus.get(slot % memory.settings.cpus.len().max(1)).filter(|_| slot < memory.settings.workers) {
        affinity::stay_on(cpu)?;
    }
    // Last: nothing of the above is to be had afterwards.
    memory.settings.identity.take_on()?;
    Ok((tied, bed))
}

fn run<S: Server>(memory: &'static Memory, slot: usize, worker: &'static Worker<S>, mut state: S) -> i32 {
    let board = memory.worker(slot);
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
    worker.drop_pending();
    STOPPED
}

fn not_started(words: &LastWords, why: &str) -> i32 {
    words.say(why);
    // The manager says it with the exit. What the board does not hold in full is said here.
    match words.said() {
        Some(said) if said == why => logging::debug!("on_worker_start: {why}"),
        _ => logging::error!("on_worker_start: {why}"),
    }
    NOT_STARTED
}
