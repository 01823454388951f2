//! The task worker.

use super::{Mutant, Scene, output_of};
use crate::{
    bell::Bed,
    flag::Answers,
    job::{Completed, Holder, Kind, Outcome, Pool, Taken, is_left, oldest, take_oldest},
    sync::Ordering,
};

impl Scene {
    /// [task worker] Until no job is offered any more.
    pub(super) fn serve(&self, holder: Holder) {
        let pools = self.pools();
        let me = usize::from(holder.task_worker);
        let taker = &self.takers[me];
        // As who attaches does: a predecessor may have died asleep.
        taker.asleep.lower();
        let mut bed = Bed::default();
        let mut to_takers: Vec<Answers> = self.takers.iter().map(|_| Answers::default()).collect();
        let mut to_askers: Vec<[Answers; 2]> = self.askers.iter().map(|_| Default::default()).collect();
        loop {
            let over = self.over.load(Ordering::Acquire) == 1;
            if let Some(taken) = take_oldest(&pools, holder) {
                if self.takers.len() > 1 && self.sees_more(&pools, holder) {
                    self.wake_one(&mut to_takers, Some(me));
                }
                self.run(&taken);
                self.complete(&pools, taken, &mut to_askers);
                continue;
            }
            if over {
                return;
            }
            taker.asleep.raise();
            if self.mutant == Mutant::TakerSleepsAtOnce || oldest(&pools, holder.task_worker).is_none() {
                bed.sleep(&taker.bell);
            }
            taker.asleep.lower();
        }
    }

    fn sees_more(&self, pools: &[Pool<'_>], holder: Holder) -> bool {
        match self.mutant {
            Mutant::NoChain => false,
            Mutant::LooksWithoutFence => oldest(pools, holder.task_worker).is_some(),
            _ => is_left(pools),
        }
    }

    /// `on_task`.
    pub(super) fn run(&self, taken: &Taken) {
        let asker = &self.askers[taken.worker];
        let job = asker.inputs[taken.cell].get();
        self.see(job, |fate| fate.ran += 1);
        if self.together > 1 {
            let (begun, all) = &self.begun;
            let mut begun = begun.lock().expect("no holder of it dies");
            *begun += 1;
            all.notify_all();
            while *begun < self.together {
                begun = all.wait(begun).expect("no holder of it dies");
            }
        }
        asker.outputs[taken.cell].set(output_of(job));
    }

    pub(super) fn complete(&self, pools: &[Pool<'_>], taken: Taken, answers: &mut [[Answers; 2]]) {
        let pool = &pools[taken.worker];
        let completed = if self.mutant == Mutant::DoneBitFirst {
            pool.done.set(taken.cell);
            pool.cells[taken.cell].complete(taken.state, Outcome::Output)
        } else {
            pool.complete(taken, Outcome::Output)
        };
        assert_ne!(completed, Completed::NotMine, "it lives, and nobody else ends its job");
        let asker = &self.askers[taken.worker];
        let [asleep, waits] = &mut answers[taken.worker];
        let is_waited_for = taken.state.kind == Kind::Wait && self.mutant != Mutant::OneFlagForBoth;
        let (flag, answers) = if is_waited_for { (&asker.waits, waits) } else { (&asker.asleep, asleep) };
        if completed == Completed::Done && answers.owed(flag) {
            asker.bell.ring();
        }
    }
}
