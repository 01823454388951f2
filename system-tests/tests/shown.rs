//! What the pages of `docs` say that tests show: every test that they name is there, every row stands once, and every key has one.

use std::{collections::BTreeSet, fs, path::PathBuf};

/// The root of the project.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("the page is there")
}

/// What stands between backticks in a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The tests and golden files among them: `file::name`, or the path of a file from the root.
fn tests(line: &str) -> impl Iterator<Item = &str> {
    spans(line).filter(|span| span.contains("::") || span.ends_with(".stderr"))
}

/// The rows of all tables: their cells.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| row ") && !line.starts_with("| key "));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// Whether the sources have it.
fn is_there(test: &str) -> bool {
    let Some((file, name)) = test.rsplit_once("::") else { return root().join(test).is_file() };
    let path = if file.contains('/') { format!("{file}.rs") } else { format!("system-tests/tests/{file}.rs") };
    let text = fs::read_to_string(root().join(path)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
    // Attributes of its own may stand between.
    at.is_some_and(|at| lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]"))
}

/// What is wrong with a page whose rows are to be these, where they are known.
fn faults(page: &str, wanted: Option<BTreeSet<String>>) -> Vec<String> {
    // How a row without a test begins to say why it has none.
    const REASONS: [&str; 4] = ["base mode", "TLS", "PHP only", "different: "];
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for cells in rows(page) {
        let [name, what, shown] = cells[..] else {
            faults.push(format!("{cells:?} has not three cells"));
            continue;
        };
        let name = name.trim_matches('`').to_owned();
        if what.is_empty() || tests(shown).next().is_none() && !REASONS.iter().any(|reason| shown.starts_with(reason)) {
            faults.push(format!("{name} has neither a test nor a reason"));
        }
        if !seen.insert(name.clone()) {
            faults.push(format!("{name} stands twice"));
        }
    }
    faults.extend(
        page.lines().flat_map(tests).filter(|test| !is_there(test) && *test != "file::name").map(|test| format!("there is no {test}")),
    );
    if let Some(wanted) = wanted {
        faults.extend(wanted.difference(&seen).map(|name| format!("{name} is not there")));
        faults.extend(seen.difference(&wanted).map(|name| format!("{name} is nothing")));
    }
    faults
}

#[test]
fn every_row_of_the_originals_tests_names_tests_that_are_there() {
    let page = page("peer_rows.md");
    assert_eq!(faults(&page, None), [""; 0]);
    assert_eq!(rows(&page).count(), 156);
}

#[test]
fn every_key_has_a_test_of_its_effect() {
    let overridable = swoole_vocabulary::KEYS.iter().map(|key| key.name.to_owned());
    let compiled_in = ["frame", "dispatch", "unsafe_events", "listener", "add_process"].map(str::to_owned);
    assert_eq!(faults(&page("key_effects.md"), Some(overridable.chain(compiled_in).collect())), [""; 0]);
}

#[test]
fn wrong_pages_are_found() {
    let page = "| row | what |\n|---|---|\n\
        | A-01 | it ends | `lifecycle::sigint_and_sigterm_end_a_server_well` |\n\
        | A-01 | it ends | base mode |\n\
        | A-02 | it ends | `lifecycle::no_such_test`, `ui-tests/cases/no_such_case.stderr` |\n\
        | A-03 | it ends | it does |\n\
        | A-04 | `on_close` \n";
    let wanted = ["A-01", "A-02", "A-03", "A-05"].map(str::to_owned).into();
    assert_eq!(
        faults(page, Some(wanted)),
        [
            "A-01 stands twice",
            "A-03 has neither a test nor a reason",
            "[\"A-04\", \"`on_close`\"] has not three cells",
            "there is no lifecycle::no_such_test",
            "there is no ui-tests/cases/no_such_case.stderr",
            "A-05 is not there",
        ]
    );
    // A helper is no test.
    assert!(!is_there("lifecycle::ends_well"));
}
