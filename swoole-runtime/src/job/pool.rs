//! The cells of one worker, and how a task worker finds the oldest job of all.

use super::{
    cell::{Completed, JobCell, Withdrawn},
    state::{Holder, Kind, Outcome, Phase, State},
};
use crate::sync::{AtomicU64, Ordering, fence};

/// A bit a cell.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    words: &'a [AtomicU64],
}

/// The cells of one worker with their bits.
#[derive(Clone, Copy)]
pub(crate) struct Pool<'a> {
    pub(crate) cells: &'a [JobCell],
    pub(crate) ready: Bits<'a>,
    pub(crate) done: Bits<'a>,
}

/// What a worker puts up.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) cell: usize,
    pub(crate) kind: Kind,
    pub(crate) ticket: u64,
    pub(crate) input: u64,
    /// For this task worker alone.
    pub(crate) only: Option<u16>,
    pub(crate) now_ms: u64,
}

/// A job that a task worker is at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Whose it is.
    pub(crate) worker: usize,
    pub(crate) cell: usize,
    pub(crate) state: State,
}

impl<'a> Bits<'a> {
    /// How many words so many cells take.
    pub(crate) fn words_for(cells: usize) -> usize {
        cells.div_ceil(64)
    }

    pub(crate) fn new(words: &'a [AtomicU64]) -> Self {
        Self { words }
    }

    pub(crate) fn set(&self, at: usize) {
        // Release, label "bit": the move of the cell came before. Acquire, label "cleared".
        self.words[at / 64].fetch_or(1 << (at % 64), Ordering::AcqRel);
    }

    pub(crate) fn clear(&self, at: usize) {
        // Release, label "cleared": who sets it after this sees the move that it was cleared for.
        self.words[at / 64].fetch_and(!(1 << (at % 64)), Ordering::Release);
    }

    /// Those that are set.
    pub(crate) fn each(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            // Acquire, label "bit".
            each_of(word.load(Ordering::Acquire)).map(move |bit| number * 64 + bit)
        })
    }

    /// Those that are set, which are not any more.
    pub(crate) fn take(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            // Relaxed: a glance, so that a quiet word is not written.
            let set = if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::Acquire) };
            each_of(set).map(move |bit| number * 64 + bit)
        })
    }

    pub(crate) fn is_any(&self) -> bool {
        // Acquire, label "bit".
        self.words.iter().any(|word| word.load(Ordering::Acquire) != 0)
    }
}

fn each_of(mut word: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (bit < 64).then_some(bit as usize)
    })
}

impl Pool<'_> {
    /// [worker] Puts up a job in a free cell.
    ///
    /// # Order
    /// 1. The bytes of the job are written.
    /// 2. `offer`.
    /// 3. One task worker is rung, the first whose `asleep` flag is owed an answer (`Answers::owed`, with answers of this worker for each);
    ///    for a job with `only`, that one or none. When none is owed, nobody is rung: each is awake, or rung and not yet up.
    pub(crate) fn offer(&self, offer: Offer) -> State {
        let cell = &self.cells[offer.cell];
        for (word, value) in [
            (&cell.ticket, offer.ticket),
            (&cell.only, offer.only.map_or(0, |task_worker| u64::from(task_worker) + 1)),
            (&cell.input, offer.input),
            (&cell.offered_ms, offer.now_ms),
        ] {
            // Relaxed: the move to ready publishes them.
            word.store(value, Ordering::Relaxed);
        }
        let ready = cell.offer(cell.state(), offer.kind);
        self.show(offer.cell);
        ready
    }

    /// Makes the `ready` bit say what the cell says, and says it too. For the worker, and for the manager when that is dead: nobody else
    /// makes a cell ready, so none becomes it meanwhile.
    pub(crate) fn show(&self, at: usize) -> bool {
        if self.cells[at].state().phase == Phase::Ready {
            self.ready.set(at);
            // A task worker that found the bit of the cell's last job may have taken this one, and cleared the bit before it was set.
            if self.cells[at].state().phase == Phase::Ready {
                return true;
            }
        }
        self.ready.clear(at);
        false
    }

    /// [worker] Does not wait for this job any more. When it runs, nobody rings when its cell becomes free: a worker without a free cell
    /// does not sleep for one, it says that there is none.
    pub(crate) fn withdraw(&self, cell: usize, sequence: u32) -> Withdrawn {
        let withdrawn = self.cells[cell].withdraw(sequence);
        if withdrawn == Withdrawn::NeverRuns {
            self.ready.clear(cell);
        }
        withdrawn
    }

    /// [worker] A cell to fill, looked for from `from` on.
    pub(crate) fn free(&self, from: usize) -> Option<usize> {
        let count = self.cells.len();
        (0..count).map(|step| (from + step) % count).find(|&at| self.cells[at].state().phase == Phase::Free)
    }

    /// [task worker] The end of a job.
    ///
    /// # Order
    /// 1. The output is written.
    /// 2. `complete`.
    /// 3. On `Done`, the worker is rung when its flag is owed an answer: the flag of its waiting calls when the job was taken as one of
    ///    kind `Wait`, which no death turns into another kind, else the flag of its loop.
    ///
    /// The worker sleeps in its loop after it has raised the flag and found no `done` bit; in a call that waits, after it has raised the
    /// other one and found its cell not done. A `done` bit may stand over a cell that is free, or has its next job: a bit that was taken
    /// says to look at the cell, and no more.
    pub(crate) fn complete(&self, taken: Taken, outcome: Outcome) -> Completed {
        let completed = self.cells[taken.cell].complete(taken.state, outcome);
        if completed == Completed::Done {
            self.done.set(taken.cell);
        }
        completed
    }
}

/// [task worker] Takes the oldest job that this one may do; `None` when there is none.
///
/// # Order
/// 1. On attaching, and after each sleep: the own `asleep` flag is lowered.
/// 2. `take_oldest`. On `None` the flag is raised, and the task worker sleeps if `oldest` finds nothing either.
/// 3. On a job: if `is_left`, one other task worker is rung, as after `Pool::offer`. Before the job is done, not after: it may take
///    long, and who offered the other job may have rung this task worker for it.
pub(crate) fn take_oldest(pools: &[Pool<'_>], holder: Holder) -> Option<Taken> {
    // Whoever was faster has made progress: each turn somebody does.
    while let Some((worker, cell, ready)) = oldest(pools, holder.task_worker) {
        if let Some(state) = pools[worker].cells[cell].take(ready, holder) {
            pools[worker].ready.clear(cell);
            return Some(Taken { worker, cell, state });
        }
    }
    None
}

/// Where the oldest ready job stands that this task worker may do.
pub(crate) fn oldest(pools: &[Pool<'_>], task_worker: u16) -> Option<(usize, usize, State)> {
    let own = u64::from(task_worker) + 1;
    let mine = each_ready(pools).filter(|ready| ready.only == 0 || ready.only == own);
    mine.min_by_key(|ready| ready.ticket).map(|ready| (ready.worker, ready.cell, ready.state))
}

/// [task worker] Whether a job is ready that any task worker may do; asked after one was taken, see `take_oldest`. One for a single task
/// worker does not count: who offered it has rung that one.
pub(crate) fn is_left(pools: &[Pool<'_>]) -> bool {
    // Pairs with the fence in `Answers::owed`: who offered a job and saw this task worker asleep still, has its job seen here.
    fence(Ordering::SeqCst);
    each_ready(pools).any(|ready| ready.only == 0)
}

/// A job that waits, as it was found.
struct Ready {
    worker: usize,
    cell: usize,
    state: State,
    ticket: u64,
    only: u64,
}

fn each_ready(pools: &[Pool<'_>]) -> impl Iterator<Item = Ready> {
    pools.iter().enumerate().flat_map(|(worker, pool)| {
        pool.ready.each().filter_map(move |at| {
            let cell = &pool.cells[at];
            let state = cell.state();
            // A bit may stand over a cell that somebody has just taken.
            (state.phase == Phase::Ready).then(|| {
                // Relaxed: published by the move to ready, which `state` has seen. Should the cell have another job since, `take` fails.
                let (ticket, only) = (cell.ticket.load(Ordering::Relaxed), cell.only.load(Ordering::Relaxed));
                Ready { worker, cell: at, state, ticket, only }
            })
        })
    })
}
