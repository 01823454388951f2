//! A large cell that a worker and its task workers claim, each killed before each of its steps: what one writes nobody else writes or
//! reads, what a job has claimed is there until it is read, and when all is settled the large cell is free.

use crate::{
    explore::{Depth, explore, explore_two_deaths, failure, failure_with_two_deaths},
    job::{
        Bits, Claim, Claims, Completed, Half, Holder, JobCell, Kind, Offer, Outcome, Phase, Pool, State, Withdrawn, settle_asker,
        settle_holder, take_oldest,
    },
    mortal::killed_before,
    slot::Slot,
    sync::{AtomicU64, Ordering, Without},
};
use loom::thread;
use std::sync::Arc;

const MORTAL: Holder = Holder { task_worker: 0, generation: 1 };
const SUCCESSOR: Holder = Holder { generation: 2, ..MORTAL };

/// One line of the protocol that is left out or done elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutant {
    None,
    /// The task worker gives back before it has read.
    GivesBackUnread,
    /// The worker gives back what it has read before it releases the job.
    GivesBackUnreleased,
    /// The manager frees no claims.
    ForgetsClaims,
    /// It frees claims before it ends the jobs of the dead.
    FreesFirst,
    /// It takes a worker for dead when a task worker has died.
    FreesOfTheLiving,
    /// Whoever gives back does not look whether it is claimed so still.
    GivesBackBlindly,
    /// What it has read or written is not behind it.
    GivesBackUnordered,
}

/// Who is waited for first, and settled while the other goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum First {
    Worker,
    TaskWorker,
}

const CELLS: usize = 2;

struct Scene {
    cells: Vec<JobCell>,
    ready: [AtomicU64; 1],
    done: [AtomicU64; 1],
    claims: [AtomicU64; 1],
    large: Slot,
    mutant: Mutant,
}

fn output_of(job: u64) -> u64 {
    job + 100
}

impl Scene {
    fn new(mutant: Mutant) -> Arc<Self> {
        let word = || AtomicU64::new(0);
        let cells = (0..CELLS).map(|_| JobCell::new()).collect();
        Arc::new(Self { cells, ready: [word()], done: [word()], claims: [word()], large: Slot::new(), mutant })
    }

    fn pool(&self) -> Pool<'_> {
        Pool { cells: &self.cells, ready: Bits::new(&self.ready), done: Bits::new(&self.done) }
    }

    fn claims(&self) -> Claims<'_> {
        Claims::new(&self.claims)
    }

    /// Claims the large cell and writes into it; 1, or 0 where the job goes elsewhere, as into a file.
    fn put(&self, claim: Claim, value: u64) -> u64 {
        if self.claims().take(claim).is_none() {
            return 0;
        }
        self.large.set(value);
        1
    }

    /// Without a look at the claim, which the runtime has and needs for processes gone wild alone: to loom a look hides that others have
    /// looked before, and it does not try the other order.
    fn get(&self, place: u64, value: u64) {
        if place == 1 {
            assert_eq!(self.large.get(), value, "something else lies there");
        }
    }

    fn give_back(&self, claim: Claim, place: u64) {
        match (place, self.mutant) {
            (1, Mutant::GivesBackBlindly) => self.claims[0].store(0, Ordering::Release),
            (1, Mutant::GivesBackUnordered) => self.claims[0].store(0, Ordering::Relaxed),
            (1, _) => self.claims().give_back(0, claim),
            _ => {}
        }
    }

    /// [worker] One job; what else it has to do, it does after it.
    fn offer(&self, job: u64, kind: Kind) -> Option<(usize, State)> {
        let pool = self.pool();
        let cell = pool.free(0)?;
        let input = self.put(Claim::for_next(cell, pool.cells[cell].state()), job);
        Some((cell, pool.offer(Offer { cell, kind, ticket: job, input, only: None, now_ms: 0 })))
    }

    /// [worker] What has come back in this cell.
    fn read(&self, cell: usize, done: State) {
        let job = &self.cells[cell];
        let (ticket, place) = (job.ticket.load(Ordering::Relaxed), job.output.load(Ordering::Relaxed));
        let (claim, is_there) = (Claim::of_job(cell, done, Half::Output), done.outcome == Outcome::Output);
        if is_there {
            self.get(place, output_of(ticket));
        }
        if is_there && self.mutant == Mutant::GivesBackUnreleased {
            self.give_back(claim, place);
        }
        job.release(done);
        if is_there && self.mutant != Mutant::GivesBackUnreleased {
            self.give_back(claim, place);
        }
    }

    /// [worker] Two jobs, the first given up if it is one that is waited for; then one look at what has come back.
    fn ask(&self, kind: Kind) {
        let first = self.offer(0, kind);
        if let (Some((cell, ready)), Kind::Wait) = (first, kind) {
            match self.pool().withdraw(cell, ready.sequence) {
                Withdrawn::NeverRuns => {
                    let place = self.cells[cell].input.load(Ordering::Relaxed);
                    self.give_back(Claim::of_job(cell, ready, Half::Input), place);
                }
                Withdrawn::Done(done) => self.read(cell, done),
                Withdrawn::Running => {}
                Withdrawn::NotMine => panic!("nobody else ends it"),
            }
        }
        self.offer(1, Kind::Finish);
        self.look();
    }

    /// [worker] Reads what has come back.
    fn look(&self) {
        for cell in self.pool().done.take() {
            let state = self.cells[cell].state();
            if state.phase == Phase::Done {
                self.read(cell, state);
            }
        }
    }

    /// [task worker] One job, if there is one.
    fn serve(&self, holder: Holder) -> bool {
        let pool = self.pool();
        let Some(taken) = take_oldest(&[pool], holder) else { return false };
        let job = &self.cells[taken.cell];
        let (ticket, input) = (job.ticket.load(Ordering::Relaxed), job.input.load(Ordering::Relaxed));
        let claim = Claim::of_job(taken.cell, taken.state, Half::Input);
        if self.mutant == Mutant::GivesBackUnread {
            self.give_back(claim, input);
            assert!(input == 0 || self.large.get() == ticket, "something else lies there");
        } else {
            self.get(input, ticket);
            self.give_back(claim, input);
        }
        let claim = Claim::of_job(taken.cell, taken.state, Half::Output);
        let output = self.put(claim, output_of(ticket));
        job.output.store(output, Ordering::Relaxed);
        match pool.complete(taken, Outcome::Output) {
            Completed::Done => {}
            Completed::Unwanted => self.give_back(claim, output),
            Completed::NotMine => panic!("it lives, and nobody else ends its job"),
        }
        true
    }

    fn free(&self, is_asker_alive: bool) {
        if self.mutant != Mutant::ForgetsClaims {
            self.claims().settle(&self.cells, is_asker_alive);
        }
    }

    /// [manager] The worker is dead.
    fn settle_worker(&self) {
        settle_asker(&self.pool(), false);
        self.free(false);
    }

    /// [manager] The task worker is dead.
    fn settle_taker(&self) {
        let is_asker_alive = self.mutant != Mutant::FreesOfTheLiving;
        if self.mutant == Mutant::FreesFirst {
            self.free(is_asker_alive);
            settle_holder(&self.pool(), MORTAL);
        } else {
            settle_holder(&self.pool(), MORTAL);
            self.free(is_asker_alive);
        }
    }

    /// [worker, task worker] Who lives, or has succeeded, does what is left.
    fn end(&self) {
        while self.serve(SUCCESSOR) {}
        for (at, cell) in self.cells.iter().enumerate() {
            let state = cell.state();
            let has_claimed = state.phase == Phase::Done && state.outcome == Outcome::Output && cell.output.load(Ordering::Relaxed) == 1;
            assert!(!has_claimed || self.claims().is_of(0, Claim::of_job(at, state, Half::Output)), "what a job has claimed is gone");
        }
        self.look();
        assert!(self.cells.iter().all(|cell| cell.state().phase == Phase::Free), "a cell leaks");
        assert_eq!(self.claims().count(), 0, "the large cell leaks");
    }
}

fn model(k: (u32, u32), kind: Kind, first: First, mutant: Mutant) -> (bool, bool) {
    let scene = Scene::new(mutant);
    let (askers, takers) = (Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || killed_before(k.0, || askers.ask(kind)).is_none());
    let taker = thread::spawn(move || killed_before(k.1, || takers.serve(MORTAL)).is_none());
    let has_asker_died = || {
        let died = asker.join().expect("it is killed inside");
        if died {
            scene.settle_worker();
        }
        died
    };
    let has_taker_died = || {
        let died = taker.join().expect("it is killed inside");
        if died {
            scene.settle_taker();
            scene.serve(SUCCESSOR);
        }
        died
    };
    let died = match first {
        First::Worker => (has_asker_died(), has_taker_died()),
        First::TaskWorker => {
            let taker = has_taker_died();
            (has_asker_died(), taker)
        }
    };
    scene.end();
    died
}

/// A worker reads an output and gives it back, while the manager frees the same for the death of who has written it, and the successor
/// claims.
fn both_give_back(mutant: Mutant) {
    let scene = Scene::new(mutant);
    scene.offer(0, Kind::Finish);
    scene.serve(MORTAL);
    scene.offer(1, Kind::Finish);
    let askers = Arc::clone(&scene);
    let asker = thread::spawn(move || askers.look());
    scene.settle_taker();
    scene.serve(SUCCESSOR);
    asker.join().expect("it lives");
    scene.end();
}

const NEVER: (u32, u32) = (u32::MAX, u32::MAX);
const DEPTH: Depth = Depth::Preemptions(1);

#[test]
fn a_large_cell_is_one_jobs_at_a_time_and_free_again() {
    for (kind, floor) in [(Kind::Finish, 60), (Kind::Wait, 1_000)] {
        let name = format!("a large cell, {kind:?}");
        explore(&name, Depth::Preemptions(3), floor, move || {
            model(NEVER, kind, First::Worker, Mutant::None);
        });
    }
}

#[test]
fn a_large_cell_that_two_give_back_is_not_taken_from_a_third() {
    explore("a large cell, given back twice", Depth::All, 30, || both_give_back(Mutant::None));
}

#[test]
fn a_large_cell_is_free_again_whoever_dies_over_it() {
    for first in [First::Worker, First::TaskWorker] {
        for kind in [Kind::Finish, Kind::Wait] {
            let name = format!("deaths over a large cell, {kind:?}, {first:?} first");
            explore_two_deaths(&name, DEPTH, 5_000, move |k| model(k, kind, first, Mutant::None));
        }
    }
}

fn found(mutant: Mutant) -> String {
    failure(Without::Nothing, Depth::Preemptions(2), move || {
        model(NEVER, Kind::Finish, First::Worker, mutant);
    })
}

fn found_with_deaths(kind: Kind, first: First, mutant: Mutant) -> String {
    failure_with_two_deaths(DEPTH, move |k| model(k, kind, first, mutant))
}

#[test]
fn claims_without_compare_are_found() {
    let said = failure(Without::Compare, Depth::Preemptions(2), || {
        model(NEVER, Kind::Finish, First::Worker, Mutant::None);
    });
    assert!(said.contains("Causality") || said.contains("is gone") || said.contains("something else"), "{said}");
}

#[test]
fn claims_given_back_without_release_are_found() {
    let said = found(Mutant::GivesBackUnordered);
    assert!(said.contains("Causality"), "{said}");
}

#[test]
fn a_task_worker_that_gives_back_what_it_has_not_read_is_found() {
    let said = found(Mutant::GivesBackUnread);
    assert!(said.contains("Causality") || said.contains("something else"), "{said}");
}

#[test]
fn a_worker_that_gives_back_what_it_has_not_released_is_found() {
    let said = found_with_deaths(Kind::Finish, First::Worker, Mutant::GivesBackUnreleased);
    assert!(said.contains("is gone"), "{said}");
}

#[test]
fn who_gives_back_blindly_is_found() {
    let said = failure(Without::Nothing, Depth::Preemptions(3), || both_give_back(Mutant::GivesBackBlindly));
    assert!(said.contains("Causality") || said.contains("is gone") || said.contains("something else"), "{said}");
}

#[test]
fn a_manager_that_forgets_claims_is_found() {
    let said = found_with_deaths(Kind::Finish, First::Worker, Mutant::ForgetsClaims);
    assert!(said.contains("the large cell leaks"), "{said}");
}

#[test]
fn a_manager_that_frees_claims_before_it_ends_jobs_is_found() {
    let said = found_with_deaths(Kind::Finish, First::TaskWorker, Mutant::FreesFirst);
    assert!(said.contains("the large cell leaks"), "{said}");
}

#[test]
fn a_manager_that_frees_what_the_living_write_is_found() {
    let said = found_with_deaths(Kind::Finish, First::TaskWorker, Mutant::FreesOfTheLiving);
    assert!(said.contains("Causality") || said.contains("is gone") || said.contains("something else"), "{said}");
}
