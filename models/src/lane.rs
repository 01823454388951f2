//! A ring of the models: the runtime's two positions around payloads that must never be touched by two at once.

use crate::{
    index::{Head, Tail},
    slot::Slot,
    sync::{AtomicU64, Ordering},
};

/// The words and slots that both ends map.
pub(crate) struct Lane<const SLOTS: usize> {
    pub(crate) published: AtomicU64,
    pub(crate) consumed: AtomicU64,
    slots: [Slot; SLOTS],
}

impl<const SLOTS: usize> Lane<SLOTS> {
    /// An empty ring whose positions begin at `start`.
    pub(crate) fn new(start: u64) -> Self {
        Self { published: AtomicU64::new(start), consumed: AtomicU64::new(start), slots: core::array::from_fn(|_| Slot::new()) }
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head::attach(&self.published, &self.consumed, SLOTS as u64)
    }

    pub(crate) fn tail(&self) -> Tail<'_> {
        Tail::attach(&self.published, &self.consumed, SLOTS as u64)
    }

    pub(crate) fn write(&self, position: u64, value: u64) {
        self.slots[position as usize % SLOTS].set(value);
    }

    pub(crate) fn read(&self, position: u64) -> u64 {
        self.slots[position as usize % SLOTS].get()
    }

    /// Writes and publishes, if there is room.
    pub(crate) fn push(&self, head: &mut Head<'_>, value: u64) -> bool {
        if head.is_full() {
            head.look();
        }
        if head.is_full() {
            return false;
        }
        self.write(head.own(), value);
        head.publish();
        true
    }

    /// The same, with turns for the others until there is room.
    pub(crate) fn push_in_time(&self, head: &mut Head<'_>, value: u64) {
        while !self.push(head, value) {
            loom::thread::yield_now();
        }
    }

    /// [reaper] The record at this position, if it is the oldest that is not consumed; after `ring::Look::oldest`.
    pub(crate) fn oldest(&self, position: u64) -> Option<u64> {
        let consumed = self.consumed.load(Ordering::Acquire);
        let published = self.published.load(Ordering::Acquire);
        let waiting = published.wrapping_sub(consumed);
        (position == consumed && waiting > 0 && waiting <= SLOTS as u64).then(|| self.read(position))
    }

    /// [reaper] Consumes for one that is dead; after `ring::Look::skip`.
    pub(crate) fn skip(&self, position: u64) {
        self.consumed.store(position.wrapping_add(1), Ordering::Release);
    }
}
