//! Stop 5 of a byte's way: call. Takes: records on the rings of the reactors, in their order. Gives: calls of the dispatch table, with a
//! slice into the ring.
//!
//! Runs in: a worker. If a reactor is dead: so is the master, and the kernel ends this process.

use super::{errors::Errors, messages::Inbox};
use crate::{
    cell::Packages,
    context::{Jobs, Outbox, PacketSource, Worker},
    contract::{self, Outcome, Server},
    event::{Callback, CloseReason, ToReactor, ToWorker},
    id::SessionId,
    layout::Memory,
    logging,
    process::{Begun, Lifecycle, Order, WorkerBoard},
    ring::{Consumer, FromMaster, Record},
    sync::Ordering,
    sys::{clock, datagram::parts, wake::Bell},
};
use core::time::Duration;

/// How many records of one ring come before those of the next.
const RECORDS_A_TURN: usize = 64;

/// How long before its deadline a worker that is to stop waits for jobs no more, in ms; and how often it looks.
const LEFT_AT_THE_END: u64 = 100;
const LOOK_FOR_THE_END: Duration = Duration::from_millis(50);

/// `on_timer` as the dispatch table has it.
type OnTimer<S> = fn(&mut S, &Worker<S>, Duration) -> Outcome;

/// The worker's loop.
pub(super) struct Serving<S: Server> {
    pub(super) memory: &'static Memory,
    pub(super) slot: usize,
    generation: u32,
    pub(super) board: &'static WorkerBoard,
    pub(super) worker: &'static Worker<S>,
    pub(super) lanes: Vec<Lane>,
    pub(super) inbox: Option<Inbox<S>>,
    requests: u64,
    /// At which of them it asks for its successor.
    last_request: Option<u64>,
    consumed: u64,
    /// When `on_worker_exit` runs again.
    waits_again_ms: u64,
    errors: Errors,
}

pub(super) struct Lane {
    pub(super) ring: Consumer<FromMaster>,
    /// What is too large for it.
    packages: Option<Packages>,
    reactor: &'static Bell,
}

impl Lane {
    /// The record's bytes, in place.
    pub(super) fn data<S: Server>(&self, record: &Record) -> &[u8] {
        match &self.packages {
            Some(packages) if contract::has_cells::<S>() && record.elsewhere => packages.data(&self.ring, record),
            _ => self.ring.data(record),
        }
    }
}

impl<S: Server> Serving<S> {
    pub(super) fn new(memory: &'static Memory, slot: usize, worker: &'static Worker<S>) -> Self {
        let board = memory.worker(slot);
        let lanes = (0..memory.settings.reactors)
            .map(|reactor| Lane {
                ring: Consumer::attach(memory.to_worker(reactor, slot)),
                packages: contract::has_cells::<S>().then(|| memory.packages(reactor, slot)),
                reactor: &memory.bells.reactors[reactor],
            })
            .collect();
        // Relaxed: this process alone writes it now.
        let requests = board.requests.load(Ordering::Relaxed);
        let inbox = if S::DISPATCH.on_pipe_message.is_some() { Inbox::open(memory, slot, worker.generation()) } else { None };
        let settings = &memory.settings;
        let last_request = super::share(settings.max_request, settings.max_request_grace).map(|share| requests + share);
        let generation = worker.generation();
        Self {
            memory,
            slot,
            generation,
            board,
            worker,
            lanes,
            inbox,
            requests,
            last_request,
            consumed: 0,
            waits_again_ms: 0,
            errors: Errors::default(),
        }
    }

    /// Serves until the manager says stop.
    pub(super) fn serve(mut self, state: &mut S) {
        // Relaxed: written before this process held the slot.
        if let Some(closed) = SessionId::new(self.memory.slot(self.slot).closed_session.load(Ordering::Relaxed)) {
            self.outbox().take_as_closed(closed);
        }
        if let Some(on_lost) = S::DISPATCH.on_lost {
            self.hand_over_lost(on_lost, state);
            self.hand_over_lost_job(on_lost, state);
            self.hand_over_lost_message(on_lost, state);
        }
        if let Some(on_timer) = S::DISPATCH.on_timer {
            self.start_timers(on_timer);
        }
        while self.goes_on() {
            let mut idle = true;
            for at in 0..self.lanes.len() {
                idle &= !self.serve_lane(at, state);
            }
            idle &= !self.finish_jobs(state);
            idle &= !self.read_messages(state);
            idle &= !self.run_due(state);
            self.say_that_it_waits(state);
            if idle {
                self.sleep();
            }
        }
        // What was sent before the end is read before it.
        let turns = if S::DISPATCH.on_pipe_message.is_some() { self.inbox.as_ref().map_or(0, Inbox::turns_at_the_end) } else { 0 };
        let _ = (0..turns).all(|_| self.read_messages(state));
        if S::DISPATCH.on_task.is_some() {
            self.await_jobs(state);
        }
    }

    /// It is to stop, and waits for closures.
    fn say_that_it_waits(&mut self, state: &mut S) {
        let Some(on_worker_exit) = S::DISPATCH.on_worker_exit else { return };
        let now = clock::uptime_ms();
        if self.memory.slot(self.slot).order(self.generation) == Order::Stop && self.goes_on() && now >= self.waits_again_ms {
            self.waits_again_ms = now + LOOK_FOR_THE_END.as_millis() as u64;
            self.board.step_aside(Some(Callback::Exit), now);
            let outcome = on_worker_exit(state, self.worker);
            self.board.step_aside(None, clock::uptime_ms());
            self.report(Callback::Exit, None, outcome);
        }
    }

    /// Whether there is no order to stop, or it is too early for it: a successor takes all but what closures wait for.
    fn goes_on(&self) -> bool {
        let slot = self.memory.slot(self.slot);
        slot.order(self.generation) == Order::Serve
            || S::DISPATCH.on_task.is_some()
                && self.memory.settings.reload_async
                && self.worker.handed().is_some_and(Jobs::has_closures)
                && self.memory.header().lifecycle() < Lifecycle::Stopping
                && clock::uptime_ms() + LEFT_AT_THE_END < slot.stop_by_ms()
    }

    /// Jobs that are under way when the server stops: their outputs are taken as long as `jobs_timeout` says.
    fn await_jobs(&mut self, state: &mut S) {
        let header = self.memory.header();
        if header.lifecycle() < Lifecycle::Stopping {
            return;
        }
        let until_ms = header.waits_until_ms().min(header.deadline_ms().saturating_sub(LEFT_AT_THE_END));
        while self.worker.handed().is_some_and(Jobs::are_under_way) && clock::uptime_ms() < until_ms {
            if !(self.finish_jobs(state) | self.run_due(state)) {
                self.board.asleep.raise();
                if !self.worker.handed().is_some_and(Jobs::are_done) {
                    self.outbox().sleep(earlier(Some(LOOK_FOR_THE_END), self.worker.until_due()));
                }
                self.board.asleep.lower();
            }
        }
    }

    /// Takes what task workers have done; `false` when there was nothing.
    fn finish_jobs(&mut self, state: &mut S) -> bool {
        // Known when the program is compiled: a server without tasks has nothing of this.
        if S::DISPATCH.on_task.is_none() {
            return false;
        }
        let worker = self.worker;
        let Some(jobs) = worker.handed().filter(|jobs| jobs.are_done()) else { return false };
        let was_any = jobs.finish_done(state, worker, S::DISPATCH.on_finish, S::DISPATCH.on_lost.is_some(), &mut |callback, outcome| {
            self.report(callback, None, outcome)
        });
        if was_any {
            self.count_as_consumed();
        }
        was_any
    }

    /// Reads what other processes have sent; `false` when there was nothing.
    fn read_messages(&mut self, state: &mut S) -> bool {
        // As for jobs.
        if S::DISPATCH.on_pipe_message.is_none() {
            return false;
        }
        // Taken out while the errors of its callbacks are counted.
        let Some(mut inbox) = self.inbox.take() else { return false };
        let was_any = inbox.read(state, self.worker, &mut |outcome| self.report(Callback::PipeMessage, None, outcome));
        self.inbox = Some(inbox);
        if was_any {
            self.count_as_consumed();
        }
        was_any
    }

    /// Those of the key `timers`.
    fn start_timers(&self, on_timer: OnTimer<S>) {
        for &ms in self.memory.settings.in_force.timers() {
            let period = Duration::from_millis(ms);
            if let Err(e) = self.worker.start_from_settings(period, on_timer) {
                logging::error!("the timer of {ms} ms of `timers` cannot be started: {e}");
            }
        }
    }

    /// Runs timers that are due; `false` when none was.
    fn run_due(&mut self, state: &mut S) -> bool {
        let was_any = self.worker.run_due(state, &mut |outcome| self.errors.report(Callback::Timer, None, outcome));
        if was_any {
            self.count_as_consumed();
        }
        was_any
    }

    /// Serves some records of one ring, at least one if there is any, until a timer is due; `false` when there was none.
    fn serve_lane(&mut self, at: usize, state: &mut S) -> bool {
        let mut served = 0;
        while served < RECORDS_A_TURN && self.goes_on() {
            let Ok(Some(record)) = self.lanes[at].ring.peek() else {
                break;
            };
            self.board.begin(Begun { ring: at as u16, position: record.position, again: false }, clock::uptime_ms());
            self.call(at, &record, state);
            self.consume(at);
            served += 1;
            if self.worker.is_any_due() {
                break;
            }
        }
        if served > 0 && self.lanes[at].ring.room_is_wanted_for_certain() {
            self.lanes[at].reactor.ring();
        }
        served > 0
    }

    /// The record's callback is through. What it has sent is published; only now does the record go.
    pub(super) fn consume(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        lane.ring.advance();
        if lane.ring.room_is_wanted() {
            lane.reactor.ring();
        }
        self.count_as_consumed();
    }

    /// This process has done something: should it die now, another comes at once.
    pub(super) fn count_as_consumed(&mut self) {
        self.consumed += 1;
        // Relaxed: read when this process is dead.
        self.board.consumed.store(self.consumed, Ordering::Relaxed);
    }

    fn call(&mut self, at: usize, record: &Record, state: &mut S) {
        let kind = ToWorker::from_u8(record.tag.kind);
        if contract::takes_packets::<S>() && kind == Some(ToWorker::Packet) {
            return self.call_for_packet(at, record, state);
        }
        let (Some(kind), Some(fd)) = (kind, SessionId::new(record.tag.session)) else {
            return logging::error!("a record of no kind was passed over: this is a bug of the server framework");
        };
        match kind {
            ToWorker::Connect => {
                if let Some(on_connect) = contract::on_connect::<S>(record.tag.listener) {
                    self.settle(Callback::Connect, fd, on_connect(state, self.worker, fd));
                }
            }
            // The server has closed the session, or lost a record of it: what came in behind is not answered any more.
            ToWorker::Data if !self.outbox().takes_input(fd) => {}
            ToWorker::Data if self.memory.settings.discard_timeout_request && !self.outbox().exist(fd) => {}
            ToWorker::Data => {
                self.count_request();
                if let Some(on_receive) = contract::on_receive::<S>(record.tag.listener) {
                    self.settle(Callback::Receive, fd, on_receive(state, self.worker, fd, self.lanes[at].data::<S>(record)));
                }
            }
            ToWorker::Close => {
                if let Some(on_close) = contract::on_close::<S>(record.tag.listener) {
                    self.settle(Callback::Close, fd, on_close(state, self.worker, fd, reason(record)));
                }
                self.answer(at, fd, ToReactor::Closed);
            }
            ToWorker::BufferFull => {
                if let Some(on_buffer_full) = S::DISPATCH.on_buffer_full.filter(|_| self.outbox().exist(fd)) {
                    self.settle(Callback::BufferFull, fd, on_buffer_full(state, self.worker, fd));
                }
            }
            ToWorker::BufferEmpty => {
                if let Some(on_buffer_empty) = S::DISPATCH.on_buffer_empty.filter(|_| self.outbox().exist(fd)) {
                    self.settle(Callback::BufferEmpty, fd, on_buffer_empty(state, self.worker, fd));
                }
            }
            ToWorker::Through => self.answer(at, fd, ToReactor::Through),
            // Of no session: see `call_for_packet`.
            ToWorker::Packet => {}
        }
    }

    /// `on_close` is through, so the reactor may free the row, or what came before is done. Before the record is consumed, so that no death
    /// loses it: a process that is told to stop, and finds no room for so long, is ended by the manager, which answers in its place.
    pub(super) fn answer(&self, reactor: usize, fd: SessionId, what: ToReactor) {
        while self.outbox().tell(fd, reactor, what, 0).is_err() {
            logging::error!("session {fd}: the reactor gives no room for an answer; trying again");
        }
    }

    fn count_request(&mut self) {
        self.requests += 1;
        // Relaxed: a count for people.
        self.board.requests.store(self.requests, Ordering::Relaxed);
        if self.last_request == Some(self.requests) {
            // It serves on until that one is ready.
            self.board.ask_for_successor();
            self.memory.bells.manager.ring();
        }
    }

    /// The source of the packet of this record, and the packet.
    pub(super) fn packet(&self, at: usize, record: &Record) -> Option<(PacketSource, &[u8])> {
        let kind = self.memory.settings.listeners.get(usize::from(record.tag.listener))?.datagrams?;
        let (source, data) = parts(self.lanes[at].data::<S>(record), kind)?;
        Some((PacketSource::new(self.memory, record.tag.listener, source), data))
    }

    fn call_for_packet(&mut self, at: usize, record: &Record, state: &mut S) {
        self.count_request();
        let (Some(on_packet), Some((from, data))) = (contract::on_packet::<S>(record.tag.listener), self.packet(at, record)) else {
            return;
        };
        let outcome = on_packet(state, self.worker, &from, data);
        self.report(Callback::Packet, None, outcome);
    }

    /// Sleeps until something is there. Looks once more between raising the flag and sleeping.
    fn sleep(&mut self) {
        self.board.asleep.raise();
        let stop = !self.goes_on();
        let none_is_done = S::DISPATCH.on_task.is_none() || !self.worker.handed().is_some_and(Jobs::are_done);
        let no_mail = S::DISPATCH.on_pipe_message.is_none() || self.inbox.as_ref().is_none_or(|inbox| !inbox.has_any());
        if !stop && none_is_done && no_mail && self.lanes.iter_mut().all(|lane| !matches!(lane.ring.peek(), Ok(Some(_)))) {
            // One that was told to stop, and waits for closures, looks by itself for the end of its time.
            let is_told = self.memory.slot(self.slot).order(self.generation) == Order::Stop;
            self.outbox().sleep(earlier(is_told.then_some(LOOK_FOR_THE_END), self.worker.until_due()));
        }
        self.board.asleep.lower();
    }

    /// An error of a callback is logged, and the session lives on. At most ten a second: a client must not fill the log.
    fn settle(&mut self, callback: Callback, fd: SessionId, outcome: Outcome) {
        self.report(callback, Some(fd), outcome);
    }

    pub(super) fn report(&mut self, callback: Callback, fd: Option<SessionId>, outcome: Outcome) {
        self.errors.report(callback, fd, outcome);
    }

    fn outbox(&self) -> &'static Outbox {
        self.worker.outbox()
    }
}

/// The shorter one of two waits, either of which may be without an end.
pub(super) fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

pub(super) fn reason(record: &Record) -> CloseReason {
    CloseReason::from_u8(record.tag.detail).unwrap_or(CloseReason::Server)
}
