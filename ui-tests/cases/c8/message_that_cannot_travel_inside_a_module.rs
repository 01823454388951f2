mod echo {
    use swoole::{CloseReason, SessionId, Worker, WorkerId};

    pub trait Protocol {
        type Message;
    }
    impl Protocol for Echo {
        type Message = std::process::Child;
    }
    #[derive(Default)]
    pub struct Echo;

    #[swoole::server(listen = "tcp://127.0.0.1:9501")]
    impl Echo {
        fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
        fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: <Self as Protocol>::Message) {}
        pub fn helper(&self) {}
    }
}

fn main() {
    echo::Echo.helper();

    let _ = (echo::Echo::start as fn() -> _, echo::Echo::builder as fn() -> _);
}
