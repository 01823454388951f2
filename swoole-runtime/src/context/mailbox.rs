//! What has been sent to a user process. Used by its `receive`, in that process alone.
//!
//! If the sender is dead: what it has sent is there. If this process dies while it is at a message: that one has begun, and its successor
//! goes on with the next one; what it had found and not taken lies in its cell as before.

use crate::{
    id::WorkerId,
    job::Holder,
    layout::Memory,
    message::{Mail, Messages, Received, Waiting, collect},
};
use std::collections::VecDeque;

/// The receiving side.
pub(crate) struct Mailbox {
    slot: usize,
    holder: Holder,
    mail: &'static Mail,
    senders: Vec<Messages<'static>>,
    /// Those that were found and not taken yet, the oldest first.
    waiting: VecDeque<Waiting>,
    found: Vec<Waiting>,
}

/// A message that this process is at.
pub(super) struct Arrived {
    pub(super) from: WorkerId,
    pub(super) messages: Messages<'static>,
    pub(super) received: Received,
}

impl Mailbox {
    /// `None` where the server has no `on_pipe_message`.
    pub(crate) fn open(memory: &'static Memory, slot: usize, generation: u32) -> Option<Self> {
        Some(Self {
            slot,
            holder: Holder { task_worker: slot as u16, generation: generation as u16 },
            mail: memory.messages(slot).and_then(|_| memory.mail(slot))?,
            senders: (0..=memory.settings.slots()).filter_map(|sender| memory.messages(sender)).collect(),
            waiting: VecDeque::new(),
            found: Vec::new(),
        })
    }

    /// Whether anything was sent that this process has not looked at. Before a sleep, when nothing waits of what it has looked at.
    pub(super) fn has_any(&self) -> bool {
        self.mail.is_any()
    }

    /// How many messages may have been sent before now.
    pub(super) fn most(&self) -> usize {
        self.senders.iter().map(|messages| messages.tray.cells.len()).sum()
    }

    /// The oldest there is.
    pub(super) fn take(&mut self) -> Option<Arrived> {
        if self.waiting.is_empty() && self.has_any() {
            collect(self.senders.iter().map(|messages| messages.tray), self.mail, self.slot as u16, &mut self.found);
            self.waiting.extend(self.found.drain(..));
        }
        while let Some(waiting) = self.waiting.pop_front() {
            let messages = self.senders[waiting.sender];
            if let Some(received) = messages.take(waiting, self.holder) {
                return Some(Arrived { from: WorkerId::new(waiting.sender as u16), messages, received });
            }
        }
        None
    }
}
