//! What a process is called in lists of processes: by the kernel's name of it, which has 15 bytes. Its arguments stay as they are: the
//! program may read them again at any time.

use core::fmt::Write;
use nix::sys::prctl;
use std::{
    ffi::CString,
    path::{Path, PathBuf},
};

/// How long a name may be.
const LENGTH: usize = 15;

/// The least that is left of the program's name, for it to say something.
const LEAST: usize = 2;

/// As it is now, to be given back.
pub(crate) struct Title(Option<CString>);

pub(crate) fn now() -> Title {
    Title(prctl::get_name().ok())
}

impl Title {
    pub(crate) fn give_back(&self) {
        if let Some(name) = &self.0 {
            let _ = prctl::set_name(name);
        }
    }
}

/// Names this process after its program and its role; where both do not fit, the program's name is cut, and then left out.
pub(crate) fn set(role: &str, number: Option<usize>) {
    set_marked(role, &number.map(|number| number.to_string()).unwrap_or_default());
}

/// The same for one that has a name of its own.
pub(crate) fn set_named(role: &str, name: &str) {
    set_marked(role, name);
}

/// `mark`: what tells it from others of its role, if anything.
fn set_marked(role: &str, mark: &str) {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let program = program.file_name().unwrap_or_else(|| Path::new("server").as_os_str()).to_string_lossy();
    if let Ok(name) = CString::new(fitted(&program, role, mark)) {
        // A process without a name of its own works as well.
        let _ = prctl::set_name(&name);
    }
}

fn fitted(program: &str, role: &str, mark: &str) -> String {
    let between = if mark.is_empty() { "" } else { " " };
    // "task worker 12" is "task 12" where it must be, and "process a-long-name" is "a-long-name".
    let mut role = role;
    if role.len() + between.len() + mark.len() > LENGTH {
        role = role.split(' ').next().unwrap_or_default();
    }
    let words = if role.len() + between.len() + mark.len() > LENGTH {
        mark[..mark.floor_char_boundary(LENGTH)].to_owned()
    } else {
        format!("{role}{between}{mark}")
    };
    let room = LENGTH.saturating_sub(words.len() + ": ".len());
    let mut name = String::new();
    if room >= LEAST {
        let _ = write!(name, "{}: ", &program[..program.floor_char_boundary(room)]);
    }
    name + &words
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn the_role_is_whole_and_the_name_of_the_program_as_long_as_there_is_room() {
        for (program, role, mark, title) in [
            ("echo", "master", "", "echo: master"),
            ("echo", "worker", "3", "echo: worker 3"),
            ("scripted", "worker", "12", "scri: worker 12"),
            ("größer", "manager", "", "größ: manager"),
            ("echo", "task worker", "4", "task worker 4"),
            ("echo", "task worker", "1023", "echo: task 1023"),
            ("echo", "process", "ttl", "ec: process ttl"),
            ("echo", "process", "metrics", "process metrics"),
            ("echo", "process", "collector", "echo: collector"),
            ("echo", "process", "collector-of-metrics", "collector-of-me"),
        ] {
            let fitted = fitted(program, role, mark);
            assert_eq!(fitted, title);
            assert!(fitted.len() <= 15);
        }
    }
}
