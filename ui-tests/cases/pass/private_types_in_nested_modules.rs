//! Nothing has to be public for the expansion to see it.
#![deny(warnings, private_interfaces, unreachable_pub)]

mod outer {
    mod middle {
        mod inner {
            use swoole::{CloseReason, SessionId, Worker};

            #[derive(Default)]
            struct Private(u8);
            #[derive(Default)]
            pub(in super::super) struct Echo(Private);
            struct Failure;
            impl std::fmt::Display for Failure {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(f, "failed")
                }
            }

            #[swoole::server(listen = super::ADDRESS, workers = super::super::WORKERS)]
            impl Echo {
                fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
                pub(super) fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) {
                    self.0.0 = data.len() as u8;
                }
                fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) -> Result<(), Failure> {
                    Err(Failure)
                }
                pub(in super::super) fn helper(&self) -> u8 {
                    self.0.0
                }
            }
        }
        pub(super) use inner::Echo;
        const ADDRESS: &str = "tcp://127.0.0.1:9501";
    }
    const WORKERS: u32 = 2;

    pub(super) fn run() {
        assert_eq!(middle::Echo::default().helper(), 0);
        let _ = (middle::Echo::start as fn() -> _, middle::Echo::builder as fn() -> _);
    }
}

fn main() {
    outer::run();
}
