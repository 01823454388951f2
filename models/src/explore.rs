//! Running a model through all its interleavings, counting them, and showing that a mutant fails.

use crate::sync::{Without, without};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

/// How far the exploration goes.
#[derive(Clone, Copy)]
pub(crate) enum Depth {
    /// Every interleaving.
    All,
    /// Those in which threads lose the processor at most so often while they could go on. Waiting and ending do not count. Errors of
    /// protocols like these show with two or three; all interleavings of the larger models would take hours.
    Preemptions(usize),
}

/// How many steps one interleaving may have: more means that somebody waits for what never comes.
const STEPS: usize = 2_000;

/// Explores the model, and fails if it saw fewer than `floor` interleavings: a model that was made smaller by accident shows nothing.
pub(crate) fn explore(name: &str, depth: Depth, floor: usize, model: impl Fn() + Send + Sync + 'static) {
    let start = Instant::now();
    let seen = run(depth, model);
    println!("{name}: {seen} interleavings in {:.1?}", start.elapsed());
    assert!(seen >= floor, "{name}: only {seen} interleavings, {floor} are the least");
}

/// Explores the model once for each step that a process of it may be killed before. The model is given the number of that step, and
/// says whether the process came that far.
pub(crate) fn explore_deaths(name: &str, depth: Depth, floor: usize, model: impl Fn(u32) -> bool + Send + Sync + 'static) {
    let start = Instant::now();
    let (seen, deaths) = run_deaths(depth, model);
    println!("{name}: {seen} interleavings, a death before each of {deaths} steps, in {:.1?}", start.elapsed());
    assert!(seen >= floor, "{name}: only {seen} interleavings, {floor} are the least");
}

/// The same for two processes that die, the second before each of its steps for each of the first's.
pub(crate) fn explore_two_deaths(
    name: &str,
    depth: Depth,
    floor: usize,
    model: impl Fn((u32, u32)) -> (bool, bool) + Send + Sync + 'static,
) {
    let start = Instant::now();
    let (seen, deaths) = run_two_deaths(depth, model);
    println!("{name}: {seen} interleavings, {deaths} pairs of deaths, in {:.1?}", start.elapsed());
    assert!(seen >= floor, "{name}: only {seen} interleavings, {floor} are the least");
}

/// What the mutant fails with. A mutant that does not fail is a failure of the model.
pub(crate) fn failure(what: Without, depth: Depth, model: impl Fn() + Send + Sync + 'static) -> String {
    caught(what, move || {
        run(depth, model);
    })
}

/// The same for a model with a death in it.
pub(crate) fn failure_with_deaths(what: Without, depth: Depth, model: impl Fn(u32) -> bool + Send + Sync + 'static) -> String {
    caught(what, move || {
        run_deaths(depth, model);
    })
}

/// The same for a model with two deaths in it.
pub(crate) fn failure_with_two_deaths(depth: Depth, model: impl Fn((u32, u32)) -> (bool, bool) + Send + Sync + 'static) -> String {
    caught(Without::Nothing, move || {
        run_two_deaths(depth, model);
    })
}

fn caught(what: Without, run: impl FnOnce()) -> String {
    match without(what, || catch_unwind(AssertUnwindSafe(run))) {
        Ok(()) => panic!("the mutant passes: the model cannot tell it from the protocol"),
        Err(payload) => {
            let said = payload.downcast_ref::<String>().cloned();
            said.or_else(|| payload.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap_or_default()
        }
    }
}

fn run(depth: Depth, model: impl Fn() + Send + Sync + 'static) -> usize {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = STEPS;
    builder.preemption_bound = match depth {
        Depth::All => None,
        Depth::Preemptions(most) => Some(most),
    };
    builder.check(move || {
        count.fetch_add(1, Relaxed);
        model();
    });
    seen.load(Relaxed)
}

fn run_deaths(depth: Depth, model: impl Fn(u32) -> bool + Send + Sync + 'static) -> (usize, u32) {
    let model = Arc::new(model);
    let mut seen = 0;
    for k in 0.. {
        let died = Arc::new(AtomicBool::new(false));
        let (this, dies) = (Arc::clone(&model), Arc::clone(&died));
        seen += run(depth, move || {
            if this(k) {
                dies.store(true, Relaxed);
            }
        });
        if !died.load(Relaxed) {
            return (seen, k);
        }
    }
    unreachable!("no process has that many steps")
}

fn run_two_deaths(depth: Depth, model: impl Fn((u32, u32)) -> (bool, bool) + Send + Sync + 'static) -> (usize, u32) {
    let model = Arc::new(model);
    let (mut seen, mut pairs) = (0, 0);
    for second in 0.. {
        let died = Arc::new(AtomicBool::new(false));
        let (this, dies) = (Arc::clone(&model), Arc::clone(&died));
        let (more, deaths) = run_deaths(depth, move |first| {
            let (first, second) = this((first, second));
            if second {
                dies.store(true, Relaxed);
            }
            first
        });
        seen += more;
        if !died.load(Relaxed) {
            return (seen, pairs);
        }
        pairs += deaths;
    }
    unreachable!("no process has that many steps")
}
