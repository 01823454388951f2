//! A ring whose producer writes anything anywhere in what is its own, as a worker gone wild may: what a reactor reads of it, what the manager
//! settles, and what a successor finds.

#![no_main]
#![allow(dead_code, unused_imports, reason = "the runtime uses all of it")]

#[path = "../../swoole-runtime/src/event.rs"]
mod event;
#[path = "../../swoole-runtime/src/ring/mod.rs"]
mod ring;
#[path = "../../swoole-runtime/src/shm/mod.rs"]
mod shm;
#[path = "../../swoole-runtime/src/sync.rs"]
mod sync;
#[path = "../../swoole-runtime/src/sys"]
mod sys {
    pub(crate) mod memory;
    pub(crate) mod socket;
}

use event::{CloseReason, FilePart, ToReactor};
use libfuzzer_sys::fuzz_target;
use ring::{Back, Consumer, FromOther, FrontPlace, Look, Producer, Record, Ring, Tag};
use shm::{Arena, Owner, Plan};
use std::{
    fs::File,
    os::{fd::AsFd, unix::fs::FileExt},
    sync::OnceLock,
};

/// Small, so that its end is near.
const BYTES: usize = 4096;
const NOTHING: Tag = Tag { session: 0, kind: ToReactor::Nothing as u8, detail: 0, listener: 0 };

struct Memory {
    arena: Arena,
    front: FrontPlace,
    back: shm::Place<Back>,
    /// The same memory, for whoever writes there.
    file: File,
    /// How many bytes are the producer's.
    own: usize,
    size: usize,
}

fn memory() -> &'static Memory {
    static MEMORY: OnceLock<Memory> = OnceLock::new();
    MEMORY.get_or_init(|| {
        let mut plan = Plan::new();
        let front = plan.region(Owner::Worker(0), |plan| FrontPlace::lay(plan, BYTES));
        let own = plan.size();
        let back = plan.region(Owner::Master, |plan| plan.one::<Back>());
        let arena = Arena::new(&plan).expect("memory can be mapped");
        let file = File::from(arena.memory().as_fd().try_clone_to_owned().expect("a descriptor is left"));
        Memory { arena, front, back, file, own, size: plan.size() }
    })
}

fuzz_target!(|data: &[u8]| {
    let memory = memory();
    memory.file.write_all_at(&vec![0; memory.size], 0).expect("it is there");
    let ring = Ring::at(&memory.arena, memory.front, memory.back);
    let mut consumer = Consumer::<FromOther>::attach(ring);
    let mut producer = Producer::attach(ring);
    let mut rest = data;
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let [what, length, low, high] = *head;
        let (bytes, behind) = tail.split_at(usize::from(length).min(tail.len()));
        let number = usize::from(u16::from_le_bytes([low, high]));
        rest = behind;
        match what % 6 {
            // Anywhere.
            0 => {
                let offset = number % (memory.own - bytes.len());
                memory.file.write_all_at(bytes, offset as u64).expect("it is there");
            }
            // Its position, near what may be.
            1 => {
                let position = consumer_position(memory).wrapping_add(number as u64 % 300).wrapping_sub(20);
                memory.file.write_all_at(&position.to_ne_bytes(), 0).expect("it is there");
            }
            // As it should.
            2 => {
                let tag = Tag { session: 1, kind: low, detail: high, listener: 0 };
                producer.push(tag, bytes);
            }
            3 => (0..1 + number % 8).for_each(|_| read(&mut consumer, usize::from(length) * 64)),
            // It dies, and another takes its place. The reader has read all of which it knew by then.
            4 => {
                consumer = Consumer::attach(ring);
                producer = Producer::attach(ring);
                producer.mend(NOTHING, |record| ToReactor::from_u8(record.tag.kind).is_some());
                if let Ok(Some(record)) = consumer.peek() {
                    let is_known = ToReactor::from_u8(record.tag.kind).is_some();
                    assert!(is_known, "what no consumer should see is struck out");
                    assert!(record.elsewhere || consumer.piece(&record).is_some(), "so is what points outside");
                }
            }
            // So does the reader; a reactor does not, but the manager looks.
            _ => {
                let look = Look::at(ring);
                let _ = (look.under_way(), look.is_empty(), look.oldest(number as u64), producer.on_its_way());
                assert!(producer.unconsumed().count() <= 256, "there are no more records than slots");
                consumer = Consumer::attach(ring);
            }
        }
    }
});

/// Where the reader is.
fn consumer_position(memory: &Memory) -> u64 {
    let mut word = [0; 8];
    memory.file.read_exact_at(&mut word, memory.own as u64).expect("it is there");
    u64::from_ne_bytes(word)
}

/// As a reactor carries out a record.
fn read(consumer: &mut Consumer<FromOther>, most: usize) {
    let Ok(Some(record)) = consumer.peek() else { return };
    let _ = (ToReactor::from_u8(record.tag.kind), CloseReason::from_u8(record.tag.detail));
    let (run, records) = consumer.run(&record, most);
    assert!(0 < records && records <= 256, "at least the first, and no more than there are slots");
    assert!(records == 1 || run.length as usize <= most);
    touch(consumer, &run);
    if let Some(piece) = consumer.piece(&record).filter(|piece| piece.length() == FilePart::BYTES) {
        let mut bytes = [0; FilePart::BYTES];
        piece.copy_to(&mut bytes);
        if let Some(part) = FilePart::from_bytes(&bytes) {
            assert!(part.length > 0 && i64::try_from(part.offset + part.length).is_ok());
            assert_eq!(part.to_bytes(), bytes);
        }
    }
    consumer.advance_by(records);
}

/// Reads every byte that the record names.
fn touch(consumer: &Consumer<FromOther>, record: &Record) {
    if let Some(piece) = consumer.piece(record) {
        assert!(piece.length() <= BYTES, "no piece is longer than the area");
        let mut copy = vec![0; piece.length()];
        assert_eq!(piece.copy_to(&mut copy), copy.len());
    }
}
