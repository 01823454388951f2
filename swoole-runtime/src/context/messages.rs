//! The call by which processes send each other messages. Runs in: workers, task workers, user processes and the manager. If the receiver
//! is dead: its successor gets the message.

use super::{
    Manager, TaskWorker, UserProcess, Worker, WorkerStart,
    handed::{AsMessage, SentAs},
};
use crate::{
    error::MessageError,
    id::WorkerId,
    job::Written,
    layout::Memory,
    logging,
    message::{Messages, Tray},
    ring::Answers,
    sync::{Ordering, fence},
};
use core::{cell::RefCell, marker::PhantomData};
use serde_core::{Deserialize, Serialize};

/// A server with `on_pipe_message`: the expansion of `#[swoole::server]` implements it for one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `on_pipe_message`",
    label = "has nobody to send a message to",
    note = "a message goes to another worker or task worker, where `on_pipe_message` takes it",
    note = "help: add `fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: Message)` to the block"
)]
pub trait TakesMessages: 'static {
    /// What `on_pipe_message` takes, as it borrows from where it was written.
    type Message<'message>;
}

/// What can be sent to another process: the last parameter of `on_pipe_message`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to another worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "a message is written into shared memory, and read in another process",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait PipeMessage<'message>: Sized {
    /// The message that was written so, unless it was of another type.
    fn read(bytes: &'message [u8]) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<'message, M: Serialize + Deserialize<'message>> PipeMessage<'message> for M {
    fn read(bytes: &'message [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// A message before it is read.
pub struct SentMessage<'message> {
    bytes: &'message [u8],
}

impl<'message> SentMessage<'message> {
    pub(crate) fn new(bytes: &'message [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn bytes(&self) -> &'message [u8] {
        self.bytes
    }
}

/// The sending side of a process.
pub(crate) struct Postbox {
    memory: &'static Memory,
    /// The slot of this process; the manager has the number behind the last.
    sender: usize,
    messages: Messages<'static>,
    shelf: RefCell<Option<Shelf>>,
    /// What a process has sent before it held its slot, whose cells were another's until then.
    held_back: RefCell<Vec<(WorkerId, Vec<u8>)>>,
}

/// A message that was written before.
struct WrittenBefore(Vec<u8>);

impl Written for WrittenBefore {
    fn write(&self, space: &mut [u8]) -> Option<usize> {
        space.get_mut(..self.0.len())?.copy_from_slice(&self.0);
        Some(self.0.len())
    }

    fn to_vec(&self) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }
}

/// What a process remembers of the messages that it has sent.
struct Shelf {
    /// Where the next free cell is looked for first.
    next: usize,
    /// Whom the message was for that this process has last seen in each cell, and for how many cells of each receiver that holds.
    receivers: Vec<Option<usize>>,
    held: Vec<usize>,
    /// The last raises of the receivers that this process has answered.
    answers: Vec<Answers>,
}

impl Postbox {
    /// [worker, task worker, manager] For as long as the process lives; `None` where the server has no `on_pipe_message`.
    pub(crate) fn attach(memory: &'static Memory, sender: usize) -> Option<&'static Self> {
        let postbox = Self::beside(memory, sender)?;
        postbox.take_over();
        Some(postbox)
    }

    /// [successor] The same for a process that does not hold its slot yet.
    pub(crate) fn beside(memory: &'static Memory, sender: usize) -> Option<&'static Self> {
        let (messages, shelf, held_back) = (memory.messages(sender)?, RefCell::default(), RefCell::default());
        Some(Box::leak(Box::new(Self { memory, sender, messages, shelf, held_back })))
    }

    /// [worker, task worker, manager] The cells are this process's own from here on: what it has sent before leaves.
    pub(crate) fn take_over(&self) {
        self.shelf.replace(Some(Shelf::new(self.memory.settings.slots(), self.messages.tray)));
        for (to, message) in self.held_back.take() {
            if let Err(e) = self.send(to, &WrittenBefore(message)) {
                logging::error!("a message of on_worker_start to worker {to} is lost: {e}");
            }
        }
    }

    fn hold_back(&self, to: WorkerId, message: &dyn Written) -> Result<(), MessageError> {
        let mut held_back = self.held_back.borrow_mut();
        if held_back.len() >= most_for_one(self.messages.tray) {
            return Err(MessageError::QueueFull);
        }
        held_back.push((to, message.to_vec().ok_or(MessageError::Unreadable)?));
        Ok(())
    }

    pub(super) fn send(&self, to: WorkerId, message: &dyn Written) -> Result<(), MessageError> {
        let slot = to.index();
        let mail = self.memory.mail(slot).ok_or(MessageError::NoSuchWorker)?;
        if slot == self.sender {
            return Err(MessageError::ToItself);
        }
        let mut shelf = self.shelf.borrow_mut();
        let Some(shelf) = &mut *shelf else { return self.hold_back(to, message) };
        let cell = shelf.cell_for(slot, self.messages.tray).ok_or(MessageError::QueueFull)?;
        // Relaxed: a number that nobody else has.
        let ticket = self.memory.message_ticket().fetch_add(1, Ordering::Relaxed) + 1;
        let load = self.messages.write(cell, &format_args!("message {ticket}"), message)?;
        shelf.put(cell, slot);
        self.messages.tray.send(cell, to.get(), ticket, load.word(), self.sender, mail);
        // Pairs with the fence in `Flag::raise`: "flag or work".
        fence(Ordering::SeqCst);
        if shelf.answers[slot].glance(&self.memory.worker(slot).asleep) {
            self.memory.bells.workers[slot].ring();
        }
        Ok(())
    }
}

/// How many cells may hold messages to one receiver: the rest is for the others.
fn most_for_one(tray: Tray<'_>) -> usize {
    tray.cells.len() - tray.cells.len() / 4
}

impl Shelf {
    fn new(slots: usize, tray: Tray<'_>) -> Self {
        // What a predecessor has sent may be on its way still.
        let receivers: Vec<Option<usize>> = (0..tray.cells.len()).map(|cell| tray.receiver(cell).filter(|&to| to < slots)).collect();
        let held = (0..slots).map(|slot| receivers.iter().filter(|to| **to == Some(slot)).count()).collect();
        Self { next: 0, receivers, held, answers: (0..slots).map(|_| Answers::default()).collect() }
    }

    /// A free cell for a message to this one; `None` as well where so many are on their way to it that there would be none for others.
    fn cell_for(&mut self, to: usize, tray: Tray<'_>) -> Option<usize> {
        let most = most_for_one(tray);
        if self.held[to] >= most {
            // Those that have arrived since.
            for cell in 0..tray.cells.len() {
                if tray.receiver(cell).is_none() {
                    self.let_go(cell);
                }
            }
            if self.held[to] >= most {
                return None;
            }
        }
        let cell = tray.free(self.next)?;
        self.next = cell + 1;
        Some(cell)
    }

    fn put(&mut self, cell: usize, to: usize) {
        self.let_go(cell);
        self.receivers[cell] = Some(to);
        self.held[to] += 1;
    }

    fn let_go(&mut self, cell: usize) {
        if let Some(before) = self.receivers[cell].take() {
            self.held[before] -= 1;
        }
    }
}

/// Writes one body into each of several impl blocks, as that of the calls on sessions.
macro_rules! calls {
    ($( [$($block:tt)+] )+ => $body:tt) => { $( $($block)+ $body )+ };
}

calls! { [impl<S: 'static> Worker<S>] [impl<S: 'static> TaskWorker<S>] [impl<S: 'static> UserProcess<S>] => {
    /// Sends a message to another worker or task worker, where `on_pipe_message` takes it, or to a user process, which takes it by
    /// `receive`, and returns at once. Messages of one process to another arrive in the order in which they were sent; a process that dies
    /// before it came to one leaves it to its successor. The original: `$serv->sendMessage`.
    ///
    /// What is larger than `message_cell` goes through one of a few large cells of 2 MiB, or else through a file in `task_tmpdir`.
    ///
    /// # Errors
    /// [`MessageError::QueueFull`], [`MessageError::NoSuchWorker`], [`MessageError::ToItself`], [`MessageError::Storage`],
    /// [`MessageError::Unreadable`] for a message that cannot be written. Nothing was sent then.
    pub fn send_message<'message, P: SentAs<S::Message<'message>> + ?Sized>(
        &self,
        to: impl Into<WorkerId>,
        message: &'message P,
    ) -> Result<(), MessageError>
    where
        S: TakesMessages,
    {
        send(self.postbox(), to.into(), &AsMessage(message, PhantomData))
    }
} }

calls! { [impl Manager] [impl WorkerStart] => {
    /// Sends a message to a worker or task worker, where `on_pipe_message` of the server `S` takes it, or to a user process, which takes it by
    /// `receive`, and returns at once: `send_message::<Self>(to, &message)`. It has the number behind the last of them as its sender when
    /// the manager sends it. The original: `$serv->sendMessage`.
    ///
    /// What is larger than `message_cell` goes through one of a few large cells of 2 MiB, or else through a file in `task_tmpdir`.
    ///
    /// # Errors
    /// [`MessageError::QueueFull`], [`MessageError::NoSuchWorker`], [`MessageError::ToItself`], [`MessageError::Storage`],
    /// [`MessageError::Unreadable`] for a message that cannot be written. Nothing was sent then.
    pub fn send_message<'message, S: TakesMessages>(
        &self,
        to: impl Into<WorkerId>,
        message: &'message (impl SentAs<S::Message<'message>> + ?Sized),
    ) -> Result<(), MessageError> {
        send(self.postbox(), to.into(), &AsMessage(message, PhantomData))
    }
} }

fn send(postbox: Option<&Postbox>, to: WorkerId, message: &dyn Written) -> Result<(), MessageError> {
    // A server with `on_pipe_message` has cells for messages.
    postbox.ok_or(MessageError::NoSuchWorker)?.send(to, message)
}
