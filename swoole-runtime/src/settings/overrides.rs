//! The settings as they come together: each source lays its values over what was there, and what is refused is kept until all sources
//! have been heard.

use super::{
    keys::{SETTERS, Settings},
    origin::{Origin, PREFIX, variable},
    text,
    unknown::unknown,
};
use std::ffi::{OsStr, OsString};
use swoole_vocabulary::{KEYS, Key, Value};

/// A variable that names the settings file; no setting.
pub(crate) const CONFIG: &str = "SWOOLE_CONFIG";

/// A variable that a server hands to its own successor; no setting.
const ATTACH: &str = "SWOOLE_ATTACH";

/// What variables of the user's own section would begin with.
const APP: &str = "SWOOLE_APP_";

/// Settings, where each comes from, and what was refused on the way.
pub(crate) struct Collected {
    pub(crate) settings: Settings,
    origins: [Origin; KEYS.len()],
    /// A sentence each.
    pub(crate) refusals: Vec<String>,
}

impl Collected {
    /// What the attribute says; it was checked when the program was compiled.
    pub(crate) fn new(attribute: Settings) -> Self {
        let mut origins = [Origin::Default; KEYS.len()];
        for (key, origin) in origins.iter_mut().enumerate() {
            if attribute.get(key).is_some() {
                *origin = Origin::Attribute;
            }
        }
        Self { settings: attribute, origins, refusals: Vec::new() }
    }

    /// Where the value of the key at this place of the vocabulary comes from, in words.
    pub(crate) fn origin(&self, key: usize) -> String {
        self.origins[key].of(&KEYS[key])
    }

    /// The same for the key of this name.
    pub(crate) fn origin_of(&self, name: &str) -> String {
        KEYS.iter().position(|key| key.name == name).map_or_else(String::new, |key| self.origin(key))
    }

    /// Whether nobody has set the key of this name.
    pub(crate) fn is_default(&self, name: &str) -> bool {
        KEYS.iter().zip(&self.origins).any(|(key, origin)| key.name == name && matches!(origin, Origin::Default))
    }

    /// Every `SWOOLE_…` variable among these.
    pub(crate) fn environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        // In the order of their names: the environment has none of its own.
        let mut ours: Vec<(OsString, OsString)> = Vec::new();
        for (name, value) in variables {
            if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
                ours.insert(ours.partition_point(|(before, _)| *before < name), (name, value));
            }
        }
        for (name, value) in &ours {
            self.variable(&name.to_string_lossy(), value);
        }
    }

    fn variable(&mut self, name: &str, value: &OsStr) {
        let key = KEYS.iter().position(|key| variable(key.name) == name);
        match (key, name) {
            (Some(key), _) => self.typed(key, value, Origin::Environment),
            (None, ATTACH) => {}
            #[cfg(feature = "cli")]
            (None, CONFIG) => {}
            (None, _) => {
                self.refusals.push(format!("environment variable {} is refused: {}", name.escape_debug(), no_such_variable(name)));
            }
        }
    }

    /// What code has set.
    pub(crate) fn builder(&mut self, builder: &Settings) {
        for at in 0..KEYS.len() {
            if let Some(value) = builder.get(at) {
                // As code writes it: a number of seconds is a number.
                let shown = match value {
                    Value::Text(text) => format!("{text:?}"),
                    Value::Switch(switch) => format!("{switch}"),
                    Value::Number(number) => format!("{}", u64::try_from(number).unwrap_or(0)),
                };
                self.value(at, value, &shown, Origin::Builder);
            }
        }
    }

    /// The defaults that do not depend on the machine, for what nobody has set.
    pub(crate) fn fill(&mut self) {
        for (at, key) in KEYS.iter().enumerate() {
            if self.settings.get(at).is_none()
                && let Ok(value) = text::read(key, key.default)
                && (key.fault)(value).is_none()
            {
                (SETTERS[at].set)(&mut self.settings, value);
            }
        }
    }

    /// A text for the key at this place of the vocabulary.
    pub(crate) fn typed(&mut self, key: usize, typed: &OsStr, origin: Origin) {
        let (at, key) = (key, &KEYS[key]);
        let shown = format!("{typed:?}");
        let value = match typed.to_str().map(|text| text::read(key, text)) {
            // Settings are read until the process ends, and each override is read once: the text stays.
            Some(Ok(Value::Text(text))) => Value::Text(text.to_owned().leak()),
            Some(Ok(Value::Number(number))) => Value::Number(number),
            Some(Ok(Value::Switch(switch))) => Value::Switch(switch),
            Some(Err(takes)) => return self.refuse(key, &shown, origin, &format!("`{}` takes {takes}", key.name)),
            None => return self.refuse(key, &shown, origin, "it is not UTF-8"),
        };
        self.value(at, value, &shown, origin);
    }

    fn refuse(&mut self, key: &Key, shown: &str, origin: Origin, why: &str) {
        self.refusals.push(format!("{} is refused: {why}", origin.with(key, shown)));
    }

    /// A value of its kind for the key at this place of the vocabulary; `shown` as it was written.
    pub(super) fn value(&mut self, at: usize, value: Value<'static>, shown: &str, origin: Origin) {
        let key = &KEYS[at];
        match (key.fault)(value) {
            Some(fault) => self.refuse(key, shown, origin, fault.line),
            None => {
                (SETTERS[at].set)(&mut self.settings, value);
                self.origins[at] = origin;
            }
        }
    }
}

fn no_such_variable(name: &str) -> String {
    if name == CONFIG {
        return "this program was built without the feature `cli` and reads no file".to_owned();
    }
    if name.starts_with(APP) && cfg!(feature = "cli") {
        return format!("`[app]` comes from the file alone, which {CONFIG} can name");
    }
    unknown(&name[PREFIX.len()..].to_ascii_lowercase(), variable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn environment(variables: &[(&str, &str)]) -> Collected {
        let mut attribute = Settings::new();
        attribute.workers(2);
        let mut collected = Collected::new(attribute);
        collected.environment(variables.iter().map(|(name, value)| (name.into(), value.into())));
        collected
    }

    #[test]
    fn a_value_out_of_its_range_says_which_range() {
        for (name, value, why) in [
            ("SWOOLE_WORKERS", "0", "`workers` takes a number from 1 to 1024"),
            ("SWOOLE_WORKERS", "99999999999999999999", "`workers` takes a number from 1 to 1024"),
            ("SWOOLE_WORKERS", "many", "`workers` takes a whole number"),
            ("SWOOLE_TCP_NODELAY", "maybe", "`tcp_nodelay` takes true or false"),
            ("SWOOLE_MAX_WAIT_TIME", "-5", "`max_wait_time` takes a number of seconds from 1 to 3600"),
            ("SWOOLE_RING_MEMORY", "1K", "`ring_memory` takes a number of bytes from 65536 to 17179869184"),
        ] {
            let collected = environment(&[(name, value)]);
            assert_eq!(collected.refusals, [format!("environment variable {name} = {value:?} is refused: {why}")]);
            assert_eq!(collected.settings.workers, Some(2), "what was there stays");
            assert_eq!(collected.origin_of("workers"), "attribute");
        }
        let collected = environment(&[("SWOOLE_WORKERS", " 3 ")]);
        assert_eq!((collected.settings.workers, collected.refusals.len()), (Some(3), 0));
        assert_eq!(collected.origin_of("workers"), "environment variable SWOOLE_WORKERS");
        assert_eq!(collected.origin_of("backlog"), "default");
    }

    #[test]
    fn every_fault_of_the_environment_is_said_and_nothing_else() {
        let collected = environment(&[
            ("SWOOLE_WORKRS", "1"),
            ("SWOOLE_workers", "1"),
            ("SWOOLE_DISPATCH", "idle"),
            ("SWOOLE_BACKLOG", "0"),
            ("SWOOLE_ATTACH", "1:2"),
            ("SWOOLED", "1"),
            ("WORKERS", "0"),
        ]);
        assert_eq!(
            collected.refusals,
            [
                "environment variable SWOOLE_BACKLOG = \"0\" is refused: `backlog` takes a number from 1 to 65535",
                "environment variable SWOOLE_DISPATCH is refused: the setting `dispatch` is not there yet",
                "environment variable SWOOLE_WORKRS is refused: there is no such setting; did you mean SWOOLE_WORKERS?",
                "environment variable SWOOLE_workers is refused: there is no such setting; did you mean SWOOLE_WORKERS?",
            ]
        );
    }

    #[test]
    fn what_is_not_utf_8_is_refused_as_such() {
        let mut collected = Collected::new(Settings::new());
        let broken = || OsString::from_vec(b"tcp://\xff".to_vec());
        let name = OsString::from_vec(b"SWOOLE_\xff".to_vec());
        collected.environment([("SWOOLE_LISTEN".into(), broken()), (name, broken())].into_iter());
        assert_eq!(collected.refusals.len(), 2, "{:?}", collected.refusals);
        assert_eq!(collected.refusals[0], r#"environment variable SWOOLE_LISTEN = "tcp://\xFF" is refused: it is not UTF-8"#);
    }

    #[test]
    fn the_builder_is_held_to_the_same_ranges() {
        let mut builder = Settings::new();
        builder.workers(0);
        builder.max_wait_time(9999);
        builder.listen("nowhere");
        builder.backlog(7);
        let mut collected = environment(&[("SWOOLE_BACKLOG", "8")]);
        collected.builder(&builder);
        assert!(collected.refusals[0].starts_with("builder: listen = \"nowhere\" is refused: `listen` names no kind of socket"));
        assert_eq!(collected.refusals[1], "builder: workers = 0 is refused: `workers` takes a number from 1 to 1024");
        assert!(collected.refusals[2].starts_with("builder: max_wait_time = 9999 is refused: "));
        assert_eq!((collected.settings.backlog, collected.origin_of("backlog")), (Some(7), "builder".to_owned()));
    }

    #[test]
    fn only_what_depends_on_the_machine_or_on_the_user_has_no_default() {
        let mut collected = Collected::new(Settings::new());
        collected.fill();
        let left: Vec<_> =
            KEYS.iter().enumerate().filter(|(at, _)| collected.settings.get(*at).is_none()).map(|(_, key)| key.name).collect();
        assert_eq!(
            left,
            [
                "listen",
                "workers",
                "reactors",
                "task_max_request_grace",
                "max_conn",
                "pid_file",
                "user",
                "group",
                "chroot",
                "cpu_affinity_ignore",
                "max_request_grace",
                "control"
            ]
        );
    }
}
