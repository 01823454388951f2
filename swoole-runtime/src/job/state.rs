//! The state of a cell, as one word: phase, kind, outcome, holder, sequence.

/// How far a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    /// No job. The worker whose cell it is may fill it.
    Free = 0,
    /// Waits for a task worker.
    Ready = 1,
    /// A task worker is at it.
    Taken = 2,
    /// The output is there, or why there is none.
    Done = 3,
    /// A task worker is at it, and nobody waits for it any more.
    Abandoned = 4,
    /// `on_finish` has begun, in a worker of a server with `on_lost`; of kind `Wait`, that has.
    Begun = 5,
    /// A worker died in `on_finish`, or in `on_pipe_message` with this message: it is for `on_lost` of its successor.
    Lost = 6,
}

/// To whom the output goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// `on_finish`, in the worker or its successor.
    Finish = 0,
    /// A closure of the worker that asked.
    Closure = 1,
    /// A call that waits.
    Wait = 2,
}

/// How a job has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Outcome {
    Output = 0,
    /// The task worker died.
    Died = 1,
    /// The job could not be read as one of the type that `on_task` takes, or its output could not be written.
    Unreadable = 2,
    /// There was no room for its output.
    Storage = 3,
}

/// Which task worker, and which of those that have been in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Holder {
    pub(crate) task_worker: u16,
    /// The lower bits of the slot's generation: those that died long ago hold nothing any more.
    pub(crate) generation: u16,
}

/// What the word says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    /// Of no meaning while the phase is free or ready.
    pub(crate) holder: Holder,
    /// One more for each job in this cell: a move that was meant for an earlier one fails.
    pub(crate) sequence: u32,
}

impl State {
    pub(crate) const FREE: Self = Self {
        phase: Phase::Free,
        kind: Kind::Finish,
        outcome: Outcome::Output,
        holder: Holder { task_worker: 0, generation: 0 },
        sequence: 0,
    };

    pub(crate) fn word(self) -> u64 {
        self.phase as u64
            | (self.kind as u64) << 3
            | (self.outcome as u64) << 5
            | u64::from(self.holder.task_worker) << 8
            | u64::from(self.holder.generation) << 24
            | u64::from(self.sequence & SEQUENCE) << 40
    }

    /// A word that no process of ours has written is as good as a free cell's: nothing is taken from it.
    pub(crate) fn of(word: u64) -> Self {
        Self {
            phase: match word & 7 {
                1 => Phase::Ready,
                2 => Phase::Taken,
                3 => Phase::Done,
                4 => Phase::Abandoned,
                5 => Phase::Begun,
                6 => Phase::Lost,
                _ => Phase::Free,
            },
            kind: match word >> 3 & 3 {
                1 => Kind::Closure,
                2 => Kind::Wait,
                _ => Kind::Finish,
            },
            outcome: match word >> 5 & 3 {
                0 => Outcome::Output,
                1 => Outcome::Died,
                2 => Outcome::Unreadable,
                _ => Outcome::Storage,
            },
            holder: Holder { task_worker: (word >> 8) as u16, generation: (word >> 24) as u16 },
            sequence: (word >> 40) as u32 & SEQUENCE,
        }
    }

    pub(crate) fn with(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    /// The sequence of the job after this one.
    pub(crate) fn following(self) -> u32 {
        self.sequence.wrapping_add(1) & SEQUENCE
    }
}

/// The bits of a sequence: a move would have to sleep over 16 million jobs of one cell to mistake one for another.
const SEQUENCE: u32 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_as_what_it_was() {
        assert_eq!(State::of(0), State::FREE, "shared memory comes as zeroes");
        for phase in [Phase::Free, Phase::Ready, Phase::Taken, Phase::Done, Phase::Abandoned, Phase::Begun, Phase::Lost] {
            for kind in [Kind::Finish, Kind::Closure, Kind::Wait] {
                for outcome in [Outcome::Output, Outcome::Died, Outcome::Unreadable, Outcome::Storage] {
                    let holder = Holder { task_worker: 1023, generation: u16::MAX };
                    let state = State { phase, kind, outcome, holder, sequence: SEQUENCE };
                    assert_eq!(State::of(state.word()), state);
                }
            }
        }
    }
}
