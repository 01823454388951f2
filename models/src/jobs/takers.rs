//! Two task workers: a job is taken once, and none waits behind one that is busy while the other sleeps.

use super::{Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore, failure},
    job::{Holder, Kind},
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

const ONE: Holder = Holder { task_worker: 0, generation: 1 };
const TWO: Holder = Holder { task_worker: 1, generation: 1 };

/// [worker] Its one job. The two of a model differ.
fn ask(scene: &Scene, at: usize) {
    let mut asks = Asks::first(scene, at);
    asks.offer(0, at as u64, Kind::Finish);
    asks.until(|asks| asks.told == 1);
}

fn two_for_one_job(mutant: Mutant) {
    let scene = Scene::new(1, 1, 2, mutant);
    let takers = [ONE, TWO].map(|holder| {
        let scene = Arc::clone(&scene);
        thread::spawn(move || scene.serve(holder))
    });
    ask(&scene, 0);
    scene.end();
    for taker in takers {
        taker.join().expect("it lives");
    }
    assert_eq!(scene.judge()[0].told, 1);
}

fn one_for_two_workers() {
    let scene = Scene::new(2, 1, 1, Mutant::None);
    let (theirs, others) = (Arc::clone(&scene), Arc::clone(&scene));
    let taker = thread::spawn(move || theirs.serve(ONE));
    let other = thread::spawn(move || ask(&others, 1));
    ask(&scene, 0);
    other.join().expect("it lives");
    scene.end();
    taker.join().expect("it lives");
    assert!(scene.judge()[..2].iter().all(|fate| fate.told == 1));
}

/// Two workers, who know nothing of each other's wakes, offer a job each, and neither job ends before both have begun.
fn two_for_two_workers(mutant: Mutant) {
    let scene = Scene::with_jobs_together(2, 1, 2, 2, mutant);
    let takers = [ONE, TWO].map(|holder| {
        let scene = Arc::clone(&scene);
        thread::spawn(move || scene.serve(holder))
    });
    let others = Arc::clone(&scene);
    let other = thread::spawn(move || ask(&others, 1));
    ask(&scene, 0);
    other.join().expect("it lives");
    scene.end();
    for taker in takers {
        taker.join().expect("it lives");
    }
    assert!(scene.judge()[..2].iter().all(|fate| fate.told == 1));
}

const CHAIN: Depth = Depth::Preemptions(1);

#[test]
fn a_job_that_two_race_for_is_done_once() {
    explore("two race for a job", Depth::Preemptions(2), 10_000, || two_for_one_job(Mutant::None));
}

#[test]
fn the_jobs_of_two_workers_are_both_done_by_one_task_worker() {
    explore("two workers, one task worker", Depth::Preemptions(2), 2_500, one_for_two_workers);
}

#[test]
fn no_job_waits_behind_a_busy_task_worker_while_another_sleeps() {
    explore("a chain of wakes", CHAIN, 5_000, || two_for_two_workers(Mutant::None));
}

#[test]
fn a_take_that_does_not_compare_is_found() {
    let said = failure(Without::Compare, Depth::Preemptions(2), || two_for_one_job(Mutant::None));
    assert!(said.contains("Causality") || said.contains("run twice"), "{said}");
}

#[test]
fn a_task_worker_that_wakes_nobody_for_what_is_left_is_found() {
    let said = failure(Without::Nothing, CHAIN, || two_for_two_workers(Mutant::NoChain));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_task_worker_that_looks_for_more_without_a_fence_is_found() {
    let said = failure(Without::Nothing, CHAIN, || two_for_two_workers(Mutant::LooksWithoutFence));
    assert!(said.contains("deadlock"), "{said}");
}
