//! A session's row, read by any process while its reactor frees it and the master gives it to another session. After
//! `session::table`: `read`, `free` and `take`.

use crate::{
    explore::{Depth, explore, failure},
    sync::{AtomicU64, Ordering, Without, fence},
};
use loom::thread;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// The new session's fields are not ordered behind the look that found the row free.
    FillsWithoutFence,
    /// The id comes before the fields.
    NamesFirst,
}

/// The session that ends, and a field of it; then those of the next.
const OLD: (u64, u64) = (1, 100);
const NEW: (u64, u64) = (2, 200);

struct Row {
    id: AtomicU64,
    field: AtomicU64,
}

impl Row {
    /// [master]
    fn take(&self, mutant: Mutant) {
        if self.id.load(Ordering::Acquire) != 0 {
            return;
        }
        if mutant != Mutant::FillsWithoutFence {
            // Pairs with the fence in `read`: who reads a new field sees that the old id is gone.
            fence(Ordering::Release);
        }
        if mutant == Mutant::NamesFirst {
            self.id.store(NEW.0, Ordering::Release);
            self.field.store(NEW.1, Ordering::Relaxed);
        } else {
            self.field.store(NEW.1, Ordering::Relaxed);
            self.id.store(NEW.0, Ordering::Release);
        }
    }

    fn read(&self, id: u64) -> Option<u64> {
        if self.id.load(Ordering::Acquire) != id {
            return None;
        }
        let field = self.field.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        (self.id.load(Ordering::Relaxed) == id).then_some(field)
    }
}

fn model(mutant: Mutant) {
    let row = Arc::new(Row { id: AtomicU64::new(OLD.0), field: AtomicU64::new(OLD.1) });
    let (reactors, masters) = (Arc::clone(&row), Arc::clone(&row));
    let reactor = thread::spawn(move || reactors.id.store(0, Ordering::Release));
    let master = thread::spawn(move || masters.take(mutant));
    for (id, field) in [OLD, NEW] {
        assert!(row.read(id).is_none_or(|read| read == field), "another session's field");
    }
    reactor.join().expect("it lives");
    master.join().expect("it lives");
}

#[test]
fn a_reader_never_takes_a_field_of_one_session_for_that_of_another() {
    explore("row", Depth::All, 1_000, || model(Mutant::None));
}

#[test]
fn a_row_that_is_filled_without_a_fence_is_found() {
    assert!(failure(Without::Nothing, Depth::All, || model(Mutant::FillsWithoutFence)).contains("another session"));
}

#[test]
fn a_row_that_is_named_before_it_is_filled_is_found() {
    assert!(failure(Without::Nothing, Depth::All, || model(Mutant::NamesFirst)).contains("another session"));
}
