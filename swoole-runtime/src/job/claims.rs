//! What lies outside of the cells, and for which job: a large cell has a word that says it, a file its name. Used by workers and task
//! workers, which claim and give back, and by the manager, which frees what the dead had claimed.
//!
//! A claim names a cell, the sequence of its job, and a half of it. A message is a job that has no output (`message`), and what is said of
//! a worker and a task worker holds for its sender and its receiver. So the state of that one cell says whether anybody may still write or
//! read what was claimed, and nobody has to remember it: a job that has ended frees what it had, whoever comes to see it.
//!
//! If a process dies here:
//! - the worker, after it claimed and before it offered: the cell is free, and its next job would be the one that is named. While the
//!   worker lives, it may be writing that; the manager, which settles its death before there is a successor, knows that nobody is.
//! - the task worker, after it copied the job and before it gave the claim of it back, or after it claimed for an output and before it
//!   completed: the manager has ended that job as died, which reads and writes nothing any more.
//! - the worker, after it read an output and released the cell, and before it gave the claim back: the job has ended. It releases first: the
//!   other way round its successor would find an output that is gone.
//! - the worker, while a task worker is at its job: that one lives, and the job with it; what it has claimed stays claimed.
//! - the manager, in the middle of it: the next one does it again.

use super::{
    cell::JobCell,
    state::{Outcome, Phase, State},
};
use crate::sync::{AtomicU64, Ordering};

/// What a job carries to its task worker, and what it brings back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    Input,
    Output,
}

/// Whose cell it is that a claim names: the jobs of a worker, or the messages of a sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whose {
    Jobs(usize),
    Messages(usize),
}

impl Whose {
    /// [manager] Whether it is those of the process that was in this slot.
    pub(crate) fn is_of(self, slot: usize) -> bool {
        let (Self::Jobs(of) | Self::Messages(of)) = self;
        of == slot
    }
}

/// One half of one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) cell: usize,
    pub(crate) sequence: u32,
    pub(crate) half: Half,
}

impl Claim {
    /// [worker] The job that is to be offered in this free cell.
    pub(crate) fn for_next(cell: usize, free: State) -> Self {
        Self { cell, sequence: free.following(), half: Half::Input }
    }

    pub(crate) fn of_job(cell: usize, job: State, half: Half) -> Self {
        Self { cell, sequence: job.sequence, half }
    }

    /// As a word of shared memory: never 0, which says that nobody has claimed.
    fn word(self) -> u64 {
        (self.cell as u64) << 32 | u64::from(self.sequence) << 8 | u64::from(self.half == Half::Output) << 1 | 1
    }

    fn of(word: u64) -> Option<Self> {
        let half = if word >> 1 & 1 == 1 { Half::Output } else { Half::Input };
        (word & 1 == 1).then_some(Self { cell: (word >> 32) as usize, sequence: (word as u32) >> 8, half })
    }

    /// Whether anybody may still write or read it. Once it is not, it never is again.
    ///
    /// `is_asker_alive` says that the worker may be writing a job that it has not offered yet; its own manager may say otherwise, and
    /// nobody else.
    pub(crate) fn is_live(self, cells: &[JobCell], is_asker_alive: bool) -> bool {
        // A cell that is not there was named by a process gone wild.
        let Some(now) = cells.get(self.cell).map(JobCell::state) else { return false };
        let is_its_job = now.sequence == self.sequence;
        match self.half {
            Half::Input if is_its_job => matches!(now.phase, Phase::Ready | Phase::Taken | Phase::Abandoned | Phase::Lost),
            Half::Input => is_asker_alive && now.phase == Phase::Free && now.following() == self.sequence,
            Half::Output => {
                let has_come = matches!(now.phase, Phase::Done | Phase::Begun | Phase::Lost) && now.outcome == Outcome::Output;
                is_its_job && (has_come || matches!(now.phase, Phase::Taken | Phase::Abandoned))
            }
        }
    }
}

/// A word for each large cell of one worker or sender.
#[derive(Clone, Copy)]
pub(crate) struct Claims<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Claims<'a> {
    pub(crate) fn new(words: &'a [AtomicU64]) -> Self {
        Self { words }
    }

    /// [worker, task worker] Claims a large cell, to write into it; `None` when none is free.
    ///
    /// # Order
    /// 1. The cell of the job was seen free, by its worker, or is taken, by the caller: so who finds the claim sees that, or what came
    ///    after.
    /// 2. `take`.
    /// 3. The bytes are written; the move of the job's cell publishes them, and where they are.
    pub(crate) fn take(&self, claim: Claim) -> Option<usize> {
        self.words.iter().position(|word| {
            // Relaxed, the load: a glance, so that what others have claimed is not written. Acquire, label "large": who had it before reads
            // and writes it no more. Release, label "claimed".
            word.load(Ordering::Relaxed) == 0 && word.compare_exchange(0, claim.word(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    /// Whether this is the large cell that was claimed so: the number was read from shared memory.
    pub(crate) fn is_of(&self, at: usize, claim: Claim) -> bool {
        // Relaxed: published by the move of the job's cell, which the caller has seen.
        self.words.get(at).is_some_and(|word| word.load(Ordering::Relaxed) == claim.word())
    }

    /// [worker, task worker] Gives it back, if it is claimed so still.
    pub(crate) fn give_back(&self, at: usize, claim: Claim) {
        if let Some(word) = self.words.get(at) {
            // Release, label "large". The manager may have been faster, and somebody else have claimed it since: then it is not written.
            let _ = word.compare_exchange(claim.word(), 0, Ordering::Release, Ordering::Relaxed);
        }
    }

    /// [manager] Frees what nobody writes or reads any more. Before a successor is forked, and after `settle_holder` or `settle_asker`:
    /// these end the jobs of the dead. May run at any time, beside any process that lives.
    pub(crate) fn settle(&self, cells: &[JobCell], is_asker_alive: bool) {
        for word in self.words {
            // Acquire, label "claimed": the cell is seen as whoever claimed saw it, or later.
            let now = word.load(Ordering::Acquire);
            if now != 0 && !Claim::of(now).is_some_and(|claim| claim.is_live(cells, is_asker_alive)) {
                // Release, label "large". It may have been given back meanwhile.
                let _ = word.compare_exchange(now, 0, Ordering::Release, Ordering::Relaxed);
            }
        }
    }

    /// How many are claimed.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        // Relaxed: for tests, when nobody moves.
        self.words.iter().filter(|word| word.load(Ordering::Relaxed) != 0).count()
    }
}
