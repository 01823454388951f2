//! All rows. A session's row is its id modulo their number; an id whose row is taken is passed over, and a look-up compares the whole
//! id, so that no id ever means another session.

use super::row::{Row, Where};
#[cfg(feature = "cli")]
use super::words::Words;
use crate::{
    id::SessionId,
    remote::Remote,
    sync::{Ordering, fence},
};

/// The table, as any process sees it.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    rows: &'static [Row],
}

/// A row whose id was the one asked for.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) id: SessionId,
    pub(crate) row: &'static Row,
    pub(crate) index: usize,
}

impl Table {
    /// How many rows this many sessions take: a power of two, with a quarter to spare, so that a free one is found soon.
    pub(crate) fn rows_for(sessions: u32) -> usize {
        let sessions = sessions as usize;
        (sessions + sessions / 4).next_power_of_two()
    }

    pub(crate) fn new(rows: &'static [Row]) -> Self {
        debug_assert!(rows.len().is_power_of_two());
        Self { rows }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// In which row it is, or would be.
    pub(crate) fn index(&self, id: u64) -> usize {
        (id & (self.rows.len() as u64 - 1)) as usize
    }

    /// The row of this session, if it has one now.
    pub(crate) fn find(&self, id: SessionId) -> Option<Found> {
        let index = self.index(id.get());
        let row = &self.rows[index];
        // Acquire, label "row": what `take` filled in is seen.
        (row.id.load(Ordering::Acquire) == id.get()).then_some(Found { id, row, index })
    }

    /// The session in this row, if there is one now.
    pub(crate) fn at(&self, index: usize) -> Option<Found> {
        let row = self.rows.get(index)?;
        // Acquire, label "row".
        let id = SessionId::new(row.id.load(Ordering::Acquire))?;
        Some(Found { id, row, index })
    }

    /// What `read` makes of the row of this session; `None` when the session ended before or meanwhile.
    pub(crate) fn read<T>(&self, id: SessionId, read: impl FnOnce(&Row) -> T) -> Option<T> {
        let found = self.find(id)?;
        let value = read(found.row);
        // Pairs with the fence in `take`: what was read was read before the id is looked at again.
        fence(Ordering::Acquire);
        // Relaxed: the fence orders it.
        (found.row.id.load(Ordering::Relaxed) == id.get()).then_some(value)
    }

    /// [master] Takes a row for a new session: the first id from `from` whose row is free. The caller knows that one is.
    pub(crate) fn take(
        &self,
        from: SessionId,
        descriptor: u32,
        now_ms: u64,
        place: impl FnOnce(SessionId) -> (Remote, u8, u16, u16),
    ) -> Found {
        let mut id = from.get();
        loop {
            let index = self.index(id);
            let row = &self.rows[index];
            // Acquire, label "freed": the reactor that had it is through with it.
            if row.id.load(Ordering::Acquire) == 0
                && let Some(session) = SessionId::new(id)
            {
                let (remote, listener, reactor, worker) = place(session);
                // Pairs with the fence in `read`: who reads anything of the new session finds the old id gone.
                fence(Ordering::Release);
                row.fill(Where { remote, listener, reactor, worker }, descriptor, now_ms);
                // Release, label "row": whoever sees the id sees the rest.
                row.id.store(id, Ordering::Release);
                return Found { id: session, row, index };
            }
            id += 1;
        }
    }
}

#[cfg(feature = "cli")]
impl Table {
    /// [master] A session that goes on here, before anybody asks for it. Its row is free, or was its own before.
    pub(crate) fn put(&self, id: SessionId, words: &Words, descriptor: u32) -> Found {
        let index = self.index(id.get());
        let row = &self.rows[index];
        row.go_on(words, descriptor);
        // Release, label "row".
        row.id.store(id.get(), Ordering::Release);
        Found { id, row, index }
    }
}

impl Found {
    /// [reactor] Frees the row, the last thing done for a session.
    pub(crate) fn free(self) {
        // Release, label "freed".
        self.row.id.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Phase;
    use core::net::SocketAddr;
    use std::collections::HashMap;

    fn table(rows: usize) -> Table {
        Table::new((0..rows).map(|_| Row::default()).collect::<Vec<_>>().leak())
    }

    fn take(table: &Table, from: u64, port: u16) -> Found {
        let from = SessionId::new(from).expect("not 0");
        table.take(from, 7, 1, |_| (Remote::Internet(SocketAddr::from(([127, 0, 0, 1], port))), 0, 2, 3))
    }

    #[test]
    fn an_id_whose_row_is_taken_is_passed_over() {
        let table = table(4);
        let first = take(&table, 1, 1);
        assert_eq!(first.id.get(), 1);
        assert_eq!(take(&table, 5, 2).id.get(), 6, "5 shares the row of 1");
        first.free();
        assert_eq!(take(&table, 9, 3).id.get(), 9);
        assert!(table.find(first.id).is_none(), "an old id means nobody");
    }

    #[test]
    fn what_was_filled_in_is_read_back() {
        let table = table(8);
        let addresses = ["1.2.3.4:5", "[1:2:3:4:5:6:7:8]:65535"].map(|address| Remote::Internet(address.parse().expect("an address")));
        for remote in addresses.into_iter().chain([Remote::Unix { pid: 4_000_000_001, uid: 4_000_000_002 }]) {
            let found = table.take(SessionId::new(1).expect("not 0"), 9, 12, |_| (remote, 1, 2, 3));
            assert_eq!(found.row.place(), Where { remote, listener: 1, reactor: 2, worker: 3 });
            assert_eq!((found.row.worker(), found.row.reactor(), found.row.descriptor(), found.row.listener()), (3, 2, 9, 1));
            assert_eq!(found.row.phase(), Phase::Arriving);
            found.row.arrive();
            assert_eq!(found.row.phase(), Phase::Open);
        }
    }

    /// The obvious model: a map. Ids are handed out and freed at random; both must agree at every step.
    #[test]
    fn the_table_agrees_with_a_map() {
        let table = table(16);
        let mut model: HashMap<u64, u16> = HashMap::new();
        let (mut next, mut seed) = (1, 42_u64);
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = seed >> 33;
            if draw.is_multiple_of(2) && model.len() < 16 {
                let found = take(&table, next, draw as u16);
                assert!(model.insert(found.id.get(), draw as u16).is_none());
                next = found.id.get() + 1;
            } else if let Some((&id, _)) = model.iter().nth(draw as usize % model.len().max(1)) {
                model.remove(&id);
                table.find(SessionId::new(id).expect("not 0")).expect("it is in the model").free();
            }
            for id in next.saturating_sub(40).max(1)..next {
                let id = SessionId::new(id).expect("not 0");
                assert_eq!(
                    table.read(id, |row| row.place().remote.address().map_or(0, |address| address.port())),
                    model.get(&id.get()).copied()
                );
            }
        }
    }
}
