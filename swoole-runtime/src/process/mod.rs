//! What processes tell one another beside the rings: who is who, what each is in, what the manager wants. One board for each.

mod attachment;
mod begun;
mod board;
mod header;
#[cfg(test)]
mod laws;
mod message;
mod owner;
#[cfg(feature = "cli")]
mod request;
#[cfg(feature = "cli")]
mod update;

pub(crate) use attachment::{ATTACH, Attachment, refusal, refused};
pub(crate) use begun::Begun;
pub(crate) use board::{LastWords, ManagerBoard, Order, ReactorBoard, SlotBoard, SuccessorBoard, WorkerBoard};
pub(crate) use header::{Asks, Group, Handover, Header, Lifecycle};
pub(crate) use message::{ToManager, ToMaster};
pub(crate) use owner::{Claim, OwnerWord, Taking};
#[cfg(feature = "cli")]
pub(crate) use request::{DONE, END, HEAD, LONGEST, REASON, REFUSED, Request};
#[cfg(feature = "cli")]
pub(crate) use update::{Known, Server, word};
