//! The context of `on_worker_start`.

use crate::{id::WorkerId, process::Claim};

/// The worker process that is being started: where its state is built.
pub struct WorkerStart {
    slot: WorkerId,
    claim: Claim,
}

impl WorkerStart {
    pub(crate) fn new(slot: WorkerId, claim: Claim) -> Self {
        Self { slot, claim }
    }

    /// Which worker this is, from 0 to `workers` − 1. The original: the second argument of `onWorkerStart`.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.slot
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.claim.pid.unwrap_or(0)
    }

    /// 1 for the first process in this worker's place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.claim.generation
    }
}
