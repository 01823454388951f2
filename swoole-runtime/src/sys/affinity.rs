//! On which CPU a process runs. Used at the start, and by workers.

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::io;

/// The CPUs that this process may use, without these.
pub(crate) fn cpus_but(ignored: &[usize]) -> io::Result<Vec<usize>> {
    let all = sched_getaffinity(Pid::from_raw(0))?;
    let is_usable = |cpu: &usize| all.is_set(*cpu).unwrap_or(false) && !ignored.contains(cpu);
    Ok((0..CpuSet::count()).filter(is_usable).collect())
}

/// [worker] From here on this process runs on this CPU alone.
pub(crate) fn stay_on(cpu: usize) -> io::Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &one)?)
}
