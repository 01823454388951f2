//! A slot from hand to hand: a dead worker's, opened by a manager that is killed before each of its steps, opened again by the next one,
//! while the children of both want it. After `manager::life::fork_worker` and `worker::live`.

use crate::{
    explore::{Depth, explore_deaths, failure_with_deaths},
    mortal::{killed_before, step},
    owner::{Claim, OwnerWord},
    sync::Without,
};
use loom::thread::{self, JoinHandle};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering::Relaxed},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// A manager takes whoever it did not fork for dead.
    BuriesTheLiving,
}

/// The worker that is dead when the model begins.
const DEAD: u32 = 9;

struct Slot {
    owner: OwnerWord,
    /// Who serves it now. Seen by the test alone.
    holders: AtomicU32,
    children: Mutex<Vec<JoinHandle<()>>>,
}

impl Slot {
    fn new() -> Arc<Self> {
        let owner = OwnerWord::new();
        let opened = owner.open(owner.read()).expect("nobody has it");
        assert!(owner.claim(opened, DEAD));
        Arc::new(Self { owner, holders: AtomicU32::new(0), children: Mutex::default() })
    }

    /// [manager] One try to fill the slot with a child of this pid; `false` when somebody was quicker.
    fn fill(self: &Arc<Self>, pid: u32, mutant: Mutant) -> bool {
        let now = self.owner.read();
        if let Some(holder) = now.pid {
            if holder != DEAD && mutant == Mutant::None {
                // A predecessor's child: it is adopted.
                return true;
            }
            self.owner.vacate(now);
        }
        let now = self.owner.read();
        if now.pid.is_some() {
            return false;
        }
        let Some(opened) = self.owner.open(now) else {
            return false;
        };
        step();
        self.fork(opened, pid);
        true
    }

    fn fork(self: &Arc<Self>, opened: Claim, pid: u32) {
        let slot = Arc::clone(self);
        let child = thread::spawn(move || {
            if slot.owner.claim(opened, pid) {
                slot.holders.fetch_add(1, Relaxed);
            }
        });
        self.children.lock().expect("a process dies elsewhere").push(child);
    }
}

fn model(k: u32, mutant: Mutant) -> bool {
    let slot = Slot::new();
    let first = Arc::clone(&slot);
    let manager = thread::spawn(move || killed_before(k, || first.fill(1, Mutant::None)).is_none());
    let died = manager.join().expect("it is killed inside");
    while !slot.fill(2, mutant) {
        thread::yield_now();
    }
    let children = core::mem::take(&mut *slot.children.lock().expect("nobody holds it"));
    for child in children {
        child.join().expect("it lives");
    }
    assert_eq!(slot.holders.load(Relaxed), 1, "a slot has one holder");
    died
}

#[test]
fn a_slot_has_one_holder_wherever_its_manager_dies() {
    explore_deaths("hand-over", Depth::All, 70, |k| model(k, Mutant::None));
}

#[test]
fn a_claim_that_does_not_compare_is_found() {
    let said = failure_with_deaths(Without::Compare, Depth::All, |k| model(k, Mutant::None));
    assert!(said.contains("one holder"), "{said}");
}

#[test]
fn a_manager_that_takes_the_living_for_dead_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::All, |k| model(k, Mutant::BuriesTheLiving));
    assert!(said.contains("one holder"), "{said}");
}
