//! The reactor's loop: what the kernel has, what is left from the turn before, what the workers have, and then sleep.
//!
//! Before it sleeps it raises its flag and looks at everything once more; whoever publishes for it looks at the flag after. It wakes the
//! workers it published for at the end of each half of a turn, and only sleepers.

#[cfg(feature = "cli")]
use super::Left;
use super::{BELL, Program, Reactor};
#[cfg(feature = "cli")]
use crate::sync::Ordering;
use crate::{
    event::CloseReason,
    id::SessionId,
    logging,
    process::{Handover, Lifecycle},
    session::Flags,
    sys::{clock, signals},
};
use core::time::Duration;
use mio::{Events, event::Event};

/// How often a reactor with lingering sessions looks at the clock.
const LINGER_TICK: Duration = Duration::from_millis(200);

/// How often one that comes to rest looks whether workers have consumed what they have.
#[cfg(feature = "cli")]
const QUIET_TICK: Duration = Duration::from_millis(1);

/// How many records one turn takes from one ring before it looks at the sockets again.
const RECORDS_A_TURN: usize = 512;

/// With fewer events than this there is no crowd to gather.
const WORTH_ANOTHER_LOOK: usize = 8;

/// How often one turn looks at the sockets.
const LOOKS_A_TURN: usize = 3;

/// So many packets that come one by one show that nothing is gained by giving way: there is one sender, and it waits for each answer.
const ALONE: u64 = 256;

impl<P: Program> Reactor<P> {
    /// Runs until the server stops, or its sessions go on elsewhere.
    #[cfg(feature = "cli")]
    pub(crate) fn run(mut self) -> Left {
        self.go_on_with_taken_up();
        self.turns();
        if self.memory.header().handover() == Handover::Leaving {
            return self.leave();
        }
        self.end_all();
        Left::default()
    }

    /// Runs until the server stops.
    #[cfg(not(feature = "cli"))]
    pub(crate) fn run(mut self) {
        self.turns();
        self.end_all();
    }

    /// What workers send while they stop is for sessions that go on.
    fn goes_on(&self) -> bool {
        let header = self.memory.header();
        header.lifecycle() < Lifecycle::Stopping || cfg!(feature = "cli") && header.handover() == Handover::Quiet
    }

    fn turns(&mut self) {
        if let Err(e) = signals::block_sigpipe() {
            logging::warn!("SIGPIPE cannot be blocked in a reactor: {e}");
        }
        let mut events = Events::with_capacity(1024);
        let mut alone = ALONE;
        while self.goes_on() {
            self.wait(&mut events);
            self.now_ms = clock::uptime_ms();
            self.handle(&events);
            // What came meanwhile goes along, before a worker is woken: each waking may cost this thread its processor.
            let mut gathered = 1;
            while events.iter().count() >= WORTH_ANOTHER_LOOK && gathered < LOOKS_A_TURN {
                if self.poll.poll(&mut events, Some(Duration::ZERO)).is_err() {
                    events.clear();
                }
                self.handle(&events);
                gathered += 1;
            }
            self.read_on();
            let packets = if P::PACKETS { self.take_packets() } else { 0 };
            self.write_on();
            self.wake_workers();
            alone = if packets > 1 { 0 } else { alone + packets };
            if packets > 0 && alone < ALONE {
                // Whoever answers comes first: the next batch is larger for it, and each has cost a sleep and two wakings.
                std::thread::yield_now();
            }
            self.take_from_workers();
            self.come_back_to_waiting();
            self.read_held();
            self.wake_workers();
            self.end_lingering();
            self.end_idle();
            self.follow_lifecycle();
            self.end_unheard();
        }
    }

    fn handle(&mut self, events: &Events) {
        for event in events {
            if event.token() == BELL || P::PACKETS && self.packets_have_come(event.token()) {
                continue;
            }
            self.ready(event);
        }
    }

    fn wait(&mut self, events: &mut Events) {
        let timeout = if !self.reading_on.is_empty() || !self.writing_on.is_empty() || P::PACKETS && self.has_packets_to_take() {
            Some(Duration::ZERO)
        } else {
            self.board.asleep.raise();
            if self.has_work() {
                self.board.asleep.lower();
                Some(Duration::ZERO)
            } else {
                let lingers = (!self.lingering.is_empty()).then_some(LINGER_TICK);
                let packets = if P::PACKETS { self.until_packets_are_tried() } else { None };
                #[cfg(feature = "cli")]
                let packets = packets.into_iter().chain((self.is_quiet && !self.is_mute).then_some(QUIET_TICK));
                lingers.into_iter().chain(self.until_look()).chain(packets).min()
            }
        };
        if self.poll.poll(events, timeout).is_err() {
            // Interrupted: a turn without events.
            events.clear();
        }
        self.board.asleep.lower();
    }

    /// Whether any ring has something, or room that somebody waits for, or the server goes on to its next phase.
    fn has_work(&mut self) -> bool {
        let lifecycle = self.memory.header().lifecycle();
        !self.goes_on()
            || (lifecycle == Lifecycle::Draining && !self.draining)
            || self.waits_for_held()
            || (0..self.workers.len()).any(|slot| self.first_has_room(slot) || self.workers[slot].has_records())
            || matches!(self.manager.peek(), Ok(Some(_)))
    }

    fn ready(&mut self, event: &Event) {
        let Some(found) = SessionId::new(event.token().0 as u64).and_then(|id| self.sessions.find(id)) else {
            return;
        };
        let row = found.row;
        if row.has(Flags::SOCKET_GONE) {
            return;
        }
        row.arrive();
        if event.is_writable() && Self::has_output(row) && self.flush(found) {
            return;
        }
        let to_end = event.is_read_closed() || event.is_error();
        if event.is_readable() || to_end {
            row.set(if to_end { Flags::READABLE.and(Flags::READ_TO_END) } else { Flags::READABLE });
        }
        if event.is_error() && row.has(Flags::PAUSED) {
            // Gone for good, and nobody reads it to find that out.
            self.cut_off(found, false, CloseReason::Peer);
            return;
        }
        self.pump(found);
    }

    /// Goes on with the sessions that had more to read than one turn takes.
    fn read_on(&mut self) {
        if self.reading_on.is_empty() {
            return;
        }
        core::mem::swap(&mut self.reading_on, &mut self.reading_now);
        for at in 0..self.reading_now.len() {
            if let Some(found) = self.sessions.find(self.reading_now[at])
                && found.row.has(Flags::READS_ON)
            {
                found.row.clear(Flags::READS_ON);
                self.pump(found);
            }
        }
        self.reading_now.clear();
    }

    /// One look at each worker that was given something, one bell for each that sleeps.
    pub(super) fn wake_workers(&mut self) {
        for (slot, lane) in self.workers.iter_mut().enumerate() {
            if core::mem::take(&mut lane.published) && lane.asleep.owed(&self.memory.worker(slot).asleep) {
                lane.bell.ring();
            }
        }
    }

    fn take_from_workers(&mut self) {
        for slot in 0..self.workers.len() {
            let mut taken = 0;
            while taken < RECORDS_A_TURN && self.take_one(slot) {
                taken += 1;
            }
            if taken > 0 {
                let lane = &mut self.workers[slot];
                if lane.from.room_is_wanted_for_certain() {
                    lane.bell.ring();
                }
            }
        }
        self.take_from_manager();
        self.publish_queued();
    }

    /// Rows and batches of packets that found no room try again, in their order, until one finds none again.
    fn come_back_to_waiting(&mut self) {
        for slot in 0..self.workers.len() {
            loop {
                if P::PACKETS
                    && let Some(at) = self.first_waiting_packets(slot)
                {
                    self.publish_packets(at);
                    if self.first_waiting_packets(slot) == Some(at) {
                        break;
                    }
                    continue;
                }
                let Some(found) = self.first_waiting(slot) else { break };
                self.pump(found);
                if self.first_waiting(slot).is_some_and(|first| first.id == found.id) {
                    break;
                }
            }
            let lane = &self.workers[slot];
            if lane.waiting.0 == 0 && !(P::PACKETS && self.is_waited_for_by_packets(slot)) {
                lane.to.wants_room().lower();
            }
        }
        if P::PACKETS {
            self.say_that_none_is_held();
        }
    }

    /// Before a sleep: where somebody waits for room on the ring to this worker, asks for it, and says whether the first has some already.
    fn first_has_room(&mut self, slot: usize) -> bool {
        let packets = if P::PACKETS { self.packets_need(slot) } else { None };
        let lane = &mut self.workers[slot];
        let Some(needs) = packets.or((lane.waiting.0 != 0).then_some(lane.needs)) else { return false };
        lane.asks_for_room();
        lane.has_room::<P>(needs)
    }

    /// Reads no more where the sessions are to go on elsewhere, and says when all that was read is through; or reads on.
    #[cfg(feature = "cli")]
    fn follow_handover(&mut self) {
        let header = self.memory.header();
        let is_quiet = header.handover() == Handover::Quiet;
        self.is_mute = is_quiet && header.lifecycle() == Lifecycle::Stopping;
        if self.is_quiet && !is_quiet && self.goes_on() {
            self.is_quiet = false;
            self.read_all_on();
        }
        self.is_quiet = is_quiet;
        if is_quiet && !self.is_mute {
            let is_at_rest = u64::from(self.is_at_rest());
            // Relaxed: written here alone.
            if self.board.is_at_rest.load(Ordering::Relaxed) != is_at_rest {
                // Release, label "at rest": behind what was taken and published.
                self.board.is_at_rest.store(is_at_rest, Ordering::Release);
                self.memory.bells.master.ring();
            }
        }
    }

    fn follow_lifecycle(&mut self) {
        #[cfg(feature = "cli")]
        self.follow_handover();
        if !self.draining && self.memory.header().lifecycle() == Lifecycle::Draining {
            self.draining = true;
            self.close_all();
            self.wake_workers();
        }
    }
}

impl super::Lane {
    fn has_records(&mut self) -> bool {
        !self.is_shut() && !matches!(self.from.peek(), Ok(None))
    }
}
