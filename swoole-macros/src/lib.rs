//! The attribute `#[swoole::server]`.
use proc_macro::TokenStream;
/// placeholder
#[proc_macro_attribute]
pub fn server(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    item
}
