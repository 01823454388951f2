//! The shared memory itself: where everything lies (the plan) and how it is reached (the arena), the only cast from offset to type.

mod arena;
mod bytes;
mod plan;

pub(crate) use arena::{Arena, Shared};
pub(crate) use bytes::{Bytes, Piece};
pub(crate) use plan::{Area, Owner, Place, Places, Plan};
