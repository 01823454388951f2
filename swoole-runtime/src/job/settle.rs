//! What the manager does with the jobs of a process that is dead, before its successor is forked. Every step may be done twice.

use super::{
    cell::JobCell,
    pool::Pool,
    state::{Holder, Kind, Outcome, Phase},
};

/// [manager] The jobs that a dead task worker was at, in one worker's pool: they have ended. Says whether the worker is to be woken.
///
/// # Order
/// 1. For each worker's pool: `settle_holder`, and where it says so, the worker's bell, whatever its flags say.
/// 2. The `asleep` flag of the dead task worker is lowered. A worker that looks for a sleeper would else find the dead one, ring a bell
///    that nobody hears, and let the job wait until there is a successor, while another task worker sleeps.
/// 3. Then the bells of all task workers: the dead one may have been rung for a job and not have come to it, or have come to it and not
///    have rung another for what is left.
/// 4. Last, the slot is vacated and a successor forked: a manager that finds the slot vacant settles nothing.
pub(crate) fn settle_holder(pool: &Pool<'_>, holder: Holder) -> bool {
    let mut is_owed = false;
    for (at, cell) in pool.cells.iter().enumerate() {
        loop {
            let now = cell.state();
            if now.holder != holder {
                break;
            }
            match now.phase {
                Phase::Taken => {
                    // Should it have died before it cleared the bit.
                    pool.ready.clear(at);
                    if !cell.exchange(now, super::State { outcome: Outcome::Died, ..now.with(Phase::Done) }) {
                        continue;
                    }
                    pool.done.set(at);
                    is_owed = true;
                }
                // Nobody waits, and nobody else frees it.
                Phase::Abandoned => {
                    pool.ready.clear(at);
                    if !cell.exchange(now, now.with(Phase::Free)) {
                        continue;
                    }
                }
                Phase::Done => {
                    // Should it have died before it set the bit.
                    pool.done.set(at);
                    is_owed = true;
                }
                // Its output was written: it is for whoever runs `on_finish`.
                Phase::Free | Phase::Ready | Phase::Begun | Phase::Lost => {}
            }
            break;
        }
    }
    is_owed
}

/// [manager] The jobs of a dead worker: what itself waited for nobody waits for any more, all other output is for its successor. With
/// `keeps_lost`, that is also told what the dead one was at; otherwise it has ended with it. Says whether task workers are to be woken.
///
/// # Order
/// 1. `settle_asker`; where it says so, the bells of all task workers, whatever their flags say. The dead one may have offered and rung
///    nobody.
/// 2. Last, the slot is vacated and a successor forked. It finds all that is for it by the `done` bits, also what the dead one had
///    found before it died; it looks at them before it first sleeps.
///
/// Before or after `settle_holder` of a task worker that is dead too: either order will do.
pub(crate) fn settle_asker(pool: &Pool<'_>, keeps_lost: bool) -> bool {
    let mut is_offered = false;
    for (at, cell) in pool.cells.iter().enumerate() {
        while !settle_cell(cell, keeps_lost) {}
        // Should it have died before it set the bit, or before it cleared it.
        is_offered |= pool.show(at);
        if cell.state().phase == Phase::Done {
            // Should it have died after it took the bit.
            pool.done.set(at);
        }
    }
    is_offered
}

/// One cell; `false` when a task worker moved it meanwhile.
fn settle_cell(cell: &JobCell, keeps_lost: bool) -> bool {
    let now = cell.state();
    let next = match (now.phase, now.kind) {
        (Phase::Lost, _) if keeps_lost => return true,
        // It began once as what it is, and once as what is lost.
        (Phase::Begun, Kind::Wait) | (Phase::Lost, _) => now.with(Phase::Free),
        (Phase::Begun, _) => now.with(if keeps_lost { Phase::Lost } else { Phase::Free }),
        (Phase::Free | Phase::Abandoned, _) | (_, Kind::Finish) => return true,
        (Phase::Ready | Phase::Done, Kind::Wait) => now.with(Phase::Free),
        (Phase::Taken, Kind::Wait) => now.with(Phase::Abandoned),
        (Phase::Ready | Phase::Taken | Phase::Done, Kind::Closure) => super::State { kind: Kind::Finish, ..now },
    };
    cell.exchange(now, next)
}
