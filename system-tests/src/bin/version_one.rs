//! Version 1 of a server.

#[path = "../version.rs"]
mod version;

fn main() -> swoole::Result<()> {
    version::run(1, 1000)
}
