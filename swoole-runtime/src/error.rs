//! What can go wrong: rich at the start, one small word on the way of a byte.

use core::{
    fmt::{self, Display},
    time::Duration,
};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, io};

/// `core::result::Result` with this crate's [`Error`] unless another is named.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Any error of this crate. Prints as one line that says what failed and what to change, also when `main` returns it; settings that are
/// refused have a line each.
pub struct Error(Kind);

enum Kind {
    Start(StartError),
    Refusals(Vec<String>),
    Send(SendError),
    File(FileError),
    Page(PageTooLarge),
    Task(TaskError),
    Message(MessageError),
    Timer(TimerError),
}

impl Error {
    pub(crate) fn start(what: impl Into<Cow<'static, str>>, change: impl Into<Cow<'static, str>>) -> Self {
        Self(Kind::Start(StartError { what: what.into(), cause: None, change: change.into() }))
    }

    pub(crate) fn start_io(what: impl Into<Cow<'static, str>>, cause: io::Error, change: impl Into<Cow<'static, str>>) -> Self {
        Self(Kind::Start(StartError { what: what.into(), cause: Some(cause), change: change.into() }))
    }

    /// Settings that are refused, a sentence each.
    pub(crate) fn refusals(sentences: Vec<String>) -> Self {
        Self(Kind::Refusals(sentences))
    }

    /// The small error behind this one, where a job was not handed on or brought nothing back.
    #[must_use]
    pub fn as_task_error(&self) -> Option<TaskError> {
        match self.0 {
            Kind::Task(e) => Some(e),
            _ => None,
        }
    }

    /// The small error behind this one, where a message was not sent.
    #[must_use]
    pub fn as_message_error(&self) -> Option<MessageError> {
        match self.0 {
            Kind::Message(e) => Some(e),
            _ => None,
        }
    }

    /// The small error behind this one, where a timer was not started.
    #[must_use]
    pub fn as_timer_error(&self) -> Option<TimerError> {
        match self.0 {
            Kind::Timer(e) => Some(e),
            _ => None,
        }
    }

    /// The small error behind this one, where a call on a session failed.
    #[must_use]
    pub fn as_send_error(&self) -> Option<SendError> {
        match self.0 {
            Kind::Send(e) | Kind::File(FileError::Send(e)) => Some(e),
            _ => None,
        }
    }

    /// The small error behind this one, where a file was not sent.
    #[must_use]
    pub fn as_file_error(&self) -> Option<FileError> {
        match self.0 {
            Kind::File(e) => Some(e),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Start(e) => {
                f.write_str(&e.what)?;
                if let Some(cause) = &e.cause {
                    write!(f, ": {cause}")?;
                }
                if e.change.is_empty() { Ok(()) } else { write!(f, "; {}", e.change) }
            }
            Kind::Refusals(sentences) => joined(sentences, "\n", f),
            Kind::Send(e) => fmt::Display::fmt(e, f),
            Kind::File(e) => fmt::Display::fmt(e, f),
            Kind::Page(e) => fmt::Display::fmt(e, f),
            Kind::Task(e) => fmt::Display::fmt(e, f),
            Kind::Message(e) => fmt::Display::fmt(e, f),
            Kind::Timer(e) => fmt::Display::fmt(e, f),
        }
    }
}

/// `main` prints an error by its `Debug` form, and a user is owed a sentence there.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // `main` puts `Error: ` before the first line; here each has it.
            Kind::Refusals(sentences) => joined(sentences, "\nError: ", f),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

fn joined(sentences: &[String], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, sentence) in sentences.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { between })?;
        f.write_str(sentence)?;
    }
    Ok(())
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Start(e) => e.cause.as_ref().map(|e| e as _),
            Kind::Refusals(_) => None,
            Kind::Send(e) => Some(e),
            Kind::File(e) => Some(e),
            Kind::Page(e) => Some(e),
            Kind::Task(e) => Some(e),
            Kind::Message(e) => Some(e),
            Kind::Timer(e) => Some(e),
        }
    }
}

/// A step of the start that failed: on what, why, and what to change.
struct StartError {
    what: Cow<'static, str>,
    cause: Option<io::Error>,
    change: Cow<'static, str>,
}

/// Why a call on a session did nothing. Each variant says what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SendError {
    /// No session has this id, or it ended long ago: forget the id.
    NoSuchSession,
    /// The session is closing: `on_close` has run, or is about to.
    Closed,
    /// More bytes than one call may send (2 MiB), or one packet hold: split them.
    TooLarge,
    /// The session is bound to a user already, and stays so.
    AlreadyBound,
    /// Too much output is waiting, for this client or in the whole server: send again later, or close the session.
    BufferFull,
    /// There is no way to where a packet is to go, or nobody there: forget the source.
    Unreachable,
    /// What else the system says of a packet, as an error number: a firewall that forbids it, for one.
    System(i32),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(errno) => return write!(f, "the system refuses the packet: {}", std::io::Error::from_raw_os_error(*errno)),
            Self::NoSuchSession => "no such session",
            Self::Closed => "the session is closed",
            Self::TooLarge => "more than one call may send",
            Self::AlreadyBound => "the session is bound to a user already",
            Self::BufferFull => "the output buffer is full",
            Self::Unreachable => "there is no way to the source of the packet",
        })
    }
}

impl std::error::Error for SendError {}

impl From<SendError> for Error {
    fn from(e: SendError) -> Self {
        Self(Kind::Send(e))
    }
}

/// Why a file is not sent. Each variant says what to do next; nothing of the file is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FileError {
    /// There is no file at this path.
    NotFound,
    /// This process may not read it.
    Denied,
    /// It is a directory, a pipe, a socket or a device: read it, and `send` the bytes.
    NotAFile,
    /// The file ends before offset and length do: ask for less.
    BehindEnd,
    /// What else the system says of the file, by its number, such as 24 where this process has no descriptor left.
    System(i32),
    /// What is wrong is not the file: what `send` would say of this session.
    Send(SendError),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such file"),
            Self::Denied => f.write_str("this process may not read the file"),
            Self::NotAFile => f.write_str("what is to be sent is no regular file"),
            Self::BehindEnd => f.write_str("the file ends before what is to be sent"),
            Self::System(number) => write!(f, "the file cannot be opened: {}", io::Error::from_raw_os_error(*number)),
            Self::Send(e) => fmt::Display::fmt(e, f),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Send(e) => Some(e),
            _ => None,
        }
    }
}

impl From<FileError> for Error {
    fn from(e: FileError) -> Self {
        Self(Kind::File(e))
    }
}

impl From<SendError> for FileError {
    fn from(e: SendError) -> Self {
        Self::Send(e)
    }
}

/// Why a job was not handed on, or brought nothing back. Each variant says what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// As many jobs of this worker are queued or under way as `task_queue` says: hand it on later. Nothing was queued.
    QueueFull,
    /// The answer did not come in time. A job that nobody had begun never runs; another's output is thrown away.
    TimedOut,
    /// The task worker died in it. It is not run again.
    WorkerDied,
    /// What was written by one side was nothing that the other could read: it has another version of the type.
    Unreadable,
    /// There is no task worker of this number.
    NoSuchTaskWorker,
    /// The job is so large that it goes through a file, and `task_tmpdir` does not take it: the log says why. Nothing was queued. Or its
    /// output is: the job was done, and its output is lost.
    Storage,
    /// This process is a task worker, which runs jobs and hands over none: do the work right here.
    InTaskWorker,
}

impl TaskError {
    const ALL: [Self; 7] =
        [Self::QueueFull, Self::TimedOut, Self::WorkerDied, Self::Unreadable, Self::NoSuchTaskWorker, Self::Storage, Self::InTaskWorker];
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "as many jobs of this worker are queued as task_queue says",
            Self::TimedOut => "the job was not done in time",
            Self::WorkerDied => "the task worker died in the job",
            Self::Unreadable => "the job, or its output, could not be read",
            Self::NoSuchTaskWorker => "there is no task worker of this number",
            Self::Storage => "task_tmpdir does not take the job, or its output",
            Self::InTaskWorker => "a task worker hands over no jobs",
        })
    }
}

impl std::error::Error for TaskError {}

/// As its place in the list: where `on_task` returns a `Result<_, TaskError>`, it travels.
impl Serialize for TaskError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

impl<'de> Deserialize<'de> for TaskError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let at = u8::deserialize(deserializer)?;
        Self::ALL.get(usize::from(at)).copied().ok_or_else(|| serde_core::de::Error::custom("no error of a task"))
    }
}

impl From<TaskError> for Error {
    fn from(e: TaskError) -> Self {
        Self(Kind::Task(e))
    }
}

/// Why a message was not sent. Each variant says what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MessageError {
    /// As many messages of this process are on their way as `message_queue` says, or three quarters of them to this one receiver: send it
    /// later. Nothing was sent.
    QueueFull,
    /// There is no worker and no task worker of this number.
    NoSuchWorker,
    /// It is this process itself.
    ToItself,
    /// The message cannot be written.
    Unreadable,
    /// The message is so large that it goes through a file, and `task_tmpdir` does not take it: the log says why.
    Storage,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "as many messages of this process are on their way as message_queue says",
            Self::NoSuchWorker => "there is no worker of this number",
            Self::ToItself => "a process cannot send itself a message",
            Self::Unreadable => "the message could not be written, or not read",
            Self::Storage => "task_tmpdir does not take the message",
        })
    }
}

impl std::error::Error for MessageError {}

impl From<MessageError> for Error {
    fn from(e: MessageError) -> Self {
        Self(Kind::Message(e))
    }
}

/// Why a timer was not started. Each variant says what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TimerError {
    /// A time of 0: call the function, or wait for a millisecond at least.
    NoTime,
    /// As many timers of this process wait as `max_timers` says: end some, or have one that does the work of several.
    TooManyTimers,
}

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTime => "a timer of no time",
            Self::TooManyTimers => "as many timers of this process wait as max_timers says",
        })
    }
}

impl std::error::Error for TimerError {}

impl From<TimerError> for Error {
    fn from(e: TimerError) -> Self {
        Self(Kind::Timer(e))
    }
}

/// A page of more than 100 sessions was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageTooLarge {
    /// The size that was asked for.
    pub asked: usize,
}

impl fmt::Display for PageTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a page of {} sessions was asked for; a page holds at most 100", self.asked)
    }
}

impl std::error::Error for PageTooLarge {}

impl From<PageTooLarge> for Error {
    fn from(e: PageTooLarge) -> Self {
        Self(Kind::Page(e))
    }
}

/// What a callback's error says, for the log. Made only when there is one.
pub struct Failure(pub(crate) String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a callback may return: nothing, or a result whose error is logged.
#[diagnostic::on_unimplemented(
    message = "a callback cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "what a callback returns is not sent to the client; `worker.send` does that",
    note = "help: return nothing, or `swoole::Result<()>`, or a `Result<(), E>` whose `E` implements `Display`"
)]
pub trait CallbackReturn {
    /// The error, in words.
    ///
    /// # Errors
    /// What the callback returned as its error.
    fn outcome(self) -> Result<(), Failure>;
}

#[diagnostic::do_not_recommend]
impl CallbackReturn for () {
    fn outcome(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: ErrorInWords> CallbackReturn for Result<(), E> {
    fn outcome(self) -> Result<(), Failure> {
        self.map_err(|e| Failure(e.words()))
    }
}

/// The error of a callback.
#[diagnostic::on_unimplemented(
    message = "an error of type `{Self}` has no words for the log",
    label = "has no `Display`",
    note = "an error that a callback returns is logged, with callback, worker and session",
    note = "help: implement `Display` for `{Self}`, or return an error that has it, such as `String`"
)]
pub trait ErrorInWords {
    /// What the log says.
    fn words(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<E: Display> ErrorInWords for E {
    fn words(self) -> String {
        self.to_string()
    }
}

/// A duration as a person says it: `1.5s`, `12ms`.
pub(crate) fn spoken(time: Duration) -> String {
    let ms = time.as_secs() * 1000 + u64::from(time.subsec_millis());
    // Whole numbers alone: what formats fractions is 24 KB of every program.
    if ms >= 1000 { format!("{}.{}s", ms / 1000, ms % 1000 / 100) } else { format!("{ms}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_task_comes_back_as_what_it_was() {
        for error in TaskError::ALL {
            let bytes = postcard::to_allocvec(&error).expect("it can be written");
            assert_eq!(postcard::from_bytes::<TaskError>(&bytes), Ok(error));
        }
        assert!(postcard::from_bytes::<TaskError>(&[TaskError::ALL.len() as u8]).is_err());
    }
}
