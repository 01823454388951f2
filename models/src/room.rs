//! A ring that is full as often as it is empty: both ends sleep, each wakes the other. After `context::outbox::wait_for_room` and
//! `worker::serve`; a reactor that waits for room does the same with its sessions in a list.

use crate::{
    bell::{Bed, Bell},
    explore::{Depth, explore, failure},
    flag::{Answers, Flag},
    lane::Lane,
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// The producer does not try once more after it raised its flag.
    SleepsAtOnce,
    /// The consumer looks at the producer's flag without a fence, and not again before it sleeps.
    OnlyGlances,
}

struct Shared {
    lane: Lane<1>,
    asleep: Flag,
    wants_room: Flag,
    consumer: Bell,
    producer: Bell,
}

const RECORDS: u64 = 3;

fn produce(shared: &Shared, mutant: Mutant) {
    let mut head = shared.lane.head();
    let mut answers = Answers::default();
    let mut bed = Bed::default();
    let mut wake = || {
        if answers.owed(&shared.asleep) {
            shared.consumer.ring();
        }
    };
    for value in 0..RECORDS {
        if !shared.lane.push(&mut head, value) {
            loop {
                shared.wants_room.raise();
                wake();
                let done = mutant != Mutant::SleepsAtOnce && shared.lane.push(&mut head, value);
                if !done {
                    bed.sleep(&shared.producer);
                }
                shared.wants_room.lower();
                if done || shared.lane.push(&mut head, value) {
                    break;
                }
            }
        }
        wake();
    }
}

fn consume(shared: &Shared, mutant: Mutant) {
    let mut tail = shared.lane.tail();
    let mut answers = Answers::default();
    let mut bed = Bed::default();
    let mut expected = 0;
    loop {
        let mut served = 0;
        while let Some(position) = tail.next().expect("sane") {
            assert_eq!(shared.lane.read(position), expected);
            expected += 1;
            served += 1;
            tail.advance();
            if answers.glance(&shared.wants_room) {
                shared.producer.ring();
            }
        }
        if served > 0 && mutant != Mutant::OnlyGlances && answers.owed(&shared.wants_room) {
            shared.producer.ring();
        }
        if expected == RECORDS {
            return;
        }
        if served == 0 {
            shared.asleep.raise();
            if matches!(tail.next(), Ok(None)) {
                bed.sleep(&shared.consumer);
            }
            shared.asleep.lower();
        }
    }
}

fn model(mutant: Mutant) {
    let shared =
        Arc::new(Shared { lane: Lane::new(0), asleep: Flag::new(), wants_room: Flag::new(), consumer: Bell::new(), producer: Bell::new() });
    let theirs = Arc::clone(&shared);
    let producer = thread::spawn(move || produce(&theirs, mutant));
    consume(&shared, mutant);
    producer.join().expect("it lives");
}

#[test]
fn neither_end_sleeps_while_the_other_has_made_room_or_a_record() {
    explore("room", Depth::Preemptions(3), 25_000, || model(Mutant::None));
}

#[test]
fn room_without_fences_is_found() {
    assert!(failure(Without::Fence, Depth::Preemptions(2), || model(Mutant::None)).contains("deadlock"));
}

#[test]
fn a_producer_that_does_not_try_again_is_found() {
    assert!(failure(Without::Nothing, Depth::Preemptions(2), || model(Mutant::SleepsAtOnce)).contains("deadlock"));
}

#[test]
fn a_consumer_that_only_glances_is_found() {
    assert!(failure(Without::Nothing, Depth::Preemptions(2), || model(Mutant::OnlyGlances)).contains("deadlock"));
}
