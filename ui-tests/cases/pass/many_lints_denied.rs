//! Lints that are allowed by default, and that an expansion is likely to meet.
#![deny(warnings, future_incompatible, nonstandard_style, rust_2018_idioms, rust_2021_compatibility, rust_2024_compatibility, unused)]
#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_numeric_casts,
    unit_bindings,
    unreachable_pub,
    unused_crate_dependencies,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![allow(unused_crate_dependencies)]
use swoole::{CloseReason, SessionId, Worker};

/// The state.
#[derive(Default, Clone, Copy, Debug)]
pub struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 1 + 1)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, data)?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    /// Something of the block's own.
    pub fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> swoole::Result<()>, Echo::builder as fn() -> swoole::Builder<Echo>);
}
