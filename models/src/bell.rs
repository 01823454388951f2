//! An eventfd that is watched for edges: what was rung before the sleep ends it at once.

use crate::mortal::step;
use loom::sync::{Condvar, Mutex};

pub(crate) struct Bell {
    rung: Mutex<u32>,
    edge: Condvar,
}

/// The one poll that watches it. A new one finds the bell rung if it ever was: the count is never read away.
#[derive(Default)]
pub(crate) struct Bed {
    heard: u32,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { rung: Mutex::new(0), edge: Condvar::new() }
    }

    pub(crate) fn ring(&self) {
        step();
        *self.rung.lock().expect("no holder of it dies") += 1;
        self.edge.notify_one();
    }
}

impl Bed {
    /// Until the bell has rung since the last sleep.
    pub(crate) fn sleep(&mut self, bell: &Bell) {
        step();
        let mut rung = bell.rung.lock().expect("no holder of it dies");
        while *rung == self.heard {
            rung = bell.edge.wait(rung).expect("no holder of it dies");
        }
        self.heard = *rung;
    }
}
