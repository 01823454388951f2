//! What timers need.
//!
//! - `timers` have an `on_timer`, and the reverse (C5).

use super::{Found, callbacks::Methods, structure::Structure};
use crate::diagnostics::Fault;
use swoole_vocabulary::{Feature, planned_callback};

pub(super) fn check(structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    match (methods.planned("on_timer"), structure.timers) {
        (None, Some(1..)) if !methods.is_meant("on_timer") => {
            let line = planned_callback("on_timer").map(|planned| planned.callback.signature(None)).unwrap_or_default();
            let name = methods.name_of_type();
            found.push_of(
                Feature::Timers,
                Fault::at(&name, format!("`{name}` has `timers` and no `on_timer`"))
                    .note("each worker runs it when one of the periods is over")
                    .help(format!("add `{line} {{}}`")),
            );
        }
        (Some(method), timers) if !structure.has_timers || timers == Some(0) => {
            found.push_of(
                Feature::Timers,
                method
                    .fault("`on_timer` never runs: there are no `timers`")
                    .note("the periods are a list in milliseconds; each starts a timer in every worker")
                    .help("add `timers = [1000]` to the attribute"),
            );
        }
        _ => {}
    }
}
