//! What has been found wrong so far.

use super::condition::Condition;
use crate::diagnostics::Fault;
use swoole_vocabulary::Feature;

/// The faults, and what else must not be said any more.
#[derive(Default)]
pub(super) struct Found {
    pub(super) faults: Vec<Fault>,
    /// Features that a fault speaks of, and under which condition: that they are not there yet would be a second message for one mistake.
    spoken_of: Vec<(Feature, Condition)>,
}

impl Found {
    pub(super) fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// A fault in the use of a feature that is not there yet.
    pub(super) fn push_of(&mut self, feature: Feature, fault: Fault) {
        self.push_when(Condition::Always, feature, fault);
    }

    /// The same where the condition holds.
    pub(super) fn push_when(&mut self, condition: Condition, feature: Feature, fault: Fault) {
        if let Some(fault) = condition.clone().restrict(fault) {
            self.faults.push(fault);
            self.spoken_of.push((feature, condition));
        }
    }

    pub(super) fn speak_of(&mut self, feature: Feature) {
        self.spoken_of.push((feature, Condition::Always));
    }

    /// Under which condition no fault speaks of a feature.
    pub(super) fn is_not_spoken_of(&self, feature: Feature) -> Condition {
        let of_feature = self.spoken_of.iter().filter(|(spoken, _)| *spoken == feature);
        of_feature.fold(Condition::Never, |all, (_, condition)| all.or(condition.clone())).not()
    }
}
