//! A state may be any type that has a first value.
#![deny(warnings)]
use std::{cell::RefCell, marker::PhantomData, rc::Rc};
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Unit;
#[derive(Default)]
struct Tuple(u8, Rc<RefCell<Vec<u8>>>);
#[derive(Default)]
struct Braced {
    sessions: std::collections::HashMap<SessionId, String>,
}
#[derive(Default)]
enum Phase {
    #[default]
    Quiet,
    Loud,
}
struct ByHand(u8);
impl Default for ByHand {
    fn default() -> Self {
        Self(7)
    }
}
#[derive(Default)]
struct WithLifetime<'a>(&'a [u8]);
#[derive(Default)]
struct WithParameter<T>(Option<T>);
struct WithConstant<const N: usize>([u8; N]);
impl<const N: usize> Default for WithConstant<N> {
    fn default() -> Self {
        Self([0; N])
    }
}
#[derive(Default)]
struct WithDefault<T = u8, const N: usize = 4>(PhantomData<T>);

macro_rules! server {
    ([$($generics:tt)*] $name:ty) => {
        #[swoole::server(listen = "tcp://127.0.0.1:9501")]
        impl<$($generics)*> $name {
            fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
            fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
            fn helper(&self) {}
        }
    };
}
server!([] Unit);
server!([] Tuple);
server!([] Braced);
server!([] Phase);
server!([] ByHand);
server!(['a] WithLifetime<'a>);
server!([T: Default] WithParameter<T>);
server!([const N: usize] WithConstant<N>);
server!([] WithDefault);

fn main() {
    Unit.helper();
    let tuple = Tuple::default();
    tuple.helper();
    tuple.1.borrow_mut().push(tuple.0);
    assert!(Braced::default().sessions.is_empty());
    Phase::default().helper();
    Phase::Loud.helper();
    assert_eq!(ByHand::default().0, 7);
    assert!(WithLifetime::default().0.is_empty() && WithParameter::<u8>::default().0.is_none());
    assert_eq!(WithConstant::<3>::default().0.len(), 3);
    WithDefault::<u8, 4>::default().helper();
    let _ = (Unit::start as fn() -> _, Tuple::builder as fn() -> _, Phase::start as fn() -> _, Braced::start as fn() -> _);
    let _ = (ByHand::start as fn() -> _, WithLifetime::start as fn() -> _, WithDefault::<u8, 4>::builder as fn() -> _);
    let _ = (WithParameter::<u8>::start as fn() -> _, WithConstant::<3>::start as fn() -> _);
}
