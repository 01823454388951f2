//! The functions of a block, by their signatures. Bodies are not looked at: a half-typed one must not take the others with it.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};
use std::rc::Rc;
use syn::{
    Attribute, Path, Token, Visibility,
    ext::IdentExt,
    parse::{ParseStream, discouraged::Speculative},
};

/// A function of the block.
pub(crate) struct Method {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) signature: Signature,
}

/// What stands between the name of a function and its body.
pub(crate) enum Signature {
    Whole(Rc<syn::Signature>),
    /// The compiler cannot read it either, and says so itself.
    Broken,
}

/// Every function among these members, in their order, and what is called there as a macro.
pub(super) fn methods(members: ParseStream<'_>) -> (Vec<Method>, Vec<Path>) {
    let (mut methods, mut macros) = (Vec::new(), Vec::new());
    // Those of the block itself. Where they are broken the compiler says so.
    let _ = members.call(Attribute::parse_inner);
    while !members.is_empty() {
        let is_a_call = |ahead: ParseStream<'_>| {
            ahead.call(Attribute::parse_outer).ok()?;
            let path = ahead.call(Path::parse_mod_style).ok()?;
            ahead.peek(Token![!]).then_some(path)
        };
        match is_a_call(&members.fork()) {
            Some(path) => macros.push(path),
            None => methods.extend(method(members)),
        }
        skip_rest(members);
    }
    (methods, macros)
}

fn method(input: ParseStream<'_>) -> Option<Method> {
    let attributes = input.call(Attribute::parse_outer).ok()?;
    input.parse::<Visibility>().ok()?;
    let ahead = input.fork();
    if let Ok(signature) = ahead.parse::<syn::Signature>() {
        input.advance_to(&ahead);
        return Some(Method { attributes, name: signature.ident.unraw(), signature: Signature::Whole(Rc::new(signature)) });
    }
    let name = name_of_broken(&input.fork())?.unraw();
    Some(Method { attributes, name, signature: Signature::Broken })
}

/// The name behind the word `fn`, should there be one before the member ends.
fn name_of_broken(input: ParseStream<'_>) -> Option<Ident> {
    while !input.peek(Token![fn]) {
        input.call(Ident::parse_any).or_else(|_| input.parse::<syn::LitStr>().map(|text| Ident::new("extern", text.span()))).ok()?;
    }
    input.parse::<Token![fn]>().ok()?;
    input.parse().ok()
}

/// Goes on to the end of a member: past its `;` or its braces.
fn skip_rest(input: ParseStream<'_>) {
    while let Ok(token) = input.parse::<TokenTree>() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            TokenTree::Group(group) if is_body(&group) => return,
            _ => {}
        }
    }
}

/// Braces, or the invisible group around braces that a `macro_rules` has handed on.
fn is_body(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => matches!(group.stream().into_iter().last(), Some(TokenTree::Group(inside)) if is_body(&inside)),
        Delimiter::Parenthesis | Delimiter::Bracket => false,
    }
}
