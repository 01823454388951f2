//! A harness for tests that run a whole server: as a child process on an address of its own, watched through `/proc`, its log and its
//! journal, and ended with all that belongs to it. Used by the tests of this package; the servers they run are in `src/bin`.

pub mod client;
pub mod companion;
pub mod directory;
pub mod file;
pub mod installed;
pub mod jobs;
pub mod journal;
pub mod launch;
pub mod load;
pub mod local;
pub mod logged;
pub mod machine;
pub mod packets;
pub mod place;
pub mod script;
pub mod server;
pub mod storm;
pub mod talk;
pub mod tree;
pub mod watch;

pub use client::{Client, End};
pub use directory::Directory;
pub use file::File;
pub use journal::{Entry, Journal};
pub use launch::{Launch, Outcome};
pub use load::Load;
pub use logged::Logged;
pub use place::Place;
pub use server::Server;
