//! What holds of timers, whatever is done in whatever order: the schedule beside one that is a list, which is sorted anew each time.

use super::Schedule;
use crate::id::TimerId;
use core::num::NonZeroU64;

/// The plainest schedule: a list of deadline, number, period and value, and the numbers of those that run.
#[derive(Default)]
struct Model {
    timers: Vec<(u64, u64, Option<NonZeroU64>, u32)>,
    last_number: u64,
}

impl Model {
    fn add(&mut self, deadline: u64, period: Option<NonZeroU64>, value: u32) -> u64 {
        self.last_number += 1;
        self.timers.push((deadline, self.last_number, period, value));
        self.last_number
    }

    fn remove(&mut self, number: u64) -> bool {
        let before = self.timers.len();
        self.timers.retain(|timer| timer.1 != number);
        self.timers.len() < before
    }

    fn take_due(&mut self, now: u64) -> Option<(u64, u32)> {
        self.timers.sort_unstable_by_key(|timer| (timer.0, timer.1));
        let first = self.timers.first_mut().filter(|first| first.0 <= now)?;
        let (_, number, period, value) = *first;
        match period {
            Some(period) => {
                while first.0 <= now {
                    first.0 += period.get();
                }
            }
            None => {
                self.timers.remove(0);
            }
        }
        Some((number, value))
    }
}

/// A generator that says the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn period(us: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(us)
}

#[test]
fn any_moves_give_what_a_sorted_list_gives() {
    let moves = if cfg!(miri) { 100 } else { 4_000 };
    for seed in 1..=if cfg!(miri) { 2 } else { 30 } {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ seed);
        let (mut schedule, mut model) = (Schedule::new(40), Model::default());
        let mut ids: Vec<TimerId> = Vec::new();
        let mut now = 0;
        for _ in 0..moves {
            match random.below(8) {
                0..=2 => {
                    let deadline = now + 1 + random.below(20);
                    let period = period(random.below(3) * (1 + random.below(9)));
                    let value = random.below(1_000_000) as u32;
                    let room = model.timers.len() < 40;
                    match schedule.add(deadline, period, value) {
                        Ok(id) => {
                            assert!(room);
                            assert_eq!(id.get(), model.add(deadline, period, value));
                            ids.push(id);
                        }
                        Err(back) => assert!(!room && back == value),
                    }
                }
                3 if !ids.is_empty() => {
                    let id = ids[random.below(ids.len() as u64) as usize];
                    assert_eq!(schedule.remove(id).is_some(), model.remove(id.get()));
                }
                4 => now += random.below(30),
                _ => {
                    let due = schedule.take_due(now);
                    assert_eq!(due.as_ref().map(|due| (due.id.get(), due.value)), model.take_due(now));
                    if let Some(due) = due {
                        // While it runs it may be cleared, and others be put in.
                        let clears_itself = random.below(4) == 0;
                        let mut is_there = model.timers.iter().any(|timer| timer.1 == due.id.get());
                        if clears_itself {
                            assert_eq!(schedule.remove(due.id), is_there.then_some(None), "its value is running");
                            assert_eq!(model.remove(due.id.get()), is_there);
                            is_there = false;
                        }
                        assert_eq!(schedule.put_back(due.id, due.value).is_ok(), is_there);
                    }
                }
            }
            assert!(schedule.is_whole());
            assert_eq!(schedule.len(), model.timers.len());
            assert_eq!(schedule.next_us(), model.timers.iter().map(|timer| timer.0).min());
            let seen = core::iter::successors(schedule.look(0), |(_, next)| schedule.look(*next));
            let mut seen: Vec<_> = seen.map(|(timer, _)| (timer.deadline_us, timer.id.get(), timer.period_us)).collect();
            let mut expected: Vec<_> = model.timers.iter().map(|&(deadline, number, period, _)| (deadline, number, period)).collect();
            seen.sort_unstable();
            expected.sort_unstable();
            assert_eq!(seen, expected);
        }
    }
}

#[test]
fn equal_deadlines_are_in_the_order_of_creation() {
    let mut schedule = Schedule::new(10);
    for value in 0..5 {
        schedule.add(100, None, value).expect("there is room");
    }
    // A period of 50 that began earlier is due beside them, and was created before one that is created now.
    let early = schedule.add(50, period(50), 90).expect("there is room");
    let due = schedule.take_due(50).expect("it is due");
    assert!(schedule.put_back(due.id, due.value).is_ok());
    schedule.add(100, None, 5).expect("there is room");
    let mut order = Vec::new();
    while let Some(due) = schedule.take_due(100) {
        order.push(due.value);
        let _ = schedule.put_back(due.id, due.value);
    }
    assert_eq!(order, [0, 1, 2, 3, 4, 90, 5]);
    assert_eq!(schedule.next_us(), Some(150));
    assert!(schedule.remove(early).is_some());
    assert_eq!(schedule.len(), 0);
}

#[test]
fn a_late_one_runs_once_and_then_where_it_would_have() {
    let mut schedule = Schedule::new(1);
    let id = schedule.add(10, period(10), ()).expect("there is room");
    assert!(schedule.take_due(9).is_none());
    assert!(schedule.take_due(57).is_some());
    assert!(schedule.take_due(57).is_none(), "once, not five times");
    assert!(schedule.put_back(id, ()).is_ok());
    assert_eq!(schedule.next_us(), Some(60), "where it would have been due, and not 10 from now");
}

#[test]
fn one_that_is_due_and_is_cleared_does_not_run() {
    let mut schedule = Schedule::new(4);
    let ids: Vec<_> = (0..4).map(|value| schedule.add(1, None, value).expect("there is room")).collect();
    assert_eq!(schedule.take_due(5).map(|due| due.value), Some(0));
    assert_eq!(schedule.remove(ids[2]), Some(Some(2)));
    assert_eq!(schedule.remove(ids[2]), None, "there was one once");
    assert_eq!(schedule.remove(ids[0]), None, "one that runs once is gone when it runs");
    assert_eq!(schedule.take_due(5).map(|due| due.value), Some(1));
    assert_eq!(schedule.take_due(5).map(|due| due.value), Some(3));
    assert!(schedule.take_due(5).is_none());
}

#[test]
fn a_number_is_never_given_twice_and_an_old_one_names_nothing() {
    let mut schedule = Schedule::new(1);
    let mut before = None;
    for value in 0..1000 {
        let id = schedule.add(1, None, value).expect("there is room");
        assert!(before < Some(id));
        if let Some(before) = before {
            assert_eq!(schedule.remove(before), None);
        }
        before = Some(id);
        assert_eq!(schedule.remove(id), Some(Some(value)));
    }
    assert_eq!(schedule.remove_any(), None);
}

#[test]
fn the_longest_of_all_is_due_at_the_end_of_time_and_never_before() {
    let mut schedule = Schedule::new(2);
    schedule.add(u64::MAX, period(u64::MAX), 'x').expect("there is room");
    assert!(schedule.take_due(u64::MAX - 1).is_none());
    let due = schedule.take_due(u64::MAX).expect("the end of time");
    assert!(schedule.put_back(due.id, due.value).is_ok());
    assert_eq!(schedule.next_us(), Some(u64::MAX));
}

#[test]
fn above_the_most_there_is_no_room_and_what_is_cleared_makes_some() {
    let mut schedule = Schedule::new(2);
    let first = schedule.add(1, None, 1).expect("there is room");
    schedule.add(1, None, 2).expect("there is room");
    assert_eq!(schedule.add(1, None, 3), Err(3));
    schedule.remove(first).expect("it is there");
    assert!(schedule.add(1, None, 3).is_ok());
    let mut left: Vec<_> = core::iter::from_fn(|| schedule.remove_any()).flatten().collect();
    left.sort_unstable();
    assert_eq!(left, [2, 3]);
}
