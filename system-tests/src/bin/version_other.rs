//! Version 3 of a server, which has another setting that is laid out in memory.

#[path = "../version.rs"]
mod version;

fn main() -> swoole::Result<()> {
    version::run(3, 2000)
}
