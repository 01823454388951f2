//! What the master tells whoever supervises it, in the words of systemd: that all workers are ready, that it reloads, that it ends, and that
//! it lives.

use crate::{
    event::State,
    layout::Memory,
    process::{Group, Handover, Lifecycle},
    sys::{
        clock,
        notify::{self, Notifier},
    },
};
use core::time::Duration;
use std::time::Instant;

/// How often the master looks whether workers have become ready, as long as somebody waits for that.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The supervisor, if there is one.
pub(super) struct Supervisor {
    memory: &'static Memory,
    notifier: Option<Notifier>,
    said: Said,
    /// The reloads that were told.
    reloads: [u32; Group::COUNT],
    ping: Option<(Duration, Instant)>,
}

/// What was said last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Nothing,
    Ready,
    Reloading,
    Stopping,
}

impl Supervisor {
    pub(super) fn of_environment(memory: &'static Memory) -> Self {
        // With the feature `cli`, as all that is for a server run by others.
        let notifier = if cfg!(feature = "cli") { Notifier::of_environment() } else { None };
        let ping = notifier.as_ref().and_then(|_| notify::watchdog()).map(|every| (every, Instant::now()));
        Self { memory, notifier, said: Said::Nothing, reloads: [0; Group::COUNT], ping }
    }

    /// Whether there is one, which is told who the server is.
    #[cfg(feature = "cli")]
    pub(super) fn is_there(&self) -> bool {
        self.notifier.is_some()
    }

    /// Another process is the server from now on.
    #[cfg(feature = "cli")]
    pub(super) fn is_another(&mut self, pid: u32) {
        if let Some(notifier) = self.notifier.take() {
            notifier.say(&format!("MAINPID={pid}"));
        }
    }

    /// Says what is new. On every turn of the master's loop.
    pub(super) fn tell(&mut self) {
        let Some(notifier) = self.notifier.as_ref().filter(|_| cfg!(feature = "cli")) else { return };
        if let Some((every, next)) = &mut self.ping
            && Instant::now() >= *next
        {
            notifier.say("WATCHDOG=1");
            *next = Instant::now() + *every;
        }
        let header = self.memory.header();
        let is = match header.lifecycle() {
            Lifecycle::Starting => Said::Nothing,
            Lifecycle::Running => self.running(),
            // Another is getting its sessions, and if that fails it goes on.
            _ if header.handover() != Handover::None => return,
            _ => Said::Stopping,
        };
        let reloads = Group::ALL.map(|group| header.reload(group));
        // One that was through before anybody looked is told, too.
        if self.said >= Said::Ready && is != Said::Stopping && reloads != self.reloads {
            notifier.say(&format!("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", clock::uptime_us()));
            self.said = Said::Reloading;
        }
        self.reloads = reloads;
        if is != self.said {
            match is {
                Said::Nothing | Said::Reloading => return,
                Said::Ready => notifier.say(&format!("READY=1\nSTATUS=serving with {} processes", self.memory.settings.slots())),
                Said::Stopping => notifier.say("STOPPING=1\nSTATUS=shutting down"),
            };
            self.said = is;
        }
    }

    /// The first time ready is when all are that serve; later, when no reload is under way. User processes come and go as they like.
    fn running(&self) -> Said {
        let memory = self.memory;
        let is_reloading = Group::ALL.iter().any(|&group| memory.manager().reloaded(group) != memory.header().reload(group));
        let are_ready = || memory.serving_slots().all(|slot| memory.worker(slot).state() != State::Starting);
        match self.said {
            Said::Nothing if !are_ready() => Said::Nothing,
            _ if is_reloading => Said::Reloading,
            _ => Said::Ready,
        }
    }

    /// When it must look again, should nothing happen.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.notifier.as_ref()?;
        let looks = matches!(self.said, Said::Nothing | Said::Reloading).then_some(LOOK_AGAIN);
        looks.into_iter().chain(self.ping.map(|(_, next)| next.saturating_duration_since(Instant::now()))).min()
    }
}
