//! Messages that other processes have sent: read, and given to `on_pipe_message`.
//!
//! Runs in: workers and task workers. If the sender is dead: what it has sent is there. If this process dies in the callback: the message
//! has begun, and its successor goes on with the next one; a worker with `on_lost` is told of it first.

use crate::{
    context::{SentMessage, Worker},
    contract::{Outcome, Server},
    error::Failure,
    event::Callback,
    id::WorkerId,
    job::Holder,
    layout::Memory,
    logging,
    message::{Mail, Messages, Waiting, collect},
    process::WorkerBoard,
    sys::clock,
};
use core::marker::PhantomData;
use std::borrow::Cow;

/// How many messages come before what else there is to do.
const MESSAGES_A_TURN: usize = 64;

/// The receiving side of a process.
pub(super) struct Inbox<S: Server> {
    board: &'static WorkerBoard,
    slot: usize,
    holder: Holder,
    mail: &'static Mail,
    senders: Vec<Messages<'static>>,
    waiting: Vec<Waiting>,
    of: PhantomData<fn(&mut S)>,
}

impl<S: Server> Inbox<S> {
    /// `None` where the server has no `on_pipe_message`; that is known when the program is compiled.
    pub(super) fn open(memory: &'static Memory, slot: usize, generation: u32) -> Option<Self> {
        S::DISPATCH.on_pipe_message?;
        Some(Self {
            board: memory.worker(slot),
            slot,
            holder: Holder { task_worker: slot as u16, generation: generation as u16 },
            mail: memory.mail(slot)?,
            senders: (0..=memory.settings.slots()).filter_map(|sender| memory.messages(sender)).collect(),
            waiting: Vec::new(),
            of: PhantomData,
        })
    }

    /// How often [`read`](Self::read) is called at the end, so that all that was sent before is read, and no two that answer each other go on
    /// for ever.
    pub(super) fn turns_at_the_end(&self) -> usize {
        self.senders.iter().map(|messages| messages.tray.cells.len()).sum::<usize>() / MESSAGES_A_TURN + 1
    }

    /// Whether anything was sent that this process has not looked at.
    pub(super) fn has_any(&self) -> bool {
        self.mail.is_any()
    }

    /// Gives what a dead predecessor was at: from whom, and the message.
    pub(super) fn hand_over_lost(&self, tell: &mut dyn FnMut(WorkerId, Option<Vec<u8>>)) {
        for (sender, messages) in self.senders.iter().enumerate() {
            for received in messages.take_lost(self.slot as u16, self.holder) {
                let from = WorkerId::new(sender as u16);
                let message = messages.read(&received).map(Cow::into_owned);
                let said = message.inspect_err(|e| logging::error!("a message from worker {from}: it is not where it was put: {e}"));
                tell(from, said.ok());
                messages.put_away(received);
            }
        }
    }

    /// Gives what there is to `on_pipe_message`, the oldest first; `false` when there was nothing.
    pub(super) fn read(&mut self, state: &mut S, worker: &Worker<S>, report: &mut dyn FnMut(Outcome)) -> bool {
        let Some(on_pipe_message) = S::DISPATCH.on_pipe_message else { return false };
        if !self.has_any() {
            return false;
        }
        collect(self.senders.iter().map(|messages| messages.tray), self.mail, self.slot as u16, &mut self.waiting);
        if self.waiting.len() > MESSAGES_A_TURN {
            self.waiting.truncate(MESSAGES_A_TURN);
            // The rest comes in the next turn.
            self.mail.announce_all();
        }
        let was_any = !self.waiting.is_empty();
        for at in 0..self.waiting.len() {
            let waiting = self.waiting[at];
            let messages = self.senders[waiting.sender];
            let Some(received) = messages.take(waiting, self.holder) else { continue };
            let from = WorkerId::new(waiting.sender as u16);
            self.board.step_aside(Some(Callback::PipeMessage), clock::uptime_ms());
            let outcome = match messages.read(&received) {
                Ok(message) => on_pipe_message(state, worker, from, SentMessage::new(&message)),
                Err(e) => Err(Failure(format!("it is not where it was put: {e}"))),
            };
            self.board.step_aside(None, clock::uptime_ms());
            messages.put_away(received);
            report(outcome.map_err(|failure| Failure(format!("a message from worker {from}: {}", failure.0))));
        }
        was_any
    }
}
