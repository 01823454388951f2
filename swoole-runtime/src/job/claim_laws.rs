//! What holds of claims in one process: whatever a worker and two task workers do, in any order, and wherever they die, what is in use
//! stays claimed, and what is not is free once the manager has settled the dead. Their model, in the crate `models`, has the moves at once.

use super::*;
use crate::sync::{AtomicU64, Ordering};

const CELLS: usize = 2;
const LARGE_ONES: usize = 3;

fn words(count: usize) -> &'static [AtomicU64] {
    (0..count).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak()
}

/// Draws that are the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A claimed large cell, if one was free.
type Held = (Claim, Option<usize>);

/// What the worker is in the middle of.
#[derive(Clone, Copy, Debug)]
enum Asking {
    Nothing,
    /// It has claimed for a job, and not offered it.
    Claimed(Held),
    /// It has read an output and released its cell, or withdrawn a job, and not given back.
    Owes(Held),
}

/// What a task worker is in the middle of.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Nothing,
    /// It has not given back where the job lies.
    Reads(Taken, Held),
    Works(Taken),
    /// It has claimed for the output, and not completed.
    Claimed(Taken, Held),
    /// It completed what nobody wants any more, and has not given back.
    Owes(Held),
}

struct Walk {
    pool: Pool<'static>,
    claims: Claims<'static>,
    asking: Asking,
    doing: [Doing; 2],
    generations: [u16; 2],
    ticket: u64,
}

fn place_of(at: Option<usize>) -> u64 {
    Load { length: 0, place: at.map_or(Place::File, |at| Place::Large(at as u8)) }.word()
}

fn at_of(word: u64) -> Option<usize> {
    match Load::of(word).place {
        Place::Large(at) => Some(at.into()),
        Place::Cell | Place::File => None,
    }
}

impl Walk {
    fn new() -> Self {
        let cells: Vec<JobCell> = (0..CELLS).map(|_| JobCell::new()).collect();
        let pool = Pool { cells: cells.leak(), ready: Bits::new(words(1)), done: Bits::new(words(1)) };
        let claims = Claims::new(words(LARGE_ONES));
        Self { pool, claims, asking: Asking::Nothing, doing: [Doing::Nothing; 2], generations: [1; 2], ticket: 0 }
    }

    fn holder(&self, at: usize) -> Holder {
        Holder { task_worker: at as u16, generation: self.generations[at] }
    }

    fn give_back(&self, (claim, at): Held) {
        if let Some(at) = at {
            self.claims.give_back(at, claim);
        }
    }

    /// [worker] One step.
    fn ask(&mut self, draws: &mut Draws) {
        self.asking = match self.asking {
            Asking::Nothing => {
                let cell = draws.below(CELLS);
                let job = &self.pool.cells[cell];
                let state = job.state();
                match state.phase {
                    Phase::Free => {
                        let claim = Claim::for_next(cell, state);
                        Asking::Claimed((claim, self.claims.take(claim)))
                    }
                    Phase::Ready if draws.below(4) == 0 => {
                        assert_eq!(self.pool.withdraw(cell, state.sequence), Withdrawn::NeverRuns);
                        Asking::Owes((Claim::of_job(cell, state, Half::Input), at_of(job.input.load(Ordering::Relaxed))))
                    }
                    Phase::Taken if draws.below(4) == 0 => {
                        assert_eq!(self.pool.withdraw(cell, state.sequence), Withdrawn::Running);
                        Asking::Nothing
                    }
                    Phase::Lost => {
                        job.begin(state);
                        Asking::Nothing
                    }
                    Phase::Done if state.kind != Kind::Wait && draws.below(2) == 0 => {
                        job.begin(state);
                        Asking::Nothing
                    }
                    Phase::Done | Phase::Begun => {
                        job.release(state);
                        let is_there = state.outcome == Outcome::Output;
                        let at = at_of(job.output.load(Ordering::Relaxed)).filter(|_| is_there);
                        Asking::Owes((Claim::of_job(cell, state, Half::Output), at))
                    }
                    Phase::Ready | Phase::Taken | Phase::Abandoned => Asking::Nothing,
                }
            }
            Asking::Claimed((claim, at)) => {
                self.ticket += 1;
                let kind = [Kind::Finish, Kind::Closure, Kind::Wait][draws.below(3)];
                self.pool.offer(Offer { cell: claim.cell, kind, ticket: self.ticket, input: place_of(at), only: None, now_ms: 0 });
                Asking::Nothing
            }
            Asking::Owes(held) => {
                self.give_back(held);
                Asking::Nothing
            }
        };
    }

    /// [task worker] One step.
    fn work(&mut self, at: usize) {
        self.doing[at] = match self.doing[at] {
            Doing::Nothing => match take_oldest(&[self.pool], self.holder(at)) {
                Some(taken) => {
                    let input = at_of(self.pool.cells[taken.cell].input.load(Ordering::Relaxed));
                    Doing::Reads(taken, (Claim::of_job(taken.cell, taken.state, Half::Input), input))
                }
                None => Doing::Nothing,
            },
            Doing::Reads(taken, held) => {
                self.give_back(held);
                Doing::Works(taken)
            }
            Doing::Works(taken) => {
                let claim = Claim::of_job(taken.cell, taken.state, Half::Output);
                let held = (claim, self.claims.take(claim));
                self.pool.cells[taken.cell].output.store(place_of(held.1), Ordering::Relaxed);
                Doing::Claimed(taken, held)
            }
            Doing::Claimed(taken, held) => match self.pool.complete(taken, Outcome::Output) {
                Completed::Done => Doing::Nothing,
                Completed::Unwanted => Doing::Owes(held),
                Completed::NotMine => panic!("it lives, and nobody else ends its job"),
            },
            Doing::Owes(held) => {
                self.give_back(held);
                Doing::Nothing
            }
        };
    }

    /// [manager] The worker has died. There is a successor when this is over.
    fn settle_worker(&mut self) {
        settle_asker(&self.pool, true);
        self.claims.settle(self.pool.cells, false);
        self.asking = Asking::Nothing;
    }

    /// [manager] This task worker has died.
    fn settle_task_worker(&mut self, at: usize) {
        settle_holder(&self.pool, self.holder(at));
        self.claims.settle(self.pool.cells, true);
        self.doing[at] = Doing::Nothing;
        self.generations[at] += 1;
    }

    /// What somebody writes or reads, or is going to.
    fn in_use(&self) -> Vec<(Claim, usize)> {
        let mut held = Vec::new();
        if let Asking::Claimed(claimed) = self.asking {
            held.push(claimed);
        }
        for doing in self.doing {
            if let Doing::Reads(_, claimed) | Doing::Claimed(_, claimed) = doing {
                held.push(claimed);
            }
        }
        for (at, cell) in self.pool.cells.iter().enumerate() {
            let state = cell.state();
            match (state.phase, state.outcome) {
                (Phase::Ready, _) => held.push((Claim::of_job(at, state, Half::Input), at_of(cell.input.load(Ordering::Relaxed)))),
                (Phase::Done | Phase::Begun | Phase::Lost, Outcome::Output) => {
                    held.push((Claim::of_job(at, state, Half::Output), at_of(cell.output.load(Ordering::Relaxed))));
                }
                _ => {}
            }
        }
        held.into_iter().filter_map(|(claim, at)| Some((claim, at?))).collect()
    }

    fn check(&self, is_settled: bool) {
        let in_use = self.in_use();
        for (claim, at) in &in_use {
            assert!(self.claims.is_of(*at, *claim), "freed while in use: {claim:?}");
        }
        let is_owed = matches!(self.asking, Asking::Owes(_)) || self.doing.iter().any(|doing| matches!(doing, Doing::Owes(_)));
        if is_settled && !is_owed {
            assert_eq!(self.claims.count(), in_use.len(), "one leaks: {:?} {:?}", self.asking, self.doing);
        }
    }
}

#[test]
fn a_claim_stays_while_it_is_in_use_and_no_longer_whoever_dies() {
    for seed in 0..40 {
        let (mut walk, mut draws, mut deaths) = (Walk::new(), Draws(seed), 0);
        for _ in 0..4_000 {
            let is_death = draws.below(50) == 0;
            deaths += u32::from(is_death);
            match (draws.below(3), is_death) {
                (0, false) => walk.ask(&mut draws),
                (0, true) => walk.settle_worker(),
                (other, false) => walk.work(other - 1),
                (other, true) => walk.settle_task_worker(other - 1),
            }
            walk.check(is_death);
        }
        assert!(deaths > 20, "they die");
        walk.settle_worker();
        (0..2).for_each(|at| walk.settle_task_worker(at));
        walk.check(true);
    }
}

#[test]
fn without_a_death_everything_is_given_back() {
    let (mut walk, mut draws) = (Walk::new(), Draws(1));
    for _ in 0..4_000 {
        match draws.below(3) {
            0 => walk.ask(&mut draws),
            other => walk.work(other - 1),
        }
        let is_owed = matches!(walk.asking, Asking::Owes(_)) || walk.doing.iter().any(|doing| matches!(doing, Doing::Owes(_)));
        walk.check(!is_owed);
    }
}

#[test]
fn settling_for_one_death_leaves_the_claims_of_the_living() {
    let walk = Walk::new();
    let claim = Claim::for_next(0, walk.pool.cells[0].state());
    let at = walk.claims.take(claim).expect("one is free");
    walk.claims.settle(walk.pool.cells, true);
    assert!(walk.claims.is_of(at, claim), "the worker lives, and may be writing its job");
    walk.claims.settle(walk.pool.cells, false);
    assert_eq!(walk.claims.count(), 0, "nobody is writing it");
}

#[test]
fn a_claim_of_what_is_not_there_is_freed() {
    let walk = Walk::new();
    let claim = Claim { cell: CELLS, sequence: 1, half: Half::Input };
    assert!(walk.claims.take(claim).is_some());
    walk.claims.settle(walk.pool.cells, true);
    assert_eq!(walk.claims.count(), 0);
}

#[test]
fn what_was_claimed_anew_is_not_given_back_by_who_had_it() {
    let walk = Walk::new();
    let [one, two] = [0, 1].map(|cell| Claim { cell, sequence: 1, half: Half::Output });
    let at = walk.claims.take(one).expect("one is free");
    walk.claims.give_back(at, one);
    assert_eq!(walk.claims.take(two), Some(at));
    walk.claims.give_back(at, one);
    assert!(walk.claims.is_of(at, two));
}

#[test]
fn there_are_so_many_and_no_more() {
    let walk = Walk::new();
    let claims: Vec<Claim> = (0..=LARGE_ONES).map(|sequence| Claim { cell: 0, sequence: sequence as u32, half: Half::Input }).collect();
    let taken: Vec<Option<usize>> = claims.iter().map(|&claim| walk.claims.take(claim)).collect();
    assert_eq!(taken, [Some(0), Some(1), Some(2), None]);
}
