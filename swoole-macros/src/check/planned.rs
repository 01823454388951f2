//! What is right, and not there yet: told once for each feature, where it is first used.

use super::{Found, keys::Keys, methods::Methods};
use crate::diagnostics::{Fault, listed};
use swoole_vocabulary::{CALLBACKS, Feature, KEYS};

pub(super) fn check(keys: &Keys, methods: &Methods<'_>, found: &mut Found) {
    if let Some((value, mode)) = &keys.planned_mode {
        let fault = Fault::at(value, format!("the mode `{mode}` is not there yet"));
        refuse(found, Feature::Modes, fault.note("the mode of this release is \"process\"").help("write `mode = \"process\"`"));
    }
    for method in methods.planned.iter().filter(|method| method.signature.is_some()) {
        let (feature, name) = (method.planned.feature, method.name());
        let fault = Fault::at(name, format!("`{name}` is not there yet"))
            .note(format!(
                "{} come with a later release; the callbacks of this one are {}",
                feature.words(),
                listed(CALLBACKS.iter().map(|callback| callback.name))
            ))
            .help(format!("remove `{name}`, or give it a name that does not begin with `on_`"));
        let condition = method.condition.clone().and(found.is_not_spoken_of(feature));
        found.push_when(condition, feature, fault);
    }
    let of_listeners = keys.listeners.iter().flat_map(|listener| &listener.keys.planned);
    for setting in keys.planned.iter().chain(of_listeners).filter(|setting| !setting.key.feature.is_there()) {
        let (feature, name) = (setting.key.feature, &setting.name);
        let fault = Fault::at(name, format!("the key `{name}` is not there yet")).note(format!(
            "{} come with a later release; the keys of this one are {}",
            feature.words(),
            listed(KEYS.iter().map(|key| key.name))
        ));
        refuse(found, feature, fault.help(format!("remove `{name}`")));
    }
}

fn refuse(found: &mut Found, feature: Feature, fault: Fault) {
    let condition = found.is_not_spoken_of(feature);
    found.push_when(condition, feature, fault);
}
