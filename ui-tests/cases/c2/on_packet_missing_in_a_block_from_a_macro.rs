#[derive(Default)]
struct Echo;

macro_rules! server {
    ($name:ident) => {
        #[swoole::server(listen = "udp://127.0.0.1:9501")]
        impl $name {
            fn helper(&self) {}
        }
    };
}

server!(Echo);

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
