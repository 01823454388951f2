//! What the compiler gets to see: the last of the three phases. Each file writes one piece.

mod dispatch;
mod dispatching;
mod entry;
mod frames;
mod lifetimes;
mod messages;
mod order;
mod processes;
mod row;
mod settings;
mod tasks;

use crate::{check::Server, diagnostics::Fault};
use proc_macro2::TokenStream;
use quote::quote;

/// The item as it came, what was wrong with it, and the server that it makes.
pub(crate) fn expand(item: &TokenStream, faults: &[Fault], checked: Option<&Server>) -> TokenStream {
    let is_block = checked.is_some_and(|server| server.is_a_block);
    let server = checked.map(|server| {
        let home = entry::Home::of(server);
        let entry = entry::entry(server, &home);
        let settings = settings::settings(server);
        let dispatch = dispatch::dispatch(server);
        let listeners = dispatch::of_listeners(server);
        let frames = frames::frames(server);
        let dispatching = dispatching::dispatching(server);
        let processes = processes::processes(server);
        let tasks = tasks::tasks(server, &home);
        let messages = messages::messages(server, &home);
        let entry::Home { parameters, self_ty, bounds } = &home;
        let swoole = &server.swoole;
        quote! {
            #[allow(non_local_definitions)]
            const _: () = {
                #settings
                // The server calls on purpose what it calls.
                #[allow(deprecated)]
                impl #parameters #swoole::__rt::Server for #self_ty #bounds {
                    const SETTINGS: #swoole::Settings = SETTINGS_OF_THIS_SERVER;
                    const DISPATCH: #swoole::__rt::Dispatch<Self> = #dispatch;
                    #listeners
                    #frames
                    #dispatching
                    #processes
                }
                #entry
                #tasks
                #messages
            };
        }
    });
    // The attribute decides what a callback looks like; clippy must not ask the user for another look.
    let allowed = is_block.then(|| {
        quote!(#[cfg_attr(
            clippy,
            allow(clippy::unused_self, clippy::missing_const_for_fn, clippy::needless_pass_by_ref_mut, clippy::needless_pass_by_value)
        )])
    });
    // Before the faults: an editor compares what comes before a name that is being typed with and without the name, and the faults tell it.
    let half_typed = checked.map(settings::half_typed);
    quote! {
        #allowed
        #item
        #half_typed
        #(#faults)*
        #server
    }
}
