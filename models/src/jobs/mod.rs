//! Jobs, from the worker that offers them to the task worker that does them and back, with deaths of each and of the manager. The cells,
//! their bits and what settles them are the runtime's; who calls them is written here, in the order that their documentation asks for.

mod asker_dies;
mod asks;
mod both_die;
mod claims;
mod gives_up;
mod holder_dies;
mod round;
mod serves;
mod settles;
mod takers;

use crate::{
    bell::Bell,
    flag::{Answers, Flag},
    job::{Bits, JobCell, Phase, Pool},
    slot::Slot,
    sync::{AtomicU64, Ordering},
};
use loom::sync::{Condvar, Mutex as Gate};
use std::sync::{Arc, Mutex};

/// One line of the protocol that is left out or done elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutant {
    None,
    /// The task worker does not look again after it raised its flag.
    TakerSleepsAtOnce,
    /// The worker does not look again after it raised its flag.
    AskerSleepsAtOnce,
    /// The `done` bit is set before the move.
    DoneBitFirst,
    /// Who waits is woken by the flag of who serves packages.
    OneFlagForBoth,
    /// A task worker that has taken a job does not look for more.
    NoChain,
    /// It looks for more without a fence behind the lowering of its flag.
    LooksWithoutFence,
    /// The manager does nothing about a death.
    Silent,
    /// It settles and rings nobody.
    SettlesUnheard,
    /// It sets no `done` bits.
    ForgetsDone,
    /// The flag of a dead task worker stays up.
    FlagOfTheDead,
    /// A worker frees the cell of a job that runs and is not wanted any more.
    FreesWhatRuns,
    /// The `ready` bit is set, and nobody looks whether the job has gone meanwhile.
    ShowsBlindly,
    /// The next job in a cell has the sequence of the one before.
    SameSequence,
}

/// What has come to a job. Known to the test alone.
#[derive(Clone, Copy, Default, Debug)]
struct Fate {
    ran: u32,
    /// Its output came back, and is its own.
    told: u32,
    /// It came back that its task worker died.
    died: u32,
    /// Given up, and it never runs.
    never_runs: u32,
    /// Given up while it ran.
    abandoned: u32,
}

impl Fate {
    fn ends(&self) -> u32 {
        self.told + self.died + self.never_runs + self.abandoned
    }

    fn judge(&self) {
        assert!(self.ran <= 1, "run twice: {self:?}");
        assert!(self.ends() <= 1, "ended twice: {self:?}");
        assert!(self.never_runs == 0 || self.ran == 0, "said never to run, and ran: {self:?}");
        assert!(self.told == 0 || self.ran == 1, "told and never run: {self:?}");
    }
}

/// A worker's share of the memory.
struct Asker {
    cells: Vec<JobCell>,
    ready: [AtomicU64; 1],
    done: [AtomicU64; 1],
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    asleep: Flag,
    /// Up while it waits inside a callback.
    waits: Flag,
    bell: Bell,
}

/// A task worker's.
struct Taker {
    asleep: Flag,
    bell: Bell,
}

struct Scene {
    askers: Vec<Asker>,
    takers: Vec<Taker>,
    /// No job is offered any more.
    over: AtomicU64,
    fates: Mutex<[Fate; JOBS]>,
    /// How many jobs have begun, where none ends before that many have.
    begun: (Gate<u32>, Condvar),
    together: u32,
    mutant: Mutant,
}

/// The most that a model has.
const JOBS: usize = 3;

fn output_of(job: u64) -> u64 {
    job + 100
}

impl Scene {
    /// So many workers, each with so many cells, and so many task workers.
    fn new(askers: usize, cells: usize, takers: usize, mutant: Mutant) -> Arc<Self> {
        Self::with_jobs_together(askers, cells, takers, 1, mutant)
    }

    fn with_jobs_together(askers: usize, cells: usize, takers: usize, together: u32, mutant: Mutant) -> Arc<Self> {
        let word = || AtomicU64::new(0);
        let asker = |_| Asker {
            cells: (0..cells).map(|_| JobCell::new()).collect(),
            ready: [word()],
            done: [word()],
            inputs: (0..cells).map(|_| Slot::new()).collect(),
            outputs: (0..cells).map(|_| Slot::new()).collect(),
            asleep: Flag::new(),
            waits: Flag::new(),
            bell: Bell::new(),
        };
        Arc::new(Self {
            askers: (0..askers).map(asker).collect(),
            takers: (0..takers).map(|_| Taker { asleep: Flag::new(), bell: Bell::new() }).collect(),
            over: word(),
            fates: Mutex::default(),
            begun: (Gate::new(0), Condvar::new()),
            together,
            mutant,
        })
    }

    fn pool(&self, asker: usize) -> Pool<'_> {
        let Asker { cells, ready, done, .. } = &self.askers[asker];
        Pool { cells, ready: Bits::new(ready), done: Bits::new(done) }
    }

    fn pools(&self) -> Vec<Pool<'_>> {
        (0..self.askers.len()).map(|asker| self.pool(asker)).collect()
    }

    fn see(&self, job: u64, happens: impl FnOnce(&mut Fate)) {
        happens(&mut self.fates.lock().expect("a process dies elsewhere")[job as usize]);
    }

    /// Rings one task worker that sleeps, if one does. `answers` are the caller's own, one for each.
    fn wake_one(&self, answers: &mut [Answers], except: Option<usize>) {
        for (at, (taker, answers)) in self.takers.iter().zip(answers).enumerate() {
            if Some(at) != except && answers.owed(&taker.asleep) {
                return taker.bell.ring();
            }
        }
    }

    /// Ends the task workers.
    fn end(&self) {
        self.over.store(1, Ordering::Release);
        for taker in &self.takers {
            taker.bell.ring();
        }
    }

    /// When all have ended: nothing is left of any job, and nothing came to one that cannot be. Returns what did.
    fn judge(&self) -> [Fate; JOBS] {
        for pool in self.pools() {
            for cell in pool.cells {
                assert_eq!(cell.state().phase, Phase::Free, "a cell leaks");
            }
            assert_eq!(pool.ready.each().count(), 0, "a ready bit over what is not ready");
        }
        let fates = *self.fates.lock().expect("nobody holds it");
        fates.iter().for_each(Fate::judge);
        fates
    }
}
