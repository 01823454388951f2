//! Who may import whom, where unsafe code may be, and which files carry a byte: the sources held against the table of the design.

use std::{collections::BTreeSet, fs, path::Path};

/// The modules of the crate, each in its layer. A module imports from the layers below its own, and from its own what `ALLOWED` says.
const LAYERS: &[&[&str]] = &[
    // Words, and the machine.
    &["id", "remote", "frame", "dispatch", "settings", "event", "error", "logging", "sync", "sys"],
    &["shm"],
    &["ring", "session", "cell", "process", "job", "message", "timer"],
    &["layout"],
    &["reactor"],
    &["context", "contract"],
    &["master", "manager", "worker"],
    &["boot"],
];

/// From whom to whom within one layer, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("contract", "context", "the dispatch table names the types that callbacks are given"),
    ("cell", "ring", "a held cell is known by the tag of its record"),
    ("settings", "sys", "which user workers are is looked up once, at the start"),
    ("logging", "sys", "a line of the log is written by a system call that does not wait"),
    ("message", "job", "a message's cell moves as a job's does"),
    ("dispatch", "remote", "a client's address says its worker"),
    ("process", "ring", "who sleeps on rings has the flag on its board"),
];

/// The only modules with unsafe code.
const UNSAFE: &[&str] = &["sys", "shm", "ring", "session", "cell", "process", "job", "message", "timer"];

/// The way of a byte: which file carries which stop, and says so in its first line.
const STOPS: &[(&str, &str)] = &[
    ("master/accept.rs", "//! Stop 1 "),
    ("reactor/inbound.rs", "//! Stops 2 to 4 "),
    ("reactor/framed.rs", "//! Stop 3 "),
    ("reactor/packets.rs", "//! Stops 2 to 4 "),
    ("worker/serve.rs", "//! Stop 5 "),
    ("context/outbox.rs", "//! Stop 6 "),
    ("reactor/outbound.rs", "//! Stop 7 "),
];

/// The source without comments and without what is in quotes; its lines stay where they are.
fn code_of(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let (mut code, mut at) = (String::new(), 0);
    let skip = |code: &mut String, from: usize, to: usize| code.extend(chars[from..to].iter().filter(|&&c| c == '\n'));
    while at < chars.len() {
        let rest = &chars[at..];
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => at + 2 + rest[2..].windows(2).position(|two| two == ['*', '/']).map_or(rest.len() - 2, |found| found + 2),
            ['r', '"' | '#', ..] if at == 0 || !chars[at - 1].is_alphanumeric() => {
                let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
                let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                match rest[1 + hashes..] {
                    ['"', ..] => {
                        let from = hashes + 2;
                        let found = rest[from..].windows(close.len()).position(|window| window == close);
                        at + found.map_or(rest.len(), |found| from + found + close.len())
                    }
                    _ => at,
                }
            }
            ['"', ..] => {
                let mut end = at + 1;
                while end < chars.len() && chars[end] != '"' {
                    end += if chars[end] == '\\' { 2 } else { 1 };
                }
                (end + 1).min(chars.len())
            }
            ['\'', '\\', ..] => at + 2 + rest[2..].iter().skip(1).position(|&c| c == '\'').map_or(1, |found| found + 2),
            ['\'', _, '\'', ..] => at + 3,
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            skip(&mut code, at, end);
            at = end;
        }
    }
    code
}

/// The modules that `crate::…` names in this code: in `use` lines, in groups, in the middle of an expression.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = code[at + path.len()..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut expected) = (0, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => expected = true,
                c if expected && (c.is_alphanumeric() || c == '_') => {
                    found.insert(word(&group[at..]));
                    expected = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// The module of the crate that a file belongs to.
fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Whether `text` has the word, not as a part of another.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !text[..at].chars().next_back().is_some_and(part) && !text[at + word.len()..].chars().next().is_some_and(part))
}

/// What is wrong with the imports of this file.
fn faults_of_imports(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    if file == "lib.rs" {
        return Vec::new();
    }
    let Some(layer) = layer_of(module) else {
        return vec![format!("{file}: `{module}` is in no layer")];
    };
    let code = code_of(source);
    let mut faults: Vec<String> = imports(&code)
        .into_iter()
        .filter(|other| other != module)
        .filter_map(|other| match layer_of(&other) {
            None => Some(format!("{file}: `crate::{other}` is in no layer")),
            Some(its) if its > layer => Some(format!("{file}: `{module}` imports `{other}`, which is above it")),
            Some(its) if its == layer && !ALLOWED.iter().any(|&(from, to, _)| (from, to) == (module, other.as_str())) => {
                Some(format!("{file}: `{module}` imports `{other}`, which is beside it"))
            }
            Some(_) => None,
        })
        .collect();
    // In the module's own file `super` is the crate, one below it `super::super` is.
    let root = if file.matches('/').count() == 0 || file.ends_with("/mod.rs") { "super::" } else { "super::super::" };
    if code
        .lines()
        .any(|line| line.strip_prefix("pub(crate) ").unwrap_or(line).strip_prefix("use ").is_some_and(|path| path.starts_with(root)))
    {
        faults.push(format!("{file}: climbs with `super` instead of saying `crate`"));
    }
    faults
}

/// What is wrong with the unsafe code of this file.
fn faults_of_unsafe(file: &str, source: &str) -> Vec<String> {
    let code = code_of(source);
    let lines: Vec<&str> = source.lines().collect();
    let mut faults = Vec::new();
    for at in words(&code, "unsafe") {
        let line = code[..at].matches('\n').count();
        if !UNSAFE.contains(&module_of(file)) {
            faults.push(format!("{file}:{}: unsafe code outside {UNSAFE:?}", line + 1));
        }
        let what = code[at + "unsafe".len()..].trim_start();
        let reason = if what.starts_with('{') || what.starts_with("impl") { "SAFETY:" } else { "# Safety" };
        let above = lines[..line].iter().rev().map(|line| line.trim_start());
        let said = above.take_while(|line| line.starts_with("//") || line.starts_with("#[")).any(|line| line.contains(reason));
        if !said {
            faults.push(format!("{file}:{}: no `{reason}` right above", line + 1));
        }
    }
    faults
}

/// What is wrong with how the crate's root denies unsafe code.
fn faults_of_root(source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.contains("#![deny(unsafe_code)]") && !source.contains("#![forbid(unsafe_code)]") {
        faults.push("lib.rs: unsafe code is not denied".to_owned());
    }
    let mut allowed = false;
    for line in source.lines() {
        let line = line.trim();
        if line.starts_with("#[allow(unsafe_code") {
            allowed = true;
        } else if let Some((_, module)) = line.split_once("mod ") {
            let module = module.trim_end_matches(';');
            if allowed != UNSAFE.contains(&module) {
                faults.push(format!("lib.rs: `{module}` {} unsafe code", if allowed { "is allowed" } else { "is not allowed" }));
            }
            allowed = false;
        }
    }
    faults
}

/// What is wrong with the first line of a file on the way of a byte.
fn faults_of_stops(file: &str, source: &str) -> Vec<String> {
    let first = source.lines().next().unwrap_or_default();
    match STOPS.iter().find(|(stop, _)| *stop == file) {
        Some((_, begins)) if !first.starts_with(begins) => vec![format!("{file}: its first line does not begin with {begins:?}")],
        None if first.starts_with("//! Stop") => vec![format!("{file}: a stop that the table does not have")],
        _ => Vec::new(),
    }
}

/// Every source file, by its path below `src`, with its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are there").map(|entry| entry.expect("a folder can be read").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push((below(&root, &entry), fs::read_to_string(&entry).expect("a source is text")));
            }
        }
    }
    found.sort();
    found
}

fn below(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).expect("found below it").to_string_lossy().replace('\\', "/")
}

fn faults(check: impl Fn(&str, &str) -> Vec<String>) -> String {
    sources().iter().flat_map(|(file, source)| check(file, source)).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_module_imports_only_what_is_below_it() {
    assert_eq!(faults(faults_of_imports), "");
}

#[test]
fn every_allowance_is_used() {
    let used =
        |from: &str, to: &str| sources().iter().any(|(file, source)| module_of(file) == from && imports(&code_of(source)).contains(to));
    let unused: Vec<_> = ALLOWED.iter().filter(|&&(from, to, _)| !used(from, to)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_module_of_the_table_is_there() {
    let sources = sources();
    for module in LAYERS.iter().copied().flatten() {
        assert!(sources.iter().any(|(file, _)| module_of(file) == *module), "{module}");
    }
}

#[test]
fn unsafe_code_stays_where_it_is_allowed_and_says_why_it_is_sound() {
    assert_eq!(faults(faults_of_unsafe), "");
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("it is there");
    assert_eq!(faults_of_root(&root).join("\n"), "");
}

#[test]
fn a_file_on_the_way_of_a_byte_says_so_first() {
    assert_eq!(faults(faults_of_stops), "");
    let files: Vec<_> = sources().into_iter().map(|(file, _)| file).collect();
    for (stop, _) in STOPS {
        assert!(files.iter().any(|file| file == stop), "{stop} is gone");
    }
}

#[test]
fn wrong_imports_are_found() {
    let wrong = "use crate::{\n    id::SessionId,\n    reactor::{self, turn::{A, B}},\n    manager,\n};\nfn f() { crate::master::x(); \
                 crate::process::y(); }\nuse crate::nowhere::Z;\n// crate::boot is only spoken of\nconst S: &str = \"crate::boot\";";
    let found = faults_of_imports("ring/index.rs", wrong);
    for (fault, count) in [("above", 3), ("beside", 1), ("no layer", 1), ("boot", 0)] {
        assert_eq!(found.iter().filter(|found| found.contains(fault)).count(), count, "{fault}: {found:#?}");
    }
    assert_eq!(faults_of_imports("worker/mod.rs", "use crate::{manager::a, master::b};").len(), 2, "the upper three never meet");
    assert_eq!(faults_of_imports("ring/mod.rs", "use crate::ring::Tag;\nuse crate::{shm::Arena, sync::Ordering};"), [""; 0]);
    assert_eq!(faults_of_imports("strange.rs", "").len(), 1);
    assert_eq!(faults_of_imports("sys/fork.rs", "use crate::id::SessionId;").len(), 1, "the machine knows no words");
    assert_eq!(faults_of_imports("ring/mod.rs", "use super::boot;").len(), 1);
    assert_eq!(faults_of_imports("ring/index.rs", "use super::super::boot;\nuse super::Tag;").len(), 1);
}

#[test]
fn wrong_unsafe_code_is_found() {
    let sound = "// SAFETY: it is.\nlet a = f(unsafe { g() });\n/// Does.\n///\n/// # Safety\n/// - It is.\n#[inline]\nunsafe fn h() {}\n";
    assert_eq!(faults_of_unsafe("sys/fork.rs", sound), [""; 0]);
    assert_eq!(faults_of_unsafe("worker/mod.rs", sound).len(), 2, "not there");
    assert_eq!(faults_of_unsafe("sys/fork.rs", "// SAFETY: far away.\n\nlet a = unsafe { g() };").len(), 1);
    assert_eq!(faults_of_unsafe("ring/mod.rs", "unsafe impl Send for A {}").len(), 1);
    assert_eq!(faults_of_unsafe("boot/mod.rs", "#![deny(unsafe_code)] // unsafe\nconst A: &str = r#\"unsafe \" {\"#;"), [""; 0]);
    let root = "#![deny(unsafe_code)]\nmod boot;\n#[allow(unsafe_code, reason = \"\")]\nmod worker;\nmod sys;";
    assert_eq!(faults_of_root(root).len(), 2);
    assert_eq!(faults_of_root("").len(), 1);
}

#[test]
fn a_stop_that_does_not_say_so_is_found() {
    assert_eq!(faults_of_stops("worker/serve.rs", "//! The loop.").len(), 1);
    assert_eq!(faults_of_stops("worker/other.rs", "//! Stop 8: another.").len(), 1);
    assert_eq!(faults_of_stops("worker/serve.rs", "//! Stop 5 of a byte's way: call."), [""; 0]);
}
