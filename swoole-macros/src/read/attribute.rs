//! The keys between the parentheses of the attribute. Values stay tokens: the compiler reads them where they are used.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// What stands between two commas.
pub(crate) enum Entry {
    /// `workers = 8`.
    Key { name: Ident, value: TokenStream },
    /// `workers`, or `workers =`.
    WithoutValue { name: Ident },
    /// `heartbeat(check = 60)`.
    Group { name: Ident, inside: TokenStream },
    /// Anything else.
    Stray(TokenStream),
}

/// The entries, in the order in which they were written.
pub(crate) fn attribute(tokens: TokenStream) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut current = Vec::new();
    // In a value, commas separate the arguments of a turbofish, too: `size_of::<Pair<A, B>>()`.
    let mut open_angles = 0_usize;
    let mut before = String::new();
    for token in tokens {
        let now = text_of_punct(&token);
        match now.as_str() {
            "," if open_angles == 0 => {
                entries.extend(entry(core::mem::take(&mut current)));
                before.clear();
                continue;
            }
            "<" if open_angles > 0 || before.ends_with("::") => open_angles = open_angles.saturating_add(1),
            ">" if !before.ends_with('-') => open_angles = open_angles.saturating_sub(1),
            _ => {}
        }
        if now.is_empty() {
            before.clear()
        } else {
            before.push_str(&now)
        }
        current.push(token);
    }
    entries.extend(entry(current));
    entries
}

fn text_of_punct(token: &TokenTree) -> String {
    match token {
        TokenTree::Punct(punct) => punct.as_char().to_string(),
        _ => String::new(),
    }
}

fn entry(tokens: Vec<TokenTree>) -> Option<Entry> {
    let mut rest = tokens.iter();
    let entry = match (rest.next()?, rest.next()) {
        (TokenTree::Ident(name), None) => Entry::WithoutValue { name: name.clone() },
        (TokenTree::Ident(name), Some(TokenTree::Punct(equals))) if equals.as_char() == '=' => {
            let value: TokenStream = rest.cloned().collect();
            let name = name.clone();
            if value.is_empty() { Entry::WithoutValue { name } } else { Entry::Key { name, value } }
        }
        (TokenTree::Ident(name), Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Parenthesis && rest.next().is_none() => {
            Entry::Group { name: name.clone(), inside: group.stream() }
        }
        _ => Entry::Stray(tokens.into_iter().collect()),
    };
    Some(entry)
}
