//! What has been found wrong so far.

use crate::diagnostics::Fault;
use swoole_vocabulary::Feature;

/// The faults, and what else must not be said any more.
#[derive(Default)]
pub(super) struct Found {
    pub(super) faults: Vec<Fault>,
    /// Features that a fault speaks of: that they are not there yet would be a second message for one mistake.
    spoken_of: Vec<Feature>,
}

impl Found {
    pub(super) fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// A fault in the use of a feature that is not there yet.
    pub(super) fn push_of(&mut self, feature: Feature, fault: Fault) {
        self.faults.push(fault);
        self.speak_of(feature);
    }

    pub(super) fn speak_of(&mut self, feature: Feature) {
        if !self.is_spoken_of(feature) {
            self.spoken_of.push(feature);
        }
    }

    pub(super) fn is_spoken_of(&self, feature: Feature) -> bool {
        self.spoken_of.contains(&feature)
    }
}
