//! A worker and the task worker at its job die together, each before each of its steps; the manager settles the one and the other, in
//! either order. The job ends once all the same, and its cell is free for the successor.

use super::{Mutant, Scene, asks::Asks};
use crate::{
    explore::{Depth, explore_two_deaths, failure_with_two_deaths},
    job::{Holder, Kind, is_left, take_oldest},
    mortal::killed_before,
};
use loom::thread;
use std::sync::Arc;

const MORTAL: Holder = Holder { task_worker: 0, generation: 1 };
const SUCCESSOR: Holder = Holder { generation: 2, ..MORTAL };

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Settles {
    WorkerFirst,
    TaskWorkerFirst,
    /// Mutant: the other's death is overlooked.
    OnlyWorker,
    OnlyTaskWorker,
}

/// [worker] Offers a job, gives it up if it waits for it, and looks once for what has come back.
fn ask(scene: &Scene, kind: Kind) {
    let mut asks = Asks::first(scene, 0);
    let ready = asks.offer(0, 0, kind);
    if kind == Kind::Wait {
        asks.give_up(0, ready, 0);
    }
    asks.until(|_| true);
}

/// [task worker] Looks once for a job.
fn serve(scene: &Scene) {
    let pools = scene.pools();
    if let Some(taken) = take_oldest(&pools, MORTAL) {
        is_left(&pools);
        scene.run(&taken);
        scene.complete(&pools, taken, &mut [Default::default()]);
    }
}

fn model(k: (u32, u32), kind: Kind, settles: Settles) -> (bool, bool) {
    let scene = Scene::new(1, 1, 1, Mutant::None);
    let (askers, takers) = (Arc::clone(&scene), Arc::clone(&scene));
    let asker = thread::spawn(move || killed_before(k.0, || ask(&askers, kind)).is_none());
    let taker = thread::spawn(move || killed_before(k.1, || serve(&takers)).is_none());
    // Who came to its end is killed there.
    let died = (asker.join().expect("it is killed inside"), taker.join().expect("it is killed inside"));
    if settles != Settles::OnlyTaskWorker {
        if settles == Settles::TaskWorkerFirst {
            scene.settle_taker(MORTAL);
        }
        scene.settle_worker(0);
    }
    if matches!(settles, Settles::WorkerFirst | Settles::OnlyTaskWorker) {
        scene.settle_taker(MORTAL);
    }
    scene.end();
    scene.serve(SUCCESSOR);
    Asks::successor(&scene, 0).until(|_| true);
    let offered = scene.askers[0].cells[0].state().sequence == 1;
    let [fate, ..] = scene.judge();
    assert!(offered || fate.ran + fate.ends() == 0, "it was never offered: {fate:?}");
    assert!(!offered || kind == Kind::Wait || fate.ends() == 1, "a job is lost: {fate:?}");
    died
}

const DEPTH: Depth = Depth::Preemptions(1);

#[test]
fn a_job_whose_worker_and_task_worker_die_together_ends_once() {
    for settles in [Settles::WorkerFirst, Settles::TaskWorkerFirst] {
        for kind in [Kind::Finish, Kind::Closure, Kind::Wait] {
            let name = format!("worker and task worker die, {kind:?}, {settles:?}");
            explore_two_deaths(&name, DEPTH, 800, move |k| model(k, kind, settles));
        }
    }
}

#[test]
fn a_death_that_is_overlooked_beside_another_is_found() {
    for settles in [Settles::OnlyWorker, Settles::OnlyTaskWorker] {
        let said = failure_with_two_deaths(DEPTH, move |k| model(k, Kind::Wait, settles));
        assert!(said.contains("a cell leaks") || said.contains("waits for nothing"), "{said}");
    }
}
