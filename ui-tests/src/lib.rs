//! Programs that must not compile, with what the compiler says, and programs that must: see `tests/ui.rs`.
//!
//! `crates` has what needs a Cargo.toml of its own: a server that clippy, at its most pedantic, must have nothing to say to, and crates
//! in which `swoole` is called otherwise. `open` has programs that the attribute does not treat yet as it should; no test reads them.
