//! A worker that is killed before each of its steps, its successor too, the manager while it settles. After `worker::serve` and
//! `manager::settle`: no record is begun twice, none is passed over without a report.

use crate::{
    begun::Begun,
    explore::{Depth, explore_two_deaths, failure_with_two_deaths},
    lane::Lane,
    mortal::{killed_before, step},
    sync::{AtomicU64, Ordering},
};
use loom::thread;
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// The record is named after its callback.
    BeginsLate,
    /// The record is consumed before its callback.
    ConsumesEarly,
    /// The manager forgets what the next worker was to be handed when that one dies before it took it.
    ForgetsTheLost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    WithOnLost,
    WithoutOnLost,
}

const RECORDS: usize = 2;

/// What has come to a record. Seen by the test alone.
#[derive(Clone, Copy, Default, Debug)]
struct Fate {
    begun: u32,
    ended: u32,
    reported: u32,
    /// Handed to `on_lost`, and that came to its end.
    lost: u32,
    lost_ended: u32,
    /// Its session was closed with `worker_died`.
    closed: u32,
}

struct Shared {
    lane: Lane<2>,
    /// In the worker's board.
    begun: AtomicU64,
    /// In the slot's board, which the manager writes.
    lost: AtomicU64,
    fates: Mutex<[Fate; RECORDS]>,
    server: Server,
    mutant: Mutant,
}

impl Shared {
    fn new(server: Server, mutant: Mutant) -> Arc<Self> {
        let word = || AtomicU64::new(0);
        Arc::new(Self { lane: Lane::new(0), begun: word(), lost: word(), fates: Mutex::default(), server, mutant })
    }

    fn fate(&self, position: u64, happens: impl FnOnce(&mut Fate)) {
        happens(&mut self.fates.lock().expect("a process dies elsewhere")[position as usize]);
    }

    /// [reactor]
    fn produce(&self) {
        let mut head = self.lane.head();
        for value in 0..RECORDS as u64 {
            self.lane.push_in_time(&mut head, value);
        }
    }

    fn begin(&self, position: u64, again: bool) {
        self.begun.store(Begun { ring: 0, position, again }.word(), Ordering::Release);
    }

    /// [worker] From its claim until all is consumed.
    fn work(&self) {
        step();
        self.begun.store(0, Ordering::Relaxed);
        // Here is `on_worker_start`, which may well end the process.
        let mut tail = self.lane.tail();
        if let Some(lost) = Begun::of(self.lost.load(Ordering::Relaxed))
            && tail.next().expect("sane") == Some(lost.position)
        {
            self.begin(lost.position, true);
            self.fate(lost.position, |fate| fate.lost += 1);
            step();
            self.fate(lost.position, |fate| fate.lost_ended += 1);
            tail.advance();
        }
        loop {
            let Some(position) = tail.next().expect("sane") else {
                if self.lane.consumed.load(Ordering::Relaxed) == RECORDS as u64 {
                    return;
                }
                thread::yield_now();
                continue;
            };
            if self.mutant != Mutant::BeginsLate {
                self.begin(position, false);
            }
            if self.mutant == Mutant::ConsumesEarly {
                tail.advance();
            }
            self.fate(position, |fate| fate.begun += 1);
            step();
            self.fate(position, |fate| fate.ended += 1);
            if self.mutant == Mutant::BeginsLate {
                self.begin(position, false);
            }
            if self.mutant != Mutant::ConsumesEarly {
                tail.advance();
            }
        }
    }

    /// [manager] A worker has died.
    fn settle(&self) {
        let begun = Begun::of(self.begun.load(Ordering::Acquire)).filter(|begun| self.lane.oldest(begun.position).is_some());
        let lost = Begun::of(self.lost.load(Ordering::Relaxed)).filter(|lost| self.lane.oldest(lost.position).is_some());
        let Some(begun) = begun else {
            if lost.is_none() || self.mutant == Mutant::ForgetsTheLost {
                self.lost.store(0, Ordering::Relaxed);
            }
            return;
        };
        self.fate(begun.position, |fate| fate.reported += 1);
        if self.server == Server::WithOnLost && !begun.again {
            return self.lost.store(begun.word(), Ordering::Relaxed);
        }
        self.fate(begun.position, |fate| fate.closed += 1);
        self.lane.skip(begun.position);
    }

    fn judge(&self) {
        assert_eq!(self.lane.consumed.load(Ordering::Acquire), RECORDS as u64);
        for fate in *self.fates.lock().expect("nobody holds it") {
            assert!(fate.begun <= 1 && fate.lost <= 1, "begun twice: {fate:?}");
            assert!(fate.ended == 1 || fate.reported > 0, "passed over without a report: {fate:?}");
            assert!(fate.ended == 1 || fate.lost_ended == 1 || fate.closed > 0, "nobody is told: {fate:?}");
        }
    }
}

/// A worker dies, then its successor; the third lives.
fn two_workers_die(k: (u32, u32), server: Server, mutant: Mutant) -> (bool, bool) {
    let shared = Shared::new(server, mutant);
    let (theirs, reactors) = (Arc::clone(&shared), Arc::clone(&shared));
    let reactor = thread::spawn(move || reactors.produce());
    let worker = thread::spawn(move || killed_before(k.0, || theirs.work()).is_none());
    let mut died = (worker.join().expect("it is killed inside"), false);
    if died.0 {
        shared.settle();
        died.1 = killed_before(k.1, || shared.work()).is_none();
    }
    if died.1 {
        shared.settle();
        shared.work();
    }
    reactor.join().expect("it lives");
    shared.judge();
    died
}

/// A worker dies, then the manager while it settles that; the next manager and the next worker live.
fn a_worker_and_the_manager_die(k: (u32, u32), server: Server, mutant: Mutant) -> (bool, bool) {
    let shared = Shared::new(server, mutant);
    let (theirs, reactors) = (Arc::clone(&shared), Arc::clone(&shared));
    let reactor = thread::spawn(move || reactors.produce());
    let worker = thread::spawn(move || killed_before(k.0, || theirs.work()).is_none());
    let mut died = (worker.join().expect("it is killed inside"), false);
    if died.0 {
        died.1 = killed_before(k.1, || shared.settle()).is_none();
        if died.1 {
            shared.settle();
        }
        shared.work();
    }
    reactor.join().expect("it lives");
    shared.judge();
    died
}

const DEPTH: Depth = Depth::Preemptions(2);

#[test]
fn a_record_is_begun_once_and_never_passed_over_though_two_workers_die() {
    for server in [Server::WithOnLost, Server::WithoutOnLost] {
        explore_two_deaths("two workers die", DEPTH, 30_000, move |k| two_workers_die(k, server, Mutant::None));
    }
}

#[test]
fn a_record_is_begun_once_and_never_passed_over_though_worker_and_manager_die() {
    for server in [Server::WithOnLost, Server::WithoutOnLost] {
        explore_two_deaths("worker and manager die", DEPTH, 9_000, move |k| a_worker_and_the_manager_die(k, server, Mutant::None));
    }
}

#[test]
fn a_record_named_after_its_callback_is_found() {
    let said = failure_with_two_deaths(DEPTH, |k| two_workers_die(k, Server::WithoutOnLost, Mutant::BeginsLate));
    assert!(said.contains("begun twice"), "{said}");
}

#[test]
fn a_record_consumed_before_its_callback_is_found() {
    let said = failure_with_two_deaths(DEPTH, |k| two_workers_die(k, Server::WithoutOnLost, Mutant::ConsumesEarly));
    assert!(said.contains("without a report"), "{said}");
}

#[test]
fn a_manager_that_forgets_what_the_next_worker_was_to_be_handed_is_found() {
    let said = failure_with_two_deaths(DEPTH, |k| two_workers_die(k, Server::WithOnLost, Mutant::ForgetsTheLost));
    assert!(said.contains("begun twice"), "{said}");
}
