//! The item that the attribute stands on.

use super::{Method, method};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Generics, Path, Token, Type, Visibility, braced,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

/// An item, as far as the attribute cares.
pub(crate) enum Item {
    Block(Block),
    /// `impl Trait for Type`.
    TraitImpl {
        keyword: Token![for],
        generics: Generics,
        self_ty: Type,
    },
    /// A struct, an enum or a union, which has a type of its own.
    Type {
        kind: &'static str,
        keyword: Ident,
        generics: Generics,
        name: Ident,
    },
    /// Anything else that is no impl block.
    Other {
        kind: &'static str,
        keyword: TokenStream,
    },
    /// What the compiler cannot read either, and says so itself.
    Broken,
}

/// An inherent impl block.
pub(crate) struct Block {
    /// Those that stand below this attribute.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) methods: Vec<Method>,
    /// What is called among its members as a macro, and makes members that cannot be seen here.
    pub(crate) macros: Vec<Path>,
}

/// Reads an item; whatever it is, nothing of it is lost, since the caller emits the tokens as they came.
pub(crate) fn item(tokens: TokenStream) -> Item {
    read.parse2(tokens).unwrap_or(Item::Broken)
}

fn read(input: ParseStream<'_>) -> syn::Result<Item> {
    let item = read_item(input);
    // The rest is of no interest, and `parse2` would call it a fault.
    input.parse::<TokenStream>()?;
    item
}

fn read_item(input: ParseStream<'_>) -> syn::Result<Item> {
    let attributes = input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    input.parse::<Option<Token![unsafe]>>()?;
    if input.peek(Token![impl]) { block(input, attributes) } else { Ok(no_block(input)) }
}

fn block(input: ParseStream<'_>, attributes: Vec<Attribute>) -> syn::Result<Item> {
    input.parse::<Token![impl]>()?;
    let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
    input.parse::<Option<Token![const]>>()?;
    input.parse::<Option<Token![!]>>()?;
    let self_ty: Type = input.parse()?;
    if let Some(keyword) = input.parse::<Option<Token![for]>>()? {
        let self_ty = input.parse()?;
        generics.where_clause = input.parse()?;
        return Ok(Item::TraitImpl { keyword, generics, self_ty });
    }
    generics.where_clause = input.parse()?;
    let content;
    braced!(content in input);
    let (methods, macros) = method::methods(&content);
    Ok(Item::Block(Block { attributes, generics, self_ty, methods, macros }))
}

/// What stands before the word that says what an item is, and the words that may.
fn no_block(input: ParseStream<'_>) -> Item {
    let mut last = None;
    while let Ok(word) = input.call(Ident::parse_any) {
        let kind = match word.to_string().as_str() {
            "struct" => "a struct",
            "enum" => "an enum",
            // A weak keyword: `union` followed by a name.
            "union" if input.peek(syn::Ident) => "a union",
            "fn" => return Item::Other { kind: "a function", keyword: word.into_token_stream() },
            "mod" => return Item::Other { kind: "a module", keyword: word.into_token_stream() },
            "trait" => return Item::Other { kind: "a trait", keyword: word.into_token_stream() },
            "type" => return Item::Other { kind: "a type alias", keyword: word.into_token_stream() },
            "static" => return Item::Other { kind: "a static", keyword: word.into_token_stream() },
            // `const fn` is a function.
            "const"
                if !input.peek(Token![fn]) && !input.peek(Token![unsafe]) && !input.peek(Token![async]) && !input.peek(Token![extern]) =>
            {
                return Item::Other { kind: "a constant", keyword: word.into_token_stream() };
            }
            "use" => return Item::Other { kind: "an import", keyword: word.into_token_stream() },
            _ => {
                last = Some(word);
                continue;
            }
        };
        return match (input.parse::<Ident>(), input.parse::<Generics>()) {
            (Ok(name), Ok(generics)) => Item::Type { kind, keyword: word, generics, name },
            _ => Item::Other { kind, keyword: word.into_token_stream() },
        };
    }
    Item::Other { kind: "such an item", keyword: last.into_token_stream() }
}
