//! A program that becomes a worker of a server that runs: the memory is there, and a manager of another program has asked for it.
//!
//! What is not as that server has it is said in the note that came along, and the process ends: the old worker stays.

use super::{
    as_compiled,
    config::{self, Asked, ByCode},
    has_files,
};
use crate::{
    contract::{self, Server},
    error::{Error, Result},
    job::Files,
    layout::Memory,
    logging,
    process::{ATTACH, Attachment, refusal},
    settings::Resolved,
    sys::{
        datagram::Sockets,
        exec::{self, Inherited},
        lifeline::Lifeline,
    },
    worker,
};
use std::os::fd::OwnedFd;

/// What was left to this process, where it is to be a worker.
pub(super) fn left() -> Option<(Inherited, OwnedFd)> {
    exec::inherited(ATTACH)
}

/// Lives as a worker, and ends. Comes back only where that cannot be.
///
/// # Errors
/// Why it cannot.
pub(super) fn attach<S: Server>(inherited: Inherited, note: &OwnedFd, by_code: &ByCode) -> Result<()> {
    let refused = match work::<S>(inherited, note, by_code) {
        Ok(code) => std::process::exit(code),
        Err(e) => e,
    };
    let _ = exec::add_to_note(note, &refusal(&refused.to_string()));
    Err(refused)
}

fn work<S: Server>(mut inherited: Inherited, note: &OwnedFd, by_code: &ByCode) -> Result<i32> {
    let unable = |e: std::io::Error| Error::start_io("the program cannot attach to the server that runs", e, "restart the server instead");
    let another = || Error::start("the server that runs speaks another version of this framework", "restart the server instead");
    let attachment = Attachment::read(&exec::read_note(note).map_err(unable)?).ok_or_else(another)?;
    let settings = match config::read(S::SETTINGS, S::LISTENERS, S::PROCESSES.len(), by_code)? {
        Asked::Serve(settings) => *settings,
        #[cfg(feature = "cli")]
        Asked::Print(_) | Asked::End(_) => return Err(Error::start("the program was asked for information, not to serve", "")),
    };
    let settings = as_compiled::<S>(settings);
    logging::start(settings.log_level);
    if cfg!(feature = "cli")
        && let Some(path) = &settings.log_file
    {
        logging::prints_to_master(path);
    }
    refuse_others(&attachment, &settings)?;
    let mut take = |number| inherited.take(number).map_err(unable);
    let lifeline = Lifeline::from_fd(take(attachment.lifeline)?);
    let descriptors = [attachment.memory].into_iter().chain(attachment.bells.iter().copied()).map(&mut take).collect::<Result<Vec<_>>>()?;
    let sockets = attachment.sockets.iter().copied().map(&mut take).collect::<Result<Vec<_>>>()?;
    let for_packets = settings.listeners.iter().map(|listener| listener.datagrams.is_some());
    let sockets = if contract::takes_packets::<S>() { Sockets::of(for_packets, sockets).map_err(unable)? } else { Sockets::default() };
    let directory = attachment.files.map(&mut take).transpose()?;
    let path = attachment.files_path.into();
    // Known when the program is compiled: a server without jobs and messages has nothing of them.
    let files = if has_files::<S>() { Files::inherited(directory, path) } else { Files::nowhere(&path) };
    let files: &'static Files = Box::leak(Box::new(files));
    let memory = Memory::attach(settings, files, attachment.layout, attachment.slot, descriptors, sockets).map_err(unable)?;
    Ok(worker::live::<S>(memory, attachment.slot, attachment.taking, &lifeline))
}

/// What all processes of a server must have alike.
fn refuse_others(attachment: &Attachment, settings: &Resolved) -> Result<()> {
    let mine = settings.alike();
    let mine_of = |name: &str| mine.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
    let has_more = mine.iter().any(|(name, _)| *name == "listener") && !attachment.settings.iter().any(|(name, _)| name == "listener");
    let others = attachment.settings.iter().filter(|(name, value)| mine_of(name) != Some(value));
    let refusals: Vec<String> = others
        .map(|(name, value)| {
            format!(
                "`{name}` is {} in the program at the server's path, and {value} in the server that runs: it cannot change by a reload; \
                 restart the server",
                mine_of(name).unwrap_or("nothing")
            )
        })
        .collect();
    let more = has_more.then(|| {
        "the program at the server's path has listeners that the server that runs has not: they cannot come by a reload; restart the server"
            .to_owned()
    });
    let refusals: Vec<String> = refusals.into_iter().chain(more).collect();
    if refusals.is_empty() { Ok(()) } else { Err(Error::refusals(refusals)) }
}
