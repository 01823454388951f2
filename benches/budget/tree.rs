//! What a process and all its descendants use, from /proc.

use std::{fs, time::Duration};

/// The process and its descendants.
pub(crate) fn processes(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&pid) = found.get(at) {
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        at += 1;
    }
    found
}

/// Time on a processor, of every thread, exact to the nanosecond.
pub(crate) fn processor_time(root: u32) -> Duration {
    let tasks = processes(root).into_iter().flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten());
    let times = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(times.sum())
}

/// Memory in bytes, shared pages split among those that share them.
pub(crate) fn memory(root: u32) -> u64 {
    let rollups = processes(root).into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok());
    let kib =
        rollups.filter_map(|text| text.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse::<u64>().ok());
    kib.sum::<u64>() << 10
}
