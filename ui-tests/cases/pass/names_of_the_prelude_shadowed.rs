//! `Result`, `Option`, `Some`, `Default`, `u8`, `str`, `core` and `std` are something else here.
#![deny(warnings)]
#![allow(non_camel_case_types, dead_code, unused_macros)]
use swoole::{CloseReason, SessionId, Worker};

mod core {}
mod std {}
mod alloc {}
struct Result;
enum Option {
    Some,
    None,
}
struct Some;
struct None;
struct Ok;
struct Err;
struct u8;
struct str;
struct usize;
struct Default;
trait From {}
trait Into {}
trait Display {}
trait Fn {}
struct String;
fn drop() {}
fn check() {}
fn secs() {}
const SETTINGS: i32 = 3;
macro_rules! panic {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! vec {
    () => {
        compile_error!("nor this one")
    };
}
macro_rules! concat {
    () => {
        compile_error!("nor this one")
    };
}

struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = SETTINGS as u32, max_wait_time = secs(3))]
impl Echo {
    fn on_worker_start(_worker: &swoole::WorkerStart) -> ::core::result::Result<Self, &'static ::core::primitive::str> {
        ::core::result::Result::Ok(Self)
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) -> swoole::Result<()> {
        ::core::result::Result::Ok(())
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[::core::primitive::u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_panic(_worker: &Worker<Self>, _fd: ::core::option::Option<SessionId>, _message: &::core::primitive::str) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
