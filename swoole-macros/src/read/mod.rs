//! What the user wrote, taken apart and not yet judged. The first of the three phases; bodies of functions stay tokens.

mod attribute;
mod facade;
mod item;
mod method;
mod parameters;

pub(crate) use attribute::{Entry, attribute};
pub(crate) use facade::facade;
pub(crate) use item::{Block, Item, item};
pub(crate) use method::{Method, Signature};
pub(crate) use parameters::{message_among, parameter_types, says_impl, task_among, word};
