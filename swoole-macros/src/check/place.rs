//! Where the attribute stands.
//!
//! - It stands on an impl block of a type, not on another item and not on the block of a trait.
//! - It stands there once.
//!
//! That a type has one such block is for the compiler to see: two blocks are two implementations of one trait.

use super::Found;
use crate::{
    diagnostics::Fault,
    read::{Block, Item},
};
use quote::ToTokens;
use syn::{Generics, Type, parse_quote};

/// What there is to expand.
pub(super) enum Place {
    Block(Block),
    /// A type whose `start` must be there, lest every use of it becomes a fault of its own.
    OnlyAType(Generics, Type),
    Nothing,
}

pub(super) fn check(item: Item, found: &mut Found) -> Place {
    match item {
        Item::Block(block) => match block.attributes.iter().find(|attribute| is_this_attribute(attribute)) {
            Some(second) => {
                found.push(
                    Fault::at(second, "`#[swoole::server]` stands twice on this block")
                        .note("one block is one server, with one set of keys")
                        .help("put all keys into one attribute"),
                );
                // The inner one is expanded next, and makes the server.
                Place::Nothing
            }
            None => match kind_without_state(&block.self_ty) {
                Some(kind) => {
                    found.push(
                        Fault::at(&block.self_ty, format!("`#[swoole::server]` stands on the block of {kind}"))
                            .note("each worker builds one value of the type, so it is one of yours, and has a size")
                            .help("write `impl Echo { … }`, with a type of yours for `Echo`"),
                    );
                    Place::Nothing
                }
                None => Place::Block(block),
            },
        },
        Item::TraitImpl { keyword, generics, self_ty } => {
            let name = super::methods::name_of(&self_ty);
            found.push(misplaced(&keyword, "the `impl` of a trait", &format!("move it to a block `impl {name} {{ … }}`")));
            Place::OnlyAType(generics, self_ty)
        }
        Item::Type { kind, keyword, generics, name } => {
            found.push(misplaced(&keyword, kind, &format!("move it to the block `impl {name} {{ … }}`")));
            let (_, arguments, _) = generics.split_for_impl();
            let self_ty: Type = parse_quote!(#name #arguments);
            Place::OnlyAType(generics, self_ty)
        }
        Item::Other { kind, keyword } => {
            let help = "write `#[swoole::server(…)] impl Echo { … }`, with a type of yours for `Echo`";
            found.push(misplaced(&keyword, kind, help));
            Place::Nothing
        }
        Item::Broken => Place::Nothing,
    }
}

/// What a type is that cannot be the state of a worker.
fn kind_without_state(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(_) => Some("a reference"),
        Type::TraitObject(_) => Some("a trait object"),
        Type::Slice(_) => Some("a slice"),
        Type::Array(_) => Some("an array"),
        Type::Tuple(_) => Some("a tuple"),
        Type::Ptr(_) => Some("a pointer"),
        Type::Group(group) => kind_without_state(&group.elem),
        Type::Paren(paren) => kind_without_state(&paren.elem),
        _ => None,
    }
}

fn misplaced(keyword: &impl ToTokens, kind: &str, help: &str) -> Fault {
    Fault::at(keyword, format!("`#[swoole::server]` stands on {kind}, not on the `impl` of a type"))
        .note("it reads the callbacks of a server, which are the methods of one type")
        .help(help)
}

fn is_this_attribute(attribute: &syn::Attribute) -> bool {
    let path: Vec<String> = attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path.as_slice(), ["server"] | ["swoole", "server"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn only_this_attribute_counts_as_a_second_one() {
        for (attribute, is) in [(quote!(#[server]), true), (quote!(#[::swoole::server(a = 1)]), true), (quote!(#[other::server]), false)] {
            let item: syn::ItemStruct = parse_quote!(#attribute struct Echo;);
            assert_eq!(item.attrs.iter().any(is_this_attribute), is, "{attribute}");
        }
    }
}
