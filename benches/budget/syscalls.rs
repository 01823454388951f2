//! System calls a message, counted by `strace` where it is installed.

use crate::{
    load::{Clients, Shape},
    servers::Running,
    tree,
};
use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

/// Counts those of ours under the first row's load, all kinds and the two that carry data.
pub(crate) fn report(time: Duration) {
    let Some((data, all, kinds)) = count(time) else {
        return println!("system calls a message:            not counted: strace is not installed, or may not attach");
    };
    println!("system calls a message:            data {data:.2} (budget 2.1), all {all:.2} (budget 2.6): {kinds}");
}

fn count(time: Duration) -> Option<(f64, f64, String)> {
    let running = Running::start("ours");
    let mut clients = Clients::connect(running.address(), Shape { sessions: 64, size: 64, depth: 1 });
    clients.run(time);
    let output = std::env::temp_dir().join(format!("swoole-budget-{}", std::process::id()));
    let mut strace = Command::new("strace");
    strace.args(["-c", "-f", "-o"]).arg(&output).stderr(Stdio::null());
    for pid in tree::processes(running.pid()) {
        strace.arg("-p").arg(pid.to_string());
    }
    let mut strace = strace.spawn().ok()?;
    // Its attaching is seen by everything getting slower; until then messages count without their calls.
    let attached = |pid: u32| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| !status.contains("TracerPid:\t0\n"));
    for _ in 0..200 {
        if tree::processes(running.pid()).into_iter().all(attached) || strace.try_wait().ok()?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let (messages, _) = clients.run(time * 4);
    Command::new("kill").args(["-INT", &strace.id().to_string()]).status().ok()?;
    strace.wait().ok()?;
    let summary = fs::read_to_string(&output).ok()?;
    let _ = fs::remove_file(&output);
    // % time, seconds, usecs/call, calls, (errors,) name
    let rows: Vec<(f64, &str)> = summary
        .lines()
        .filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let name = *words.last()?;
            (words.len() >= 5 && name != "total").then_some((words[3].parse().ok()?, name))
        })
        .collect();
    let messages = messages.max(1) as f64;
    let data = rows.iter().filter(|row| matches!(row.1, "recvfrom" | "sendto")).map(|row| row.0).sum::<f64>() / messages;
    let all = rows.iter().map(|row| row.0).sum::<f64>() / messages;
    let kinds: Vec<_> =
        rows.iter().filter(|row| row.0 / messages >= 0.005).map(|(calls, name)| format!("{name} {:.2}", calls / messages)).collect();
    (!kinds.is_empty()).then(|| (data, all, kinds.join(", ")))
}
