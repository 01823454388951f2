//! A producer that is killed before each of its steps, while another goes on. After `context::outbox` (a worker is killed, its reactor
//! lives), `manager::settle`, which rings what the dead one may have owed, and the successor that takes up its end.

use crate::{
    bell::{Bed, Bell},
    explore::{Depth, explore_deaths, failure_with_deaths},
    flag::{Answers, Flag},
    index::Tail,
    lane::Lane,
    mortal::killed_before,
    sync::{AtomicU64, Ordering, Without},
};
use loom::thread;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// Who wakes the sleeper lowers its flag for it first.
    LowersTheFlag,
    /// Nobody rings for the dead.
    NoBellForTheDead,
    /// The position is published before the record is written.
    PublishesFirst,
}

const MORTAL: usize = 0;
const OTHER: usize = 1;
const RECORDS: u64 = 2;

struct Shared {
    asleep: Flag,
    bell: Bell,
    lanes: [Lane<4>; 2],
    /// Told by the reaper: what is not published now never will be.
    over: AtomicU64,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { asleep: Flag::new(), bell: Bell::new(), lanes: [Lane::new(0), Lane::new(0)], over: AtomicU64::new(0) })
    }

    /// Publishes records whose payload is their position.
    fn produce(&self, lane: usize, records: u64, mutant: Mutant) {
        let lane = &self.lanes[lane];
        let mut head = lane.head();
        let mut answers = Answers::default();
        for _ in 0..records {
            if mutant == Mutant::PublishesFirst {
                let position = head.own();
                head.publish();
                lane.write(position, position);
            } else {
                let position = head.own();
                assert!(lane.push(&mut head, position));
            }
            if answers.owed(&self.asleep) {
                if mutant == Mutant::LowersTheFlag {
                    self.asleep.lower();
                }
                self.bell.ring();
            }
        }
    }

    /// Consumes until `enough` says so of what each lane has brought and of whether it is over; returns what they brought.
    fn consume(&self, enough: impl Fn(&[u64; 2], bool) -> bool) -> [u64; 2] {
        let mut tails = [self.lanes[0].tail(), self.lanes[1].tail()];
        let mut bed = Bed::default();
        let mut had = [0; 2];
        loop {
            let over = self.over.load(Ordering::Acquire) == 1;
            let mut idle = true;
            for ((lane, tail), had) in self.lanes.iter().zip(&mut tails).zip(&mut had) {
                while let Some(position) = tail.next().expect("sane") {
                    assert_eq!(position, *had, "a record came twice or not at all");
                    assert_eq!(lane.read(position), position, "half a record");
                    tail.advance();
                    *had += 1;
                    idle = false;
                }
            }
            if enough(&had, over) {
                return had;
            }
            if idle {
                self.asleep.raise();
                if tails.iter_mut().all(|tail: &mut Tail<'_>| matches!(tail.next(), Ok(None))) {
                    bed.sleep(&self.bell);
                }
                self.asleep.lower();
            }
        }
    }
}

/// Nobody does anything about the death: the other's records must come through all the same.
fn the_other_goes_on(k: u32, mutant: Mutant) -> bool {
    let shared = Shared::new();
    let (theirs, others) = (Arc::clone(&shared), Arc::clone(&shared));
    let mortal = thread::spawn(move || killed_before(k, || theirs.produce(MORTAL, 1, mutant)).is_none());
    let other = thread::spawn(move || others.produce(OTHER, 1, mutant));
    shared.consume(|had, _| had[OTHER] == 1);
    other.join().expect("it lives");
    mortal.join().expect("it is killed inside")
}

/// The reaper rings and puts a successor in its place: every record that was published comes through, once.
fn the_successor_goes_on(k: u32, mutant: Mutant) -> bool {
    let shared = Shared::new();
    let (theirs, consumers) = (Arc::clone(&shared), Arc::clone(&shared));
    let mortal = thread::spawn(move || killed_before(k, || theirs.produce(MORTAL, RECORDS, mutant)).is_none());
    let consumer = thread::spawn(move || consumers.consume(|_, over| over));
    let died = mortal.join().expect("it is killed inside");
    let before = shared.lanes[MORTAL].published.load(Ordering::Acquire);
    if mutant == Mutant::NoBellForTheDead {
        shared.over.store(1, Ordering::Release);
    } else {
        shared.produce(MORTAL, 1, mutant);
        shared.over.store(1, Ordering::Release);
        shared.bell.ring();
    }
    let had = consumer.join().expect("it lives");
    assert!(mutant == Mutant::NoBellForTheDead || had == [before + 1, 0], "{had:?} of {before} and the successor's one");
    died
}

#[test]
fn a_killed_producer_never_keeps_the_consumer_from_the_records_of_another() {
    explore_deaths("a producer dies, another goes on", Depth::Preemptions(3), 3_000, |k| the_other_goes_on(k, Mutant::None));
}

#[test]
fn a_killed_producer_leaves_no_half_record_and_its_successor_goes_on_behind_the_last() {
    explore_deaths("a producer dies, its successor goes on", Depth::Preemptions(2), 20_000, |k| the_successor_goes_on(k, Mutant::None));
}

#[test]
fn a_flag_lowered_by_a_producer_that_dies_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(2), |k| the_other_goes_on(k, Mutant::LowersTheFlag));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_bell_that_nobody_rings_for_the_dead_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(2), |k| the_successor_goes_on(k, Mutant::NoBellForTheDead));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_position_published_before_its_record_is_found() {
    let said = failure_with_deaths(Without::Nothing, Depth::Preemptions(2), |k| the_successor_goes_on(k, Mutant::PublishesFirst));
    assert!(said.contains("half a record") || said.contains("Causality"), "{said}");
}
