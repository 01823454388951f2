//! Closures of timers, without their type. One of up to three words lies in the value itself: a timer that captures a session and a number
//! allocates nothing. A larger one lies in a box.

use crate::error::Failure;
use core::mem::{ManuallyDrop, MaybeUninit};

type Outcome = Result<(), Failure>;

/// How large a closure may be that lies in the value itself.
const WORDS: usize = 3;

/// Where a closure lies, or the pointer to its box. Pointers, so that what has it is neither `Send` nor `Sync`, as a closure may not be.
type Room = [MaybeUninit<*mut ()>; WORDS];

/// What runs when a timer is due; it gets `S`, the state, and `C`, the context.
pub(crate) enum Closure<S: 'static, C: 'static> {
    Again(Again<S, C>),
    Once(Once<S, C>),
}

/// One that runs any number of times.
pub(crate) struct Again<S: 'static, C: 'static>(Erased<S, C>);

/// One that runs once.
pub(crate) struct Once<S: 'static, C: 'static>(Erased<S, C>);

/// A closure without its type, with what knows it.
struct Erased<S: 'static, C: 'static> {
    /// Holds a closure of the type that the two functions were made for, until it was called by one that takes it out, or dropped.
    room: Room,
    /// Runs the closure.
    ///
    /// # Safety
    /// - The room is the one beside it, and nothing has taken the closure out.
    call: unsafe fn(&mut Room, &mut S, &'static C) -> Outcome,
    /// Drops it.
    ///
    /// # Safety
    /// - As above, and nothing looks at the closure after it.
    drop: unsafe fn(&mut Room),
}

const fn fits<F>() -> bool {
    size_of::<F>() <= size_of::<Room>() && align_of::<F>() <= align_of::<Room>()
}

fn lay<F>(closure: F) -> Room {
    let mut room: Room = [MaybeUninit::uninit(); WORDS];
    if fits::<F>() {
        // SAFETY: the room is as large and as well aligned as an `F` needs; `fits` has compared it.
        unsafe { room.as_mut_ptr().cast::<F>().write(closure) };
    } else {
        room[0].write(Box::into_raw(Box::new(closure)).cast());
    }
    room
}

/// Where the closure lies.
///
/// # Safety
/// - `lay::<F>` has made this room, and nothing has taken the closure out since.
unsafe fn place<F>(room: &mut Room) -> *mut F {
    if fits::<F>() {
        room.as_mut_ptr().cast()
    } else {
        // SAFETY: `lay` has put the pointer there; the caller says that it was called for this type.
        unsafe { room[0].assume_init() }.cast()
    }
}

/// # Safety
/// - As [`place`].
unsafe fn call_again<S, C: 'static, F: FnMut(&mut S, &'static C) -> Outcome>(
    room: &mut Room,
    state: &mut S,
    context: &'static C,
) -> Outcome {
    // SAFETY: the caller's.
    let closure: *mut F = unsafe { place(room) };
    // SAFETY: it lies there, says the caller, who has the room for itself.
    let closure = unsafe { &mut *closure };
    closure(state, context)
}

/// Takes the closure out.
///
/// # Safety
/// - As [`place`].
unsafe fn call_once<S, C: 'static, F: FnOnce(&mut S, &'static C) -> Outcome>(
    room: &mut Room,
    state: &mut S,
    context: &'static C,
) -> Outcome {
    // SAFETY: the caller's.
    let closure: *mut F = unsafe { place(room) };
    let closure: F = if fits::<F>() {
        // SAFETY: it lies there, says the caller, and is not looked at again.
        unsafe { closure.read() }
    } else {
        // SAFETY: `lay` has made the box for it, and nobody else takes it.
        *unsafe { Box::from_raw(closure) }
    };
    closure(state, context)
}

/// # Safety
/// - As [`place`]; and nothing looks at the closure after it.
unsafe fn drop_it<F>(room: &mut Room) {
    // SAFETY: the caller's.
    let closure: *mut F = unsafe { place(room) };
    if fits::<F>() {
        // SAFETY: it lies there, and is not looked at again, says the caller.
        unsafe { closure.drop_in_place() };
    } else {
        // SAFETY: `lay` has made the box for it, and nobody else takes it.
        drop(unsafe { Box::from_raw(closure) });
    }
}

impl<S, C> Again<S, C> {
    pub(crate) fn new<F: FnMut(&mut S, &'static C) -> Outcome + 'static>(closure: F) -> Self {
        Self(Erased { room: lay(closure), call: call_again::<S, C, F>, drop: drop_it::<F> })
    }

    pub(crate) fn call(&mut self, state: &mut S, context: &'static C) -> Outcome {
        // SAFETY: `new` has made room and function for one type, and only the drop, which comes last, takes the closure out.
        unsafe { (self.0.call)(&mut self.0.room, state, context) }
    }
}

impl<S, C> Once<S, C> {
    pub(crate) fn new<F: FnOnce(&mut S, &'static C) -> Outcome + 'static>(closure: F) -> Self {
        Self(Erased { room: lay(closure), call: call_once::<S, C, F>, drop: drop_it::<F> })
    }

    pub(crate) fn call(self, state: &mut S, context: &'static C) -> Outcome {
        // Its drop would drop a second time what the call takes out.
        let mut erased = ManuallyDrop::new(self.0);
        let call = erased.call;
        // SAFETY: `new` has made room and function for one type; this value is gone after it, so nothing looks at the closure again.
        unsafe { call(&mut erased.room, state, context) }
    }
}

impl<S, C> Drop for Erased<S, C> {
    fn drop(&mut self) {
        // SAFETY: room and function are of one type, and a call that takes the closure out keeps this from running.
        unsafe { (self.drop)(&mut self.room) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, rc::Rc};

    type Word = &'static str;

    /// Counts how often it was dropped.
    struct Counted(Rc<Cell<u32>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[repr(align(64))]
    struct Aligned(u8);

    /// A closure that keeps `what`, and a counter of its drops.
    fn cases<W: Copy + 'static>(what: W, dropped: &Rc<Cell<u32>>) -> [Closure<Vec<usize>, Word>; 2] {
        let (first, second) = (Counted(Rc::clone(dropped)), Counted(Rc::clone(dropped)));
        let mut calls = 0;
        [
            Closure::Again(Again::new(move |said: &mut Vec<usize>, _: &'static Word| {
                let _kept = (&first, what);
                calls += 1;
                said.push(calls);
                Ok(())
            })),
            Closure::Once(Once::new(move |said: &mut Vec<usize>, context: &'static Word| {
                let _taken = (second, what);
                said.push(context.len());
                Err(Failure("once".to_owned()))
            })),
        ]
    }

    fn runs_and_is_dropped_once<W: Copy + 'static>(what: W) {
        let dropped = Rc::new(Cell::new(0));
        let mut said = Vec::new();
        let [again, once] = cases(what, &dropped);
        let (Closure::Again(mut again), Closure::Once(once)) = (again, once) else { panic!("they are what they were made as") };
        for _ in 0..3 {
            // Moved from place to place, as in a list that grows.
            let mut moved = Box::new(again);
            assert!(moved.call(&mut said, &"worker").is_ok());
            again = *moved;
        }
        assert_eq!(dropped.get(), 0);
        drop(again);
        assert_eq!(dropped.get(), 1);
        assert_eq!(once.call(&mut said, &"worker").expect_err("what it returned").0, "once");
        assert_eq!(dropped.get(), 2, "the call has dropped what it took");
        assert_eq!(said, [1, 2, 3, 6]);
        drop(cases(what, &dropped));
        assert_eq!(dropped.get(), 4, "one that never ran is dropped as well");
    }

    #[test]
    fn a_closure_of_any_size_runs_and_is_dropped_once() {
        runs_and_is_dropped_once(());
        runs_and_is_dropped_once(7_u8);
        runs_and_is_dropped_once([7_u64; 2]);
        runs_and_is_dropped_once([7_u64; 100]);
    }

    #[test]
    fn a_closure_of_any_alignment_is_aligned() {
        let aligned = Aligned(9);
        let mut said = Vec::new();
        let mut again = Again::new(move |said: &mut Vec<usize>, _: &'static Word| {
            let whole: &Aligned = &aligned;
            said.push((&raw const *whole).addr() % 64 + usize::from(whole.0));
            Ok(())
        });
        assert!(again.call(&mut said, &"").is_ok());
        assert_eq!(said, [9]);
    }

    #[test]
    fn what_small_closures_capture_fits() {
        assert!(fits::<()>() && fits::<crate::id::SessionId>() && fits::<(crate::id::SessionId, u64, u32)>() && fits::<Vec<u8>>());
        assert!(!fits::<[u64; 4]>() && !fits::<Aligned>());
    }

    #[test]
    fn a_closure_that_panics_is_dropped_once() {
        let dropped = Rc::new(Cell::new(0));
        let counted = Counted(Rc::clone(&dropped));
        let once = Once::<(), Word>::new(move |(), _| {
            let _taken = counted;
            panic!("on purpose")
        });
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| once.call(&mut (), &"")));
        assert!(caught.is_err());
        assert_eq!(dropped.get(), 1);
    }
}
