//! User processes: the key of the attribute that adds one, and what the function looks like that it runs.

use crate::{Callback, Given, Returns};

/// The key. It may stand in the attribute several times, and is no setting.
pub const ADD_PROCESS: &str = "add_process";

/// As it is written.
pub const ADD_PROCESS_EXAMPLE: &str = "add_process(name = \"metrics\", run = collect_metrics)";

/// What else it is called.
pub const ADD_PROCESS_ALSO: &[&str] = &["user_process", "user_processes", "process", "processes", "custom_process"];

/// What it runs, but for its name, which the user chooses.
pub const RUN_OF_PROCESS: Callback = Callback {
    name: "collect_metrics",
    takes: "ParameterOfAddProcess",
    has_state: false,
    parameters: &[("process", Given::UserProcess)],
    returns: Returns::Outcome,
    runs_in: "a process of its own",
    needed_because: None,
    also: &[],
};

/// How long the name of a user process may be, in bytes.
const LONGEST_NAME: usize = 32;

/// Why this is no name for a user process, if it is none.
#[must_use]
pub fn fault_of_process_name(name: &str) -> Option<&'static str> {
    let is_right = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > LONGEST_NAME {
        Some("is longer than 32 bytes")
    } else if !name.chars().all(is_right) {
        Some("has other letters in it than `a` to `z`, `A` to `Z`, digits, `_`, `-` and `.`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word() {
        for name in ["metrics", "a", "cache-2", "a.b_C"] {
            assert_eq!(fault_of_process_name(name), None, "{name}");
        }
        for name in ["", "two words", "ü", "a=b", "a\n", "0123456789012345678901234567890123"] {
            assert!(fault_of_process_name(name).is_some(), "{name}");
        }
    }
}
