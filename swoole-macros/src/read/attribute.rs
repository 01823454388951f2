//! The keys between the parentheses of the attribute. Values stay tokens: the compiler reads them where they are used.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// What stands between two commas.
pub(crate) enum Entry {
    /// `workers = 8`.
    Key { name: Ident, value: TokenStream },
    /// `workers`, or `workers =`.
    WithoutValue { name: Ident },
    /// `heartbeat(check = 60)`.
    Group { name: Ident, inside: TokenStream },
    /// `workers => 4`, `workers: 4`, `workers == 4`.
    Separated { name: Ident, by: TokenStream, value: TokenStream },
    /// Nothing, before this comma.
    Nothing(TokenTree),
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
                entries.push(entry(core::mem::take(&mut current)).unwrap_or(Entry::Nothing(token)));
                before.clear();
                continue;
            }
            // One begins behind `::`, and where an operand is expected: not behind a name or a number.
            "<" if open_angles > 0 || !before.is_empty() && !before.ends_with('<') => open_angles = open_angles.saturating_add(1),
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
        (TokenTree::Ident(name), None) => Entry::WithoutValue { name: name.unraw() },
        (TokenTree::Ident(name), Some(TokenTree::Punct(first))) => {
            let mut by = vec![TokenTree::Punct(first.clone())];
            let mut rest = rest.cloned().peekable();
            // `=>`, `==`, `+=`; a sign belongs to what follows.
            while let Some(TokenTree::Punct(next)) =
                rest.next_if(|token| matches!(token, TokenTree::Punct(next) if "=>".contains(next.as_char())))
            {
                by.push(TokenTree::Punct(next));
            }
            let is_one_equals = first.as_char() == '=' && by.len() == 1;
            let (name, by, value) = (name.unraw(), by.into_iter().collect(), rest.collect::<TokenStream>());
            if is_path(&tokens) {
                return Some(Entry::Stray(tokens.into_iter().collect()));
            }
            match (is_one_equals, value.is_empty()) {
                (true, true) => Entry::WithoutValue { name },
                (true, false) => Entry::Key { name, value },
                (false, _) => Entry::Separated { name, by, value },
            }
        }
        (TokenTree::Ident(name), Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Parenthesis && rest.next().is_none() => {
            Entry::Group { name: name.unraw(), inside: group.stream() }
        }
        _ => Entry::Stray(tokens.into_iter().collect()),
    };
    Some(entry)
}

/// `swoole::workers = 4`.
fn is_path(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(tokens.get(1)) && is_colon(tokens.get(2))
}
