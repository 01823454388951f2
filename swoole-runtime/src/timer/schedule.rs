//! What waits for its time: a heap by deadline, each entry of which knows its slot, and each slot its place in the heap, so that one that is
//! cleared is out at once and leaves nothing behind. Slots are used again, the numbers of timers never.
//!
//! A timer is put in for its next time before it runs, with its value taken out: so it may be cleared while it runs, as any other may.

use crate::id::TimerId;
use core::num::NonZeroU64;

/// Timers with a value of type `T` each.
pub(crate) struct Schedule<T> {
    /// The earliest first: each entry is not later than the two at twice its place, plus one and plus two.
    heap: Vec<Entry>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    most: usize,
    last_number: u64,
}

/// Ordered by deadline, and of one deadline by number, which is by creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline_us: u64,
    number: u64,
    slot: u32,
}

struct Slot<T> {
    /// 0 while it is free.
    number: u64,
    period_us: Option<NonZeroU64>,
    place: usize,
    /// `None` while it runs.
    value: Option<T>,
}

/// A timer whose time has come, taken out to run.
pub(crate) struct Due<T> {
    /// Of one that runs again: where its value goes back to.
    pub(crate) id: TimerId,
    pub(crate) value: T,
}

/// A timer that waits, as one that looks sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    pub(crate) id: TimerId,
    pub(crate) period_us: Option<NonZeroU64>,
    pub(crate) deadline_us: u64,
}

impl<T> Schedule<T> {
    /// For so many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), free: Vec::new(), most: most.min(u32::MAX as usize), last_number: 0 }
    }

    /// Puts in a timer that is due at `deadline_us`, and then once each period, if it has one. `Err` gives the value back: there are as many
    /// as there may be.
    pub(crate) fn add(&mut self, deadline_us: u64, period_us: Option<NonZeroU64>, value: T) -> Result<TimerId, T> {
        if self.heap.len() >= self.most {
            return Err(value);
        }
        // A number a nanosecond lasts for 584 years.
        let number = NonZeroU64::MIN.saturating_add(self.last_number);
        self.last_number = number.get();
        let filled = Slot { number: number.get(), period_us, place: self.heap.len(), value: Some(value) };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                (self.slots.len() - 1) as u32
            }
        };
        self.heap.push(Entry { deadline_us, number: number.get(), slot });
        self.rise(self.heap.len() - 1);
        Ok(TimerId::new(number, slot))
    }

    /// Takes a timer out for good: its value, or `Some(None)` if that is running. `None` where there is no such timer.
    pub(crate) fn remove(&mut self, id: TimerId) -> Option<Option<T>> {
        let slot = self.slots.get(id.slot()).filter(|slot| slot.number == id.get())?;
        let place = slot.place;
        Some(self.take_out(place))
    }

    /// Takes out one of all, for good; its value, if that is not running. `None` where there is none left.
    pub(crate) fn remove_any(&mut self) -> Option<Option<T>> {
        let last = self.heap.len().checked_sub(1)?;
        Some(self.take_out(last))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// When the next one is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.deadline_us)
    }

    /// The timer that has been due for longest, if one is. One with a period is put in for its next time: the first of those that it counts
    /// from its creation that is later than now, so a late one runs once and not many times.
    pub(crate) fn take_due(&mut self, now_us: u64) -> Option<Due<T>> {
        let first = self.heap.first().copied().filter(|first| first.deadline_us <= now_us)?;
        let number = NonZeroU64::new(first.number)?;
        let slot = &mut self.slots[first.slot as usize];
        let id = TimerId::new(number, first.slot);
        let value = match slot.period_us {
            None => self.take_out(0),
            Some(period_us) => {
                let value = slot.value.take();
                let periods = (now_us - first.deadline_us) / period_us.get() + 1;
                self.heap[0].deadline_us = first.deadline_us.saturating_add(periods.saturating_mul(period_us.get()));
                self.sink(0);
                value
            }
        };
        // One that has no value is running, and then nothing else is taken.
        value.map(|value| Due { id, value })
    }

    /// Gives back the value of one that runs again. `Err` where it was cleared meanwhile.
    pub(crate) fn put_back(&mut self, id: TimerId, value: T) -> Result<(), T> {
        match self.slots.get_mut(id.slot()).filter(|slot| slot.number == id.get()) {
            Some(slot) => {
                slot.value = Some(value);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// The timer in the first slot from this one on, and the slot behind it.
    pub(crate) fn look(&self, from: usize) -> Option<(Waiting, usize)> {
        let (at, slot, number) = (from..self.slots.len()).find_map(|at| {
            let slot = &self.slots[at];
            Some((at, slot, NonZeroU64::new(slot.number)?))
        })?;
        let id = TimerId::new(number, at as u32);
        Some((Waiting { id, period_us: slot.period_us, deadline_us: self.heap[slot.place].deadline_us }, at + 1))
    }

    /// Takes the timer at this place of the heap out for good.
    fn take_out(&mut self, place: usize) -> Option<T> {
        let entry = self.heap.swap_remove(place);
        let slot = &mut self.slots[entry.slot as usize];
        slot.number = 0;
        let value = slot.value.take();
        self.free.push(entry.slot);
        if place < self.heap.len() {
            // The last one has come here, from another branch perhaps.
            let place = self.rise(place);
            self.sink(place);
        }
        value
    }

    /// Moves an entry up to where it belongs; gives back where that is.
    fn rise(&mut self, mut at: usize) -> usize {
        while at > 0 && self.heap[at] < self.heap[(at - 1) / 2] {
            self.heap.swap(at, (at - 1) / 2);
            self.say_place(at);
            at = (at - 1) / 2;
        }
        self.say_place(at);
        at
    }

    /// Moves an entry down to where it belongs.
    fn sink(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(earlier) = [left, right].into_iter().filter(|&below| below < self.heap.len()).min_by_key(|&below| self.heap[below])
            else {
                break;
            };
            if self.heap[at] < self.heap[earlier] {
                break;
            }
            self.heap.swap(at, earlier);
            self.say_place(at);
            at = earlier;
        }
        self.say_place(at);
    }

    fn say_place(&mut self, at: usize) {
        let slot = self.heap[at].slot as usize;
        self.slots[slot].place = at;
    }

    /// Whether heap and slots say the same of each other.
    #[cfg(test)]
    pub(super) fn is_whole(&self) -> bool {
        let in_order = (1..self.heap.len()).all(|at| self.heap[(at - 1) / 2] <= self.heap[at]);
        let placed = self.heap.iter().enumerate().all(|(at, entry)| {
            let slot = &self.slots[entry.slot as usize];
            slot.place == at && slot.number == entry.number
        });
        let used = self.slots.iter().filter(|slot| slot.number > 0).count();
        in_order && placed && used == self.heap.len() && used + self.free.len() == self.slots.len()
    }
}
