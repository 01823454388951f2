//! What a dead predecessor was in the middle of: `on_lost` is told, once, before anything else is served.
//!
//! Runs in: a worker that begins. If it dies here: what it was telling of is begun again, marked so, and its successor skips it.

use super::serve::{Serving, reason};
use crate::{
    context::{Lost, LostKind, Worker},
    contract::{Outcome, Server},
    event::{Callback, ToReactor, ToWorker},
    id::SessionId,
    process::Begun,
    sys::clock,
};

/// `on_lost` as the dispatch table has it.
type OnLost<S> = fn(&mut S, &Worker<S>, &Lost) -> Outcome;

/// What stands for none: an id that no session ever has.
const NO_SESSION: SessionId = SessionId::new(u64::MAX).unwrap();

impl<S: Server> Serving<S> {
    /// What a dead predecessor was in the middle of goes to `on_lost`, once: it is begun again, marked so, and a second death skips it.
    pub(super) fn hand_over_lost(&mut self, on_lost: OnLost<S>, state: &mut S) {
        let Some(lost) = self.memory.slot(self.slot).lost() else {
            return;
        };
        let at = usize::from(lost.ring);
        let Some(record) = self.lanes.get_mut(at).and_then(|lane| lane.ring.peek().ok().flatten()) else {
            return;
        };
        let Some(kind) = ToWorker::from_u8(record.tag.kind) else { return };
        let packet = if kind == ToWorker::Packet { self.packet(at, &record).map(|(source, data)| (source, data.to_vec())) } else { None };
        // A packet is of none.
        let session = if packet.is_some() { Some(NO_SESSION) } else { SessionId::new(record.tag.session) };
        let Some(session) = session.filter(|_| record.position == lost.position) else { return };
        self.board.begin(Begun { again: true, ..lost }, clock::uptime_ms());
        let (source, data) =
            packet.map_or_else(|| (None, self.lanes[at].data::<S>(&record).to_vec()), |(source, data)| (Some(source), data));
        let what = Lost {
            session,
            kind: match kind {
                ToWorker::Connect => LostKind::Connect,
                ToWorker::Data => LostKind::Receive,
                ToWorker::Close => LostKind::Close(reason(&record)),
                ToWorker::BufferFull => LostKind::BufferFull,
                ToWorker::BufferEmpty => LostKind::BufferEmpty,
                // Nobody died in it: it begins no callback.
                ToWorker::Through => return,
                ToWorker::Packet => LostKind::Packet,
            },
            source,
            data: Some(data),
        };
        let outcome = on_lost(state, self.worker, &what);
        self.report(Callback::Lost, Some(session).filter(|_| kind != ToWorker::Packet), outcome);
        if kind == ToWorker::Close {
            self.answer(at, session, ToReactor::Closed);
        }
        self.consume(at);
    }

    /// The job whose end a dead predecessor was at.
    pub(super) fn hand_over_lost_job(&mut self, on_lost: OnLost<S>, state: &mut S) {
        // As for jobs that are done.
        if S::DISPATCH.on_task.is_none() {
            return;
        }
        let Some(jobs) = self.worker.handed() else { return };
        jobs.hand_over_lost(&mut |id, output| {
            let lost = Lost { session: NO_SESSION, source: None, kind: LostKind::Finish(id), data: output };
            self.tell_lost(on_lost, state, &lost);
        });
    }

    /// The message that a dead predecessor was at.
    pub(super) fn hand_over_lost_message(&mut self, on_lost: OnLost<S>, state: &mut S) {
        // As for messages that come.
        if S::DISPATCH.on_pipe_message.is_none() {
            return;
        }
        let Some(inbox) = self.inbox.take() else { return };
        inbox.hand_over_lost(&mut |from, message| {
            let lost = Lost { session: NO_SESSION, source: None, kind: LostKind::Message(from), data: message };
            self.tell_lost(on_lost, state, &lost);
        });
        self.inbox = Some(inbox);
    }

    /// Of what is no record.
    fn tell_lost(&mut self, on_lost: OnLost<S>, state: &mut S, lost: &Lost) {
        self.board.step_aside(Some(Callback::Lost), clock::uptime_ms());
        let outcome = on_lost(state, self.worker, lost);
        self.board.step_aside(None, clock::uptime_ms());
        self.report(Callback::Lost, None, outcome);
        self.count_as_consumed();
    }
}
