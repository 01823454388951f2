//! A consumer that sleeps, producers that wake only a sleeper. After `worker::serve` (or `reactor::turn`) and `context::outbox`.

use crate::{
    bell::{Bed, Bell},
    explore::{Depth, explore, explore_deaths, failure, failure_with_deaths},
    flag::{Answers, Flag},
    index::Tail,
    lane::Lane,
    mortal::killed_before,
    sync::{Ordering, Without},
};
use loom::thread;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleeper {
    LooksAgain,
    SleepsAtOnce,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flagged {
    BeforeTheLook,
    AfterTheLook,
}

struct Shared {
    asleep: Flag,
    bell: Bell,
    lanes: Vec<Lane<4>>,
}

/// What a producer does; returns how often it rang.
fn produce(shared: &Shared, lane: usize, records: u64) -> u64 {
    let mut head = shared.lanes[lane].head();
    let mut answers = Answers::default();
    let mut rings = 0;
    for value in 0..records {
        assert!(shared.lanes[lane].push(&mut head, value));
        if answers.owed(&shared.asleep) {
            rings += 1;
            shared.bell.ring();
        }
    }
    rings
}

/// What the consumer does until it has everything; returns how often it raised its flag.
fn consume(shared: &Shared, records: u64, sleeper: Sleeper, flagged: Flagged) -> u64 {
    let mut tails: Vec<Tail<'_>> = shared.lanes.iter().map(Lane::tail).collect();
    // As who attaches does: a predecessor may have died asleep.
    shared.asleep.lower();
    let mut bed = Bed::default();
    let mut had: u64 = shared.lanes.iter().map(|lane| lane.consumed.load(Ordering::Relaxed)).sum();
    let mut raises = 0;
    loop {
        let mut idle = true;
        for tail in &mut tails {
            while tail.next().expect("sane").is_some() {
                tail.advance();
                had += 1;
                idle = false;
            }
        }
        if had == records {
            return raises;
        }
        if idle {
            raises += 1;
            if flagged == Flagged::BeforeTheLook {
                shared.asleep.raise();
            }
            let empty = sleeper == Sleeper::SleepsAtOnce || tails.iter_mut().all(|tail| matches!(tail.next(), Ok(None)));
            if flagged == Flagged::AfterTheLook {
                shared.asleep.raise();
            }
            if empty {
                bed.sleep(&shared.bell);
            }
            shared.asleep.lower();
        }
    }
}

fn shared(lanes: usize) -> Arc<Shared> {
    Arc::new(Shared { asleep: Flag::new(), bell: Bell::new(), lanes: (0..lanes).map(|_| Lane::new(0)).collect() })
}

fn model(records: &'static [u64], sleeper: Sleeper, flagged: Flagged) {
    let shared = shared(records.len());
    let producers: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(lane, &records)| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || produce(&shared, lane, records))
        })
        .collect();
    let raises = consume(&shared, records.iter().sum(), sleeper, flagged);
    for producer in producers {
        let rings = producer.join().expect("it lives");
        assert!(rings <= raises, "a raise was answered twice: {rings} bells for {raises} raises");
    }
}

/// The consumer is killed, asleep or awake; its successor takes up its end and its flag.
fn the_sleeper_dies(k: u32) -> bool {
    const RECORDS: u64 = 2;
    let shared = shared(1);
    let (theirs, producers) = (Arc::clone(&shared), Arc::clone(&shared));
    let producer = thread::spawn(move || produce(&producers, 0, RECORDS));
    let consumer =
        thread::spawn(move || killed_before(k, || consume(&theirs, RECORDS, Sleeper::LooksAgain, Flagged::BeforeTheLook)).is_none());
    let died = consumer.join().expect("it is killed inside");
    if died {
        consume(&shared, RECORDS, Sleeper::LooksAgain, Flagged::BeforeTheLook);
    }
    producer.join().expect("it lives");
    died
}

#[test]
fn a_killed_sleeper_is_succeeded_by_one_that_misses_nothing() {
    explore_deaths("a sleeper dies", Depth::Preemptions(2), 2_500, the_sleeper_dies);
}

#[test]
fn a_killed_sleeper_without_fences_is_found() {
    let said = failure_with_deaths(Without::Fence, Depth::Preemptions(2), the_sleeper_dies);
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn one_producer_never_lets_the_consumer_sleep_over_a_record() {
    explore("wake by one", Depth::All, 15_000, || model(&[2], Sleeper::LooksAgain, Flagged::BeforeTheLook));
}

#[test]
fn two_producers_never_let_the_consumer_sleep_over_a_record() {
    explore("wake by two", Depth::Preemptions(3), 17_000, || model(&[2, 1], Sleeper::LooksAgain, Flagged::BeforeTheLook));
}

#[test]
fn a_wake_without_fences_is_found() {
    let said = failure(Without::Fence, Depth::Preemptions(2), || model(&[1], Sleeper::LooksAgain, Flagged::BeforeTheLook));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_sleeper_that_does_not_look_again_is_found() {
    let said = failure(Without::Nothing, Depth::Preemptions(2), || model(&[1], Sleeper::SleepsAtOnce, Flagged::BeforeTheLook));
    assert!(said.contains("deadlock"), "{said}");
}

#[test]
fn a_flag_raised_after_the_second_look_is_found() {
    let said = failure(Without::Nothing, Depth::Preemptions(2), || model(&[1], Sleeper::LooksAgain, Flagged::AfterTheLook));
    assert!(said.contains("deadlock"), "{said}");
}
