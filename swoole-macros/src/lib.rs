//! The attribute `#[swoole::server]`, in three phases: `read` takes apart what the user wrote, `check` judges it, `expand` writes what
//! the compiler gets to see.
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::unreachable,
    clippy::todo,
    clippy::unimplemented,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod check;
mod diagnostics;
mod expand;
mod read;
mod vocabulary;

/// placeholder
#[proc_macro_attribute]
pub fn server(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(attribute.into(), item.into()).into()
}

/// The attribute on tokens that need no compiler around them, for the tests.
fn expand(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let (faults, server) = check::check(read::attribute(attribute), read::item(item.clone()));
    expand::expand(&item, &faults, server.as_ref())
}
