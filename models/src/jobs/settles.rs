//! The manager, after a death and before the successor.

use super::{Mutant, Scene};
use crate::job::{Holder, settle_asker, settle_holder};

impl Scene {
    /// [manager] This task worker is dead.
    pub(super) fn settle_taker(&self, dead: Holder) {
        if self.mutant == Mutant::Silent {
            return;
        }
        for (pool, asker) in self.pools().iter().zip(&self.askers) {
            let is_owed = settle_holder(pool, dead);
            if self.mutant == Mutant::ForgetsDone {
                pool.done.take().for_each(drop);
            }
            if is_owed && self.mutant != Mutant::SettlesUnheard {
                asker.bell.ring();
            }
        }
        if self.mutant != Mutant::FlagOfTheDead {
            // Before the bells: who offers from now on does not take it for a sleeper.
            self.takers[usize::from(dead.task_worker)].asleep.lower();
        }
        self.ring_takers();
    }

    /// [manager] This worker is dead.
    pub(super) fn settle_worker(&self, at: usize) {
        if self.mutant == Mutant::Silent {
            return;
        }
        let pool = self.pool(at);
        let is_offered = settle_asker(&pool, false);
        if self.mutant == Mutant::ForgetsDone {
            pool.done.take().for_each(drop);
        }
        if is_offered && self.mutant != Mutant::SettlesUnheard {
            self.ring_takers();
        }
    }

    /// A dead one may have been woken for a job, and not have come to it.
    fn ring_takers(&self) {
        for taker in &self.takers {
            taker.bell.ring();
        }
    }
}
