//! What is right, and not there yet: told once for each feature, where it is first used.

use super::{
    Found,
    callbacks::Methods,
    keys::Keys,
    structure::{Listener, Structure},
};
use crate::diagnostics::{Fault, listed};
use swoole_vocabulary::{CALLBACKS, Feature, KEYS};

/// `has_tasks`: the compiler looks at the types of tasks first, and what `expand` writes for that refuses them behind.
pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, has_tasks: bool, found: &mut Found) {
    if let Some((value, mode)) = &keys.planned_mode
        && !found.is_spoken_of(Feature::Modes)
    {
        let fault = Fault::at(value, format!("the mode `{mode}` is not there yet"));
        found.push_of(Feature::Modes, fault.note("the mode of this release is \"process\"").help("write `mode = \"process\"`"));
    }
    let feature = if structure.listener == Listener::UnixStream { Feature::UnixSockets } else { Feature::Datagrams };
    if let Some(listen) = keys.setting("listen").filter(|_| structure.listener.is_planned() && !found.is_spoken_of(feature)) {
        let fault = Fault::at(&listen.value, format!("{} are not there yet", feature.words()));
        found.push_of(
            feature,
            fault.note("the listeners of this release are `tcp://` and `tcp6://`").help("write `listen = \"tcp://127.0.0.1:9501\"`"),
        );
        // `on_packet` belongs to it.
        found.speak_of(Feature::Datagrams);
    }
    if has_tasks {
        found.speak_of(Feature::Tasks);
    }
    for method in &methods.planned {
        let feature = method.planned.feature;
        if found.is_spoken_of(feature) || method.signature.is_none() {
            continue;
        }
        let name = method.name();
        found.push_of(
            feature,
            method
                .fault(format!("`{name}` is not there yet"))
                .note(format!(
                    "{} come with a later release; the callbacks of this one are {}",
                    feature.words(),
                    listed(CALLBACKS.iter().map(|callback| callback.name))
                ))
                .help(format!("remove `{name}`, or give it a name that does not begin with `on_`")),
        );
    }
    for setting in &keys.planned {
        let feature = setting.key.feature;
        if found.is_spoken_of(feature) {
            continue;
        }
        let name = &setting.name;
        found.push(
            Fault::at(name, format!("the key `{name}` is not there yet"))
                .note(format!(
                    "{} come with a later release; the keys of this one are {}",
                    feature.words(),
                    listed(KEYS.iter().map(|key| key.name))
                ))
                .help(format!("remove `{name}`")),
        );
    }
}
