//! Where everything lies: what each process writes in a region of its own, so that the others can be kept from it. The same settings give the same plan.

use super::{JobsPlace, LARGEST_RING, LaidOut, MANAGER_RING, MessagesPlace, OverflowPlace, SMALLEST_RING, WorkerPlace};
use crate::{
    cell::{CellsPlace, Packages},
    job::{Bits, LARGE, LARGE_CELLS},
    ring::{FrontPlace, largest_message},
    session::Table,
    settings::Resolved,
    shm::{Owner, Plan},
};

/// The plan, what lies where by it, and how long a ring is.
pub(super) fn of(settings: &Resolved) -> (Plan, LaidOut, usize) {
    let rings = (settings.workers + settings.slots()) * settings.reactors;
    let share = settings.ring_memory / rings;
    let ring_bytes = (share.max(1) + 1).next_power_of_two().div_euclid(2).clamp(SMALLEST_RING, LARGEST_RING);
    let mut plan = Plan::new();
    let places = lay(&mut plan, settings, ring_bytes);
    (plan, places, ring_bytes)
}

fn lay(plan: &mut Plan, settings: &Resolved, ring_bytes: usize) -> LaidOut {
    let (workers, reactors, slots) = (settings.workers, settings.reactors, settings.slots());
    let (header, rows, reactor_boards, reactor_backs, to_workers, packages) = plan.region(Owner::Master, |plan| {
        let header = plan.one();
        let rows = plan.many(Table::rows_for(settings.max_conn));
        let boards = plan.many(reactors);
        let backs = plan.many((slots + 1) * reactors);
        // Nothing is sent to a task worker or a user process; the reactor has a ring for it as for everybody, which stays untouched.
        let ring_bytes = |slot| if slot < workers { ring_bytes } else { SMALLEST_RING };
        let to_workers = (0..reactors).flat_map(|_| 0..slots).map(|slot| FrontPlace::lay(plan, ring_bytes(slot))).collect();
        // Only what no ring carries itself.
        let room =
            |slot| if slot < workers && settings.package_cell > largest_message(ring_bytes(slot)) { settings.package_cell } else { 0 };
        let packages = (0..reactors).flat_map(|_| 0..slots).map(|slot| Packages::lay(plan, room(slot))).collect();
        (header, rows, boards, backs, to_workers, packages)
    });
    let (manager, slot_boards, manager_to_reactors) = plan.region(Owner::Manager, |plan| {
        (plan.one(), plan.many(slots), (0..reactors).map(|_| FrontPlace::lay(plan, MANAGER_RING)).collect())
    });
    let (ticket, unwanted, jobs) = plan.region(Owner::Jobs, |plan| {
        let pools = if settings.task_workers > 0 { workers } else { 0 };
        (plan.one(), plan.many(slots), (0..pools).map(|_| lay_jobs(plan, settings)).collect())
    });
    let (message_ticket, mail, messages) = plan.region(Owner::Jobs, |plan| {
        let senders = if settings.takes_messages { slots + 1 } else { 0 };
        (plan.one(), plan.many(slots), (0..senders).map(|_| lay_messages(plan, settings)).collect())
    });
    let boards = (0..slots)
        .map(|slot| {
            plan.region(Owner::Worker(slot), |plan| WorkerPlace {
                board: plan.one(),
                successor: plan.one(),
                backs: plan.many(reactors),
                to_reactors: (0..reactors).map(|_| FrontPlace::lay(plan, ring_bytes)).collect(),
                cells: CellsPlace::lay(plan),
            })
        })
        .collect();
    LaidOut {
        header,
        rows,
        reactors: reactor_boards,
        to_workers,
        packages,
        reactor_backs,
        manager,
        slots: slot_boards,
        manager_to_reactors,
        workers: boards,
        jobs,
        ticket,
        unwanted,
        messages,
        mail,
        message_ticket,
    }
}

fn lay_messages(plan: &mut Plan, settings: &Resolved) -> MessagesPlace {
    let cells = settings.message_queue;
    MessagesPlace {
        cells: plan.many(cells),
        ready: plan.many(Bits::words_for(cells)),
        bytes: plan.bytes(cells * settings.message_cell),
        overflow: lay_overflow(plan, settings.message_cell),
    }
}

/// Large cells beside cells that have so much room.
fn lay_overflow(plan: &mut Plan, room: usize) -> OverflowPlace {
    let cells = if room < LARGE { LARGE_CELLS } else { 0 };
    OverflowPlace { claims: plan.many(cells), large: plan.bytes(cells * LARGE) }
}

fn lay_jobs(plan: &mut Plan, settings: &Resolved) -> JobsPlace {
    // One more for the job whose `on_finish` runs, which keeps its cell where there is an `on_lost`.
    let cells = settings.task_queue + usize::from(settings.has_on_lost);
    let words = Bits::words_for(cells);
    JobsPlace {
        cells: plan.many(cells),
        ready: plan.many(words),
        done: plan.many(words),
        bytes: plan.bytes(cells * 2 * settings.task_cell),
        overflow: lay_overflow(plan, settings.task_cell),
    }
}
