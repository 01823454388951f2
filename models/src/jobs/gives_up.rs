//! A time-out against the task worker that takes the job and completes it, and that dies: never both "never runs" and run, its output
//! reaches nobody, its cell is freed once, and the next job in it has its own output.

use super::{Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore, explore_deaths, failure},
    job::{Holder, JobCell, Kind, State, Withdrawn, take_oldest},
    mortal::killed_before,
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

const MORTAL: Holder = Holder { task_worker: 0, generation: 1 };
const SUCCESSOR: Holder = Holder { generation: 2, ..MORTAL };

/// [worker] Gives up its first job, offers the second in the same cell, and waits for that.
fn ask(scene: &Scene) {
    let mut asks = Asks::first(scene, 0);
    let ready = asks.offer(0, 0, Kind::Wait);
    asks.give_up(0, ready, 0);
    while asks.pool.free(0).is_none() {
        thread::yield_now();
    }
    let ready = asks.offer(0, 1, Kind::Wait);
    asks.wait(0, ready);
    scene.end();
}

fn model(k: u32, mutant: Mutant) -> bool {
    let scene = Scene::new(1, 1, 1, mutant);
    let (theirs, askers) = (Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || ask(&askers));
    let mortal = thread::spawn(move || killed_before(k, || theirs.serve(MORTAL)).is_none());
    let died = mortal.join().expect("it is killed inside");
    if died {
        scene.settle_taker(MORTAL);
        scene.serve(SUCCESSOR);
    }
    asker.join().expect("it lives");
    let [first, second, _] = scene.judge();
    assert!(first.ends() == 1 && second.told + second.died == 1, "each ends once: {first:?} {second:?}");
    died
}

/// The first job is for any task worker, the second in the same cell for another: a task worker that has read the first is slow.
fn the_next_is_for_another(mutant: Mutant) {
    let scene = Scene::new(1, 1, 1, mutant);
    let theirs = Arc::clone(&scene);
    let taker = thread::spawn(move || {
        let pools = theirs.pools();
        if let Some(taken) = take_oldest(&pools, MORTAL) {
            theirs.run(&taken);
            theirs.complete(&pools, taken, &mut [Default::default()]);
        }
    });
    let pool = scene.pool(0);
    let mut asks = Asks::first(&scene, 0);
    let ready = asks.offer(0, 0, Kind::Wait);
    if pool.withdraw(0, ready.sequence) == Withdrawn::NeverRuns {
        if mutant == Mutant::SameSequence {
            go_back(&pool.cells[0], ready);
        }
        let ready = asks.offer_to(Some(1), 0, 1, Kind::Wait);
        assert_eq!(pool.withdraw(0, ready.sequence), Withdrawn::NeverRuns, "done by one that it was not for");
    }
    taker.join().expect("it lives");
}

/// The cell is free, and its next job will be counted as `ready` was.
fn go_back(cell: &JobCell, ready: State) {
    cell.release(State { sequence: ready.sequence - 1, ..ready.with(crate::job::Phase::Done) });
}

const DEPTH: Depth = Depth::Preemptions(2);

/// One preemption more is 770 000 interleavings, and as green.
#[test]
fn a_job_given_up_never_runs_or_its_output_reaches_nobody() {
    explore_deaths("a job given up", Depth::Preemptions(1), 1, |k| model(k, Mutant::None));
}

#[test]
fn a_slow_task_worker_does_not_take_the_next_job_for_the_one_it_saw() {
    explore("the next is for another", Depth::Preemptions(3), 1_000, || the_next_is_for_another(Mutant::None));
}

#[test]
fn a_sequence_used_again_is_found() {
    let said = failure(Without::Nothing, Depth::All, || the_next_is_for_another(Mutant::SameSequence));
    assert!(said.contains("not for"), "{said}");
}

#[test]
fn moves_that_do_not_compare_are_found() {
    let said = failure(Without::Compare, DEPTH, || {
        model(u32::MAX, Mutant::None);
    });
    assert!(said.contains("Causality") || said.contains("never to run"), "{said}");
}

#[test]
fn a_worker_that_frees_what_runs_is_found() {
    let said = failure(Without::Nothing, DEPTH, || {
        model(u32::MAX, Mutant::FreesWhatRuns);
    });
    assert!(said.contains("Causality") || said.contains("another job's output"), "{said}");
}
