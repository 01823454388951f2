//! How a session ends: `close` behind its data to the worker, `closed` back, the rest of the output out, the socket shut, the row freed
//! last. So `on_close` runs exactly once, whoever began the end, and a client that only stopped talking still gets its answer.

use super::{Lingering, Program, Reactor};
use crate::{
    dispatch::Mode,
    event::CloseReason,
    session::{Flags, Found, Phase},
    sync::Ordering,
    sys::{clock, socket},
};
use mio::unix::SourceFd;

impl<P: Program> Reactor<P> {
    /// From a worker or the manager: end it after what is queued.
    pub(super) fn close(&mut self, found: Found, reason: CloseReason) {
        self.begin_close(found, reason);
        self.pump(found);
    }

    /// From a worker or the manager: end it at once, with a reset.
    pub(super) fn close_now(&mut self, found: Found) {
        self.cut_off(found, true, CloseReason::Server);
    }

    /// Ends a session at once; with `reset` the client is told that something was lost. Says whether it has ended by that.
    pub(super) fn cut_off(&mut self, found: Found, reset: bool, reason: CloseReason) -> bool {
        self.close_socket(found, reset);
        self.begin_close(found, reason);
        self.pump(found);
        self.end_if_through(found)
    }

    /// The first reason counts; `close` is due now.
    pub(super) fn begin_close(&mut self, found: Found, reason: CloseReason) {
        let row = found.row;
        if row.phase() == Phase::Open {
            row.close(reason);
            row.set(Flags::CLOSE_DUE);
            // A package that was to go somewhere goes nowhere.
            row.clear(Flags::READABLE.and(Flags::READ_TO_END).and(Flags::CHOSEN));
            self.tails.drop_tail(row);
        }
    }

    /// From the session's worker, or from the manager for one that died in `on_close`: `on_close` is through.
    pub(super) fn closed(&mut self, found: Found) {
        if !found.row.has(Flags::CLOSE_PUBLISHED) || found.row.has(Flags::CLOSE_ANSWERED) {
            // No `on_close` was asked for, or it was answered before: a worker that says this has gone wrong, and the session goes on.
            return;
        }
        found.row.set(Flags::CLOSE_ANSWERED);
        if !self.end_if_through(found) {
            self.lingering.push(self.lingers(found, clock::uptime_ms()));
        }
    }

    /// Ends the session when `on_close` has run and nothing waits to be sent; says whether it did.
    pub(super) fn end_if_through(&mut self, found: Found) -> bool {
        let row = found.row;
        if !row.has(Flags::CLOSE_ANSWERED) || Self::has_output(row) {
            return false;
        }
        self.close_socket(found, false);
        self.free(found);
        // Release, label "closed": the row is free before it is counted.
        self.memory.header().closed.fetch_add(1, Ordering::Release);
        if self.draining {
            self.memory.bells.master.ring();
        }
        true
    }

    fn free(&self, found: Found) {
        if matches!(P::MODE, Mode::LeastConn) {
            self.chooser.shares.remove_session(found.row.worker());
        }
        found.free();
    }

    /// Closes the socket now, with what waits to be sent; the row stays.
    pub(super) fn close_socket(&mut self, found: Found, reset: bool) {
        let row = found.row;
        if row.has(Flags::SOCKET_GONE) {
            return;
        }
        row.set(Flags::SOCKET_GONE);
        row.clear(Flags::READABLE.and(Flags::READ_TO_END));
        self.outputs.drop_queue(row);
        self.tails.drop_tail(row);
        self.publish_queued();
        let descriptor = row.descriptor();
        // An error means that the kernel has forgotten it already, which is what was wanted.
        let _ = self.poll.registry().deregister(&mut SourceFd(&descriptor));
        socket::end(descriptor, reset);
    }

    pub(super) fn lingers(&self, found: Found, now_ms: u64) -> Lingering {
        let until_ms = now_ms + self.memory.settings.max_wait_time.as_millis() as u64;
        // Relaxed: only this reactor writes it.
        Lingering { row: found.index, id: found.id.get(), until_ms, bytes_out: found.row.bytes_out.load(Ordering::Relaxed) }
    }

    /// A client that takes nothing of its last output for as long as a shutdown may take has had its time. One that takes some of it goes on:
    /// it may be a large file.
    pub(super) fn end_lingering(&mut self) {
        if self.lingering.is_empty() {
            return;
        }
        let now = clock::uptime_ms();
        let mut at = 0;
        while at < self.lingering.len() {
            let Lingering { row, id, until_ms, bytes_out } = self.lingering[at];
            match self.sessions.at(row).filter(|found| found.id.get() == id) {
                Some(_) if now < until_ms => at += 1,
                // This thread may have stood still, and not have come yet to the room that its client has made.
                Some(found) if self.flush(found) => {
                    self.lingering.swap_remove(at);
                }
                // Relaxed: only this reactor writes it.
                Some(found) if found.row.bytes_out.load(Ordering::Relaxed) != bytes_out => self.lingering[at] = self.lingers(found, now),
                Some(found) => {
                    self.close_socket(found, true);
                    self.end_if_through(found);
                    self.lingering.swap_remove(at);
                }
                None => {
                    self.lingering.swap_remove(at);
                }
            }
        }
    }

    /// The server shuts down: every session ends, after the answers to what its worker has already.
    pub(super) fn close_all(&mut self) {
        for index in 0..self.sessions.rows() {
            if let Some(found) = self.sessions.at(index).filter(|found| found.row.reactor() == self.index) {
                // The master has handed over all that it accepted before it said that it drains.
                found.row.arrive();
                self.close(found, CloseReason::Shutdown);
            }
        }
    }

    /// The server stops: what is still open was given its time.
    pub(super) fn end_all(&mut self) {
        for index in 0..self.sessions.rows() {
            if let Some(found) = self.sessions.at(index).filter(|found| found.row.reactor() == self.index) {
                self.close_socket(found, false);
                self.free(found);
                // Release, label "closed".
                self.memory.header().closed.fetch_add(1, Ordering::Release);
            }
        }
    }
}
