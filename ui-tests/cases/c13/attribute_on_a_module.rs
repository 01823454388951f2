#[swoole::server(listen = "tcp://127.0.0.1:9501")]
mod echo {
    pub fn helper() {}
}

fn main() {
    // Nothing has a `start` or a `builder` here.
    echo::helper();
}
