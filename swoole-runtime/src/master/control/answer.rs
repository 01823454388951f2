//! What the master does about a request.

use super::{AT_ONCE, Answer, Control, State, Wait, report};
use crate::{
    master::life::Life,
    process::{Group, Lifecycle, REASON, Request},
    settings::Phases,
    sys::pidfd::PidFd,
};
use nix::{sys::signal::Signal, unistd::Pid};

/// What is said of requests, where somebody is named who asked.
const ASKED_BY: &str = "a command";

impl Life {
    /// Goes on with all that was asked over the control socket.
    pub(in crate::master) fn hear_commands(&mut self) {
        // Away while they are answered, so that an answer has the rest of the master to itself.
        let Some(mut control) = self.control.take() else { return };
        for at in 0..control.connections.len() {
            self.serve(&mut control, at);
        }
        for _ in 0..AT_ONCE {
            let Some(at) = control.accept() else { break };
            self.serve(&mut control, at);
        }
        control.sweep();
        self.control = Some(control);
    }

    fn serve(&mut self, control: &mut Control, at: usize) {
        let may_wait = control.may_wait();
        let connection = &mut control.connections[at];
        if let Some(request) = connection.go_on() {
            connection.give(match request {
                Request::Stop { .. } | Request::Reload { .. } | Request::Update if !may_wait => {
                    Answer::No("too many wait already for its end, or for that of a reload".to_owned())
                }
                request => self.answer(request),
            });
        }
        if let State::Waits(Wait::Reload(numbers, is_joined)) = connection.state
            && let Some(rows) = self.how_reload_went(numbers, is_joined)
        {
            connection.give(Answer::Rows(rows));
        }
        if let State::Waits(Wait::Update) = connection.state
            && let Some(outcome) = &self.updated
        {
            connection.give(match outcome {
                Ok(pid) => Answer::Rows(format!("updated pid={pid}\n")),
                Err(why) => Answer::No(why.replace('\n', "; ")),
            });
        }
    }

    fn answer(&mut self, request: Request) -> Answer {
        match request {
            Request::Status => Answer::Rows(report::status(self.memory)),
            Request::Connections { from } => Answer::Rows(report::connections(self.memory, from)),
            Request::Stop { now } => {
                // One that is under way is not put off.
                if now || self.update.is_some() || self.memory.header().lifecycle() < Lifecycle::Leaving {
                    crate::logging::info!("{ASKED_BY}: shutting down{}", if now { " at once" } else { "" });
                    if now { self.shut_down(Phases::AT_ONCE) } else { self.leave() }
                }
                Answer::Later(Wait::End)
            }
            Request::Update => match self.begin_update() {
                Ok(()) => Answer::Later(Wait::Update),
                Err(why) => {
                    crate::logging::warn!("{ASKED_BY}: no update is begun: {why}");
                    Answer::No(format!("no update is begun: {why}"))
                }
            },
            Request::Reload { workers } => self.answer_reload(workers),
            Request::Kill { slot } => self.kill(slot).map_or_else(Answer::No, Answer::Rows),
            Request::ReopenLog => match self.reopen_log("log-reopen") {
                Ok(()) => Answer::Rows(String::new()),
                Err(why) => Answer::No(why.to_owned()),
            },
        }
    }

    fn answer_reload(&self, workers: bool) -> Answer {
        if !workers && self.memory.settings.task_workers == 0 {
            return Answer::No("it has no task workers".to_owned());
        }
        let groups = if workers { &Group::ALL[..] } else { &[Group::TaskWorkers] };
        let header = self.memory.header();
        let before = Group::ALL.map(|group| header.reload(group));
        if let Err(why) = self.reload(ASKED_BY, groups) {
            return Answer::No(why.to_owned());
        }
        let mut numbers = [None; Group::COUNT];
        for &group in groups {
            numbers[group as usize] = Some(header.reload(group));
        }
        let is_joined = groups.iter().any(|&group| header.reload(group) == before[group as usize]);
        Answer::Later(Wait::Reload(numbers, is_joined))
    }

    /// `None` while it goes on.
    fn how_reload_went(&self, numbers: [Option<u32>; Group::COUNT], is_joined: bool) -> Option<String> {
        let manager = self.memory.manager();
        let asked = || Group::ALL.into_iter().filter_map(|group| Some((group, numbers[group as usize]?)));
        // A later one may be through as well by now.
        if asked().any(|(group, number)| manager.reloaded(group).wrapping_sub(number).cast_signed() < 0) {
            return None;
        }
        let is_given_up = asked().any(|(group, number)| manager.given_up(group) == number);
        let why = || manager.why_given_up.said().unwrap_or_default().replace('\n', "; ");
        let reason = if is_given_up { format!("some processes stay as they were: {}", why()) } else { String::new() };
        Some(format!("reload through={} joined={is_joined}\n{REASON}{reason}\n", !is_given_up))
    }

    fn kill(&self, slot: usize) -> Result<String, String> {
        if slot >= self.memory.settings.slots() {
            return Err(format!("there is no worker {slot}; they are 0 to {}", self.memory.settings.slots() - 1));
        }
        let owner = &self.memory.slot(slot).owner;
        let claim = owner.read();
        let who = self.memory.called(slot);
        let gone = || format!("no process is in the place of {who} now");
        let pid = claim.pid.filter(|&pid| !self.family.has_reaped(pid)).ok_or_else(gone)?;
        let fd = PidFd::open(Pid::from_raw(pid.cast_signed())).map_err(|_| gone())?;
        // As long as the slot is its own it is not reaped: the descriptor is that of no other process.
        if owner.read() != claim {
            return Err(gone());
        }
        fd.signal(Signal::SIGKILL).map_err(|e| format!("{who} (pid {pid}) cannot be ended: {e}"))?;
        crate::logging::info!("{ASKED_BY}: {who} (pid {pid}) is ended");
        Ok(format!("killed id={slot} pid={pid} generation={}\n", claim.generation))
    }
}
