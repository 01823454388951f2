//! The table of user processes: an entry for each, under the `cfg` of its function. Nothing where there is none.

use super::row;
use crate::check::{Method, Process, Server};
use proc_macro2::TokenStream;
use quote::quote;
use swoole_vocabulary::RUN_OF_PROCESS;

pub(super) fn processes(server: &Server) -> TokenStream {
    if server.processes.is_empty() {
        return TokenStream::new();
    }
    let swoole = &server.swoole;
    let entries = server.processes.iter().flat_map(|Process { name, runs }| {
        runs.iter().map(move |Method { cfg, signature }| {
            let cfg = cfg.as_ref().map(|cfg| quote!(#[cfg(#cfg)]));
            let run = row::call(&RUN_OF_PROCESS, signature, None, server);
            quote!(#cfg #swoole::__rt::Process { name: #name, run: #run },)
        })
    });
    quote!(const PROCESSES: &'static [#swoole::__rt::Process<Self>] = &[#(#entries)*];)
}
