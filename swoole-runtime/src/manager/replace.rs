//! Planned replacement: in each group one process after the other gets a successor, which gets ready beside it and is handed the slot when it
//! has ended. A reload asks for all that were there when it was asked for; a process that has done its share asks for itself.
//!
//! If the manager dies here: the order, its deadline and the reload that a process was forked in stand on the slots' boards. The next
//! manager calls off successors that hold no slot yet, and goes on. If a process dies instead of stopping: its successor, which is wanted
//! anyway, takes its place. If a successor dies: the process goes on as it was, and the manager tries again later.

use super::{
    Next,
    children::{Child, Successor},
    life::Life,
};
use crate::{
    context::WorkerExit,
    contract::Server,
    error::spoken,
    event::{Callback, State},
    id::WorkerId,
    logging,
    process::{Claim, Group, Lifecycle, Order, Taking, refused},
    sync::Ordering,
    sys::{clock, exec, fork::Side},
};
use mio::Token;
use nix::{sys::signal::Signal, unistd::Pid};
use std::{os::fd::OwnedFd, path::Path, rc::Rc, time::Instant};

/// How often a successor of the same program is tried before a reload is given up.
const TRIES: u32 = 3;

impl Life {
    /// The next step of each group, if it is time for one. `Some` in the process that is no longer the manager.
    pub(super) fn replace(&mut self) -> Option<Next> {
        // Then every order to stop is one of the shutdown, with a deadline of its own.
        if self.memory.header().lifecycle() == Lifecycle::Stopping {
            return None;
        }
        for group in Group::ALL {
            if let Some(at) = self.go_on_with(group)
                && let Some(next) = self.fork_successor(at)
            {
                return Some(next);
            }
        }
        None
    }

    /// What is under way in a group goes on; otherwise, which slot is next.
    fn go_on_with(&mut self, group: Group) -> Option<usize> {
        let reload = self.memory.header().reload(group);
        let (mut next, mut worn, mut is_one_under_way, mut is_one_starting) = (None, Vec::new(), false, false);
        for at in self.memory.slots_of(group) {
            if self.slots[at].successor.is_some() {
                is_one_under_way = true;
                self.go_on_with_successor(at);
                continue;
            }
            let (board, slot) = (self.memory.worker(at), self.memory.slot(at));
            if self.keeps_failing(at) {
                // Relaxed: as below.
                if slot.reload.load(Ordering::Relaxed) != reload {
                    // It is forked as of this reload when its time comes, and keeps nobody waiting until then.
                    continue;
                }
                if self.memory.manager().reloaded(group) != reload && self.slots[at].failures() >= TRIES {
                    let why = self.last_failure.clone().unwrap_or_default();
                    self.give_up(group, reload, &why);
                    return None;
                }
            }
            let serves = !matches!(self.slots[at].child, Child::None) && board.state() == State::Ready && self.order(at) == Order::Serve;
            if self.is_starting_since_before(at, reload) {
                // The others do not wait for it, and the reload not for ever.
                is_one_starting = true;
                self.end_if_never_ready(at);
            } else if !serves {
                is_one_under_way = true;
                self.end_if_late(at);
            // Relaxed: written by this manager, or by one before it.
            } else if slot.reload.load(Ordering::Relaxed) != reload && self.memory.manager().given_up(group) != reload {
                next = next.or(Some(at));
            } else if board.asks_for_successor() || self.memory.is_unwanted(at) || self.is_worn(at) {
                worn.push(at);
            }
        }
        if is_one_under_way || self.memory.header().lifecycle() != Lifecycle::Running {
            return None;
        }
        if next.is_none() && !is_one_starting && self.memory.manager().reloaded(group) != reload {
            // Where all that there were kept failing, nobody else has said so.
            self.programs.is_good(self.memory, group, reload);
            self.memory.manager().has_reloaded(group, reload);
            if !self.memory.slots_of(group).is_empty() {
                logging::info!("all {} are replaced", name_of(group));
            }
        }
        // The oldest of them: what is worn again at once must not keep the others from their turn.
        let oldest = worn.into_iter().min_by_key(|&at| self.memory.worker(at).started_ms.load(Ordering::Relaxed));
        next.or(oldest).filter(|&at| self.slots[at].holds_back().is_zero())
    }

    /// Nobody holds this slot, and the last that did have not lived long.
    fn keeps_failing(&self, at: usize) -> bool {
        matches!(self.slots[at].child, Child::None) && self.slots[at].failures() > 0
    }

    /// What a slot that nobody holds is filled with: while a reload is under way, what that has.
    pub(super) fn program_for_vacant(&mut self, at: usize) -> Option<Rc<OwnedFd>> {
        let group = self.memory.group(at);
        let reload = self.memory.header().reload(group);
        let slot = self.memory.slot(at);
        let is_reloading = self.memory.manager().reloaded(group) != reload;
        // A worker that died well is what it was before, until its turn comes; one that keeps failing has nothing to lose.
        if is_reloading && self.keeps_failing(at) && slot.reload.load(Ordering::Relaxed) != reload {
            match self.programs.of_reload(group, reload) {
                Ok(Some(program)) => {
                    // Relaxed: nobody but the manager reads it.
                    slot.reload.store(reload, Ordering::Relaxed);
                    return Some(program);
                }
                Ok(None) => {}
                Err(e) => logging::error!("the program of the reload cannot be opened: {e}"),
            }
        }
        self.programs.current(group)
    }

    fn go_on_with_successor(&mut self, at: usize) {
        let (is_vacant, is_ready) = (matches!(self.slots[at].child, Child::None), self.memory.successor(at).is_ready());
        let claim = self.memory.slot(at).owner.read();
        match (is_ready, is_vacant) {
            (true, true) => {
                self.hand_over(at, claim);
            }
            (true, false) if self.order(at) == Order::Serve => {
                let slot = self.memory.slot(at);
                slot.set_stop_by(clock::uptime_ms() + self.memory.settings.max_wait_time.as_millis() as u64);
                slot.tell_to_stop(claim.generation);
                self.memory.bells.workers[at].ring();
            }
            (true, false) => self.end_if_late(at),
            (false, _) => self.end_late_successor(at),
        }
    }

    fn end_late_successor(&mut self, at: usize) {
        let ready_timeout = self.memory.settings.ready_timeout;
        if let Some(successor) = &mut self.slots[at].successor
            && !successor.is_late
            && successor.since.elapsed() >= ready_timeout
            && let Some(fd) = successor.child.fd()
        {
            successor.is_late = true;
            logging::error!(
                "the successor of {} was not ready within ready_timeout ({}) and is killed",
                self.memory.called(at),
                spoken(ready_timeout)
            );
            let _ = fd.signal(Signal::SIGKILL);
        }
    }

    pub(super) fn is_reload_under_way(&self) -> bool {
        Group::ALL.iter().any(|&group| self.memory.manager().reloaded(group) != self.memory.header().reload(group))
    }

    pub(super) fn begin_reload<S: Server>(&mut self) {
        if !self.is_reloading && self.is_reload_under_way() {
            self.is_reloading = true;
            if let Some(on_before_reload) = S::DISPATCH.on_before_reload {
                self.run_callback("on_before_reload", on_before_reload);
            }
        }
    }

    pub(super) fn end_reload<S: Server>(&mut self) {
        if self.is_reloading && !self.is_reload_under_way() {
            self.is_reloading = false;
            if let Some(on_after_reload) = S::DISPATCH.on_after_reload {
                self.run_callback("on_after_reload", on_after_reload);
            }
        }
    }

    fn fork_successor(&mut self, at: usize) -> Option<Next> {
        let slot = self.memory.slot(at);
        let group = self.memory.group(at);
        let reload = self.memory.header().reload(group);
        // Relaxed: written by this manager, or by one before it.
        let is_reload = slot.reload.load(Ordering::Relaxed) != reload;
        let program = if is_reload { self.programs.of_reload(group, reload) } else { Ok(self.programs.current(group)) };
        let program = match program {
            Ok(program) => program,
            Err(e) => {
                let path = self.programs.path().unwrap_or_else(|| Path::new("")).display().to_string();
                self.give_up(group, reload, &format!("{path} cannot be opened: {e}"));
                return None;
            }
        };
        let exec = self.exec(program);
        let generation = slot.owner.read().generation.wrapping_add(1);
        let opened = slot.successor.open(slot.successor.read())?;
        self.memory.successor(at).clean();
        match self.fork() {
            Some(Side::Child) => Some(Next::Worker(at, Taking::Beside { opened, generation }, exec)),
            Some(Side::Parent(pid)) => {
                logging::debug!("{}: pid {pid} gets ready to be generation {generation}", self.memory.called(at));
                let child = self.watched(pid, Token(self.slots.len() + at));
                let note = exec.and_then(|exec| exec.note().ok());
                let successor = Successor { child, note, opened, generation, reload, is_reload, since: Instant::now(), is_late: false };
                self.slots[at].successor = Some(successor);
                None
            }
            None => {
                self.slots[at].lost_successor();
                self.show_wait(at);
                None
            }
        }
    }

    /// A reload has come to its end, and the processes that it has not come to stay as they are.
    fn give_up(&mut self, group: Group, reload: u32, why: &str) {
        logging::error!("the reload is given up, and the {} that are left stay as they are: {why}", name_of(group));
        self.memory.manager().gives_up(group, reload, why);
    }

    /// Gives the slot to the successor that is ready, if there is one; `now` names nobody, or a process that is dead and settled.
    pub(super) fn hand_over(&mut self, at: usize, now: Claim) -> bool {
        let is_ready = self.memory.successor(at).is_ready();
        let Some(successor) = self.slots[at].successor.take_if(|_| is_ready) else { return false };
        let slot = self.memory.slot(at);
        // Relaxed: nobody but the manager reads it.
        slot.reload.store(successor.reload, Ordering::Relaxed);
        if successor.is_reload {
            self.programs.is_good(self.memory, self.memory.group(at), successor.reload);
        }
        let is_next = successor.generation == now.generation.wrapping_add(1);
        if !is_next || !successor.child.pid().is_some_and(|pid| slot.owner.hand_over(now, pid)) {
            self.slots[at].successor = Some(successor);
            self.call_off(at);
            return false;
        }
        // It gets ready no more. It looks at the owner word last, and finds itself there.
        slot.successor.vacate(slot.successor.read());
        (self.slots[at].child, self.slots[at].note) = (successor.child, successor.note);
        self.memory.bells.workers[at].ring();
        true
    }

    /// A successor that holds no slot is not wanted any more: it ends when it comes to look, or is ended.
    pub(super) fn call_off(&mut self, at: usize) {
        let word = &self.memory.slot(at).successor;
        let _ = word.open(word.read());
        self.memory.bells.workers[at].ring();
    }

    /// A successor that has ended before it held its slot.
    pub(super) fn bury_successor<S: Server>(&mut self, at: usize) {
        let Some(successor) = &mut self.slots[at].successor else { return };
        if let Child::Unwatched { pid } = successor.child {
            let pid = Pid::from_raw(pid.cast_signed());
            let token = Token(self.slots.len() + at);
            let child = self.watched(pid, token);
            if let Some(successor) = &mut self.slots[at].successor {
                successor.child = child;
            }
            return;
        }
        let Child::Own { pid, fd } = &successor.child else { return };
        let (pid, Some(ended)) = (*pid, fd.peek()) else { return };
        let is_called_off = self.memory.slot(at).successor.read().generation != successor.opened.generation;
        let Some(Successor { child: Child::Own { fd, .. }, note, generation, reload, is_reload, since, .. }) =
            self.slots[at].successor.take()
        else {
            return;
        };
        self.forget(&fd);
        let word = self.memory.slot(at).successor.read();
        if word.pid == Some(pid) {
            // Who looks sees that nothing gets ready any more.
            self.memory.slot(at).successor.vacate(word);
        }
        fd.reap();
        self.slots[at].lost_successor();
        self.show_wait(at);
        if is_called_off || self.memory.header().lifecycle() == Lifecycle::Stopping {
            return;
        }
        let exit = WorkerExit {
            worker: WorkerId::new(at as u16),
            user_process: if S::PROCESSES.is_empty() { None } else { self.memory.name_of_user_process(at) },
            pid,
            generation,
            ended,
            callback: Some(Callback::WorkerStart),
            session: None,
            in_callback: Some(since.elapsed()),
            age: since.elapsed(),
            message: self.memory.successor(at).words.said().or_else(|| note.as_ref().and_then(why_refused)),
        };
        self.report::<S>(&exit);
        // The same program may be luckier the next time; another one, whose first worker does not come up, is not asked again.
        let tries = if note.is_some() { 1 } else { TRIES };
        if is_reload && self.slots[at].failures() >= tries {
            self.give_up(self.memory.group(at), reload, &exit.to_string());
        }
    }

    /// Says on the slot's board how long nothing is forked for it.
    pub(super) fn show_wait(&self, at: usize) {
        let wait = self.slots[at].holds_back();
        self.memory.slot(at).set_fork_at(if wait.is_zero() { 0 } else { clock::uptime_ms() + wait.as_millis() as u64 });
    }
}

/// Why another program did not attach, if it has said so.
pub(super) fn why_refused(note: &OwnedFd) -> Option<String> {
    refused(&exec::read_note(note).ok()?).map(str::to_owned)
}

fn name_of(group: Group) -> &'static str {
    match group {
        Group::Workers => "workers",
        Group::TaskWorkers => "task workers",
        Group::UserProcesses => "user processes",
    }
}
