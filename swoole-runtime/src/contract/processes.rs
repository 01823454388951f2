//! User processes, as the attribute names them. Used by the expansion of `#[swoole::server]`, and by the processes themselves.

use super::Outcome;
use crate::context::UserProcess;

/// One `add_process` of the attribute.
pub struct Process<S: 'static> {
    /// By which people know it, and other processes find it.
    pub name: &'static str,
    /// What it runs.
    pub run: fn(&UserProcess<S>) -> Outcome,
}

/// What the function takes that `add_process` names.
#[diagnostic::on_unimplemented(
    message = "what `add_process` runs takes `{Given}` here, not `{Self}`",
    label = "must be `{Given}`",
    note = "help: write `process: &UserProcess<Self>`"
)]
pub trait ParameterOfAddProcess<Given> {
    /// What the server gives, which is what the function takes.
    fn given(given: Given) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> ParameterOfAddProcess<T> for T {
    #[inline(always)]
    fn given(given: T) -> T {
        given
    }
}
