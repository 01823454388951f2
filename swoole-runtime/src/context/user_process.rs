//! The context of a user process: a function of the block that runs in a process of its own, beside the workers.

use super::{
    mailbox::Mailbox,
    messages::{PipeMessage, Postbox, TakesMessages},
    outbox::Outbox,
    signposts::signposts,
    worker::{UnnamedServer, Worker},
};
use crate::{
    error::{Failure, MessageError},
    event::Callback,
    id::WorkerId,
    layout::Memory,
    logging,
    process::{Asks, Order},
    sync::{AtomicU32, Ordering},
    sys::clock,
};
use core::{cell::RefCell, time::Duration};
use std::time::Instant;

/// This user process, as the function sees it that `add_process` names. `S` is the server's type. The original: `$serv->addProcess`.
///
/// The function runs in a process of its own, from the server's first moment to its last. When it returns, or its process dies in whatever
/// way, it is begun again, in a new process. It has no state of a worker; what it keeps is in its own variables. It may block and start
/// threads; so that a reload or a shutdown need not end it by force, it waits by [`wait`](Self::wait) or [`receive`](Self::receive), or asks
/// [`should_stop`](Self::should_stop) at times.
///
/// ```no_run
/// # use swoole_runtime::{self as swoole, context::{UserProcess, Wake}};
/// # struct Shop;
/// # impl Shop {
/// // `#[swoole::server(add_process(name = "metrics", run = collect_metrics))]` stands on the block.
/// fn collect_metrics(process: &UserProcess<Self>) -> Result<(), std::io::Error> {
///     while process.wait(std::time::Duration::from_secs(10)) == Wake::Elapsed {
///         let sessions = process.stats().connection_num;
///         std::fs::write("/run/shop.metrics", format!("sessions {sessions}\n"))?;
///     }
///     Ok(())
/// }
/// # }
/// ```
///
/// Calls that name a session answer [`SendError::NoSuchSession`](crate::SendError::NoSuchSession) or
/// [`SendError::Closed`](crate::SendError::Closed) when it is gone.
pub struct UserProcess<S: 'static = UnnamedServer> {
    /// The same process by its other name: it has what workers have to send by.
    worker: &'static Worker<S>,
    name: &'static str,
    mailbox: RefCell<Option<Mailbox>>,
    /// How many messages it is given yet, once it was told to stop.
    left: RefCell<Option<usize>>,
}

/// Why a wait of a user process is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Wake {
    /// The process is to stop: the function should return, within `max_wait_time`.
    Stop,
    /// The time is over.
    Elapsed,
}

/// The longest wait: one for ever is one of a hundred years.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl<S> UserProcess<S> {
    pub(crate) fn new(worker: &'static Worker<S>, name: &'static str, mailbox: Option<Mailbox>) -> Self {
        Self { worker, name, mailbox: RefCell::new(mailbox), left: RefCell::new(None) }
    }

    /// Its name, as `add_process` says it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Which process this is: user processes count on behind the task workers, in the order of the attribute. The original:
    /// `$serv->worker_id`.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.worker.id()
    }

    /// The process id. The original: `$serv->worker_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.worker.pid()
    }

    /// 1 for the first process in this place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.worker.generation()
    }

    /// Whether this process is to stop: since all processes are being replaced, since [`stop`](Self::stop) names it, since it has reached
    /// `max_worker_age` or `max_worker_rss`, or since the server ends. The function should return then; after `max_wait_time` the process
    /// is ended by force. The server ends its workers first, so what they send in `on_worker_stop` arrives.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.memory().slot(self.id().index()).order(self.generation()) == Order::Stop
    }

    /// Waits so long, or until the process is to stop. Messages do not end this wait: see [`receive`](Self::receive).
    pub fn wait(&self, at_most: Duration) -> Wake {
        let (until, board) = (Instant::now() + at_most.min(FOR_EVER), self.memory().worker(self.id().index()));
        loop {
            if self.should_stop() {
                return Wake::Stop;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Elapsed;
            }
            // For whoever asks whether it is at work.
            board.asleep.raise();
            if !self.should_stop() {
                self.outbox().sleep(Some(left));
            }
            board.asleep.lower();
        }
    }

    /// What the server was started with of the program's own: the table `[app]` of the settings file. See
    /// [`WorkerStart::app`](super::WorkerStart::app).
    ///
    /// # Errors
    /// When the table is not such a value: the error names file, line and field.
    #[cfg(feature = "cli")]
    pub fn app<T: serde_core::de::DeserializeOwned>(&self) -> crate::error::Result<T> {
        self.memory().settings.app.value().map_err(|why| crate::error::Error::start(why, ""))
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        self.worker.outbox()
    }

    pub(super) fn postbox(&self) -> Option<&'static Postbox> {
        self.worker.postbox()
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.worker.memory()
    }

    pub(super) fn asks_reload(&self) -> &'static Asks {
        self.worker.asks_reload()
    }

    pub(super) fn asks_shutdown(&self) -> &AtomicU32 {
        self.worker.asks_shutdown()
    }
}

impl<S> UserProcess<S> {
    /// Gives the oldest message that was sent to this process to `take`, and comes back with what that returns. Waits so long for one; with
    /// [`Duration::ZERO`] not at all. Messages have the type that `on_pipe_message` takes, which itself runs in workers and task workers
    /// alone. The first argument of `take` says who has sent it.
    ///
    /// A message is there once: one that the process dies in is gone, and those behind it are for its successor. What was sent before the
    /// process was told to stop comes before [`Wake::Stop`].
    ///
    /// ```no_run
    /// # use swoole_runtime::context::{TakesMessages, UserProcess, Wake};
    /// # struct Shop;
    /// # impl TakesMessages for Shop { type Message<'message> = u64; }
    /// # impl Shop {
    /// fn count_sales(process: &UserProcess<Self>) {
    ///     let mut sum = 0;
    ///     // `on_pipe_message` of this server takes a `u64`.
    ///     while process.receive(std::time::Duration::MAX, |_from, sales| sum += sales).is_ok() {}
    ///     println!("{sum} sales");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why there is none: [`Wake::Elapsed`], or [`Wake::Stop`].
    pub fn receive<R>(&self, at_most: Duration, take: impl for<'message> FnOnce(WorkerId, S::Message<'message>) -> R) -> Result<R, Wake>
    where
        S: TakesMessages,
        for<'message> S::Message<'message>: PipeMessage<'message>,
    {
        let (until, mut take) = (Instant::now() + at_most.min(FOR_EVER), Some(take));
        let board = self.memory().worker(self.id().index());
        loop {
            // Asked before it looks: what was sent before is found.
            let should_stop = self.should_stop();
            // A statement of its own: `take` may receive the next one.
            let arrived = if self.may_take_more(should_stop) { self.mailbox.borrow_mut().as_mut().and_then(Mailbox::take) } else { None };
            if let Some(arrived) = arrived {
                // Relaxed: for who reaps this process; it has done something.
                board.consumed.fetch_add(1, Ordering::Relaxed);
                board.step_aside(Some(Callback::PipeMessage), clock::uptime_ms());
                let read = match arrived.messages.read(&arrived.received) {
                    Ok(bytes) => match <S::Message<'_> as PipeMessage<'_>>::read(&bytes) {
                        Some(message) => Ok(take.take().map(|take| take(arrived.from, message))),
                        None => Err(Failure(MessageError::Unreadable.to_string())),
                    },
                    Err(e) => Err(Failure(format!("it is not where it was put: {e}"))),
                };
                board.step_aside(None, clock::uptime_ms());
                arrived.messages.put_away(arrived.received);
                match read {
                    Ok(Some(result)) => return Ok(result),
                    Ok(None) => {}
                    Err(failure) => logging::warn!("a message from worker {}: {}", arrived.from, failure.0),
                }
                continue;
            }
            if should_stop {
                return Err(Wake::Stop);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Wake::Elapsed);
            }
            board.asleep.raise();
            // Once more between raising the flag and sleeping.
            if !self.should_stop() && !self.mailbox.borrow().as_ref().is_some_and(Mailbox::has_any) {
                self.outbox().sleep(Some(left));
            }
            board.asleep.lower();
        }
    }

    /// One that is to stop takes as many as may have been sent before, so that who goes on sending does not keep it.
    fn may_take_more(&self, should_stop: bool) -> bool {
        if !should_stop {
            return true;
        }
        let mut left = self.left.borrow_mut();
        let most = || self.mailbox.borrow().as_ref().map_or(0, Mailbox::most);
        let now = left.unwrap_or_else(most);
        *left = Some(now.saturating_sub(1));
        now > 0
    }
}

signposts! {
    impl [S] UserProcess<S>, of UserProcess, not in calls_of_a_user_process;

    "runs in a user process", because "a worker hands over a job, and the output of `on_task` comes back to it" {
        task(job) "`task` cannot be called in a user process" "help: call `worker.task(&job)` in `on_receive`, or do the work right here"
        task_to(task_worker, job) "`task_to` cannot be called in a user process"
            "help: call `worker.task_to(task_worker, &job)` in `on_receive`, or do the work right here"
        task_with(job, then) "`task_with` cannot be called in a user process"
            "help: call `worker.task_with(&job, then)` in `on_receive`, or do the work right here"
        taskwait(job, timeout) "`taskwait` cannot be called in a user process"
            "help: call `worker.taskwait(&job, timeout)` in `on_receive`, or do the work right here"
        taskwait_multi(jobs, timeout) "`taskwait_multi` cannot be called in a user process"
            "help: call `worker.taskwait_multi(&jobs, timeout)` in `on_receive`, or do the work right here"
    }

    "runs in a user process", because "what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in a user process" "help: let `on_task` return the output"
    }

    "runs in a user process", because "its function runs from its begin to its end, and no callback runs beside it" {
        tick(period, callback) "`tick` cannot be called in a user process"
            "help: write `while process.wait(period) == Wake::Elapsed`, and the work in its braces"
        after(delay, callback) "`after` cannot be called in a user process" "help: call `process.wait(delay)`, and do the work behind it"
        clear_timer(timer) "`clear_timer` cannot be called in a user process" "help: remove this call"
    }

    "runs in a user process", because "packets come to workers, and their sources stay there" {
        send_to(source, data) "`send_to` cannot be called in a user process"
            "help: call `worker.send_to(from, data)` in `on_packet`; a user process has no packets"
    }
}
