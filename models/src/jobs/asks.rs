//! The worker, in its loop and in a call that waits.

use super::{Asker, Mutant, Scene, output_of};
use crate::{
    bell::Bed,
    flag::Answers,
    job::{Kind, Offer, Outcome, Phase, Pool, State, Withdrawn},
};

pub(super) struct Asks<'a> {
    scene: &'a Scene,
    at: usize,
    pub(super) pool: Pool<'a>,
    answers: Vec<Answers>,
    bed: Bed,
    /// How many jobs have come back to it.
    pub(super) told: usize,
    succeeds: bool,
}

impl<'a> Asks<'a> {
    pub(super) fn first(scene: &'a Scene, at: usize) -> Self {
        Self::attach(scene, at, false)
    }

    pub(super) fn successor(scene: &'a Scene, at: usize) -> Self {
        Self::attach(scene, at, true)
    }

    fn attach(scene: &'a Scene, at: usize, succeeds: bool) -> Self {
        let answers = scene.takers.iter().map(|_| Answers::default()).collect();
        let this = Self { scene, at, pool: scene.pool(at), answers, bed: Bed::default(), told: 0, succeeds };
        this.asker().asleep.lower();
        this.asker().waits.lower();
        this
    }

    fn asker(&self) -> &'a Asker {
        &self.scene.askers[self.at]
    }

    pub(super) fn offer(&mut self, cell: usize, job: u64, kind: Kind) -> State {
        self.offer_to(None, cell, job, kind)
    }

    pub(super) fn offer_to(&mut self, only: Option<u16>, cell: usize, job: u64, kind: Kind) -> State {
        self.asker().inputs[cell].set(job);
        let ready = self.pool.offer(Offer { cell, kind, ticket: job, input: job, only, now_ms: 0 });
        if self.scene.mutant == Mutant::ShowsBlindly {
            self.pool.ready.set(cell);
        }
        match only.map(usize::from) {
            None => self.scene.wake_one(&mut self.answers, None),
            Some(taker) if taker < self.answers.len() && self.answers[taker].owed(&self.scene.takers[taker].asleep) => {
                self.scene.takers[taker].bell.ring();
            }
            Some(_) => {}
        }
        ready
    }

    /// What has come back in this cell.
    fn read(&mut self, cell: usize, done: State) {
        assert!(!self.succeeds || done.kind == Kind::Finish, "a successor has no closure, and waits for nothing: {done:?}");
        let job = self.pool.cells[cell].input.load(crate::sync::Ordering::Relaxed);
        let output = (done.outcome == Outcome::Output).then(|| self.asker().outputs[cell].get());
        assert!(output.is_none_or(|output| output == output_of(job)), "another job's output");
        self.pool.cells[cell].release(done);
        self.told += 1;
        self.scene.see(job, |fate| if output.is_some() { fate.told += 1 } else { fate.died += 1 });
    }

    /// Serves until `enough` says so, after whatever has come back.
    pub(super) fn until(&mut self, mut enough: impl FnMut(&mut Self) -> bool) {
        loop {
            let mut idle = true;
            for cell in self.pool.done.take() {
                let state = self.pool.cells[cell].state();
                if state.phase == Phase::Done {
                    self.read(cell, state);
                    idle = false;
                }
            }
            if enough(self) {
                return;
            }
            if idle {
                let asker = self.asker();
                asker.asleep.raise();
                if self.scene.mutant == Mutant::AskerSleepsAtOnce || !self.pool.done.is_any() {
                    self.bed.sleep(&asker.bell);
                }
                asker.asleep.lower();
            }
        }
    }

    /// A call that waits, without a deadline. What comes back to others meanwhile does not wake it.
    pub(super) fn wait(&mut self, cell: usize, ready: State) {
        let asker = self.asker();
        loop {
            let state = self.pool.cells[cell].state();
            assert_eq!(state.sequence, ready.sequence, "nobody else ends it");
            if state.phase == Phase::Done {
                return self.read(cell, state);
            }
            asker.waits.raise();
            if self.pool.cells[cell].state().phase != Phase::Done {
                self.bed.sleep(&asker.bell);
            }
            asker.waits.lower();
        }
    }

    /// Such a call, whose deadline is over.
    pub(super) fn give_up(&mut self, cell: usize, ready: State, job: u64) {
        let cells = self.pool.cells;
        match self.pool.withdraw(cell, ready.sequence) {
            Withdrawn::NeverRuns => self.scene.see(job, |fate| fate.never_runs += 1),
            Withdrawn::Running => {
                self.scene.see(job, |fate| fate.abandoned += 1);
                if self.scene.mutant == Mutant::FreesWhatRuns {
                    cells[cell].release(cells[cell].state().with(Phase::Done));
                }
            }
            Withdrawn::Done(done) => self.read(cell, done),
            Withdrawn::NotMine => panic!("nobody else ends it"),
        }
    }
}
