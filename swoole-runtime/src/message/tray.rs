//! The moves of messages, and how a receiver finds its own. Used by senders, receivers and the manager. What a death leaves is said at
//! the head of this folder.

use crate::{
    job::{Bits, Holder, JobCell, Kind, Offer, Phase, Pool, State},
    shm::Shared,
    sync::{AtomicU64, Ordering},
};

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
        // Release: as above. No store: that would hide from the receiver what those have moved who announced something before.
        self.0.fetch_or(u64::MAX, Ordering::Release);
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

/// The cells of one sender, without what lies in them.
#[derive(Clone, Copy)]
pub(crate) struct Tray<'a> {
    pub(crate) cells: &'a [JobCell],
    ready: Bits<'a>,
}

/// A message that waits for its receiver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Waiting {
    /// Rises over all messages of the server: what one sender has sent first comes first.
    pub(crate) ticket: u64,
    pub(crate) sender: usize,
    pub(crate) cell: usize,
}

impl<'a> Tray<'a> {
    pub(crate) fn new(cells: &'a [JobCell], ready: Bits<'a>) -> Self {
        Self { cells, ready }
    }

    /// A message uses of a pool what jobs need to be found; nothing comes back.
    fn pool(&self) -> Pool<'a> {
        Pool { cells: self.cells, ready: self.ready, done: Bits::new(&[]) }
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

    /// [sender] Sends what was written for a free cell: `load` says where it is.
    ///
    /// # Order
    /// 1. The bytes of the message are written.
    /// 2. `offer`, then the receiver's mail.
    /// 3. The receiver is rung when its `asleep` flag is owed an answer. It sleeps after it has raised the flag and found no mail.
    pub(crate) fn send(&self, cell: usize, to: u16, ticket: u64, load: u64, sender: usize, mail: &Mail) {
        self.pool().offer(Offer { cell, kind: Kind::Finish, ticket, input: load, only: Some(to), now_ms: 0 });
        mail.announce(sender);
    }

    /// [receiver] Those that are for this one.
    fn each_for(&self, to: u16) -> impl Iterator<Item = (u64, usize)> + use<'a> {
        let (only, cells) = (u64::from(to) + 1, self.cells);
        self.ready.each().filter_map(move |at| {
            let cell = cells.get(at)?;
            // Relaxed, both: published by the move to ready, which `state` has seen. No other receiver takes it.
            (cell.state().phase == Phase::Ready && cell.only.load(Ordering::Relaxed) == only)
                .then(|| (cell.ticket.load(Ordering::Relaxed), at))
        })
    }

    /// [receiver] Takes one of its own.
    pub(crate) fn take(&self, at: usize, holder: Holder) -> Option<State> {
        let cell = &self.cells[at];
        let ready = cell.state();
        if ready.phase != Phase::Ready {
            return None;
        }
        let taken = cell.take(ready, holder)?;
        self.ready.clear(at);
        Some(taken)
    }

    /// [receiver] It is through with it.
    pub(crate) fn put_away(&self, at: usize, taken: State) {
        self.cells[at].put_away(taken);
    }

    /// [receiver] What a dead predecessor was at, and `on_lost` has to be told.
    pub(crate) fn lost(&self, to: u16) -> impl Iterator<Item = (usize, State)> + use<'a> {
        let (only, cells) = (u64::from(to) + 1, self.cells);
        cells.iter().enumerate().filter_map(move |(at, cell)| {
            let now = cell.state();
            // Relaxed: published by the move to ready, which `state` has seen.
            (now.phase == Phase::Lost && cell.only.load(Ordering::Relaxed) == only).then_some((at, now))
        })
    }

    /// [manager] What a dead receiver was at: it has begun, and nobody begins it again; with `keeps_lost`, its successor is told of it, once.
    ///
    /// # Order
    /// 1. `settle_receiver` for every sender's tray.
    /// 2. `Mail::announce_all` for the receiver: its successor, which is forked after, looks everywhere.
    pub(crate) fn settle_receiver(&self, holder: Holder, keeps_lost: bool) {
        for (at, cell) in self.cells.iter().enumerate() {
            let now = cell.state();
            if now.phase == Phase::Taken && now.holder == holder {
                // Should it have died before it cleared the bit.
                self.ready.clear(at);
                if keeps_lost && now.kind != Kind::Wait {
                    cell.lose(now);
                } else {
                    cell.put_away(now);
                }
            }
        }
    }

    /// [manager] What a dead sender has sent is on its way, all of it: announced here once more. The bells of all receivers are rung after.
    pub(crate) fn settle_sender<'m>(&self, sender: usize, mail: impl Fn(usize) -> Option<&'m Mail>) {
        let pool = self.pool();
        for at in 0..self.cells.len() {
            if pool.show(at)
                && let Some(mail) = self.receiver(at).and_then(&mail)
            {
                mail.announce(sender);
            }
        }
    }
}

/// [receiver] What waits for this one, the oldest first, into `waiting`; from whoever has announced something since the last time.
pub(crate) fn collect<'a>(trays: impl Iterator<Item = Tray<'a>>, mail: &Mail, to: u16, waiting: &mut Vec<Waiting>) {
    waiting.clear();
    let announced = mail.take();
    if announced == 0 {
        return;
    }
    for (sender, tray) in trays.enumerate().filter(|(sender, _)| announced >> (sender % 64) & 1 == 1) {
        waiting.extend(tray.each_for(to).map(|(ticket, cell)| Waiting { ticket, sender, cell }));
    }
    waiting.sort_unstable();
}

// SAFETY: an atomic alone, and zero is no mail; see the field.
unsafe impl Shared for Mail {}
