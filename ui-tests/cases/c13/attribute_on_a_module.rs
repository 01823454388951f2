#[swoole::server(listen = "tcp://127.0.0.1:9501")]
mod echo {
    pub fn helper() {}
}

fn main() {
    echo::helper();
}
