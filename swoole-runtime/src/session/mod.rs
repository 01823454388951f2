//! The session table: one row for each session that is open, the same for every process.

mod row;
mod table;

#[cfg(feature = "cli")]
pub(crate) use row::Words;
pub(crate) use row::{Flags, Phase, Row};
pub(crate) use table::{Found, Table};
