//! Version 2 of a server.

#[path = "../version.rs"]
mod version;

fn main() -> swoole::Result<()> {
    version::run(2, 1000)
}
