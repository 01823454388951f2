//! The standby: a process that only waits for the manager's end, since a master with threads cannot fork another.

use super::{Inherited, Work, manage};
use crate::{
    contract::Server,
    layout::Memory,
    logging::{self, Speaker},
    process::{ToManager, ToMaster},
    sys::pidfd::PidFd,
};
use core::time::Duration;
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

/// How long the manager may clean up after the master's end before the standby ends it.
const LAST_CHORES: Duration = Duration::from_millis(300);

/// [standby] Sleeps until the master sends it off, or calls it to be the manager.
pub(crate) fn stand_by<S: Server>(memory: &'static Memory, inherited: Inherited, manager: PidFd, work: Work) -> i32 {
    logging::speak_as(Speaker::Standby);
    match wait(memory, &inherited, &manager) {
        Ok(Call::TakeOver) => {
            drop(manager);
            manage::<S>(memory, inherited, work, true)
        }
        Ok(Call::Leave) => 0,
        Err(e) => {
            logging::error!("the standby cannot wait: {e}");
            1
        }
    }
}

enum Call {
    TakeOver,
    Leave,
}

fn wait(memory: &'static Memory, inherited: &Inherited, manager: &PidFd) -> io::Result<Call> {
    // Wakes it should it be stopped when the master ends; then it sees the end in its poll.
    let _tied = inherited.lifeline.tie(Signal::SIGCONT)?;
    let mut poll = Poll::new()?;
    for (token, fd) in [(0, inherited.lifeline.as_raw_fd()), (1, inherited.standby_line.as_raw_fd())] {
        poll.registry().register(&mut SourceFd(&fd), Token(token), Interest::READABLE)?;
    }
    let pid = std::process::id();
    let me = PidFd::open(Pid::from_raw(pid.cast_signed()))?;
    inherited.standby_line.send(ToMaster::Standby { pid }.bytes(), Some(me.as_fd()))?;
    let mut events = Events::with_capacity(4);
    loop {
        if inherited.lifeline.is_cut() {
            logging::nobody_collects();
            // The manager may have been killed with the master.
            inherited.forget_places(memory);
            if !manager.wait(LAST_CHORES) {
                manager.signal(Signal::SIGKILL)?;
            }
            return Ok(Call::Leave);
        }
        while let Some((message, _)) = inherited.standby_line.receive() {
            match ToManager::of(&message) {
                Some(ToManager::TakeOver) => return Ok(Call::TakeOver),
                Some(ToManager::Leave) => return Ok(Call::Leave),
                _ => {}
            }
        }
        if let Err(e) = poll.poll(&mut events, None)
            && e.kind() != io::ErrorKind::Interrupted
        {
            return Err(e);
        }
    }
}
