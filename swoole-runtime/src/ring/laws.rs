//! The ring against the obvious model, a queue of records in the memory of the test: the same records, the same bytes, whichever end is
//! taken up anew in between.

use super::{Answers, Back, Consumer, Flag, FromMaster, FrontPlace, Producer, Record, Ring, Tag, index::Head};
use crate::{
    shm::{Arena, Owner, Plan},
    sync::{AtomicU64, Ordering},
};
use std::{
    collections::VecDeque,
    io::Write,
    os::{fd::AsRawFd, unix::net::UnixStream},
};

/// A ring of this many bytes in memory of its own, which stays until the tests end.
fn ring(bytes: usize) -> Ring {
    let mut plan = Plan::new();
    let front = plan.region(Owner::Master, |plan| FrontPlace::lay(plan, bytes));
    let back = plan.region(Owner::Worker(0), |plan| plan.one::<Back>());
    let arena: &'static Arena = Box::leak(Box::new(Arena::new(&plan).expect("memory can be mapped")));
    Ring::at(arena, front, back)
}

/// Draws that are the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Mostly small, sometimes nothing, sometimes as large as a record may be.
    fn size(&mut self, most: usize) -> usize {
        match self.below(8) {
            0 => 0,
            1 => most,
            2..=4 => self.below(most + 1),
            _ => self.below(most.min(300) + 1),
        }
    }
}

/// A record as the queue holds it.
struct Known {
    tag: Tag,
    /// `None` where the bytes lie elsewhere.
    bytes: Option<Vec<u8>>,
    length: u32,
}

/// Both ends and the queue.
struct Laws {
    ring: Ring,
    producer: Producer,
    consumer: Consumer<FromMaster>,
    queue: VecDeque<Known>,
    draws: Draws,
    /// What is received comes through here.
    socket: (UnixStream, UnixStream),
    published: u64,
    /// How often there was no room.
    refused: u32,
}

impl Laws {
    fn new(bytes: usize, seed: u64) -> Self {
        let ring = ring(bytes);
        let (producer, consumer) = (Producer::attach(ring), Consumer::attach(ring));
        Self {
            ring,
            producer,
            consumer,
            queue: VecDeque::new(),
            draws: Draws(seed),
            socket: UnixStream::pair().expect("sockets"),
            published: 0,
            refused: 0,
        }
    }

    fn tag(&mut self) -> Tag {
        self.published += 1;
        Tag {
            session: self.published,
            kind: self.draws.below(256) as u8,
            detail: self.draws.below(256) as u8,
            listener: self.draws.below(256) as u8,
        }
    }

    /// Bytes that another record hardly has in the same place.
    fn message(&mut self, length: usize) -> Vec<u8> {
        let base = self.draws.below(1 << 20);
        (0..length).map(|at| ((base + at * 37) >> 2) as u8).collect()
    }

    /// As a worker sends.
    fn push(&mut self, length: usize) -> bool {
        let (tag, bytes) = (self.tag(), self.message(length));
        let done = self.producer.push(tag, &bytes);
        self.refused += u32::from(!done);
        if done {
            self.queue.push_back(Known { tag, length: length as u32, bytes: Some(bytes) });
        }
        done
    }

    /// As a reactor receives: room for much, of which little is used.
    fn reserve(&mut self, least: usize, most: usize) {
        let Some(space) = self.producer.reserve(least, most) else {
            self.refused += 1;
            return;
        };
        assert!((least..=most).contains(&space.length()), "{} of {least} to {most}", space.length());
        let length = if self.draws.below(3) == 0 { space.length() } else { self.draws.below(space.length() + 1) };
        let bytes = self.message(length);
        self.socket.0.write_all(&bytes).expect("the socket takes what a ring takes");
        let got = if length == 0 { 0 } else { self.producer.receive(&space, self.socket.1.as_raw_fd()).expect("it is there") };
        assert_eq!(got, length);
        if self.draws.below(4) == 0 {
            // Received and forgotten, as by a producer that dies here: what was written harms no record.
            return;
        }
        // Less than what came: the rest is written over by the next.
        let used = self.draws.below(length + 1);
        let tag = self.tag();
        self.producer.publish(space, used, tag);
        self.queue.push_back(Known { tag, length: used as u32, bytes: Some(bytes[..used].to_vec()) });
    }

    fn push_reference(&mut self) {
        let (tag, length) = (self.tag(), self.draws.below(2 << 20) as u32);
        if self.producer.push_reference(tag, length) {
            self.queue.push_back(Known { tag, length, bytes: None });
        } else {
            self.refused += 1;
        }
    }

    fn check(&self, record: &Record) {
        let known = self.queue.front().expect("the ring has a record that the queue has not");
        assert_eq!((record.tag, record.length), (known.tag, known.length));
        if let Some(bytes) = &known.bytes {
            assert!(self.consumer.data(record) == bytes, "the bytes of record {} have changed", record.position);
        }
    }

    fn consume(&mut self) {
        match self.consumer.peek().expect("the producer is sane") {
            Some(record) => {
                self.check(&record);
                self.consumer.advance();
                self.queue.pop_front();
            }
            None => assert!(self.queue.is_empty(), "the ring has lost {} records", self.queue.len()),
        }
    }

    fn consume_all(&mut self) {
        while !self.queue.is_empty() {
            self.consume();
        }
        self.consume();
    }
}

#[test]
fn the_ring_agrees_with_a_queue() {
    for (bytes, seed) in [(4 << 10, 1), (16 << 10, 2), (64 << 10, 3), (256 << 10, 4)] {
        let most = super::largest_message(bytes);
        let mut laws = Laws::new(bytes, seed);
        for step in 0..30_000 {
            // By turns it fills up and runs dry.
            let filling = step / 500 % 2 == 0;
            match laws.draws.below(100) {
                0..30 => {
                    let length = laws.draws.size(most);
                    laws.push(length);
                }
                30..45 => {
                    let least = laws.draws.below(most + 1);
                    laws.reserve(least, most);
                }
                45..50 => laws.push_reference(),
                50..70 => laws.consume(),
                70..90 if filling => laws.consume(),
                70..90 => (0..4).for_each(|_| laws.consume()),
                // Each end dies, and a successor takes it up.
                90..94 => laws.producer = Producer::attach(laws.ring),
                94..99 => laws.consumer = Consumer::attach(laws.ring),
                _ if filling => {}
                _ => laws.consume_all(),
            }
        }
        assert!(laws.refused > 0, "a ring of {bytes} was never full");
        laws.consume_all();
    }
}

#[test]
fn a_full_ring_takes_again_what_was_consumed() {
    for (bytes, length) in [(16 << 10, 0), (16 << 10, 1), (16 << 10, 2 << 10), (64 << 10, 100), (64 << 10, 8 << 10)] {
        let mut laws = Laws::new(bytes, 5);
        for _ in 0..100 {
            while laws.push(length) {}
            assert!(laws.queue.len() >= 7, "{} records of {length} in {bytes}", laws.queue.len());
            for _ in 0..laws.queue.len().min(3) {
                laws.consume();
            }
            assert!(laws.push(length), "room was given back");
        }
        laws.consume_all();
        assert!(laws.push(super::largest_message(bytes)), "an empty ring takes the largest message");
    }
}

#[test]
fn a_quiet_ring_stays_in_its_first_pages() {
    let mut laws = Laws::new(1 << 20, 6);
    for _ in 0..5_000 {
        laws.push(1_000);
        let record = laws.consumer.peek().expect("sane").expect("it was just published");
        assert!(laws.ring.offset(record.start) < 128 << 10, "an empty ring begins at its start again");
        laws.consume();
    }
}

#[test]
fn a_published_position_that_cannot_be_is_refused_and_the_next_producer_starts_at_what_is_consumed() {
    let mut laws = Laws::new(16 << 10, 7);
    for _ in 0..10 {
        laws.push(100);
    }
    laws.consume_all();
    laws.push(100);
    for wild in [laws.ring.slots() + 11, u64::MAX, 9] {
        laws.ring.front.published.store(wild, Ordering::Release);
        let mut consumer = Consumer::<FromMaster>::attach(laws.ring);
        assert!(consumer.peek().is_err(), "{wild} of {} is believed", laws.ring.slots());
    }
    laws.producer = Producer::attach(laws.ring);
    laws.consumer = Consumer::attach(laws.ring);
    laws.queue.clear();
    laws.consume();
    for _ in 0..1_000 {
        assert!(laws.push(100));
        laws.consume();
    }
}

#[test]
fn a_consumed_position_that_cannot_be_is_not_believed() {
    let (published, consumed) = (AtomicU64::new(7), AtomicU64::new(7));
    let mut head = Head::attach(&published, &consumed, 4);
    (0..3).for_each(|_| head.publish());
    for (said, believed) in [(11, 7), (6, 7), (u64::MAX, 7), (9, 9), (8, 9), (10, 10)] {
        consumed.store(said, Ordering::Release);
        head.look();
        assert_eq!(head.seen(), believed, "{said}");
    }
    assert!(head.is_empty());
}

#[test]
fn the_tags_of_what_is_not_consumed_are_told() {
    let mut laws = Laws::new(16 << 10, 9);
    for _ in 0..9 {
        laws.push(10);
    }
    (0..4).for_each(|_| laws.consume());
    let told: Vec<Tag> = laws.producer.unconsumed().collect();
    assert!(told.iter().eq(laws.queue.iter().map(|known| &known.tag)));
}

#[test]
fn a_raise_is_answered_once_by_each_who_looks() {
    let flag = Flag::new();
    let (mut one, mut other) = (Answers::default(), Answers::default());
    assert!(!one.owed(&flag), "nobody sleeps");
    for _ in 0..3 {
        flag.raise();
        assert!(one.owed(&flag) && !one.owed(&flag) && !one.glance(&flag), "once is enough");
        assert!(other.glance(&flag) && !other.owed(&flag));
        flag.raise();
        assert!(!one.owed(&flag), "raised twice is raised once");
        flag.lower();
        flag.lower();
        assert!(!one.owed(&flag) && !other.owed(&flag));
    }
}
