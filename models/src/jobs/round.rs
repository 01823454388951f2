//! A worker and a task worker, both alive: every job is done once and comes back, whoever sleeps.

use super::{Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore, failure},
    job::{Holder, Kind},
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

const HOLDER: Holder = Holder { task_worker: 0, generation: 1 };
const JOBS: usize = 2;

/// The jobs come back to the worker's loop; with one cell they are in it after each other.
fn model(cells: usize, mutant: Mutant) {
    let scene = Scene::new(1, cells, 1, mutant);
    let theirs = Arc::clone(&scene);
    let taker = thread::spawn(move || theirs.serve(HOLDER));
    let mut asks = Asks::first(&scene, 0);
    let mut offered = 0;
    asks.until(|asks| {
        while offered < JOBS
            && let Some(cell) = asks.pool.free(0)
        {
            asks.offer(cell, offered as u64, Kind::Finish);
            offered += 1;
        }
        asks.told == JOBS
    });
    scene.end();
    taker.join().expect("it lives");
    assert!(scene.judge()[..JOBS].iter().all(|fate| fate.told == 1));
}

/// The worker waits inside a callback for one job, while another comes back for its loop.
fn model_of_waiting(mutant: Mutant) {
    let scene = Scene::new(1, 2, 1, mutant);
    let theirs = Arc::clone(&scene);
    let taker = thread::spawn(move || theirs.serve(HOLDER));
    let mut asks = Asks::first(&scene, 0);
    asks.offer(0, 0, Kind::Finish);
    let ready = asks.offer(1, 1, Kind::Wait);
    asks.wait(1, ready);
    asks.until(|asks| asks.told == JOBS);
    scene.end();
    taker.join().expect("it lives");
    assert!(scene.judge()[..JOBS].iter().all(|fate| fate.told == 1));
}

const DEPTH: Depth = Depth::Preemptions(2);
const DEEP: Depth = Depth::Preemptions(3);

#[test]
fn every_job_is_done_once_and_comes_back_whoever_sleeps() {
    for cells in [1, 2] {
        explore("jobs", DEEP, 4_000, move || model(cells, Mutant::None));
    }
}

#[test]
fn a_call_that_waits_has_its_own_job_and_the_loop_the_other() {
    explore("a job waited for", DEEP, 1_000, || model_of_waiting(Mutant::None));
}

#[test]
fn jobs_without_fences_are_found() {
    let said = failure(Without::Fence, DEPTH, || model(1, Mutant::None));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn bits_and_moves_without_release_are_found() {
    let said = failure(Without::Release, DEPTH, || model(1, Mutant::None));
    assert!(said.contains("Causality"), "{said}");
}

#[test]
fn moves_seen_without_acquire_are_found() {
    let said = failure(Without::Acquire, DEPTH, || model(1, Mutant::None));
    assert!(said.contains("Causality"), "{said}");
}

#[test]
fn a_task_worker_that_does_not_look_again_is_found() {
    let said = failure(Without::Nothing, DEPTH, || model(1, Mutant::TakerSleepsAtOnce));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_worker_that_does_not_look_again_is_found() {
    let said = failure(Without::Nothing, DEPTH, || model(1, Mutant::AskerSleepsAtOnce));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_done_bit_before_its_move_is_found() {
    let said = failure(Without::Nothing, DEPTH, || model(1, Mutant::DoneBitFirst));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_ready_bit_that_is_set_blindly_is_found() {
    let said = failure(Without::Nothing, DEPTH, || model(1, Mutant::ShowsBlindly));
    assert!(said.contains("over what is not ready"), "{said}");
}

#[test]
fn a_waiter_that_is_woken_by_the_flag_of_the_loop_is_found() {
    let said = failure(Without::Nothing, DEPTH, || model_of_waiting(Mutant::OneFlagForBoth));
    assert!(said.contains("deadlock"), "{said}");
}
