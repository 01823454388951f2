//! Parameters in another order than the one that the server gives them in.
//!
//! Two types that are not what they should be are two messages, and two that have changed places are one mistake. Where the words of the
//! types are the right ones in another order, the types meet all at once: whether they are the same is still for the compiler to say.

use crate::{diagnostics::line_to_write, read::word};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use swoole_vocabulary::Callback;
use syn::{Signature, Type};

/// From where to where the parameters have changed places.
pub(super) struct Swapped {
    from: Span,
    to: Span,
}

/// `wanted`: what the types of the parameters are called, in their order.
pub(super) fn swapped(wanted: &[String], types: &[&Type]) -> Option<Swapped> {
    let written: Vec<String> = types.iter().map(|ty| word(ty.to_token_stream())).collect();
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words
    };
    if wanted == written || sorted(wanted) != sorted(&written) {
        return None;
    }
    let is_moved = |(_, (wanted, written)): &(_, (&String, &String))| wanted != written;
    let moved: TokenStream = types.iter().zip(wanted.iter().zip(&written)).filter(is_moved).map(|(ty, _)| ty.to_token_stream()).collect();
    let mut spans = moved.into_iter().map(|token| token.span());
    let from = spans.next()?;
    let to = spans.last().unwrap_or(from);
    Some(Swapped { from, to })
}

/// The trait that says so, and the statement that puts it to the test.
pub(super) fn rule(
    callback: &Callback,
    signature: &Signature,
    Swapped { from, to }: &Swapped,
    written: &[TokenStream],
    given: &[TokenStream],
    names: &[Ident],
) -> (TokenStream, TokenStream) {
    let message = format!("the parameters of `{}` stand in another order", callback.name);
    let note = format!("the server gives it `({})`", callback.parameters_text());
    let help = format!("help: write `{}`", line_to_write(callback, signature));
    let letters: Vec<Ident> = ["A", "B", "C", "D"].iter().take(names.len()).map(|letter| Ident::new(letter, Span::mixed_site())).collect();
    // The path is underlined from its first token to its last.
    let as_written = Ident::new("AsWritten", *from);
    let mut end = TokenTree::Punct(proc_macro2::Punct::new('>', proc_macro2::Spacing::Alone));
    end.set_span(*to);
    let path = quote!(#as_written< #(#written),* #end);
    let rule = quote! {
        type AsWritten<#(#letters),*> = (#(#letters,)*);
        #[diagnostic::on_unimplemented(message = #message, label = "in another order", note = #note, note = #help)]
        trait InOrder<Given> {
            fn in_order(given: Given) -> Self;
        }
        #[diagnostic::do_not_recommend]
        impl<T> InOrder<T> for T {
            fn in_order(given: T) -> T {
                given
            }
        }
    };
    let statement = quote! {
        let (#(#names,)*) = <#path as InOrder<(#(#given,)*)>>::in_order((#(#names,)*));
    };
    (rule, statement)
}
