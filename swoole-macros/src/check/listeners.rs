//! What a listener needs, and what it cannot have.
//!
//! - One with sessions has `on_connect`, `on_receive` and `on_close` (C1; told by `callbacks`, with the other rows of the table).
//! - One for datagrams has `on_packet` (C2), and no frame (C15).

use super::{Found, callbacks::Methods, keys::Keys, structure::Structure};
use crate::diagnostics::Fault;
use swoole_vocabulary::{Feature, planned_callback};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    if !structure.listener.is_datagram() {
        return;
    }
    let listen = keys.setting("listen").map(|setting| setting.value.clone()).unwrap_or_default();
    if methods.planned("on_packet").is_none() && !methods.is_meant("on_packet") {
        let line = planned_callback("on_packet").map(|planned| planned.callback.signature(None)).unwrap_or_default();
        found.push_of(
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
