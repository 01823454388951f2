//! What may be expanded, and everything that is wrong: the second of the three phases. Every fault is found in one build, and what is
//! right beside it is still expanded, so that the compiler checks its types, too.
//!
//! The rules stand at the head of the file that checks them:
//!
//! - `place`: what the attribute may stand on, and how often (C13)
//! - `keys`: which keys there are (C6), each once (C13)
//! - `parts`: keys that have parts (C6, C13)
//! - `values`, `units`: values that are known before the compiler sees them (C6, C9)
//! - `structure`: keys that decide what is compiled in (C6, C9)
//! - `frames`: how a stream is cut into packages (C6, C9)
//! - `listener`: what stands in a `listener(…)` (C6, C9, C13)
//! - `methods`: which methods are callbacks (C6), and which names are taken (C13)
//! - `callbacks`: which callbacks must be there (C1), and how often (C13)
//! - `shape`: what a callback looks like, types apart (C7)
//! - `listeners`: what a listener needs beside the main one (C1), or one for datagrams (C2), and what that cannot have (C15)
//! - `tasks`: what task workers need (C3, C4)
//! - `processes`: user processes (C6, C7, C9, C13)
//! - `messages`: what messages between processes need (C4, C8)
//! - `timers`: what timers need (C5)
//! - `exclusion`: what excludes what (C10), and what could never run (C11)
//! - `planned`: what is right, and not there yet
//!
//! Types (C7, C8), other values (C9), calls (C12) and the first state (C14) are checked by the compiler, in what `expand` writes.

mod callbacks;
mod condition;
mod exclusion;
mod found;
mod frames;
mod keys;
mod listener;
mod listeners;
mod messages;
mod methods;
mod parts;
mod place;
mod planned;
mod processes;
mod shape;
mod structure;
mod tasks;
mod timers;
mod units;
mod values;

pub(crate) use frames::Frame;
pub(crate) use listener::CALLBACKS_OF_SESSIONS;
pub(crate) use structure::Dispatching;
pub(crate) use units::plain_calls;

use crate::{
    diagnostics::Fault,
    read::{Entry, Item, facade},
};
use found::Found;
use proc_macro2::{Ident, TokenStream};
pub(crate) use processes::Process;
use std::rc::Rc;
use swoole_vocabulary::{CALLBACKS, Callback, Key};
use syn::{Generics, Type};

/// A server that can be expanded. Where there were faults, it has what is right of it.
pub(crate) struct Server {
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) settings: Vec<Setting>,
    /// Names that stand where a key does and that set nothing: an editor goes on to complete them.
    pub(crate) half_typed: Vec<Ident>,
    /// One for each callback there is, in the order of the vocabulary.
    pub(crate) rows: Vec<Row>,
    /// How the main listener cuts what comes in into packages.
    pub(crate) frame: Option<Frame>,
    /// Which worker gets what a session sends; `None` as if nothing were said. `true` for a function of the block.
    pub(crate) dispatching: Option<(Dispatching, bool)>,
    /// Whether `on_connect` and `on_close` run.
    pub(crate) has_events: bool,
    /// Those beside the main one.
    pub(crate) listeners: Vec<Listener>,
    /// The methods that they name.
    pub(crate) own_callbacks: Vec<OwnCallback>,
    pub(crate) processes: Vec<Process>,
    pub(crate) taken: Vec<Taken>,
    /// Whether the item is the block of this server, and not something else that has its type.
    pub(crate) is_a_block: bool,
    /// The path to the crate `swoole`.
    pub(crate) swoole: TokenStream,
}

/// A key with its value.
pub(crate) struct Setting {
    pub(crate) key: &'static Key,
    pub(crate) name: Ident,
    pub(crate) value: TokenStream,
    /// Whether the value is known, and one that the key takes; the compiler has to look at any other.
    pub(crate) is_known: bool,
}

/// A listener beside the main one.
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) settings: Vec<Setting>,
    /// Its own, or that of the main one.
    pub(crate) frame: ListenersFrame,
    /// The callbacks that it names; the others are those of the main one.
    pub(crate) callbacks: Vec<(&'static str, CallbackOfListener)>,
}

/// How a listener beside the main one cuts what comes in.
pub(crate) enum ListenersFrame {
    /// As the main one does.
    Main,
    Own(Option<Frame>),
}

/// What a listener calls.
#[derive(Clone, Copy)]
pub(crate) enum CallbackOfListener {
    /// What the main one does.
    Main,
    /// The one at this place among the server's `own_callbacks`.
    Own(usize),
}

/// A method that listeners name as a callback of theirs.
pub(crate) struct OwnCallback {
    pub(crate) row: Row,
    pub(crate) method: Ident,
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

/// A name of what the attribute adds that the block has already.
pub(crate) struct Taken {
    pub(crate) name: String,
    /// The condition under which it is free all the same.
    pub(crate) is_free_when: Option<TokenStream>,
}

/// Judges what was read.
pub(crate) fn check(entries: Vec<Entry>, item: Item) -> (Vec<Fault>, Option<Server>) {
    let mut found = Found::default();
    let block = match place::check(item, &mut found) {
        place::Place::Block(block) => block,
        // What the keys say cannot be judged apart from the block that they are meant for.
        place::Place::OnlyAType(generics, self_ty) => return (found.faults, Some(Server::without_block(generics, self_ty))),
        place::Place::Nothing => return (found.faults, None),
    };
    let mut keys = keys::check(entries, &mut found);
    let structure = structure::read(&keys, &mut found);
    let mut methods = methods::methods(&block, &keys, &mut found);
    listeners::check(&keys, &structure, &methods, &mut found);
    messages::check(&keys, &mut methods, &mut found);
    let rows = callbacks::rows(&methods, &structure, &mut found);
    tasks::check(&keys, &structure, &methods, &mut found);
    timers::check(&keys, &structure, &methods, &mut found);
    let processes = processes::check(&keys.processes, &methods, &mut found);
    exclusion::check(&keys, &structure, &methods, &mut found);
    let taken = methods::taken(&block, &mut found);
    planned::check(&keys, &methods, &mut found);
    let is_method = |name: &Ident| block.methods.iter().any(|method| method.name == *name);
    let frame = keys.planned("frame").and_then(|frame| frames::frame(frame, is_method));
    let is_own = |dispatching: &Dispatching| match dispatching {
        Dispatching::Function(function) => syn::parse2::<Ident>(function.clone()).is_ok_and(|name| is_method(&name)),
        Dispatching::Mode(_) => false,
    };
    let dispatching = structure.dispatching.clone().map(|dispatching| {
        let is_own = is_own(&dispatching);
        (dispatching, is_own)
    });
    let (listeners, own_callbacks) = listener::listeners(&mut keys, &methods, &mut found);
    let server = Server {
        generics: block.generics,
        self_ty: block.self_ty,
        settings: keys.settings,
        half_typed: keys.half_typed,
        rows,
        frame,
        dispatching,
        has_events: structure.dispatch == structure::Dispatch::Ordered || structure.has_unsafe_events,
        listeners,
        own_callbacks,
        processes,
        taken,
        is_a_block: true,
        swoole: keys.facade.unwrap_or_else(facade),
    };
    (found.faults, Some(server))
}

impl Server {
    /// What stands in for the server of a block that is none, lest every use of it becomes a fault of its own.
    fn without_block(generics: Generics, self_ty: Type) -> Self {
        Self {
            generics,
            self_ty,
            settings: Vec::new(),
            half_typed: Vec::new(),
            rows: CALLBACKS.iter().map(|callback| Row { callback, method: Written::Unusable }).collect(),
            frame: None,
            dispatching: None,
            has_events: true,
            listeners: Vec::new(),
            own_callbacks: Vec::new(),
            processes: Vec::new(),
            taken: Vec::new(),
            is_a_block: false,
            swoole: facade(),
        }
    }
}
