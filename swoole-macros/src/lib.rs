//! The attribute `#[swoole::server]`, in three phases: `read` takes apart what the user wrote, `check` judges it, `expand` writes what
//! the compiler gets to see.
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::unreachable,
    clippy::todo,
    clippy::unimplemented,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod check;
mod diagnostics;
mod expand;
mod read;

#[cfg(test)]
mod tests;

/// Makes a server of the methods of a type.
///
/// The attribute stands on one `impl` block. It reads the methods named `on_…`, checks them and the keys while the program is compiled,
/// and adds two functions to the type: `start()`, which runs the server, and `builder()`, which is the same with code in between. The
/// block itself stays as it is; other methods and constants may stand in it, too.
///
/// ```ignore
/// use swoole::{CloseReason, SessionId, Worker};
///
/// #[derive(Default)]
/// struct Echo;
///
/// #[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2, max_wait_time = secs(5))]
/// impl Echo {
///     fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
///     fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
///         worker.send(fd, data)?;
///         Ok(())
///     }
///     fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
/// }
///
/// fn main() -> swoole::Result<()> {
///     Echo::start()
/// }
/// ```
///
/// # Keys
///
/// Each is written `key = value`, with any constant expression of its type as the value; `mode` takes a literal, since it decides what is
/// compiled in. A value out of its range does not compile. Each can be overridden when the program runs; an override of `mode` can only
/// repeat it. `crate = path` names this crate where another one hands it on.
///
#[doc = swoole_vocabulary::table_of_keys!()]
///
/// In a time, `secs(3)` is 3 and `mins(2)` is 120; in a size, `kib(64)`, `mib(2)` and `gib(1)` are so many bytes. A function of your own
/// that has the name of a unit needs a path: `self::mins(2)`.
///
/// # User processes
///
/// `add_process(name = "metrics", run = collect_metrics)`, which may stand there several times, has a function of the block run in a process of
/// its own, beside the workers: `fn collect_metrics(process: &UserProcess<Self>)`, which returns what callbacks return. `name` is a text in
/// quotes, one word, and no two have the same. It is no setting: nothing overrides it. The original: `$serv->addProcess`.
///
/// # Listeners
///
/// `listen` is the address of the main listener, which is called `main`. Each other is written
/// `listener(name = "admin", listen = "unix:///run/x.sock", backlog = 64, on_receive = admin_receive)`. Of its own it may have
/// `listen`, `backlog`, `unix_mode`, `ipv6_only`, `enable_reuse_port`, `frame`, `package_max_length`, `max_queued_bytes`, `heartbeat`, the keys that
/// begin with `tcp_`, and as `on_connect`, `on_receive`, `on_close` and `on_packet` methods of the block, which take what those of the server take. For
/// everything else the server's settings and callbacks hold. A listener of packets (`udp://`, `udp6://`, `unix-dgram://`) has an `on_packet` alone. Its
/// name has small letters, digits, `-` and `_`. `[listener.admin]` of the settings file, `SWOOLE_LISTENER_ADMIN_BACKLOG`,
/// `--listener admin.backlog=64` and the builder override its settings; a stream socket may become one of another kind, TCP or unix.
///
/// A key with parts, `tcp_keepalive(idle = secs(60), interval = secs(10), count = 3)`, sets the switch and `tcp_keepalive_idle` and so on.
///
/// # Frames
///
/// `frame` cuts a stream into packages, and `on_receive` gets one whole package a call: `eof_split("\r\n")` up to the mark, with it; `eof_check("\r\n")` one or
/// several of such; `length(u32_be, offset = 0, body = 4)` as many bytes as a field says, behind `body` bytes, or with `body = 0` where the field counts
/// itself; or the name of a function, free or of the block, `fn frame(bytes: &[u8]) -> Frame`. It is compiled in: nothing overrides it. What is no package, or
/// longer than `package_max_length`, ends the session with `CloseReason::Protocol`.
///
/// # Dispatch
///
/// `dispatch` says which worker gets what a session sends, and is compiled in: nothing overrides it. In the first four a session has one worker,
/// which gets all that it sends, in order.
///
/// - `"fixed"`, the default: by the session's number.
/// - `"ip"`: by the client's address. A client of a unix socket has none, and is dispatched as by `fixed`.
/// - `"uid"`: as `fixed`, until `worker.bind(fd, uid)`; from then on by that number, in order.
/// - `"least_conn"`: the worker with the fewest sessions when it is accepted.
/// - `"round_robin"`: one worker after the other, a package each. A session's packages may be served at the same time, and in any order.
/// - `"idle"`: for each package a worker that is asleep, or else the one with the least to do. In any order.
/// - `"least_req"`: for each package the worker with the fewest requests under way. In any order.
/// - the name of a function, free or of the block, `fn choose(session: &SessionInfo, data: &[u8]) -> Dispatch`: for each package
///   `Dispatch::To(number)`, modulo the number of workers, or `Dispatch::Discard`. What goes to one worker stays in order. It runs in the
///   master, for every package, outside of the isolation of workers: a panic of it ends the session with `CloseReason::Protocol`.
///
/// In `"round_robin"`, `"idle"` and `"least_req"` a session has no worker of its own: `on_connect` and `on_close` do not run, and need not be there.
/// With `unsafe_events = true` they do, in some worker, `on_close` last.
///
/// # Callbacks
///
/// The first parameter behind `&mut self` is the context of the process that the callback runs in: it has the calls which that process
/// can make, and no others. Where no result is shown, a callback returns nothing, or a `Result<(), E>` with an `E` that implements
/// `Display`; the error is logged, and the session goes on. `on_worker_start` may return `Result<Self, E>`, too.
///
#[doc = swoole_vocabulary::table_of_callbacks!()]
///
/// `on_connect`, `on_receive` and `on_close` have to be there, but for some ways to dispatch; a server of packets alone needs `on_packet` instead. A callback is an ordinary function: it may block, it may have lifetimes
/// and `#[cfg(…)]`, and it is neither `async` nor `unsafe` nor generic in a type. A method whose name begins with `on_` and that is no
/// callback does not compile.
#[proc_macro_attribute]
pub fn server(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(attribute.into(), item.into()).into()
}

/// The attribute on tokens that need no compiler around them, for the tests.
fn expand(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let (faults, server) = check::check(read::attribute(attribute), read::item(item.clone()));
    expand::expand(&item, &faults, server.as_ref())
}
