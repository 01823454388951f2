//! What timers need.
//!
//! - `timers` have an `on_timer`, and the reverse (C5).

use super::{Found, condition, keys::Keys, methods::Methods, structure::Structure};
use crate::diagnostics::Fault;
use swoole_vocabulary::callback;

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    let has_periods = matches!(structure.timers, Some(1..));
    let is_missing = methods.is_there_when("on_timer").not();
    if has_periods && !is_missing.is_never() {
        let line = callback("on_timer").map(|callback| callback.signature(None)).unwrap_or_default();
        let name = methods.name_of_type();
        let fault = Fault::at(&name, format!("`{name}` has `timers` and no `on_timer`"));
        let fault = fault.note("each worker runs it when one of the periods is over").help(format!("add `{line} {{}}`"));
        found.faults.extend(is_missing.restrict(fault));
    }
    let are_periods_meant = keys.is_meant("timers") || structure.has_timers && structure.timers != Some(0);
    if !are_periods_meant {
        for method in methods.named("on_timer") {
            let fault = Fault::at(&method.name, "`on_timer` never runs: there are no `timers`")
                .note("the periods are a list in milliseconds; each starts a timer in every worker")
                .help("add `timers = [1000]` to the attribute");
            found.faults.extend(condition::of(method, &mut Vec::new()).restrict(fault));
        }
    }
}
