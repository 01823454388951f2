//! What every case has in common, read from the files: a case that shows nothing would pass for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

const RULES: usize = 15;
const LEAST_CASES: usize = 150;
const LEAST_PROGRAMS: usize = 26;

/// What the compiler says of itself, without a code: no words of ours.
const OF_THE_COMPILER: [&str; 6] = [
    "error: expected ",
    "error: integer literal is too large",
    "error: lifetime may not live long enough",
    "error: cannot find macro ",
    "error: environment variable ",
    "error: aborting",
];

struct Case {
    /// `c7/fd_as_a_number`
    name: String,
    source: String,
    golden: String,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut sources: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect();
    sources.sort();
    sources
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn cases() -> Vec<Case> {
    let folders = (1..=RULES).map(|rule| format!("c{rule}")).chain(["several".to_owned()]);
    let cases = folders.flat_map(|rule| {
        sources(&folder(&rule)).into_iter().map(move |path| Case {
            name: format!("{rule}/{}", path.file_stem().expect("a name").display()),
            source: read(&path),
            golden: read(&path.with_extension("stderr")),
        })
    });
    cases.collect()
}

/// The messages of a golden file, each with its lines.
fn messages(golden: &str) -> Vec<Vec<&str>> {
    let mut messages: Vec<Vec<&str>> = Vec::new();
    for line in golden.lines() {
        if line.starts_with("error") || line.starts_with("warning") {
            messages.push(Vec::new());
        }
        if let Some(message) = messages.last_mut() {
            message.push(line);
        }
    }
    messages
}

/// Fails with the names of those cases of which `is_wrong` finds something to say.
fn none(cases: &[Case], is_wrong: impl Fn(&Case) -> Option<String>) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| is_wrong(case).map(|what| format!("{}: {what}", case.name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_cases_and_there_are_enough() {
    for rule in 1..=RULES {
        assert!(!sources(&folder(&format!("c{rule}"))).is_empty(), "c{rule}");
    }
    let (cases, programs) = (cases().len(), sources(&folder("pass")).len());
    assert!(cases >= LEAST_CASES && programs >= LEAST_PROGRAMS, "{cases} cases and {programs} programs");
}

#[test]
fn every_case_uses_what_must_survive() {
    none(&cases(), |case| {
        let missing = ["start", "builder", "helper"].into_iter().find(|name| !case.source.contains(name))?;
        Some(format!("uses no `{missing}`"))
    });
}

#[test]
fn every_program_forgives_no_warning() {
    for path in sources(&folder("pass")) {
        let source = read(&path);
        assert!(source.contains("#![deny(warnings"), "{}", path.display());
        assert!(!source.contains("::start()") && source.contains("start as fn"), "{}: it is run", path.display());
    }
}

#[test]
fn one_mistake_is_one_error() {
    none(&cases(), |case| {
        let messages = messages(&case.golden);
        let count = messages.len();
        let has_several = case.name.starts_with("several/") || case.name.ends_with("_beside_other_mistakes");
        if let Some(warning) = messages.iter().find(|message| message[0].starts_with("warning")) {
            return Some(warning[0].to_owned());
        }
        (if has_several { count < 2 } else { count != 1 }).then(|| format!("{count} errors"))
    });
}

#[test]
fn every_message_of_ours_says_what_is_wrong_and_why_and_what_to_write() {
    none(&cases(), |case| {
        messages(&case.golden).into_iter().find_map(|message| {
            let headline = message[0];
            let has = |start: &str| message.iter().any(|line| line.trim_start().starts_with(start));
            let by_the_attribute = headline.starts_with("error: ") && !OF_THE_COMPILER.iter().any(|start| headline.starts_with(start));
            let by_a_trait = message.iter().any(|line| {
                let line = line.trim_start_matches([' ', '=']);
                line.starts_with("help: the trait `swoole::__rt::") && line.contains("is not implemented")
            });
            let is_whole = match (by_the_attribute || headline.contains("evaluation panicked"), by_a_trait) {
                (true, _) => has("note: ") && has("help: "),
                (_, true) => has("= note: help: ") && message.iter().any(|line| line.contains('^')),
                _ => true,
            };
            let ends = headline.ends_with('.') || headline.contains(" :: ") || headline.contains("panicked at");
            (!is_whole || ends).then(|| headline.to_owned())
        })
    });
}

#[test]
fn no_golden_file_knows_the_machine_it_was_made_on() {
    none(&cases(), |case| {
        let of_a_machine = ["/work/", "/home/", "/root/", "/tmp/target", "/rustc/", ".cargo/registry", ".rustup"];
        of_a_machine.into_iter().find(|path| case.golden.contains(path)).map(str::to_owned)
    });
}

/// A row of the vocabulary that the documentation or the programs do not know.
#[test]
fn every_key_and_every_callback_is_in_the_readme_and_in_a_program_that_compiles() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (readme, keys, callbacks) = (read("../README.md"), read("cases/pass/every_key.rs"), read("cases/pass/every_callback.rs"));
    for key in swoole_vocabulary::KEYS {
        assert!(readme.contains(&format!("| `{}` |", key.name)), "README: {}", key.name);
        assert!(keys.contains(&format!("{} = ", key.name)), "every_key.rs: {}", key.name);
    }
    for callback in swoole_vocabulary::CALLBACKS {
        assert!(readme.contains(&format!("`{}`", callback.name)), "README: {}", callback.name);
        assert!(callbacks.contains(&format!("fn {}(", callback.name)), "every_callback.rs: {}", callback.name);
    }
}
