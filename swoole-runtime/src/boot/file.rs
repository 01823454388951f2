//! The settings file: which one it is, and its text. Read once, before anything is forked.

use crate::settings::{App, CONFIG, Collected};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// No settings file is larger; what is, is something else.
const LARGEST: u64 = 1 << 20;

/// Lays the file that the option, the environment or code names, the first of these, over what was there. Gives back
/// the user's own section, unless there is a file and it is none.
pub(super) fn read(collected: &mut Collected, option: Option<PathBuf>, by_code: Option<&Path>) -> Option<App> {
    let variable = || std::env::var_os(CONFIG).map(|path| (PathBuf::from(path), "environment variable SWOOLE_CONFIG"));
    let by_code = || by_code.map(|path| (path.to_owned(), "builder"));
    let Some((path, origin)) = option.map(|path| (path, "option --config")).or_else(variable).or_else(by_code) else {
        return Some(App::default());
    };
    // It goes into lines of errors and into comments.
    let shown: String = path.to_string_lossy().chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    match text(&path) {
        // Path and text are referred to until the process ends.
        Ok(text) => collected.file(shown.leak(), text.leak()),
        Err(why) => {
            collected.refusals.push(format!("{origin} = {shown:?} is refused: {why}"));
            None
        }
    }
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let unreadable = |e: io::Error| format!("the file cannot be read: {e}");
    // One byte more than may be, whatever it is: a pipe and a device have no size.
    File::open(path).map_err(unreadable)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("the file is larger than {} MiB, which no settings file is", LARGEST >> 20));
    }
    String::from_utf8(bytes).map_err(|e| {
        let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        format!("line {} of the file is not UTF-8", 1 + before.iter().filter(|&&byte| byte == b'\n').count())
    })
}
