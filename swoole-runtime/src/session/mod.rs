//! The session table: one row for each session that is open, the same for every process.

mod row;
mod table;

pub(crate) use row::{Flags, Phase, Row};
pub(crate) use table::{Found, Table};
