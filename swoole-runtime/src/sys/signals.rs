//! What signals do to each kind of process.

use nix::sys::{
    signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask},
    signalfd::{SfdFlags, SignalFd},
};
use std::io;

/// The signals that ask a server for something.
const ASKING: [Signal; 5] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2];

/// All that are read from a descriptor.
fn read_from_descriptor() -> SigSet {
    ASKING.into_iter().chain([Signal::SIGCHLD]).collect()
}

/// [master] Blocks the asking signals, to be read from descriptors, and forgets what the parent process had set for them or for SIGCHLD:
/// an inherited "ignore" would reap our children by itself, and a shell in the background hands on one for SIGINT.
///
/// Called before the first fork, so that no process is ever without it.
pub(crate) fn take() -> io::Result<SigSet> {
    // Blocked first, defaults then: in the other order a signal in between would end the process.
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&read_from_descriptor()), Some(&mut before))?;
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in ASKING.into_iter().chain([Signal::SIGCHLD]) {
        // SAFETY: the default action runs no code of ours; guaranteed by `SigDfl`.
        unsafe { sigaction(signal, &default) }?;
    }
    Ok(before)
}

/// [reactor] Keeps SIGPIPE from this thread, whatever the program has set for it: `sendfile` has no flag that says so.
pub(crate) fn block_sigpipe() -> io::Result<()> {
    Ok(SigSet::from(Signal::SIGPIPE).thread_block()?)
}

/// [master] Gives the caller of `start` its signal mask back.
pub(crate) fn give_back(before: &SigSet) -> io::Result<()> {
    Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(before), None)?)
}

/// A descriptor of this process's own for the asking signals. One made before a fork would read the parent's.
pub(crate) fn descriptor() -> io::Result<SignalFd> {
    Ok(SignalFd::with_flags(&read_from_descriptor(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// [worker] Lets the asking signals pass without effect and empties the mask: the terminal sends Ctrl-C to every process, and a worker
/// ends when the manager says so.
///
/// A handler that does nothing, not "ignore": that and the mask would be handed on to commands that user code starts.
pub(crate) fn let_pass() -> io::Result<()> {
    extern "C" fn nothing(_signal: i32) {}
    let pass = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    for signal in ASKING {
        // SAFETY: the handler is safe in any state of the process; it does nothing.
        unsafe { sigaction(signal, &pass) }?;
    }
    Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?)
}
