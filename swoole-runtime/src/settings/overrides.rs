//! The settings as they come together: each source lays its values over what was there, and what is refused is kept until all sources
//! have been heard.

use super::{
    keys::{Listener, SETTERS, Settings},
    origin::{Origin, PREFIX, variable, variable_of},
    text,
    unknown::unknown,
};
use std::ffi::{OsStr, OsString};
use swoole_vocabulary::{KEYS, KEYS_OF_LISTENERS, Key, MAIN_LISTENER, Value};

/// A variable that names the settings file; no setting.
pub(crate) const CONFIG: &str = "SWOOLE_CONFIG";

/// A variable that a server hands to its own successor; no setting.
const ATTACH: &str = "SWOOLE_ATTACH";
/// The variable that a server leaves to the one that is to take its place.
const UPDATE: &str = "SWOOLE_UPDATE";

/// What variables of the user's own section would begin with.
const APP: &str = "SWOOLE_APP_";

/// What variables of a listener begin with.
const LISTENER: &str = "SWOOLE_LISTENER_";

/// Settings, where each comes from, and what was refused on the way.
pub(crate) struct Collected {
    pub(crate) settings: Settings,
    origins: [Origin; KEYS.len()],
    /// Those beside the main one, in the order of the attribute.
    pub(crate) listeners: Vec<OfListener>,
    /// How many user processes the program has.
    pub(crate) user_processes: usize,
    /// A sentence each.
    pub(crate) refusals: Vec<String>,
}

/// What one listener has of its own.
pub(crate) struct OfListener {
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
    origins: [Origin; KEYS.len()],
}

/// Whose setting it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whose {
    Server,
    /// That of this listener, by its place behind the main one.
    Listener(usize),
}

fn origins(attribute: &Settings) -> [Origin; KEYS.len()] {
    core::array::from_fn(|key| if attribute.get(key).is_some() { Origin::Attribute } else { Origin::Default })
}

impl Collected {
    /// What the attribute says; it was checked when the program was compiled.
    pub(crate) fn new(attribute: Settings, listeners: &[Listener]) -> Self {
        let of = |&Listener { name, settings }: &Listener| OfListener { name, settings, origins: origins(&settings) };
        let listeners = listeners.iter().map(of).collect();
        Self { settings: attribute, origins: origins(&attribute), listeners, user_processes: 0, refusals: Vec::new() }
    }

    /// Where the value of the key at this place of the vocabulary comes from, in words.
    pub(crate) fn origin(&self, key: usize) -> String {
        self.origins[key].of(None, &KEYS[key])
    }

    /// The same of this listener.
    #[cfg(feature = "cli")]
    pub(crate) fn origin_of_listener(&self, listener: usize, key: usize) -> String {
        let of = &self.listeners[listener];
        of.origins[key].of(Some(of.name), &KEYS[key])
    }

    fn name_of(&self, whose: Whose) -> Option<&'static str> {
        match whose {
            Whose::Server => None,
            Whose::Listener(listener) => self.listeners.get(listener).map(|of| of.name),
        }
    }

    /// The listener of this name, or why there is none.
    pub(crate) fn listener(&self, name: &str) -> Result<Whose, String> {
        match self.listeners.iter().position(|of| of.name == name) {
            Some(at) => Ok(Whose::Listener(at)),
            None => Err(self.no_such_listener(name)),
        }
    }

    fn no_such_listener(&self, name: &str) -> String {
        if name == MAIN_LISTENER {
            return "the settings of the main listener are those of the server, which stand by themselves".to_owned();
        }
        let names: Vec<_> = self.listeners.iter().map(|of| of.name).collect();
        match names.as_slice() {
            [] => "this program has no listener beside its main one".to_owned(),
            _ => format!("this program has no such listener; beside the main one it has {}", names.join(", ")),
        }
    }

    /// The place of the key of this name in the vocabulary, if a listener may have it, or why not.
    pub(crate) fn key_of_listener(name: &str) -> Result<usize, String> {
        if KEYS_OF_LISTENERS.contains(&name)
            && let Some(at) = KEYS.iter().position(|key| key.name == name)
        {
            return Ok(at);
        }
        if KEYS.iter().any(|key| key.name == name) {
            return Err(format!("`{name}` belongs to the server, and not to one listener"));
        }
        Err(format!("a listener has no such setting; those of a listener are {}", KEYS_OF_LISTENERS.join(", ")))
    }

    /// `NAME.KEY=VALUE`, as the command line has it.
    #[cfg(feature = "cli")]
    pub(crate) fn option_of_listener(&mut self, typed: &OsStr) {
        let given = typed.to_string_lossy();
        let parts = given.split_once('=').and_then(|(left, value)| Some((left.split_once('.')?, value)));
        let Some(((listener, key), value)) = parts else {
            let takes = "it takes NAME.KEY=VALUE, as in `--listener admin.backlog=64`";
            return self.refusals.push(format!("option --listener {given:?} is refused: {takes}"));
        };
        let key = key.replace('-', "_");
        match self.listener(listener).and_then(|whose| Ok((whose, Self::key_of_listener(&key)?))) {
            Ok((whose, at)) => self.typed(whose, at, OsStr::new(value), Origin::CommandLine),
            Err(why) => self.refusals.push(format!("option --listener {listener}.{key} is refused: {why}")),
        }
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
            (Some(key), _) => self.typed(Whose::Server, key, value, Origin::Environment),
            (None, _) if let Some((whose, key)) = self.variable_of_listener(name) => self.typed(whose, key, value, Origin::Environment),
            (None, ATTACH | UPDATE) => {}
            #[cfg(feature = "cli")]
            (None, CONFIG) => {}
            (None, _) => {
                self.refusals.push(format!("environment variable {} is refused: {}", name.escape_debug(), self.no_such_variable(name)));
            }
        }
    }

    fn variable_of_listener(&self, name: &str) -> Option<(Whose, usize)> {
        let of = name.strip_prefix(LISTENER)?;
        self.listeners.iter().enumerate().find_map(|(at, listener)| {
            let prefix = listener.name.replace('-', "_").to_ascii_uppercase();
            let key = of.strip_prefix(prefix.as_str())?.strip_prefix('_')?.to_ascii_lowercase();
            let key = Self::key_of_listener(&key).ok()?;
            (variable_of(listener.name, KEYS[key].name) == name).then_some((Whose::Listener(at), key))
        })
    }

    fn no_such_variable(&self, name: &str) -> String {
        if name == CONFIG {
            return "this program was built without the feature `cli` and reads no file".to_owned();
        }
        if name.starts_with(APP) && cfg!(feature = "cli") {
            return format!("`[app]` comes from the file alone, which {CONFIG} can name");
        }
        if name.starts_with(LISTENER) {
            let Some(first) = self.listeners.first() else { return self.no_such_listener("") };
            let names: Vec<_> = self.listeners.iter().map(|of| of.name).collect();
            return format!(
                "it names no listener of this program and a setting that listeners have, as {} does; the listeners beside the main one are {}",
                variable_of(first.name, "listen"),
                names.join(", ")
            );
        }
        unknown(&name[PREFIX.len()..].to_ascii_lowercase(), variable)
    }

    /// What code has set, of the server and of listeners by their names.
    pub(crate) fn builder(&mut self, builder: &Settings, listeners: &[(String, Settings)]) {
        self.built(Whose::Server, builder);
        for (name, settings) in listeners {
            match self.listener(name) {
                Ok(whose) => self.built(whose, settings),
                Err(why) => self.refusals.push(format!("builder: listener {name:?} is refused: {why}")),
            }
        }
    }

    fn built(&mut self, whose: Whose, builder: &Settings) {
        for (at, key) in KEYS.iter().enumerate() {
            if let Some(value) = builder.get(at) {
                // As code writes it: a number of seconds is a number.
                let shown = match value {
                    Value::Text(text) => format!("{text:?}"),
                    Value::Switch(switch) => format!("{switch}"),
                    Value::Periods(periods) => format!("{periods:?}"),
                    Value::Number(number) => format!("{}", u64::try_from(number).unwrap_or(0)),
                };
                let refused = if whose == Whose::Server { None } else { Self::key_of_listener(key.name).err() };
                match refused {
                    Some(why) => self.refuse(whose, key, &shown, Origin::Builder, &why),
                    None => self.value(whose, at, value, &shown, Origin::Builder),
                }
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
    pub(crate) fn typed(&mut self, whose: Whose, key: usize, typed: &OsStr, origin: Origin) {
        let (at, key) = (key, &KEYS[key]);
        let shown = format!("{typed:?}");
        let value = match typed.to_str().map(|text| text::read(key, text)) {
            // Settings are read until the process ends, and each override is read once: the text stays.
            Some(Ok(Value::Text(text))) => Value::Text(text.to_owned().leak()),
            Some(Ok(Value::Number(number))) => Value::Number(number),
            Some(Ok(Value::Switch(switch))) => Value::Switch(switch),
            Some(Ok(Value::Periods(periods))) => Value::Periods(periods.to_vec().leak()),
            Some(Err(takes)) => return self.refuse(whose, key, &shown, origin, &format!("`{}` takes {takes}", key.name)),
            None => return self.refuse(whose, key, &shown, origin, "it is not UTF-8"),
        };
        self.value(whose, at, value, &shown, origin);
    }

    fn refuse(&mut self, whose: Whose, key: &Key, shown: &str, origin: Origin, why: &str) {
        self.refusals.push(format!("{} is refused: {why}", origin.with(self.name_of(whose), key, shown)));
    }

    /// A value of its kind for the key at this place of the vocabulary; `shown` as it was written.
    pub(super) fn value(&mut self, whose: Whose, at: usize, value: Value<'static>, shown: &str, origin: Origin) {
        let key = &KEYS[at];
        if let Some(fault) = (key.fault)(value) {
            return self.refuse(whose, key, shown, origin, fault.line);
        }
        let (settings, origins) = match whose {
            Whose::Server => (&mut self.settings, &mut self.origins),
            Whose::Listener(listener) => match self.listeners.get_mut(listener) {
                Some(of) => (&mut of.settings, &mut of.origins),
                None => return,
            },
        };
        (SETTERS[at].set)(settings, value);
        origins[at] = origin;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn environment(variables: &[(&str, &str)]) -> Collected {
        let mut attribute = Settings::new();
        attribute.workers(2);
        let mut collected = Collected::new(attribute, &[]);
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
            ("SWOOLE_UPDATE", "1:2"),
            ("SWOOLED", "1"),
            ("WORKERS", "0"),
        ]);
        assert_eq!(
            collected.refusals,
            [
                "environment variable SWOOLE_BACKLOG = \"0\" is refused: `backlog` takes a number from 1 to 65535",
                "environment variable SWOOLE_DISPATCH is refused: `dispatch` is compiled in, and stands in the attribute alone",
                "environment variable SWOOLE_WORKRS is refused: there is no such setting; did you mean SWOOLE_WORKERS?",
                "environment variable SWOOLE_workers is refused: there is no such setting; did you mean SWOOLE_WORKERS?",
            ]
        );
    }

    #[test]
    fn what_is_not_utf_8_is_refused_as_such() {
        let mut collected = Collected::new(Settings::new(), &[]);
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
        collected.builder(&builder, &[]);
        assert!(collected.refusals[0].starts_with("builder: listen = \"nowhere\" is refused: `listen` names no kind of socket"));
        assert_eq!(collected.refusals[1], "builder: workers = 0 is refused: `workers` takes a number from 1 to 1024");
        assert!(collected.refusals[2].starts_with("builder: max_wait_time = 9999 is refused: "));
        assert_eq!((collected.settings.backlog, collected.origin_of("backlog")), (Some(7), "builder".to_owned()));
    }

    #[test]
    fn a_listener_has_variables_of_its_own() {
        let listeners = [Listener { name: "admin", settings: Settings::new() }, Listener { name: "a-b", settings: Settings::new() }];
        let mut collected = Collected::new(Settings::new(), &listeners);
        let set = [
            ("SWOOLE_BACKLOG", "7"),
            ("SWOOLE_LISTENER_ADMIN_BACKLOG", "8"),
            ("SWOOLE_LISTENER_A_B_LISTEN", "unix:///run/x.sock"),
            ("SWOOLE_LISTENER_ADMIN_TCP_USER_TIMEOUT", "1m"),
        ];
        collected.environment(set.iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(collected.refusals, [""; 0]);
        let [admin, a_b] = &collected.listeners[..] else { panic!("two listeners") };
        assert_eq!((collected.settings.backlog, admin.settings.backlog, a_b.settings.backlog), (Some(7), Some(8), None));
        assert_eq!((a_b.settings.listen, admin.settings.tcp_user_timeout), (Some("unix:///run/x.sock"), Some(60)));
        let merged = collected.settings.with(&a_b.settings);
        assert_eq!((merged.backlog, merged.listen), (Some(7), Some("unix:///run/x.sock")));

        let wrong = ["ADMIN_BACKLOG", "ADMIN_WORKERS", "OTHER_BACKLOG", "MAIN_BACKLOG"].map(|name| (format!("{LISTENER}{name}"), "0"));
        collected.environment(wrong.iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(collected.refusals.len(), 4);
        assert_eq!(
            collected.refusals[0],
            "environment variable SWOOLE_LISTENER_ADMIN_BACKLOG = \"0\" is refused: `backlog` takes a number from 1 to 65535"
        );
        assert!(collected.refusals[1].ends_with("the listeners beside the main one are admin, a-b"), "{:?}", collected.refusals);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_listener_has_options_and_code_of_its_own() {
        let mut collected = Collected::new(Settings::new(), &[Listener { name: "admin", settings: Settings::new() }]);
        for typed in ["admin.backlog=9", "admin.tcp-nodelay=off", "admin.backlog", "other.backlog=1", "main.backlog=1", "admin.workers=2"] {
            collected.option_of_listener(OsStr::new(typed));
        }
        let admin = collected.listeners[0].settings;
        assert_eq!((admin.backlog, admin.tcp_nodelay), (Some(9), Some(false)));
        assert_eq!(collected.refusals.len(), 4, "{:?}", collected.refusals);
        assert_eq!(
            collected.refusals[1],
            "option --listener other.backlog is refused: this program has no such listener; beside the main one it has admin"
        );
        assert_eq!(
            collected.refusals[3],
            "option --listener admin.workers is refused: `workers` belongs to the server, and not to one listener"
        );
        collected.refusals.clear();
        let mut builder = Settings::new();
        builder.backlog(3);
        builder.workers(1);
        collected.builder(&Settings::new(), &[("admin".to_owned(), builder), ("x".to_owned(), builder)]);
        assert_eq!(collected.listeners[0].settings.backlog, Some(3));
        assert_eq!(collected.refusals.len(), 2, "{:?}", collected.refusals);
        assert!(collected.refusals[0].starts_with("builder: listener.admin.workers = 1 is refused: "));
    }

    #[test]
    fn only_what_depends_on_the_machine_or_on_the_user_has_no_default() {
        let mut collected = Collected::new(Settings::new(), &[]);
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
                "timers",
                "max_conn",
                "tcp_keepalive",
                "tcp_keepalive_idle",
                "tcp_keepalive_interval",
                "tcp_keepalive_count",
                "unix_mode",
                "heartbeat",
                "heartbeat_check",
                "heartbeat_idle",
                "buffer_high_watermark",
                "buffer_low_watermark",
                "pid_file",
                "stats_file",
                "user",
                "group",
                "chroot",
                "cpu_affinity_ignore",
                "max_request_grace",
                "control",
                "jobs_timeout",
                "drain_timeout",
                "stop_timeout"
            ]
        );
    }
}
