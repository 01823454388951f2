//! What holds of jobs in one process, one move after the other. Their models, in the crate `models`, have the moves at once, and deaths.

use super::{pool::take_oldest, *};
use crate::sync::{AtomicU64, Ordering};

fn pool(cells: usize) -> Pool<'static> {
    let cells: Vec<JobCell> = (0..cells).map(|_| JobCell::new()).collect();
    let words = || Bits::new((0..Bits::words_for(cells.len())).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak());
    let (ready, done) = (words(), words());
    Pool { cells: cells.leak(), ready, done }
}

fn offer(pool: &Pool<'_>, kind: Kind, ticket: u64, only: Option<u16>) -> (usize, State) {
    let cell = pool.free(ticket as usize).expect("a free cell");
    (cell, pool.offer(Offer { cell, kind, ticket, input: 0, only, now_ms: 0 }))
}

const ONE: Holder = Holder { task_worker: 0, generation: 1 };
const TWO: Holder = Holder { task_worker: 1, generation: 1 };

#[test]
fn the_oldest_job_of_any_worker_is_taken_first() {
    let pools = [pool(100), pool(3)];
    for (of, ticket) in [(0, 5), (1, 2), (0, 9), (1, 7), (0, 1)] {
        offer(&pools[of], Kind::Finish, ticket, None);
    }
    let taken =
        core::iter::from_fn(|| take_oldest(&pools, ONE)).map(|taken| pools[taken.worker].cells[taken.cell].ticket.load(Ordering::Relaxed));
    assert_eq!(taken.collect::<Vec<_>>(), [1, 2, 5, 7, 9]);
}

#[test]
fn a_job_for_one_task_worker_waits_for_that_one() {
    let pools = [pool(4)];
    offer(&pools[0], Kind::Finish, 1, Some(1));
    offer(&pools[0], Kind::Finish, 2, None);
    let first = take_oldest(&pools, ONE).expect("the second one is for anybody");
    assert_eq!(pools[0].cells[first.cell].ticket.load(Ordering::Relaxed), 2);
    assert!(take_oldest(&pools, ONE).is_none());
    assert!(take_oldest(&pools, TWO).is_some());
}

#[test]
fn a_job_goes_through_its_cell_and_leaves_it_free() {
    let pools = [pool(1)];
    for round in 0..3 {
        let (cell, ready) = offer(&pools[0], Kind::Wait, round, None);
        assert!(pools[0].free(0).is_none());
        let taken = take_oldest(&pools, ONE).expect("it is ready");
        assert_eq!((taken.cell, taken.state.sequence), (cell, ready.sequence));
        assert!(!pools[0].done.is_any());
        assert_eq!(pools[0].complete(taken, Outcome::Output), Completed::Done);
        assert_eq!(pools[0].complete(taken, Outcome::Output), Completed::NotMine, "a job ends once");
        assert_eq!(pools[0].done.take().collect::<Vec<_>>(), [cell]);
        let done = pools[0].cells[cell].state();
        assert_eq!((done.phase, done.outcome), (Phase::Done, Outcome::Output));
        pools[0].cells[cell].release(done);
    }
}

#[test]
fn what_is_withdrawn_never_runs_or_is_freed_by_who_runs_it() {
    let pools = [pool(2)];
    let (cell, ready) = offer(&pools[0], Kind::Wait, 1, None);
    assert_eq!(pools[0].withdraw(cell, ready.sequence), Withdrawn::NeverRuns);
    assert_eq!(pools[0].ready.each().count(), 0);
    assert!(take_oldest(&pools, ONE).is_none());
    let (cell, ready) = offer(&pools[0], Kind::Wait, 2, None);
    let taken = take_oldest(&pools, ONE).expect("it is ready");
    assert_eq!(pools[0].withdraw(cell, ready.sequence), Withdrawn::Running);
    assert_eq!(pools[0].complete(taken, Outcome::Output), Completed::Unwanted);
    assert_eq!(pools[0].cells[cell].state().phase, Phase::Free);
    assert_eq!(pools[0].withdraw(cell, ready.sequence), Withdrawn::NotMine);
}

#[test]
fn the_jobs_of_a_dead_task_worker_have_died_with_it_and_no_others() {
    let pools = [pool(4)];
    let (_, _) = offer(&pools[0], Kind::Finish, 1, None);
    let (_, _) = offer(&pools[0], Kind::Finish, 2, None);
    let (_, waited) = offer(&pools[0], Kind::Wait, 3, None);
    let (died, lives) = (take_oldest(&pools, ONE).unwrap(), take_oldest(&pools, TWO).unwrap());
    let abandoned = take_oldest(&pools, ONE).unwrap();
    assert_eq!(pools[0].withdraw(abandoned.cell, waited.sequence), Withdrawn::Running);
    for _ in 0..2 {
        assert!(settle_holder(&pools[0], ONE), "settling twice is settling once");
    }
    let state = pools[0].cells[died.cell].state();
    assert_eq!((state.phase, state.outcome), (Phase::Done, Outcome::Died));
    assert_eq!(pools[0].done.take().collect::<Vec<_>>(), [died.cell]);
    assert_eq!(pools[0].cells[abandoned.cell].state().phase, Phase::Free);
    assert_eq!(pools[0].complete(lives, Outcome::Output), Completed::Done);
}

#[test]
fn what_a_dead_worker_waited_for_is_given_up_and_the_rest_is_for_its_successor() {
    let pools = [pool(8)];
    let kinds = [Kind::Finish, Kind::Closure, Kind::Wait];
    for (ticket, kind) in (1..).zip(kinds) {
        offer(&pools[0], kind, ticket, None);
    }
    let taken: Vec<Taken> = core::iter::from_fn(|| take_oldest(&pools, ONE)).collect();
    for (ticket, kind) in (4..).zip(kinds) {
        offer(&pools[0], kind, ticket, None);
    }
    for _ in 0..2 {
        assert!(settle_asker(&pools[0], false), "two jobs are ready still");
    }
    let ends: Vec<Completed> = taken.into_iter().map(|taken| pools[0].complete(taken, Outcome::Output)).collect();
    assert_eq!(ends, [Completed::Done, Completed::Done, Completed::Unwanted]);
    assert!(pools[0].cells.iter().all(|cell| cell.state().kind == Kind::Finish || cell.state().phase == Phase::Free));
    let rest: Vec<Taken> = core::iter::from_fn(|| take_oldest(&pools, TWO)).collect();
    assert_eq!(rest.len(), 2);
}

#[test]
fn a_job_whose_end_a_worker_dies_at_is_kept_for_on_lost_once_and_not_a_third_time() {
    for dies_again in [false, true] {
        let pool = pool(8);
        offer(&pool, Kind::Finish, 1, None);
        let taken = take_oldest(&[pool], ONE).expect("it is ready");
        assert_eq!(pool.complete(taken, Outcome::Output), Completed::Done);
        let cell = &pool.cells[taken.cell];
        cell.begin(cell.state());
        settle_holder(&pool, ONE);
        assert_eq!(cell.state().phase, Phase::Begun, "the death of the task worker is nothing to it");
        for _ in 0..2 {
            settle_asker(&pool, true);
            assert_eq!(cell.state().phase, Phase::Lost, "settling twice is settling once");
        }
        assert_ne!(pool.free(taken.cell), Some(taken.cell));
        let begun = cell.begin(cell.state());
        if dies_again {
            settle_asker(&pool, true);
        } else {
            cell.release(begun);
        }
        assert_eq!(cell.state().phase, Phase::Free);
    }
}
