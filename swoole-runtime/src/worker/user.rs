//! The life of a user process: its function, once.
//!
//! If it dies here: what it has sent is on its way; the manager settles the rest as of a worker, and forks another.

use crate::{
    context::{Mailbox, UserProcess, Worker},
    contract::Server,
    event::State,
    layout::Memory,
    logging,
};

use super::{FAILED, STOPPED};

/// [user process] Runs the function that the attribute names for this slot, to an exit code.
pub(super) fn run<S: Server>(memory: &'static Memory, slot: usize, worker: &'static Worker<S>) -> i32 {
    // A slot beyond them is one that the layout would have told apart.
    let Some(process) = memory.user_process(slot).and_then(|at| S::PROCESSES.get(at)) else { return FAILED };
    let board = memory.worker(slot);
    let mailbox = if S::DISPATCH.on_pipe_message.is_some() { Mailbox::open(memory, slot, worker.generation()) } else { None };
    let context = UserProcess::new(worker, process.name, mailbox);
    board.enter(State::Ready);
    memory.bells.manager.ring();
    logging::debug!("ready");
    let outcome = (process.run)(&context);
    board.enter(State::Stopping);
    match outcome {
        Ok(()) => STOPPED,
        Err(failure) => {
            board.words.say(&failure.0);
            logging::debug!("it returned an error: {}", failure.0);
            FAILED
        }
    }
}
