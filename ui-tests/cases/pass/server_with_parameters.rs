#![deny(warnings)]
use core::{fmt::Debug, marker::PhantomData};
use swoole::{CloseReason, SessionId, Worker};

trait Codec: Debug + Default {}
#[derive(Debug, Default)]
struct Plain;
impl Codec for Plain {}

#[derive(Default)]
struct Chat<'a, T, const N: usize> {
    name: &'a str,
    codec: PhantomData<T>,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2)]
impl<'a, T: Codec, const N: usize> Chat<'a, T, N>
where
    T: Clone,
{
    fn on_connect(&mut self, _worker: &Worker<Chat<'a, T, N>>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) {
        println!("{} {:?} {N} {data:?}", self.name, self.codec);
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

impl Clone for Plain {
    fn clone(&self) -> Self {
        Self
    }
}

fn main() {
    let _ = Chat::<Plain, 4>::start as fn() -> _;
}
