//! What a listener needs, and what it cannot have.
//!
//! - One with sessions has `on_connect`, `on_receive` and `on_close` (C1, in `callbacks`).
//! - One for datagrams has `on_packet` (C2), and no frame (C15).

use super::{Found, keys::Keys, methods::Methods, structure::Structure};
use crate::diagnostics::Fault;
use swoole_vocabulary::{Feature, planned_callback};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    if !structure.listener.is_datagram() {
        return;
    }
    let listen = keys.setting("listen").map(|setting| setting.value.clone()).unwrap_or_default();
    let is_missing = methods.presence("on_packet").not();
    if !is_missing.is_never() {
        let line = planned_callback("on_packet").map(|planned| planned.callback.signature(None)).unwrap_or_default();
        found.push_when(
            is_missing,
            Feature::Datagrams,
            Fault::at(&methods.name_of_type(), format!("`{}` has no `on_packet`", methods.name_of_type()))
                .note("a datagram listener runs it for each packet, and nothing else reads those")
                .help(format!("add `{line} {{}}`")),
        );
    }
    if let Some(frame) = keys.planned("frame") {
        found.push_of(
            Feature::Framing,
            Fault::at(&frame.name, "a datagram listener has no frame")
                .note(format!("`{listen}` receives packets, each of which is whole, one for each call of `on_packet`"))
                .help("remove `frame`"),
        );
        found.speak_of(Feature::Datagrams);
    }
}
