//! A worker that is killed before each of its steps while a task worker goes on, and the manager while it settles that: a job is done at
//! most once, what the dead one waited for is given up, what else it offered comes to its successor, and no cell leaks.

use super::{Fate, JOBS, Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore_deaths, explore_two_deaths, failure_with_deaths},
    job::{Holder, Kind, Phase},
    mortal::killed_before,
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

const HOLDER: Holder = Holder { task_worker: 0, generation: 1 };

/// What the worker does with its first job, in the first cell. Each further one is for `on_finish`, in a cell of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum First {
    Finish,
    Closure,
    Waits,
    GivesUp,
}

/// [worker] Until all its jobs have ended.
fn ask(scene: &Scene, jobs: usize, first: First) {
    let mut asks = Asks::first(scene, 0);
    let mut own = jobs;
    let kind = match first {
        First::Finish => Kind::Finish,
        First::Closure => Kind::Closure,
        First::Waits | First::GivesUp => Kind::Wait,
    };
    for job in (1..jobs).chain([0]) {
        let kind = if job == 0 { kind } else { Kind::Finish };
        let ready = asks.offer(job, job as u64, kind);
        match first {
            First::Waits if job == 0 => asks.wait(0, ready),
            First::GivesUp if job == 0 => {
                let told = asks.told;
                asks.give_up(0, ready, 0);
                own -= usize::from(asks.told == told);
            }
            _ => {}
        }
    }
    asks.until(|asks| asks.told == own);
}

/// [worker] The successor, until nothing is to come back.
fn succeed(scene: &Scene) {
    let mut asks = Asks::successor(scene, 0);
    asks.until(|asks| asks.pool.cells.iter().all(|cell| matches!(cell.state().phase, Phase::Free | Phase::Abandoned)));
}

fn model(k: (u32, u32), jobs: usize, first: First, mutant: Mutant) -> (bool, bool) {
    let scene = Scene::new(1, jobs, 1, mutant);
    let (theirs, takers) = (Arc::clone(&scene), Arc::clone(&scene));
    let mortal = thread::spawn(move || killed_before(k.0, || ask(&theirs, jobs, first)).is_none());
    let taker = thread::spawn(move || takers.serve(HOLDER));
    let mut died = (mortal.join().expect("it is killed inside"), false);
    if died.0 {
        died.1 = killed_before(k.1, || scene.settle_worker(0)).is_none();
        if died.1 {
            scene.settle_worker(0);
        }
        succeed(&scene);
    }
    scene.end();
    taker.join().expect("it lives");
    judge(&scene, jobs, first, died.0);
    died
}

fn judge(scene: &Scene, jobs: usize, first: First, died: bool) {
    let fates: [Fate; JOBS] = scene.judge();
    for (job, fate) in fates[..jobs].iter().enumerate() {
        // A job was offered when its cell had one: that move is the only one that counts up.
        let offered = scene.askers[0].cells[job].state().sequence == 1;
        assert!(offered || fate.ran + fate.ends() == 0, "it was never offered: {fate:?}");
        let may_be_given_up = died && job == 0 && matches!(first, First::Waits | First::GivesUp);
        assert!(!offered || may_be_given_up || fate.ends() == 1, "a job is lost: {fate:?}");
    }
}

const NEVER: u32 = u32::MAX;

/// Two more are 1.2 million interleavings for the first two alone, and as green.
#[test]
fn a_killed_worker_loses_no_job_leaves_no_cell_and_waits_for_nothing() {
    for first in [First::Finish, First::Closure, First::Waits, First::GivesUp] {
        let name = format!("a worker with two jobs dies, {first:?}");
        explore_deaths(&name, Depth::Preemptions(0), 200, move |k| model((k, NEVER), 2, first, Mutant::None).0);
    }
}

/// What waits is moved by three, so these go deeper.
#[test]
fn a_killed_worker_leaves_one_job_to_its_successor_or_to_nobody() {
    for (first, preemptions) in [(First::Finish, 1), (First::Closure, 1), (First::Waits, 2), (First::GivesUp, 2)] {
        let name = format!("a worker dies, {first:?}");
        explore_deaths(&name, Depth::Preemptions(preemptions), 2_500, move |k| model((k, NEVER), 1, first, Mutant::None).0);
    }
}

/// The pairs of deaths are what counts here. One preemption more is 147 000 interleavings, and as green.
#[test]
fn a_killed_worker_loses_no_job_though_the_manager_dies_over_it() {
    for first in [First::Finish, First::Closure, First::Waits, First::GivesUp] {
        let name = format!("worker and manager die, {first:?}");
        explore_two_deaths(&name, Depth::Preemptions(0), 500, move |k| model(k, 1, first, Mutant::None));
    }
}

fn found(first: First, mutant: Mutant) -> String {
    failure_with_deaths(Without::Nothing, Depth::Preemptions(1), move |k| model((k, NEVER), 1, first, mutant).0)
}

#[test]
fn a_manager_that_is_silent_about_a_workers_death_is_found() {
    let said = found(First::Finish, Mutant::Silent);
    assert!(said.contains("deadlock"), "{said}");
    let said = found(First::Waits, Mutant::Silent);
    assert!(said.contains("waits for nothing") || said.contains("deadlock"), "{said}");
}

#[test]
fn a_manager_that_does_not_ring_for_a_worker_is_found() {
    let said = found(First::Finish, Mutant::SettlesUnheard);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_manager_that_sets_no_done_bits_for_the_successor_is_found() {
    let said = found(First::Finish, Mutant::ForgetsDone);
    assert!(said.contains("deadlock"), "{said}");
}
