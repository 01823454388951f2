//! The session table: one row for each session that is open, the same for every process.

mod row;
mod table;
#[cfg(feature = "cli")]
mod words;

pub(crate) use row::{Flags, Phase, Row};
pub(crate) use table::{Found, Table};
#[cfg(feature = "cli")]
pub(crate) use words::Words;
