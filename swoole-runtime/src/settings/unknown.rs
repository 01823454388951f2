//! What to say of a name that no setting has: the nearest one, spelled as the place spells names.

use swoole_vocabulary::{KEYS, Suggestion, key, key_meant};

/// What is wrong with a name that no setting has. `name` is spelled as a key is, `spell` spells a key as the place does.
pub(crate) fn unknown(name: &str, spell: fn(&str) -> String) -> String {
    meant(name, spell).unwrap_or_else(|| {
        let mut said = "there is no such setting; the settings are".to_owned();
        for (at, key) in KEYS.iter().enumerate() {
            said.push_str(if at == 0 { " " } else { ", " });
            said.push_str(&spell(key.name));
        }
        said
    })
}

/// The same where it is known which setting was meant.
pub(crate) fn meant(name: &str, spell: fn(&str) -> String) -> Option<String> {
    Some(match key_meant(name)? {
        Suggestion::NotYet(near) if near == name => format!("the setting `{name}` is not there yet"),
        Suggestion::NotYet(near) => format!("there is no such setting, and `{near}` is not there yet"),
        Suggestion::Known(near) if key(near).is_none() && near == name => {
            format!("`{name}` is compiled in, and stands in the attribute alone")
        }
        Suggestion::Known(near) if key(near).is_none() => {
            format!("there is no such setting, and `{near}` is compiled in, and stands in the attribute alone")
        }
        Suggestion::Known(near) => format!("there is no such setting; did you mean {}?", spell(near)),
    })
}

/// A key as a file spells it.
#[cfg(feature = "cli")]
pub(crate) fn quoted(name: &str) -> String {
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::origin::variable;

    #[test]
    fn a_name_that_is_none_is_answered_by_the_nearest() {
        assert_eq!(unknown("workrs", variable), "there is no such setting; did you mean SWOOLE_WORKERS?");
        assert_eq!(unknown("worker_num", variable), "there is no such setting; did you mean SWOOLE_WORKERS?");
        assert_eq!(unknown("dispatch", variable), "`dispatch` is compiled in, and stands in the attribute alone");
        let near = "there is no such setting, and `dispatch` is compiled in, and stands in the attribute alone";
        assert_eq!(unknown("dispatch_mode", variable), near);
        assert_eq!(unknown("max_concurrency", variable), "the setting `max_concurrency` is not there yet");
        assert!(unknown("colour", variable).contains("the settings are SWOOLE_MODE, SWOOLE_LISTEN"));
    }
}
