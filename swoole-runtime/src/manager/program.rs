//! What workers are: forks of this program, or another that lay at its path at the last reload (`reload = "exec"`).
//!
//! If the manager dies here: that another program runs stands on the manager's board, and which one says any worker that lives (`/proc`).

use crate::{
    layout::Memory,
    logging,
    process::{ATTACH, Attachment, Group, Taking, refusal},
    sync::Ordering,
    sys::{exec, lifeline::Lifeline},
};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

/// The programs.
#[derive(Default)]
pub(super) struct Programs {
    /// Where the program lies; `None` where reloads fork.
    path: Option<PathBuf>,
    /// Of each group: a reload may be of task workers alone.
    groups: [OfGroup; Group::COUNT],
}

#[derive(Default)]
struct OfGroup {
    /// What its processes are now; `None` for forks of this program.
    current: Option<Rc<OwnedFd>>,
    /// What lay at the path at the reload of this number.
    next: Option<(u32, Rc<OwnedFd>)>,
}

/// A program to become, and the note that tells it what to do.
pub(super) struct Exec {
    program: Rc<OwnedFd>,
    note: OwnedFd,
}

/// What workers are, as the manager's board says it where they are no forks of the manager: another program, or its own, run anew.
const ANOTHER: u32 = 1;
const ANEW: u32 = 2;

/// This very program, also where its path leads to another by now.
const OWN: &str = "/proc/self/exe";

/// The exit code of a process that could not become another program.
const NOT_RUN: i32 = 126;

impl Programs {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// [manager, after another] What the processes of this group are that the one before has left.
    pub(super) fn take_over(&mut self, memory: &'static Memory, group: Group, processes: impl Iterator<Item = u32>) {
        // Relaxed: the manager that wrote it is dead.
        let runs = memory.manager().runs[group as usize].load(Ordering::Relaxed);
        let (Some(path), ANOTHER | ANEW) = (&self.path, runs) else { return };
        let own = (runs == ANEW).then(|| PathBuf::from(OWN));
        // A process that has just been forked, and is not that program yet, is this one.
        let of_processes = processes.map(|pid| PathBuf::from(format!("/proc/{pid}/exe"))).filter(|exe| !exec::is_this(exe));
        let candidates = own.into_iter().chain(of_processes).chain([path.clone()]);
        let current = candidates.filter_map(|path| exec::open(&path).ok()).map(Rc::new).next();
        if current.is_none() {
            logging::error!("the program of the last reload is gone: what dies is replaced by forks of the one before");
        }
        self.groups[group as usize].current = current;
    }

    /// What a process is forked as that nobody has reloaded.
    pub(super) fn current(&self, group: Group) -> Option<Rc<OwnedFd>> {
        self.groups[group as usize].current.clone()
    }

    /// The same for one of this reload: what lay at the path when the first of it was.
    pub(super) fn of_reload(&mut self, group: Group, reload: u32) -> io::Result<Option<Rc<OwnedFd>>> {
        let Some(path) = &self.path else { return Ok(None) };
        let next = &mut self.groups[group as usize].next;
        if let Some((_, program)) = next.as_ref().filter(|(number, _)| *number == reload) {
            return Ok(Some(Rc::clone(program)));
        }
        let program = Rc::new(exec::open(path)?);
        *next = Some((reload, Rc::clone(&program)));
        Ok(Some(program))
    }

    /// A process of this reload is ready: from now on others of its group are the same.
    pub(super) fn is_good(&mut self, memory: &'static Memory, group: Group, reload: u32) {
        let OfGroup { current, next } = &mut self.groups[group as usize];
        if let Some((_, program)) = next.as_ref().filter(|(number, _)| *number == reload) {
            *current = Some(Rc::clone(program));
            let is_own = exec::is_this(&PathBuf::from(format!("/proc/self/fd/{}", program.as_raw_fd())));
            // Relaxed: for the next manager.
            memory.manager().runs[group as usize].store(if is_own { ANEW } else { ANOTHER }, Ordering::Relaxed);
        }
    }
}

impl Exec {
    pub(super) fn new(program: Rc<OwnedFd>) -> io::Result<Self> {
        Ok(Self { program, note: exec::note()? })
    }

    /// For whoever reads later why the program did not attach.
    pub(super) fn note(&self) -> io::Result<OwnedFd> {
        self.note.try_clone()
    }

    /// [child] Becomes the program. Comes back only with an exit code.
    pub(super) fn run(
        &self,
        memory: &'static Memory,
        slot: usize,
        taking: Taking,
        lifeline: &Lifeline,
        files: Option<BorrowedFd<'_>>,
        sockets: &[Arc<OwnedFd>],
    ) -> i32 {
        let mut kept = memory.descriptors(slot);
        let (shared, bells) = (kept[0].as_raw_fd(), kept[1..].iter().map(AsRawFd::as_raw_fd).collect());
        let attachment = Attachment {
            layout: memory.layout(),
            slot,
            taking,
            lifeline: lifeline.as_fd().as_raw_fd(),
            memory: shared,
            bells,
            sockets: sockets.iter().map(AsRawFd::as_raw_fd).collect(),
            files: files.map(|files| files.as_raw_fd()),
            files_path: memory.files.place().to_string(),
            settings: memory.settings.alike().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        kept.extend(sockets.iter().map(AsFd::as_fd));
        kept.extend(files.into_iter().chain([lifeline.as_fd(), self.note.as_fd()]));
        let left = format!("{}:{}", std::process::id(), self.note.as_raw_fd());
        let e = match exec::add_to_note(&self.note, &attachment.text()) {
            Ok(()) => exec::become_program(&self.program, &kept, ATTACH, &left),
            Err(e) => e,
        };
        let _ = exec::add_to_note(&self.note, &refusal(&format!("the program cannot be run: {e}")));
        NOT_RUN
    }
}
