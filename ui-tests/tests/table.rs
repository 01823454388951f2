//! Holds the table of `docs/macro.md` against the golden files: a message that is shown there is said.

use std::{fs, path::Path};

/// What stands between double backticks in a line.
fn messages(line: &str) -> Vec<&str> {
    line.split("``").skip(1).step_by(2).map(str::trim).collect()
}

fn golden_files(rule: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(rule.to_lowercase());
    let files = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let golden = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|extension| extension == "stderr"));
    golden.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_rule_and_every_message_of_the_documentation_is_in_the_golden_files() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/macro.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| C"));
    let mut rules = Vec::new();
    for row in rows {
        let rule = row.split('|').nth(1).unwrap().trim();
        let golden = golden_files(rule);
        let messages = messages(row);
        assert!(!messages.is_empty(), "{row}");
        for message in messages {
            let is_said = golden.lines().any(|line| line.starts_with("error") && line.ends_with(&format!(": {message}")));
            assert!(is_said, "{rule}: {message}");
        }
        rules.push(rule.to_owned());
    }
    let all: Vec<String> = (1..=15).map(|number| format!("C{number}")).collect();
    assert_eq!(rules, all);
}
