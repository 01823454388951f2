//! Every piece of the attribute and of the block comes from a `macro_rules`, in fragments of every kind.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

const DATA: &str = "data";

macro_rules! servers {
    ($( $(#[$attribute:meta])* $vis:vis $name:ident<$($lifetime:lifetime),*>($($key:ident = $value:expr),*) $receive:ident: $data:ty => $body:block, $answer:expr )*) => { $(
        $(#[$attribute])*
        #[derive(Default)]
        $vis struct $name<$($lifetime),*>($(&$lifetime str),*);

        #[swoole::server($($key = $value),*)]
        impl<$($lifetime),*> $name<$($lifetime),*> {
            fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
            fn $receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: $data) $body
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
            fn helper(&self) -> u8 {
                $answer
            }
        }
    )* };
}

servers! {
    /// Without a lifetime.
    pub Echo<>(listen = "tcp://127.0.0.1:9501", workers = 1 + 1, max_wait_time = 3) on_receive: &[u8] => {}, 1
    /// With one.
    pub(crate) Chat<'a>(listen = concat!("tcp://", "127.0.0.1:9502")) on_receive: &'_ [u8] => { println!("{}", DATA) }, 2
}

fn main() {
    assert_eq!((Echo::default().helper(), Chat::default().helper()), (1, 2));
    let _ = (Echo::start as fn() -> _, Chat::builder as fn() -> _);
}
