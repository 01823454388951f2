//! The end of a session that everybody wants at once: the client, its worker, the manager; and the worker dies before each of its
//! steps. After `reactor::close`, `worker::serve` and `manager::settle`.

use crate::{
    begun::Begun,
    explore::{Depth, explore_deaths, failure_with_deaths},
    index::Head,
    lane::Lane,
    mortal::{killed_before, step},
    sync::{AtomicU64, Ordering, Without},
};
use loom::thread;
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// Each wish to close publishes a `close` of its own.
    EachWishCounts,
    /// The row is freed when `close` is published, not when it is answered.
    FreesEarly,
    /// A second answer frees the row again.
    FreesTwice,
    /// The record is consumed before it is answered.
    AnswersLate,
    /// The manager has nothing to say for a worker that died in `on_close`.
    ManagerIsSilent,
}

// Reactor to worker.
const CONNECT: u64 = 1;
const DATA: u64 = 2;
const CLOSE: u64 = 3;
// To the reactor.
const PLEASE_CLOSE: u64 = 4;
const CLOSED: u64 = 5;

/// What the callbacks have seen. Known to the test alone.
#[derive(Default, Debug)]
struct Seen {
    connects: u32,
    closes: u32,
    /// A worker died in it, or just before it could begin.
    died_in_close: bool,
    freed: u32,
    /// Something came in an order that cannot be.
    wrong: Option<&'static str>,
}

struct Shared {
    to_worker: Lane<4>,
    from_worker: Lane<4>,
    from_manager: Lane<4>,
    begun: AtomicU64,
    client_has_gone: AtomicU64,
    freed: AtomicU64,
    stop: AtomicU64,
    seen: Mutex<Seen>,
    mutant: Mutant,
}

/// The row's flags, which its reactor alone writes.
#[derive(Default)]
struct Row {
    closing: bool,
    close_published: bool,
    freed: bool,
}

impl Shared {
    fn see(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen.lock().expect("a process dies elsewhere"));
    }

    /// [reactor]
    fn react(&self) {
        let mut head = self.to_worker.head();
        self.to_worker.push_in_time(&mut head, CONNECT);
        self.to_worker.push_in_time(&mut head, DATA);
        let (mut worker, mut manager) = (self.from_worker.tail(), self.from_manager.tail());
        let mut row = Row::default();
        let mut client = true;
        loop {
            let stop = self.stop.load(Ordering::Acquire) == 1;
            if client && self.client_has_gone.load(Ordering::Acquire) == 1 {
                client = false;
                self.close(&mut row, &mut head);
            }
            for (lane, tail) in [(&self.from_worker, &mut worker), (&self.from_manager, &mut manager)] {
                while let Some(position) = tail.next().expect("sane") {
                    match lane.read(position) {
                        PLEASE_CLOSE => self.close(&mut row, &mut head),
                        _ => self.closed(&mut row),
                    }
                    tail.advance();
                }
            }
            if stop {
                return;
            }
            thread::yield_now();
        }
    }

    fn close(&self, row: &mut Row, head: &mut Head<'_>) {
        if row.freed || (row.closing && self.mutant != Mutant::EachWishCounts) {
            return;
        }
        row.closing = true;
        self.to_worker.push_in_time(head, CLOSE);
        row.close_published = true;
        if self.mutant == Mutant::FreesEarly {
            self.free(row);
        }
    }

    fn closed(&self, row: &mut Row) {
        if row.close_published && (!row.freed || self.mutant == Mutant::FreesTwice) {
            self.free(row);
        }
    }

    fn free(&self, row: &mut Row) {
        row.freed = true;
        self.see(|seen| seen.freed += 1);
        self.freed.store(1, Ordering::Release);
    }

    /// [worker] Until the row is free and nothing more is there.
    fn work(&self) {
        let mut tail = self.to_worker.tail();
        let mut head = self.from_worker.head();
        loop {
            let freed = self.freed.load(Ordering::Acquire) == 1;
            let Some(position) = tail.next().expect("sane") else {
                if freed {
                    return;
                }
                thread::yield_now();
                continue;
            };
            let kind = self.to_worker.read(position);
            self.begun.store(Begun { ring: 0, position, again: false }.word(), Ordering::Release);
            match kind {
                CONNECT => self.see(|seen| seen.connects += 1),
                DATA => self.from_worker.push_in_time(&mut head, PLEASE_CLOSE),
                _ => {
                    self.see(|seen| {
                        seen.closes += 1;
                        if seen.freed > 0 {
                            seen.wrong = Some("the row is free before on_close");
                        }
                    });
                    step();
                    if self.mutant == Mutant::AnswersLate {
                        tail.advance();
                        self.from_worker.push_in_time(&mut head, CLOSED);
                        continue;
                    }
                    self.from_worker.push_in_time(&mut head, CLOSED);
                }
            }
            tail.advance();
        }
    }

    /// [manager] The worker has died.
    fn settle(&self, head: &mut Head<'_>) {
        let Some(begun) = Begun::of(self.begun.load(Ordering::Acquire)) else {
            return;
        };
        let Some(kind) = self.to_worker.oldest(begun.position) else {
            return;
        };
        if kind != CLOSE {
            self.from_manager.push_in_time(head, PLEASE_CLOSE);
        } else {
            self.see(|seen| seen.died_in_close = true);
            if self.mutant != Mutant::ManagerIsSilent {
                self.from_manager.push_in_time(head, CLOSED);
            }
        }
        self.to_worker.skip(begun.position);
    }
}

fn model(k: u32, mutant: Mutant) -> bool {
    let word = || AtomicU64::new(0);
    let shared = Arc::new(Shared {
        to_worker: Lane::new(0),
        from_worker: Lane::new(0),
        from_manager: Lane::new(0),
        begun: word(),
        client_has_gone: word(),
        freed: word(),
        stop: word(),
        seen: Mutex::default(),
        mutant,
    });
    let (reactors, workers) = (Arc::clone(&shared), Arc::clone(&shared));
    let reactor = thread::spawn(move || reactors.react());
    let worker = thread::spawn(move || killed_before(k, || workers.work()).is_none());
    let mut head = shared.from_manager.head();
    shared.client_has_gone.store(1, Ordering::Release);
    // A callback of the manager closes the session.
    shared.from_manager.push_in_time(&mut head, PLEASE_CLOSE);
    let died = worker.join().expect("it is killed inside");
    if died {
        shared.settle(&mut head);
        shared.work();
    }
    shared.stop.store(1, Ordering::Release);
    reactor.join().expect("it lives");
    let seen = shared.seen.lock().expect("nobody holds it");
    assert!(seen.connects <= 1 && seen.closes <= 1, "on_close is begun once: {seen:?}");
    assert!(seen.closes == 1 || seen.died_in_close, "on_close is begun: {seen:?}");
    assert!(seen.freed == 1 && seen.wrong.is_none(), "the row is freed once, and last: {seen:?}");
    died
}

/// The three take turns wherever one waits for another, which is where their order matters; each protocol between two of them has a
/// deeper model of its own. One preemption more is 250 000 interleavings and as green.
const DEPTH: Depth = Depth::Preemptions(0);

fn found(mutant: Mutant) -> String {
    failure_with_deaths(Without::Nothing, DEPTH, move |k| model(k, mutant))
}

#[test]
fn a_session_that_all_want_to_close_and_whose_worker_dies_is_closed_once_and_freed_last() {
    explore_deaths("close", DEPTH, 5_000, |k| model(k, Mutant::None));
}

#[test]
fn a_close_published_for_each_wish_is_found() {
    let said = found(Mutant::EachWishCounts);
    assert!(said.contains("on_close is begun once"), "{said}");
}

#[test]
fn a_row_freed_before_its_answer_is_found() {
    let said = found(Mutant::FreesEarly);
    assert!(said.contains("freed once, and last"), "{said}");
}

#[test]
fn a_row_freed_by_a_second_answer_is_found() {
    let said = found(Mutant::FreesTwice);
    assert!(said.contains("freed once, and last"), "{said}");
}

#[test]
fn an_answer_after_the_record_is_consumed_is_found() {
    let said = found(Mutant::AnswersLate);
    assert!(said.contains("branches"), "nobody frees the row, and all wait for it: {said}");
}

#[test]
fn a_manager_that_is_silent_about_a_death_in_on_close_is_found() {
    let said = found(Mutant::ManagerIsSilent);
    assert!(said.contains("branches"), "nobody frees the row, and all wait for it: {said}");
}
