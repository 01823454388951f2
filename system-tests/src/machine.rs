//! What this machine and this user permit. A test that needs more says on standard error that it was skipped.

use nix::unistd::Uid;
use std::{net::TcpListener, process::Command};

/// Whether the test is run by root.
#[must_use]
pub fn is_root() -> bool {
    or_skipped(Uid::effective().is_root(), "only root can have processes be other users")
}

/// Whether there are addresses of version 6.
#[must_use]
pub fn has_ipv6() -> bool {
    or_skipped(TcpListener::bind("[::1]:0").is_ok(), "only with IPv6 there is an address to listen on")
}

/// Whether a process can be number 1 of a namespace of its own.
#[must_use]
pub fn has_namespaces() -> bool {
    let made = Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).status();
    or_skipped(made.is_ok_and(|status| status.success()), "only where namespaces can be made a process can be number 1")
}

fn or_skipped(can: bool, why: &str) -> bool {
    if !can {
        eprintln!("skipped: {why}");
    }
    can
}
