//! A task worker that is killed before each of its steps, and the manager while it settles that: each job ends once, with its output or
//! as died, its worker is woken, and what was still ready is done by another.

use super::{Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore_deaths, explore_two_deaths, failure_with_deaths},
    job::{Holder, Kind},
    mortal::killed_before,
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

const MORTAL: Holder = Holder { task_worker: 0, generation: 1 };
const SUCCESSOR: Holder = Holder { generation: 2, ..MORTAL };
const OTHER: Holder = Holder { task_worker: 1, generation: 1 };

/// [worker] Offers jobs as cells become free, until all have ended; then there are no more.
fn ask(scene: &Scene, jobs: usize) {
    let mut asks = Asks::first(scene, 0);
    let mut offered = 0;
    asks.until(|asks| {
        while offered < jobs
            && let Some(cell) = asks.pool.free(0)
        {
            asks.offer(cell, offered as u64, Kind::Finish);
            offered += 1;
        }
        asks.told == jobs
    });
    scene.end();
}

fn judge(scene: &Scene, jobs: usize, died: bool) {
    let fates = &scene.judge()[..jobs];
    assert!(fates.iter().all(|fate| fate.ends() == 1), "a job is lost: {fates:?}");
    let deaths = fates.iter().filter(|fate| fate.died == 1).count();
    assert!(deaths <= usize::from(died), "one death ends one job: {fates:?}");
}

/// The manager settles, and its successor too if it dies; then a successor of the task worker goes on.
fn a_successor_goes_on(k: (u32, u32), cells: usize, jobs: usize, mutant: Mutant) -> (bool, bool) {
    let scene = Scene::new(1, cells, 1, mutant);
    let (theirs, askers) = (Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || ask(&askers, jobs));
    let mortal = thread::spawn(move || killed_before(k.0, || theirs.serve(MORTAL)).is_none());
    let mut died = (mortal.join().expect("it is killed inside"), false);
    if died.0 {
        died.1 = killed_before(k.1, || scene.settle_taker(MORTAL)).is_none();
        if died.1 {
            scene.settle_taker(MORTAL);
        }
        scene.serve(SUCCESSOR);
    }
    asker.join().expect("it lives");
    judge(&scene, jobs, died.0);
    died
}

/// There is no successor, as while it is held back; another task worker does all there is.
fn another_goes_on(k: u32, mutant: Mutant) -> bool {
    const JOBS: usize = 1;
    let scene = Scene::new(1, 1, 2, mutant);
    let (theirs, others, askers) = (Arc::clone(&scene), Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || ask(&askers, JOBS));
    let mortal = thread::spawn(move || killed_before(k, || theirs.serve(MORTAL)).is_none());
    let other = thread::spawn(move || others.serve(OTHER));
    let died = mortal.join().expect("it is killed inside");
    if died {
        scene.settle_taker(MORTAL);
    }
    asker.join().expect("it lives");
    other.join().expect("it lives");
    judge(&scene, JOBS, died);
    died
}

/// There is no successor either, and the other comes after the death: a worker that looks for a sleeper finds the dead one first.
fn another_comes(k: u32, mutant: Mutant) -> bool {
    let scene = Scene::new(1, 1, 2, mutant);
    let (theirs, askers) = (Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || ask(&askers, 1));
    let mortal = thread::spawn(move || killed_before(k, || theirs.serve(MORTAL)).is_none());
    let died = mortal.join().expect("it is killed inside");
    if died {
        scene.settle_taker(MORTAL);
        scene.serve(OTHER);
    }
    asker.join().expect("it lives");
    judge(&scene, 1, died);
    died
}

const NEVER: u32 = u32::MAX;

#[test]
fn a_killed_task_worker_ends_one_job_and_its_successor_does_the_rest() {
    // Two preemptions with two jobs are 300 000 interleavings, and as green.
    for (cells, jobs, preemptions, floor) in [(1, 1, 2, 15_000), (1, 2, 1, 5_000), (2, 2, 0, 300)] {
        let name = format!("a task worker dies, jobs: {jobs}, cells: {cells}");
        let depth = Depth::Preemptions(preemptions);
        explore_deaths(&name, depth, floor, move |k| a_successor_goes_on((k, NEVER), cells, jobs, Mutant::None).0);
    }
}

#[test]
fn a_killed_task_worker_ends_one_job_though_the_manager_dies_over_it() {
    explore_two_deaths("task worker and manager die", Depth::Preemptions(1), 12_000, |k| a_successor_goes_on(k, 1, 1, Mutant::None));
}

/// One preemption more is 75 000 interleavings of both, and as green.
#[test]
fn a_killed_task_worker_keeps_no_job_from_another() {
    explore_deaths("a task worker dies, another goes on", Depth::Preemptions(0), 400, |k| another_goes_on(k, Mutant::None));
    explore_deaths("a task worker dies, another comes", Depth::Preemptions(1), 1_500, |k| another_comes(k, Mutant::None));
}

fn found(mutant: Mutant) -> String {
    failure_with_deaths(Without::Nothing, Depth::Preemptions(1), move |k| a_successor_goes_on((k, NEVER), 1, 1, mutant).0)
}

#[test]
fn a_manager_that_is_silent_about_a_task_workers_death_is_found() {
    let said = found(Mutant::Silent);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_manager_that_does_not_ring_for_a_task_worker_is_found() {
    let said = found(Mutant::SettlesUnheard);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_manager_that_sets_no_done_bits_is_found() {
    let said = found(Mutant::ForgetsDone);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_flag_of_the_dead_that_stays_up_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(1), |k| another_comes(k, Mutant::FlagOfTheDead));
    assert!(said.contains("deadlock"), "{said}");
}
