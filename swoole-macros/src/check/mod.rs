//! What may be expanded, and everything that is wrong: the second of the three phases. Every fault is found in one build, and what is
//! right beside it is still expanded, so that the compiler checks its types, too.
//!
//! The rules stand at the head of the file that checks them:
//!
//! - `place`: what the attribute may stand on, and how often (C13)
//! - `keys`: which keys there are (C6), each once (C13), and what the attribute must know of a value before the compiler does
//! - `callbacks`: which methods are callbacks (C6), and which must be there (C1)
//! - `shape`: what a callback looks like, types apart (C7)
//!
//! Types (C7), ranges (C9), calls (C12) and the first state (C14) are checked by the compiler, in what `expand` writes.

mod callbacks;
mod keys;
mod place;
mod shape;

pub(crate) use keys::plain_calls;

use crate::{
    diagnostics::Fault,
    read::{Entry, Item},
    vocabulary::{Callback, Key},
};
use proc_macro2::{Ident, TokenStream};
use std::rc::Rc;
use syn::{Generics, Type};

/// A server that can be expanded. Where there were faults, it has what is right of it.
pub(crate) struct Server {
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) settings: Vec<Setting>,
    /// One for each callback there is, in the order of the vocabulary.
    pub(crate) rows: Vec<Row>,
    /// Names of what the attribute adds that the block has already taken.
    pub(crate) taken: Vec<String>,
    /// Whether the item is the block of this server, and not something else that has its type.
    pub(crate) is_a_block: bool,
}

/// A key with its value.
pub(crate) struct Setting {
    pub(crate) key: &'static Key,
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
}

/// A field of the dispatch table.
pub(crate) struct Row {
    pub(crate) callback: &'static Callback,
    pub(crate) method: Written,
}

/// What the block has for a callback.
pub(crate) enum Written {
    Absent,
    /// One method, or several of which `cfg` picks one.
    Present(Vec<Method>),
    /// Something that has a fault.
    Unusable,
}

/// A method that has the shape of its callback.
pub(crate) struct Method {
    /// The condition under which there is such a method.
    pub(crate) cfg: Option<TokenStream>,
    pub(crate) signature: Rc<syn::Signature>,
}

/// Judges what was read.
pub(crate) fn check(entries: Vec<Entry>, item: Item) -> (Vec<Fault>, Option<Server>) {
    let mut faults = Vec::new();
    let block = match place::check(item, &mut faults) {
        place::Place::Block(block) => block,
        // What the keys say cannot be judged apart from the block that they are meant for.
        place::Place::OnlyAType(generics, self_ty) => {
            let rows = crate::vocabulary::CALLBACKS.iter().map(|callback| Row { callback, method: Written::Unusable }).collect();
            return (faults, Some(Server { generics, self_ty, settings: Vec::new(), rows, taken: Vec::new(), is_a_block: false }));
        }
        place::Place::Nothing => return (faults, None),
    };
    let settings = keys::check(entries, &mut faults);
    let rows = callbacks::check(&block, keys::are_sessions_served(&settings), &mut faults);
    let taken = callbacks::taken(&block, &mut faults);
    (faults, Some(Server { generics: block.generics, self_ty: block.self_ty, settings, rows, taken, is_a_block: true }))
}
