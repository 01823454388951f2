//! How what comes in is cut into packages: a value for each listener, where any has a frame.

use crate::check::{Frame, ListenersFrame, Server};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn frames(server: &Server) -> TokenStream {
    let main = server.frame.as_ref();
    let all = core::iter::once(main).chain(server.listeners.iter().map(|listener| match &listener.frame {
        ListenersFrame::Main => main,
        ListenersFrame::Own(frame) => frame.as_ref(),
    }));
    let all: Vec<_> = all.collect();
    if all.iter().all(Option::is_none) {
        return TokenStream::new();
    }
    let swoole = &server.swoole;
    let values = all.into_iter().map(|frame| match frame {
        Some(frame) => {
            let value = value(frame, swoole);
            quote!(::core::option::Option::Some(#value))
        }
        None => quote!(::core::option::Option::None),
    });
    quote!(const FRAMES: &'static [::core::option::Option<#swoole::__rt::Framing>] = &[#(#values),*];)
}

fn value(frame: &Frame, swoole: &TokenStream) -> TokenStream {
    match frame {
        Frame::Mark(kind, mark) => {
            let (kind, mark) = (format_ident!("{kind}"), Literal::byte_string(mark));
            quote!(#swoole::__rt::Framing::#kind(#mark))
        }
        Frame::Length { width, is_signed, is_little, offset, body } => {
            let order = if *is_little { quote!(Little) } else { quote!(Big) };
            quote!(#swoole::__rt::Framing::Length(#swoole::__rt::LengthField {
                width: #width,
                is_signed: #is_signed,
                order: #swoole::__rt::ByteOrder::#order,
                offset: #offset,
                body: #body,
            }))
        }
        Frame::Function(function, is_of_block) => {
            let function = if *is_of_block { quote!(Self::#function) } else { function.clone() };
            // What is wrong with its type is said where its name stands.
            let call = quote_spanned!(function.span()=> #function);
            quote!(#swoole::__rt::Framing::Function({
                let frame: fn(&[u8]) -> #swoole::Frame = #call;
                frame
            }))
        }
    }
}
