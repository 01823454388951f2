//! Clauses that say nothing of a type the server would have to choose.
#![deny(warnings)]
use std::{fmt::Debug, marker::PhantomData};
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo<T>(PhantomData<T>);

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl<T> Echo<T>
where
    T: Debug + Default + 'static,
    Vec<T>: Debug,
{
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId)
    where
        Self: Sized,
        T: Debug,
    {
    }
    fn on_receive<'a>(&mut self, _worker: &'a Worker<Self>, _fd: SessionId, data: &'a [u8]) -> Result<(), String>
    where
        'a: 'a,
    {
        Err(format!("{:?} {data:?}", T::default()))
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason)
    where
        Vec<T>: Debug,
    {
    }
    fn helper(&self) {}
}

fn main() {
    Echo::<u8>::default().helper();
    let _ = (Echo::<u8>::start as fn() -> _, Echo::<String>::builder as fn() -> _);
}
