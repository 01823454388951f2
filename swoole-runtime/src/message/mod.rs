//! Messages between processes: one lies in a cell of its sender until its receiver is through with it. Workers, task workers and the
//! manager send; workers and task workers receive.
//!
//! Each sender has a pool of cells, as a worker has for jobs, and a message's cell moves as a job's does, without an output:
//!
//! ```text
//!     free ─offer─▶ ready ─take─▶ taken ─put_away─▶ free
//! ```
//!
//! A message is for one receiver, which its cell names. Each receiver has a word of mail, by which it finds who has sent it something
//! without looking at every pool: who has offered sets a bit there, then rings if the receiver sleeps. A sender without a free cell says
//! so and waits for nobody, so two processes that flood each other both go on.
//!
//! If a process dies here:
//! - the sender, before it offered: the cell is free, and what was written into it is nothing. After it, before the bits are set and the
//!   bell is rung: the manager sets them (`settle_sender`) and rings. What was sent arrives.
//! - the receiver, after it took the bits of its mail: the manager sets all of them for its successor (`settle_receiver`).
//! - the receiver, after it took a message: its callback has begun, and begins once; its end says so, and the manager frees the cell, and
//!   after it what the message had claimed (`Claims::settle`). The same before it gave that back.
//! - the sender, while its message is ready or taken: the message goes on; its successor finds the cell in use.
//! - the manager, in the middle of settling: the next one does it again; every step may be done twice.

#[cfg(test)]
mod laws;

use crate::{
    job::{Bits, Claim, Half, Holder, JobCell, Kind, Load, Offer, Overflow, Phase, Place, Pool, Refused, State, Written},
    shm::{Bytes, Shared},
    sync::{AtomicU64, Ordering},
};
use core::fmt;
use std::{borrow::Cow, io};

/// Who has sent something to one receiver: a bit stands for every 64th sender.
#[repr(transparent)]
pub(crate) struct Mail(AtomicU64);

impl Mail {
    #[cfg_attr(not(test), expect(dead_code, reason = "shared memory comes as zeroes"))]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// [sender] After the message is ready.
    pub(crate) fn announce(&self, sender: usize) {
        // Release, label "mail": the moves of the cell came before.
        self.0.fetch_or(1 << (sender % 64), Ordering::Release);
    }

    /// [receiver, manager] Any sender may have sent something.
    pub(crate) fn announce_all(&self) {
        // Release: as above.
        self.0.store(u64::MAX, Ordering::Release);
    }

    /// [receiver] Who has, and nobody any more.
    fn take(&self) -> u64 {
        // Acquire, label "mail".
        if self.is_any() { self.0.swap(0, Ordering::Acquire) } else { 0 }
    }

    pub(crate) fn is_any(&self) -> bool {
        // Relaxed: a glance, so that a quiet word is not written; before a sleep the fence of the flag orders it.
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// The messages of one sender. What does not fit a cell lies where the larger jobs lie, and is claimed as they are: see `job::claims`.
#[derive(Clone, Copy)]
pub(crate) struct Messages<'a> {
    pub(crate) cells: &'a [JobCell],
    ready: Bits<'a>,
    bytes: Bytes,
    /// How many bytes a cell has.
    room: usize,
    /// What does not fit.
    pub(crate) overflow: Overflow,
}

/// A message that waits for its receiver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Waiting {
    /// Rises over all messages of the server: what one sender has sent first comes first.
    pub(crate) ticket: u64,
    pub(crate) sender: usize,
    pub(crate) cell: usize,
}

/// A message that its receiver is at.
pub(crate) struct Received {
    cell: usize,
    state: State,
    load: Load,
}

impl<'a> Messages<'a> {
    pub(crate) fn new(cells: &'a [JobCell], ready: Bits<'a>, bytes: Bytes, room: usize, overflow: Overflow) -> Self {
        Self { cells, ready, bytes, room, overflow }
    }

    /// A message uses of a pool what jobs need to be found; nothing comes back.
    fn pool(&self) -> Pool<'a> {
        Pool { cells: self.cells, ready: self.ready, done: Bits::new(&[]) }
    }

    pub(crate) fn count(&self) -> usize {
        self.cells.len()
    }

    /// [sender] A cell to fill, looked for from `from` on.
    pub(crate) fn free(&self, from: usize) -> Option<usize> {
        self.pool().free(from)
    }

    /// Whose message is in this cell; `None` where there is none.
    pub(crate) fn receiver(&self, cell: usize) -> Option<usize> {
        let cell = &self.cells[cell];
        // Relaxed: published by the move to ready, which `state` has seen.
        (cell.state().phase != Phase::Free).then(|| cell.only.load(Ordering::Relaxed).checked_sub(1).map(|to| to as usize)).flatten()
    }

    /// [sender] Writes a message for a free cell of its own. Nothing is left of it on an error; `what` it is stands in the log.
    pub(crate) fn write(&self, cell: usize, what: &dyn fmt::Display, message: &dyn Written) -> Result<Load, Refused> {
        let free = self.cells[cell].state();
        let piece = if free.phase == Phase::Free { self.bytes.piece(cell * self.room, self.room) } else { None };
        // SAFETY: nobody else reads or writes a free cell, and only its own sender fills it; guaranteed by the state looked at above, and
        // by the caller being that sender.
        match piece.and_then(|piece| message.write(unsafe { piece.as_mut_slice() })) {
            Some(length) => Ok(Load::in_cell(length)),
            None => self.overflow.put(what, Claim::for_next(cell, free), message),
        }
    }

    /// [sender] Sends what was written.
    ///
    /// # Order
    /// 1. The bytes of the message are written.
    /// 2. `offer`, then the receiver's mail.
    /// 3. The receiver is rung when its `asleep` flag is owed an answer. It sleeps after it has raised the flag and found no mail.
    pub(crate) fn send(&self, cell: usize, to: u16, ticket: u64, load: Load, sender: usize, mail: &Mail) {
        self.pool().offer(Offer { cell, kind: Kind::Finish, ticket, input: load.word(), only: Some(to), now_ms: 0 });
        mail.announce(sender);
    }

    /// [receiver] Those that are for this one.
    fn each_for(&self, to: u16) -> impl Iterator<Item = (u64, usize)> {
        let only = u64::from(to) + 1;
        self.ready.each().filter_map(move |at| {
            let cell = self.cells.get(at)?;
            // Relaxed, both: published by the move to ready, which `state` has seen. No other receiver takes it.
            (cell.state().phase == Phase::Ready && cell.only.load(Ordering::Relaxed) == only)
                .then(|| (cell.ticket.load(Ordering::Relaxed), at))
        })
    }

    /// [receiver] Takes one of its own.
    pub(crate) fn take(&self, waiting: Waiting, holder: Holder) -> Option<Received> {
        let cell = &self.cells[waiting.cell];
        let ready = cell.state();
        if ready.phase != Phase::Ready {
            return None;
        }
        let state = cell.take(ready, holder)?;
        self.ready.clear(waiting.cell);
        // Relaxed: published by the move to ready.
        Some(Received { cell: waiting.cell, state, load: Load::of(cell.input.load(Ordering::Relaxed)) })
    }

    /// [receiver] What it has taken, for as long as it is at it; an error for what another process made up, and for a file that is gone.
    pub(crate) fn read<'r>(&self, received: &'r Received) -> io::Result<Cow<'r, [u8]>> {
        if received.load.place != Place::Cell {
            return self.overflow.get(received.cell, &received.state, Half::Input, received.load);
        }
        let length = received.load.length as usize;
        let piece = (length <= self.room).then(|| self.bytes.piece(received.cell * self.room, length)).flatten();
        let piece = piece.ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: what is taken is written by nobody until its receiver puts it away; guaranteed by the states of `JobCell`. A sender gone
        // wild may write all the same: then the message is nonsense, and nothing else happens.
        Ok(Cow::Borrowed(unsafe { piece.as_slice() }))
    }

    /// [receiver] It is through with it.
    pub(crate) fn put_away(&self, received: Received) {
        self.cells[received.cell].put_away(received.state);
        // Behind it, as of an output: who finds the message taken finds it whole.
        self.overflow.give_back(Claim::of_job(received.cell, received.state, Half::Input), received.load);
    }
}

/// [receiver] What waits for this one, the oldest first, into `waiting`; from whoever has announced something since the last time.
pub(crate) fn collect(senders: &[Messages<'_>], mail: &Mail, to: u16, waiting: &mut Vec<Waiting>) {
    waiting.clear();
    let announced = mail.take();
    if announced == 0 {
        return;
    }
    for (sender, messages) in senders.iter().enumerate().filter(|(sender, _)| announced >> (sender % 64) & 1 == 1) {
        waiting.extend(messages.each_for(to).map(|(ticket, cell)| Waiting { ticket, sender, cell }));
    }
    waiting.sort_unstable();
}

/// [manager] What a dead receiver was at, in one sender's pool: it has begun, and nobody begins it again. Afterwards all senders are
/// announced to its successor, before that is forked.
pub(crate) fn settle_receiver(messages: &Messages<'_>, holder: Holder) {
    for (at, cell) in messages.cells.iter().enumerate() {
        let now = cell.state();
        if now.phase == Phase::Taken && now.holder == holder {
            // Should it have died before it cleared the bit.
            messages.ready.clear(at);
            cell.put_away(now);
        }
    }
}

/// [manager] What a dead sender has sent is on its way, all of it: announced here once more. The bells of all receivers are rung after.
pub(crate) fn settle_sender<'m>(messages: &Messages<'_>, sender: usize, mail: impl Fn(usize) -> Option<&'m Mail>) {
    let pool = messages.pool();
    for at in 0..messages.cells.len() {
        if pool.show(at)
            && let Some(mail) = messages.receiver(at).and_then(&mail)
        {
            mail.announce(sender);
        }
    }
}

// SAFETY: an atomic alone, and zero is no mail; see the field.
unsafe impl Shared for Mail {}
