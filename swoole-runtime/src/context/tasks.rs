//! Names that later releases give something to do. They resolve, and nothing makes a value of them yet.

use core::marker::PhantomData;

/// The context of `on_task`. Task workers are not there yet.
pub struct TaskWorker<S: 'static>(#[allow(dead_code, reason = "nothing makes one yet")] PhantomData<fn(S)>);

/// A job as `on_task` receives it. Task workers are not there yet.
pub struct Task<T>(#[allow(dead_code, reason = "nothing makes one yet")] PhantomData<T>);

/// Where a datagram came from. Datagram listeners are not there yet.
pub struct PacketSource(#[allow(dead_code, reason = "nothing makes one yet")] ());
