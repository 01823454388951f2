//! What a dead worker was in the middle of: found, reported, and given to its successor or to nobody, before a successor is forked.
//!
//! If the manager dies here: it reaps last, so the master still learns how the worker ended, and the next manager settles again. Each
//! step may be done twice: a session is closed once, a record skipped once; only the report may come a second time.

use super::{children::LONGEST_WAIT, life::Life, replace::why_refused};
use crate::{
    context::WorkerExit,
    contract::{self, Server},
    event::{CloseReason, FilePart, State, ToReactor, ToWorker},
    id::{SessionId, WorkerId},
    job::{Holder, Phase, State as JobState, settle_asker, settle_holder},
    layout::Current,
    logging,
    process::{Begun, Lifecycle, Order},
    ring::{Look, Producer, Tag},
    sync::Ordering,
    sys::{clock, pidfd::Ended},
};
use core::time::Duration;

/// How often a reactor is asked anew to make room for what the manager tells it, and the time between.
const ROOM_TRIES: u32 = 1000;
const ROOM_WAIT: Duration = Duration::from_millis(1);

impl Life {
    /// [manager] The worker of this slot has ended.
    pub(super) fn settle<S: Server>(&mut self, at: usize, pid: u32, ended: Ended) {
        let board = self.memory.worker(at);
        let claim = self.memory.slot(at).owner.read();
        // A child that ended before it claimed the slot has touched nothing.
        let held = claim.pid == Some(pid);
        let current = if held { self.memory.current(at) } else { None };
        let asked_to = self.memory.slot(at).order(claim.generation) == Order::Stop;
        let state = if held { board.state() } else { State::Starting };
        // Relaxed: the process is dead.
        let age = if held { clock::unix_ms().saturating_sub(board.started_ms.load(Ordering::Relaxed)) } else { 0 };
        let did_something =
            state != State::Starting && (board.consumed.load(Ordering::Relaxed) > 0 || age > LONGEST_WAIT.as_millis() as u64);
        let note = self.slots[at].note.take();
        // Known when the program is compiled: a server without user processes has nothing of this.
        let is_user_process = !S::PROCESSES.is_empty() && self.memory.user_process(at).is_some();
        // A user process may return when it likes.
        let as_asked = (asked_to || is_user_process) && ended == Ended::Exited(0);
        if !as_asked {
            self.report::<S>(&WorkerExit {
                worker: WorkerId::new(at as u16),
                user_process: if is_user_process { self.memory.name_of_user_process(at) } else { None },
                pid,
                generation: claim.generation,
                ended,
                callback: current.map(|current| current.callback),
                session: current.and_then(|current| current.session),
                in_callback: current.map(|current| current.age),
                age: Duration::from_millis(age),
                message: board.words.said().filter(|_| held).or_else(|| note.as_ref().and_then(why_refused)),
            });
        }
        match current {
            Some(Current { begun: Some((begun, ToWorker::Packet)), .. }) if contract::takes_packets::<S>() => {
                self.settle_packet::<S>(at, begun)
            }
            Some(Current { begun: Some((begun, kind)), session: Some(session), .. }) => self.settle_begun::<S>(at, begun, kind, session),
            // A record that waits for `on_lost` waits on: this one died before it came to it.
            _ if S::DISPATCH.on_lost.is_some() && self.still_lost(at) => {}
            _ => self.memory.slot(at).leave(None),
        }
        if held && S::DISPATCH.on_task.is_some() {
            self.settle_jobs(at, claim.generation, S::DISPATCH.on_lost.is_some());
        }
        if held && S::DISPATCH.on_pipe_message.is_some() {
            self.settle_messages(at, claim.generation, S::DISPATCH.on_lost.is_some());
        }
        if held && (S::DISPATCH.on_task.is_some() || S::DISPATCH.on_pipe_message.is_some()) {
            // Behind the two: what the dead one was at has ended.
            self.memory.settle_claims(at);
        }
        if held {
            self.mend(at);
            board.enter(State::Starting);
        }
        // Relaxed: only the manager writes it.
        let restarts = &self.memory.slot(at).restarts;
        restarts.store(restarts.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.ring_all();
        // Last: a manager that finds the slot vacant settles nothing.
        if is_user_process && as_asked && !asked_to {
            self.slots[at].returned(Duration::from_millis(age));
        } else {
            self.slots[at].emptied(did_something || as_asked);
            self.show_wait(at);
        }
        if held && !self.hand_over(at, claim) {
            self.memory.slot(at).owner.vacate(claim);
        }
    }

    /// Whether the record that the slot's board keeps for `on_lost` is still on its ring.
    fn still_lost(&self, at: usize) -> bool {
        self.memory.slot(at).lost().is_some_and(|lost| {
            usize::from(lost.ring) < self.memory.settings.reactors
                && Look::at(self.memory.to_worker(lost.ring.into(), at)).oldest(lost.position).is_some()
        })
    }

    /// What the dead worker has left on its rings to the reactors, while nobody else writes there: a position that cannot be is put
    /// right, a record that cannot be is struck out. Its successor answers for neither.
    fn mend(&self, at: usize) {
        let cells = self.memory.cells(at);
        let nothing = Tag { session: 0, kind: ToReactor::Nothing as u8, detail: 0, listener: 0 };
        for reactor in 0..self.memory.settings.reactors {
            Producer::attach(self.memory.to_reactor(at, reactor)).mend(nothing, |record| match ToReactor::from_u8(record.tag.kind) {
                Some(ToReactor::SendLarge) => cells.piece(record.tag.detail.into(), record.length as usize).is_some(),
                Some(ToReactor::SendFile) => record.length as usize == FilePart::BYTES && !record.elsewhere,
                Some(ToReactor::Bind) => record.length == 8 && !record.elsewhere,
                Some(kind) => kind == ToReactor::Send || record.length == 0,
                None => false,
            });
        }
    }

    /// Jobs that the dead process was at, or had handed over.
    fn settle_jobs(&self, at: usize, generation: u32, has_on_lost: bool) {
        match self.memory.task_worker(at) {
            Some(task_worker) => {
                let holder = Holder { task_worker: task_worker as u16, generation: generation as u16 };
                let mut died = 0;
                for worker in 0..self.memory.settings.workers {
                    let pool = self.memory.jobs(worker);
                    let is_cut_off = |state: JobState| state.holder == holder && matches!(state.phase, Phase::Taken | Phase::Abandoned);
                    died += pool.cells.iter().filter(|cell| is_cut_off(cell.state())).count() as u64;
                    settle_holder(&pool, holder);
                }
                self.count_jobs(at, died);
                // A bell that is rung for it from now on would be rung for nobody.
                self.memory.worker(at).asleep.lower();
            }
            None if at < self.memory.settings.workers => {
                settle_asker(&self.memory.jobs(at), has_on_lost && self.goes_on());
            }
            None => {}
        }
        // It may have owed a bell to any of them.
        for bell in &self.memory.bells.workers {
            bell.ring();
        }
    }

    /// Sets right what a dead task worker has counted: it may have died between a job's begin or end and the count of it. Should a manager
    /// have died in the middle of this, a job that died may be counted as one that was done; the sum is right all the same.
    fn count_jobs(&self, at: usize, died: u64) {
        let (board, slot) = (self.memory.worker(at), self.memory.slot(at));
        // Relaxed, all of them: the process is dead, and these are counts for people.
        let all_died = slot.jobs_died.load(Ordering::Relaxed) + died;
        slot.jobs_died.store(all_died, Ordering::Relaxed);
        if died > 0 {
            board.requests.store(board.jobs.load(Ordering::Relaxed) + all_died, Ordering::Relaxed);
        } else {
            board.jobs.store(board.requests.load(Ordering::Relaxed).saturating_sub(all_died), Ordering::Relaxed);
        }
    }

    /// Messages that the dead process was at, or had sent, or would have come to.
    fn settle_messages(&self, at: usize, generation: u32, has_on_lost: bool) {
        // `on_lost` runs in workers.
        let keeps_lost = has_on_lost && at < self.memory.settings.workers && self.goes_on();
        let holder = Holder { task_worker: at as u16, generation: generation as u16 };
        for messages in (0..=self.memory.settings.slots()).filter_map(|sender| self.memory.messages(sender)) {
            messages.tray.settle_receiver(holder, keeps_lost);
        }
        if let Some(messages) = self.memory.messages(at) {
            messages.tray.settle_sender(at, |slot| self.memory.mail(slot));
        }
        if let Some(mail) = self.memory.mail(at) {
            mail.announce_all();
        }
        // A bell that is rung for it from now on would be rung for nobody; and it may have owed one to any of them.
        self.memory.worker(at).asleep.lower();
        for bell in &self.memory.bells.workers {
            bell.ring();
        }
    }

    /// The dead worker may have owed anybody a bell: it published, and died before it looked who sleeps.
    fn ring_all(&self) {
        for bell in self.memory.bells.reactors.iter().chain([&self.memory.bells.master]) {
            bell.ring();
        }
    }

    pub(super) fn report<S: Server>(&mut self, exit: &WorkerExit) {
        logging::error!("{exit}");
        self.last_failure = Some(format!("{exit}"));
        if let Some(on_worker_error) = S::DISPATCH.on_worker_error {
            self.run_callback("on_worker_error", |context| on_worker_error(context, exit));
        }
    }

    /// Whether there will be a successor.
    fn goes_on(&self) -> bool {
        self.memory.header().lifecycle() != Lifecycle::Stopping
    }

    /// The packet it had begun: to `on_lost` of its successor, or to nobody. Those behind it are other packets.
    fn settle_packet<S: Server>(&mut self, at: usize, begun: Begun) {
        if S::DISPATCH.on_lost.is_some() && !begun.again && self.goes_on() {
            return self.memory.slot(at).leave(Some(begun));
        }
        Look::at(self.memory.to_worker(begun.ring.into(), at)).skip(begun.position);
        self.memory.slot(at).leave(None);
    }

    /// The record it had begun: to `on_lost` of its successor, or the end of that one session.
    fn settle_begun<S: Server>(&mut self, at: usize, begun: Begun, kind: ToWorker, session: SessionId) {
        if S::DISPATCH.on_lost.is_some() && !begun.again && self.goes_on() {
            return self.memory.slot(at).leave(Some(begun));
        }
        // A worker that died in `on_close` has begun it, and it is begun once: the session is through.
        let (what, detail) = match kind {
            ToWorker::Close => (ToReactor::Closed, 0),
            ToWorker::Connect | ToWorker::Data | ToWorker::BufferFull | ToWorker::BufferEmpty | ToWorker::Packet => {
                (ToReactor::Close, CloseReason::WorkerDied as u8)
            }
            // It begins no callback, so nobody died in one: it stays for the successor.
            ToWorker::Through => return self.memory.slot(at).leave(None),
        };
        let told = (0..ROOM_TRIES).any(|_| {
            let told = self.context.outbox().tell(session, begun.ring.into(), what, detail).is_ok();
            if !told {
                // The reactor never waits for anybody, so room comes.
                std::thread::sleep(ROOM_WAIT);
            }
            told
        });
        if !told {
            logging::error!("session {session} stays open: its reactor gives no room for the end of it");
        }
        // What stands behind it on the ring is not answered: the client would see an answer missing and never know which.
        // Relaxed: before the fork of who reads it.
        self.memory.slot(at).closed_session.store(session.get(), Ordering::Relaxed);
        Look::at(self.memory.to_worker(begun.ring.into(), at)).skip(begun.position);
        self.memory.slot(at).leave(None);
    }
}
