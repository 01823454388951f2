//! One producer, one consumer. Order is kept, nothing is read before it was written, no slot is written before it was read.

use crate::{
    explore::{Depth, explore, failure},
    lane::Lane,
    sync::Without,
};
use loom::thread;
use std::sync::Arc;

/// Two records below the end of the numbers, so that the positions go round within the model.
const START: u64 = u64::MAX - 1;

const RECORDS: u64 = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Consumes {
    AfterReading,
    BeforeReading,
}

fn model<const SLOTS: usize>(consumes: Consumes) {
    let lane = Arc::new(Lane::<SLOTS>::new(START));
    let theirs = Arc::clone(&lane);
    let producer = thread::spawn(move || {
        let mut head = theirs.head();
        for value in 0..RECORDS {
            theirs.push_in_time(&mut head, value);
        }
    });
    let mut tail = lane.tail();
    let mut expected = 0;
    while expected < RECORDS {
        let Some(position) = tail.next().expect("the producer is sane") else {
            thread::yield_now();
            continue;
        };
        assert_eq!(position, START.wrapping_add(expected));
        if consumes == Consumes::BeforeReading {
            tail.advance();
        }
        assert_eq!(lane.read(position), expected);
        if consumes == Consumes::AfterReading {
            tail.advance();
        }
        expected += 1;
    }
    producer.join().expect("it lives");
}

#[test]
fn records_arrive_whole_and_in_order_through_a_ring_that_fills_up() {
    explore("ring of 1", Depth::All, 7_000, || model::<1>(Consumes::AfterReading));
    explore("ring of 2", Depth::All, 8_000, || model::<2>(Consumes::AfterReading));
}

#[test]
fn a_position_published_without_release_is_found() {
    assert!(failure(Without::Release, Depth::All, || model::<2>(Consumes::AfterReading)).contains("Causality violation"));
}

#[test]
fn a_position_read_without_acquire_is_found() {
    assert!(failure(Without::Acquire, Depth::All, || model::<2>(Consumes::AfterReading)).contains("Causality violation"));
}

#[test]
fn a_record_consumed_before_it_is_read_is_found() {
    let said = failure(Without::Nothing, Depth::All, || model::<2>(Consumes::BeforeReading));
    assert!(said.contains("Causality violation"), "{said}");
}
