//! The calls on processes that several contexts have: how one is, and that others take their place. The manager answers; if it is dead, the
//! next one does.

use super::{Manager, Master, TaskWorker, UserProcess, Worker, WorkerStart};
use crate::{event::State, id::WorkerId, layout::Memory, process::Group, settings::Resolved, sync::Ordering};

/// Whether a worker, task worker or user process has something to do; what the original calls `getWorkerStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum WorkerStatus {
    /// It waits for something to do. The original: `SWOOLE_WORKER_IDLE`.
    Idle,
    /// It is in a callback, or is not ready yet. The original: `SWOOLE_WORKER_BUSY`.
    Busy,
    /// No process is in its place; the next one comes. The original: `SWOOLE_WORKER_EXIT`.
    Exited,
}

impl WorkerStatus {
    fn read(memory: &'static Memory, worker: WorkerId) -> Option<Self> {
        let slot = worker.index();
        if slot >= memory.settings.slots() {
            return None;
        }
        Some(if memory.slot(slot).owner.read().pid.is_none() {
            Self::Exited
        } else if memory.worker(slot).state() == State::Starting || memory.current(slot).is_some() || is_at_work(memory, slot) {
            Self::Busy
        } else {
            Self::Idle
        })
    }
}

/// A user process is in its function, and at work unless it waits there.
fn is_at_work(memory: &'static Memory, slot: usize) -> bool {
    memory.user_process(slot).is_some() && !memory.worker(slot).asleep.is_raised()
}

/// Writes one body into each of several impl blocks, as that of the calls on sessions.
macro_rules! calls {
    ($( [$($block:tt)+] )+ => $body:tt) => { $( $($block)+ $body )+ };
}

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] [impl Master] => {
    /// Asks that all workers, task workers and user processes be replaced, one after the other, as SIGUSR1 does: connections stay, no job and no message is
    /// lost, and no callback is cut short. Returns at once. A reload that is under way is not begun again. With `reload = "exec"` the new
    /// processes run the program that lies at the server's path then. The original: `$serv->reload`.
    pub fn reload(&self) {
        Group::ALL.into_iter().for_each(|group| self.asks_reload().ask(group));
        self.memory().bells.master.ring();
    }

    /// Asks that the task workers alone be replaced, as SIGUSR2 does. Returns at once. The original: `$serv->reload(true)`.
    pub fn reload_tasks(&self) {
        self.asks_reload().ask(Group::TaskWorkers);
        self.memory().bells.master.ring();
    }

    /// Whether this worker, task worker or user process has something to do; `None` where there is none of this number. It answers when that worker, or
    /// any other process, is stuck. The original: `$serv->getWorkerStatus`.
    #[must_use]
    pub fn worker_status(&self, worker: impl Into<WorkerId>) -> Option<WorkerStatus> {
        WorkerStatus::read(self.memory(), worker.into())
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] => {
    /// Asks that one worker, task worker or user process, this one itself too, be replaced as in a reload: its successor is ready before it stops, its
    /// sessions stay, and the callback it is in is not cut short. Returns at once; `false` where there is no such process. The original:
    /// `$serv->stop`.
    pub fn stop(&self, worker: impl Into<WorkerId>) -> bool {
        self.memory().ask_for_another(worker.into().index())
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] => {
    /// The process id of the master, which the server is known by. The original: `$serv->master_pid`.
    #[must_use]
    pub fn master_pid(&self) -> u32 {
        // Relaxed: set before anything was forked.
        self.memory().header().master_pid.load(Ordering::Relaxed)
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Master] => {
    /// The process id of the manager of now. The original: `$serv->manager_pid`.
    #[must_use]
    pub fn manager_pid(&self) -> u32 {
        // Relaxed: a number for people.
        self.memory().manager().pid.load(Ordering::Relaxed)
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] [impl Master] [impl WorkerStart] => {
    /// The number of the user process of this name: where messages to it go, and what `stop` takes. `None` where no `add_process` of the
    /// attribute has this name.
    #[must_use]
    pub fn user_process(&self, name: &str) -> Option<WorkerId> {
        let settings = self.resolved();
        let at = settings.user_processes.iter().position(|its| *its == name)?;
        Some(WorkerId::new((settings.workers + settings.task_workers + at) as u16))
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] [impl Master] => {
    fn resolved(&self) -> &'static Resolved {
        &self.memory().settings
    }
} }
